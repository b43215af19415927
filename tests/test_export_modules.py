"""Exports of torch modules: packed bits with folded batch norms, torch and ONNX."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.exports import check_export, folded, reader, run_file
from pl_hypernet.exports.files import has_onnx
from pl_hypernet.exports.summary import export_summary
from pl_hypernet.networks.sign import MARGIN


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 3, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 10),
    )  # fmt: skip


def convolutions():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), plh.Sign(),
        nn.Conv2d(6, 8, 3, padding="same", groups=2, bias=False), nn.MaxPool2d(2),
        nn.BatchNorm2d(8), plh.Sign(), nn.Flatten(), nn.Linear(72, 10), nn.BatchNorm1d(10),
    )  # fmt: skip


def dense():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(144, 40), nn.BatchNorm1d(40), plh.Sign(), nn.Linear(40, 30),
        nn.BatchNorm1d(30), plh.Sign(), nn.Linear(30, 10), nn.BatchNorm1d(10),
    )  # fmt: skip


def mixed():
    """What else the reader knows, in an order that folds little."""
    return nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 4, (3, 2), dilation=2, padding=(2, 1)), plh.Sign(),
        nn.MaxPool2d((2, 1), stride=2, padding=(1, 0)), nn.ReLU(), nn.Conv2d(4, 6, 3),
        nn.BatchNorm2d(6), nn.AvgPool2d(2, stride=1, padding=1), nn.Tanh(), nn.Conv2d(6, 5, 1),
        nn.BatchNorm2d(5), nn.Identity(), nn.Flatten(), nn.Hardtanh(), nn.Linear(150, 7),
        nn.BatchNorm1d(7, affine=False),
        nn.BatchNorm1d(7), plh.Sign(), nn.Linear(7, 8), nn.Sigmoid(), nn.Linear(8, 3),
    )  # fmt: skip


def frozen():
    """A body of real numbers, with the running statistics that it has, and a head of bits."""
    module = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(12, 5),
    )  # fmt: skip
    module[1].running_mean.normal_()
    return module


SHAPE = (1, 12, 12)
MADE = {
    "lenet": lambda: plh.TorchNetwork(lenet(), SHAPE),
    "convolutions": lambda: plh.TorchNetwork(convolutions(), SHAPE),
    "dense": lambda: plh.TorchNetwork(dense(), SHAPE),
    "mixed": lambda: plh.TorchNetwork(mixed(), SHAPE),
    "several bits": lambda: plh.TorchNetwork(
        convolutions(), SHAPE, values={"0.weight": (1, -3), "3.*": "ternary", "*": "4-bit"}
    ),
    "signals": lambda: plh.TorchNetwork(
        nn.Sequential(nn.Conv1d(2, 3, 5), plh.Sign(), nn.AvgPool1d(4), nn.Flatten(),
                      nn.Linear(51, 1)), (2, 72)
    ),
    "choices": lambda: plh.TorchNetwork(
        nn.Sequential(
            nn.Conv2d(1, 6, 3), plh.RemoveChannels(6), nn.BatchNorm2d(6), plh.RemoveChannels(6),
            plh.ChooseModule(plh.Sign(), nn.ReLU()), plh.RemoveChannels(6), nn.Flatten(),
            plh.DropGroups(nn.Linear(600, 10)), plh.SkipModule(nn.Sequential(nn.Linear(10, 10)))
        ), SHAPE),
    "regression": lambda: plh.TorchNetwork(dense(), SHAPE, activation="identity"),
    "frozen": lambda: plh.TorchNetwork(frozen(), SHAPE, bits="5.*"),
}  # fmt: skip


def made(name, seed=0):
    """A network with real parameters as after a training, some scales negative or 0; and inputs."""
    torch.manual_seed(seed)
    network = MADE[name]()
    with torch.no_grad():
        for parameter in network.trained_along.values():
            parameter += torch.randn(parameter.shape)
            if len(parameter) > 1:
                parameter[0] = 0
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (400, 144)) * (rng.random((400, 144)) < 0.4)
    inputs = (pixels / 255).astype(np.float32)
    network.observe(inputs)
    bits = rng.integers(0, 2, (3, network.n_qubits)).astype(np.int8)
    return network, bits, inputs


@pytest.mark.parametrize("name", MADE)
def test_packed_bits_say_what_the_network_says(name, tmp_path):
    """Of each sample the logits, not the class alone."""
    network, all_bits, inputs = made(name)
    for bits in (*all_bits[:2], all_bits[[0, 1, 1, 2]]):
        path = plh.export(network, bits, tmp_path / "it.npz")
        found = check_export(network, bits, path, inputs)
        assert found
        assert found.equal + found.ties == len(inputs)
        assert found.apart == 0
        with np.load(path) as file:
            groups = json.loads(file["header"].item())["groups"]
        assert sum(len(group["share"]) for group in groups) == (1 if bits.ndim == 1 else 3)


@pytest.mark.parametrize("name", ["lenet", "convolutions", "dense"])
def test_torch_and_onnx_say_what_the_network_says(name, tmp_path):
    network, all_bits, inputs = made(name)
    files = [(all_bits[:2], ".pt2")] + [(all_bits[0], ".onnx")] * has_onnx()
    for bits, suffix in files:
        path = plh.export(network, bits, tmp_path / f"it{suffix}")
        found = check_export(network, bits, path, inputs)
        assert found
        assert found.apart == 0
        other = 1 - bits
        assert not check_export(network, other, path, inputs)


def test_thresholds_of_whole_sums_are_exact():
    """Every sum that can come: -1, 0 and +1 for each weight, with scales of both signs and of 0."""
    rng = np.random.default_rng(0)
    n = 9
    for seed in range(40):
        torch.manual_seed(seed)
        norm = nn.BatchNorm1d(6).eval()
        with torch.no_grad():
            for numbers in (norm.weight, norm.bias, norm.running_mean):
                numbers.normal_(0, 2)
            if seed % 2:  # sums that lie on the threshold
                norm.running_mean.round_()
                norm.bias.zero_()
            norm.weight[0] = 0
        linear = nn.Linear(n, 6)
        with torch.no_grad():
            linear.weight.copy_(0.25 * (1 - 2 * torch.randint(2, (6, n))))
            linear.bias.copy_(0.25 * (1 - 2 * torch.randint(2, (6,))))
        module = nn.Sequential(plh.Sign(), linear, norm, plh.Sign())
        folding = folded.Folding(module, (n,))
        assert [layer.about["kind"] for layer in folding.layers] == [
            "shape", "threshold", "linear", "threshold"
        ]  # fmt: skip
        assert folding.layers[-1].about["numbers"] == "<i2"
        x = rng.choice([-1, 1], (300, n)).astype(np.float32)
        with torch.no_grad():
            y = linear(torch.tensor(x)).double()
            scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
            y = scale * (y - norm.running_mean.double()) + norm.bias.double()
        np.testing.assert_array_equal(run(folding.layers, x), np.where(y >= -MARGIN, 1, -1))


def run(layers, x):
    h = x
    for layer in layers:
        stream = reader.io.BytesIO(b"".join(part.tobytes() for part in layer.parts))
        held = reader.read_layer(layer.about, stream)
        h = reader.LAYERS[layer.about["kind"]](layer.about, held, h)
    return h


def test_signs_meet_counting_alone(tmp_path, monkeypatch):
    """No sum of floats behind a sign, with padding and without."""
    network, bits, inputs = made("convolutions")
    path = plh.export(network, bits[0], tmp_path / "it.npz")
    right = run_file(path, inputs)["logits"]
    seen = []

    def noted(h, weights, words):
        seen.append(h.dtype == np.int8 and words is not None)
        return sums(h, weights, words)

    sums = reader.sums
    monkeypatch.setattr(reader, "sums", noted)
    run_file(path, inputs)
    assert seen == [False, True, True, True]  # of the second layer two groups
    monkeypatch.setattr(reader, "sums", lambda h, weights, words: h.astype("f4") @ weights.T)
    np.testing.assert_array_equal(run_file(path, inputs)["logits"], right)


def test_sums_next_to_zero_have_one_sign(tmp_path):
    """Of pixels k/255, which cancel up to rounding: +1, in every order of summation."""
    module = nn.Sequential(nn.Linear(144, 60, bias=False), plh.Sign(), nn.Linear(60, 3))
    network = plh.TorchNetwork(module, 144)
    rng = np.random.default_rng(0)
    half = rng.integers(0, 256, (2000, 72))
    inputs = np.concatenate([half, rng.permuted(half, axis=1)], axis=1) / 255
    values = network.layout.decode(rng.integers(0, 2, (1, network.n_qubits)).astype(np.int8))
    values["0.weight"][:, :, :72], values["0.weight"][:, :, 72:] = 1, -1
    bits = network.layout.encode(values)[0]
    path = plh.export(network, bits, tmp_path / "it.npz")
    found = check_export(network, bits, path, inputs.astype(np.float32))
    assert found.equal == 2000
    assert found.apart == 0


def planted(path, change):
    with np.load(path) as file:
        arrays = dict(file)
    header, stream = json.loads(arrays["header"].item()), arrays["bits"].copy()
    change(header["groups"][0]["layers"], stream)
    text = json.dumps(header)
    np.savez(path, header=np.bytes_(text), bits=stream)


def places(layers):
    """Of each layer where its bytes begin."""
    stream, found = reader.io.BytesIO(bytes(10**5)), []
    for layer in layers:
        found.append(stream.tell())
        reader.read_layer(layer, stream)
    return found


def test_planted_errors_are_noticed(tmp_path):
    network, (bits, *_), inputs = made("dense", seed=1)
    path = tmp_path / "it.npz"

    def flipped_weight(layers, stream):
        stream[places(layers)[4] + 5] ^= 0b0100_0000  # of neuron 1: neuron 0 has a scale of 0

    def threshold_off_by_two(layers, stream):  # sums of 40 signs and a bias are odd
        at = places(layers)[5] + 4  # behind the directions of 30 neurons
        thresholds = stream[at : at + 60].view("<i2").copy()
        thresholds[np.abs(thresholds).argmin()] += 2  # where many sums are
        stream[at : at + 60] = thresholds.view(np.uint8)

    def flipped_direction(layers, stream):
        stream[places(layers)[5]] ^= 0b0100_0000

    def other_scale(layers, stream):
        at = places(layers)[7]
        stream[at + 4 : at + 8] = (1.1 * stream[at + 4 : at + 8].view("<f4")).view(np.uint8)

    for change in (flipped_weight, threshold_off_by_two, flipped_direction, other_scale):
        plh.export(network, bits, path)
        assert check_export(network, bits, path, inputs)
        with np.load(path) as file:
            layers = json.loads(file["header"].item())["groups"][0]["layers"]
        assert [layer["kind"] for layer in layers[5:8]] == ["threshold", "linear", "affine"]
        planted(path, change)
        assert not check_export(network, bits, path, inputs), change.__name__


def test_the_reader_needs_numpy_alone(tmp_path):
    network, (bits, *_), inputs = made("mixed")
    plh.export(network, bits, tmp_path / "it.npz")
    np.save(tmp_path / "inputs.npy", inputs)
    shutil.copy(reader.__file__, tmp_path)
    code = (
        "import sys\nfor name in ('torch', 'pl_hypernet', 'scipy'): sys.modules[name] = None\n"
        "import numpy as np, reader\n"
        "np.savez('out.npz', **reader.run_packed('it.npz', np.load('inputs.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    with np.load(tmp_path / "out.npz") as outputs:
        logits = network(bits[None], inputs)[0].numpy()
        np.testing.assert_allclose(outputs["logits"], logits, atol=1e-4)


def test_sizes_and_both_counts(tmp_path):
    network, bits, _ = made("convolutions")
    summary = export_summary(network, bits[0])
    assert (summary["n_qubits"], summary["n_real"]) == (1006, 48)
    assert "1 network of 1,006 qubits and 48 real parameters" in str(summary)
    built, exported = summary["built"], summary["exported"]
    assert built["0"] | {} == {
        "shape": "1 -> 6, 3x3", "numbers": 60, "bits": 1, "memory_bits": 60, "binary_macs": 0,
        "other_macs": 54 * 36,
    }  # fmt: skip
    assert built["1"]["memory_bits"] == 12 * 32
    assert built["3"]["binary_macs"] == exported["3"]["binary_macs"] == 3 * 9 * 8 * 36
    assert exported["2"]["memory_bits"] == 6 * 32 + 8
    assert exported["6"]["memory_bits"] == 8 * 16 + 8
    path = plh.export(network, bits[0], tmp_path / "it.npz")
    with np.load(path) as file:
        stored = 8 * file["bits"].nbytes
    assert abs(stored - summary.total("exported")["memory_bits"]) < 8 * 30 + 8 * 10 * 2
    assert export_summary(network, bits).total("built")["numbers"] == 3 * (1006 + 48)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(144, 144)

    def forward(self, x):
        return x + self.linear(x)


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Residual(), "not the layer '1.0', Residual"),
        (nn.GELU(), "not the layer '1.0', GELU"),
        (nn.Hardtanh(-2, 2), "Hardtanh"),
        (nn.Unflatten(1, (1, 144)), "Unflatten"),
    ],
)  # fmt: skip
def test_other_modules_are_refused_in_one_line(layer, said, tmp_path):
    body = nn.Sequential(nn.Flatten(), nn.Sequential(layer), nn.Flatten())
    n = body(torch.zeros(2, *SHAPE)).shape[1]
    network = plh.TorchNetwork(nn.Sequential(*body, nn.Linear(n, 2)), SHAPE)
    bits = np.zeros(network.n_qubits, np.int8)
    with pytest.raises(InputError) as caught:
        plh.export(network, bits, tmp_path / "it.npz")
    message = str(caught.value)
    assert said in message
    assert "export as torch or onnx, which take any module" in message
    assert "\n" not in message
    assert not list(tmp_path.iterdir())
    exported = export_summary(network, bits).total("exported")
    assert exported["memory_bits"] == 32 * exported["numbers"]
