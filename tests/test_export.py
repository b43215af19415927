"""Exported networks say what the networks say, where pl_hypernet is not installed."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import pl_hypernet as plh
from pl_hypernet.cli import main
from pl_hypernet.datasets import from_arrays, with_features
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError
from pl_hypernet.exports import check_export, read_metadata, reader, run_file
from pl_hypernet.exports.packed import write_packed
from pl_hypernet.exports.plain import plain_groups
from pl_hypernet.networks.votes import EQUAL

SUFFIXES = (".pt2", ".onnx", ".npz")


class Temperature(plh.ArchitectureChoice):
    """A user's own choice, of the scale."""

    name = "temperature"
    options = ("sharp", "soft")

    def apply(self, parameters, chosen):
        parameters.scale = torch.where(chosen == 1, parameters.scale / 2, parameters.scale)


class Halved(plh.ArchitectureChoice):
    """A user's own choice, of weights that are no levels."""

    name = "halved"

    def apply(self, parameters, chosen):
        parameters.weights[0] = parameters.weights[0] * (1 - chosen / 2)[:, None, None]


def wave(z):
    return torch.sin(z)


def centred(z):
    """Looks at all neurons of a layer: (networks, neurons, samples)."""
    return z - z.mean(dim=1, keepdim=True)


HIDDEN = ("sign", "relu", "sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "identity")
KINDS = {
    "one layer": dict(n_inputs=12, sizes=[1]),
    "chosen output": dict(n_inputs=9, sizes=[1], activation=plh.Choice("sigmoid", "hard_sigmoid")),
    "hard_sigmoid": dict(n_inputs=9, sizes=[4, 1], activation="hard_sigmoid"),
    "three layers of signs": dict(n_inputs=9, sizes=[11, 8, 3]),
    "chosen hidden": dict(n_inputs=7, sizes=[8, 5, 1], hidden=plh.Choice(*HIDDEN[:4])),
    "hidden of each layer": dict(n_inputs=7, sizes=[6, 5, 4], hidden=["relu", "sign"]),
    "hard variants": dict(n_inputs=7, sizes=[6, 5, 1], hidden=["hard_tanh", "hard_sigmoid"]),
    "values 1, -3": dict(n_inputs=10, sizes=[6, 1], values=(1, -3)),
    "ternary": dict(n_inputs=10, sizes=[8, 3], values="ternary"),
    "2-bit": dict(n_inputs=10, sizes=[6, 2], values="2-bit", hidden="relu"),
    "chosen values": dict(n_inputs=10, sizes=[6, 1], values=plh.Choice((1, -1), (1, -3), (0, 1))),
    "removed, skipped, dropped": dict(
        n_inputs=8, sizes=[8, 8, 3],
        choices=[plh.RemoveNeurons(0), plh.SkipLayer(0), plh.RemoveNeurons(1), plh.SkipLayer(1),
                 plh.DropWeights(2), plh.DropWeights(0, groups=3)],
    ),
    "features": dict(n_inputs=5, sizes=[6, 1], features=plh.Choice("raw", "squares", "waves")),
    "no bias": dict(n_inputs=8, sizes=[6, 4], bias=False),
    "regression": dict(n_inputs=6, sizes=[7, 1], activation="identity", hidden="tanh"),
    "own choices": dict(n_inputs=6, sizes=[5, 1], choices=[Temperature(), Halved()]),
    "tied and fixed": dict(n_inputs=6, sizes=[4, 1], fixed={"layers.0.bias": 0}),
}  # fmt: skip


def drawn(network, shots, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, (shots, network.n_qubits)).astype(np.int8)


def normal_inputs(network, samples, seed=1):
    return np.random.default_rng(seed).normal(size=(samples, network.n_columns)).astype("float32")


def assert_same(network, bits, outputs, inputs):
    """Outputs of an export are those of the network: classes exactly, but where rounding decides
    whether two are equal."""
    if bits.ndim == 2:
        logits, votes = None, network.vote(bits, inputs)
        p, classes = votes.mean, None if network.is_regression else votes.classes
    else:
        logits = network(bits[None], inputs)
        p = network.probabilities(logits)[0].numpy()
        classes = network.classify(logits)[0].numpy()
        logits = logits[0].numpy()
        if network.n_outputs == 1 and not network.is_regression:
            p = np.concatenate([1 - p, p], axis=1)
    rounding = 1e-5 * max(1, np.abs(p if logits is None else logits).max())
    name = "outputs" if network.is_regression else "probabilities"
    np.testing.assert_allclose(outputs[name], p, atol=rounding)
    if network.is_regression:
        return
    scores = p
    if logits is not None:
        np.testing.assert_allclose(outputs["logits"], logits, atol=rounding)
        scores = logits if network.n_outputs > 1 else np.concatenate([0 * logits, logits], axis=1)
    gaps = scores.max(axis=1, keepdims=True) - scores
    clear = (np.abs(gaps - EQUAL) > min(rounding / 20, EQUAL / 2)).all(axis=1)
    assert clear.mean() > 0.9
    assert (outputs["classes"] == classes)[clear].all()


def numpy_of(outputs):
    return {name: tensor.numpy() for name, tensor in outputs.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_modules_and_packed_bits(kind, tmp_path):
    network = plh.BinaryNetwork(**KINDS[kind])
    all_bits, inputs = drawn(network, 20), normal_inputs(network, 40)
    for bits in (*all_bits[:8], all_bits[[0, 1, 1, 2]], all_bits):
        module = plh.to_torch(network, bits)
        assert_same(network, bits, numpy_of(module(torch.tensor(inputs))), inputs)
        path = plh.export(network, bits, tmp_path / "it.npz")
        assert_same(network, bits, run_file(path, inputs), inputs)


NUMBERS_ALONE = ("values 1, -3", "ternary", "2-bit", "chosen values", "no bias", "tied and fixed")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NUMBERS_ALONE])
def test_files_of_torch_and_onnx(kind, tmp_path):
    """Any number of samples; ``export`` has ONNX's checker look at the graph. Kinds that differ in
    numbers alone have the programs of others, and these numbers are in the module."""
    network = plh.BinaryNetwork(**KINDS[kind])
    all_bits = drawn(network, 6)
    for bits, suffix in ((all_bits[0], ".onnx"), (all_bits, ".pt2")):
        path = plh.export(network, bits, tmp_path / f"it{suffix}")
        for samples in (1, 2, 33):
            inputs = normal_inputs(network, samples)
            assert_same(network, bits, run_file(path, inputs), inputs)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    hidden=st.sampled_from(HIDDEN),
    values=st.sampled_from(["binary", (1, -3), "ternary", "2-bit", "3-bit", (1, 0, -1)]),
    bias=st.booleans(),
    seed=st.integers(0, 2**20),
)
def test_any_network(sizes, hidden, values, bias, seed, tmp_path_factory):
    n_inputs, *layers = sizes
    choices = [plh.RemoveNeurons(i) for i in range(len(layers) - 1)]
    choices += [plh.SkipLayer(i) for i in range(len(layers) - 1) if sizes[i] == sizes[i + 1]]
    network = plh.BinaryNetwork(
        n_inputs, layers, hidden=hidden, values=values, bias=bias, choices=choices
    )
    bits, inputs = drawn(network, 3, seed), normal_inputs(network, 15, seed)
    for some in (bits[0], bits):
        module = plh.to_torch(network, some)
        assert_same(network, some, numpy_of(module(torch.tensor(inputs))), inputs)
        path = tmp_path_factory.mktemp("any") / "it.npz"
        write_packed(network, some, path)
        assert_same(network, some, run_file(path, inputs), inputs)


def sums_of_zero(samples, n_inputs):
    """Real inputs whose sums with +-1 are often 0, but for rounding."""
    rng = np.random.default_rng(0)
    tenths = rng.integers(-3, 4, (samples, n_inputs)) / 10
    return tenths.astype("float32")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sums_near_zero(suffix, tmp_path, monkeypatch):
    """A sum that rounding takes below 0 has the sign +1, as in the network."""
    network = plh.BinaryNetwork(10, [12, 6, 1], bias=False, hidden=["sign", "sign"])
    inputs = sums_of_zero(2000, 10)
    bits = drawn(network, 1)[0]
    path = plh.export(network, bits, tmp_path / f"it{suffix}")
    assert check_export(network, bits, path, inputs).equal == 2000
    logits = run_file(path, inputs)["logits"]
    assert (logits == network(bits[None], inputs)[0].numpy()).all()
    for module in ("modules", "reader"):
        monkeypatch.setattr(f"pl_hypernet.exports.{module}.TIE", 0.0)
    plh.export(network, bits, path)
    assert not (run_file(path, inputs)["logits"] == logits).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_regressions_answer_in_the_units_of_the_targets(suffix, tmp_path):
    network = plh.BinaryNetwork(5, [4, 1], "identity")
    inputs = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    all_bits = drawn(network, 3)
    schema = Schema(5, classes=None, target_mean=100.0, target_scale=7.0)
    for bits in (all_bits[0], all_bits):
        path = plh.export(network, bits, tmp_path / f"it{suffix}", schema=schema)
        expected = schema.in_units(network.vote(np.atleast_2d(bits), inputs).mean)
        np.testing.assert_allclose(run_file(path, inputs)["outputs"], expected, rtol=1e-5)
        assert check_export(network, bits, path, inputs, schema).equal == 30
        assert not check_export(network, bits, path, inputs)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_several_targets_and_what_the_columns_are(suffix, tmp_path):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2)) * [1, 1000] + [50, 0]
    data = from_arrays(
        X, Y, regression=True, feature_names=("a", "b", "c"), target_names=("price", "weight")
    )
    data = with_features(data, "pca:2")
    network = plh.BinaryNetwork(2, [4, 2], "identity", hidden="tanh")
    all_bits = drawn(network, 3)
    for bits in (all_bits[0], all_bits):
        path = plh.export(network, bits, tmp_path / f"it{suffix}", schema=data.schema)
        outputs = run_file(path, data.inputs)["outputs"]
        expected = network(np.atleast_2d(bits), data.inputs).double().mean(dim=0).numpy()
        expected = Y.mean(axis=0) + Y.std(axis=0) * expected
        np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-2)
        assert check_export(network, bits, path, data.inputs, data.schema).equal == 30
        assert read_metadata(path) == {
            "feature_names": ["pca[0]", "pca[1]"],
            "features": ["pca:2"],
            "target_names": ["price", "weight"],
        }
    with pytest.raises(InputError, match="schema of 2 inputs, the network has 3: give that of its"):
        plh.export(plh.BinaryNetwork(3), bits[:, :4], path, schema=data.schema)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_labels_are_kept(suffix, tmp_path):
    schema = from_arrays(np.ones((4, 2)), ["dog", "cat", "dog", "ape"]).schema
    network = plh.BinaryNetwork(2, [3])
    path = plh.export(network, drawn(network, 1)[0], tmp_path / f"it{suffix}", schema=schema)
    assert read_metadata(path) == {"classes": ["ape", "cat", "dog"]}
    plh.export(network, drawn(network, 1)[0], path)
    assert read_metadata(path) == {"classes": [0, 1, 2]}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ties_go_to_the_first_class(suffix, tied_vote, tmp_path, monkeypatch):
    """Of one network and of several; without the rule for rounding some do not."""
    network, bits, inputs, classes = tied_vote
    for some in (bits[0], bits):
        path = plh.export(network, some, tmp_path / f"it{suffix}")
        assert check_export(network, some, path, inputs).equal == len(inputs)
    np.testing.assert_array_equal(run_file(path, inputs)["classes"], classes)
    for module in ("modules", "reader"):
        wrong = lambda numbers: numbers.argmax(1)  # noqa: E731
        monkeypatch.setattr(f"pl_hypernet.exports.{module}.first_of_largest", wrong)
    plh.export(network, bits, path)
    assert (run_file(path, inputs)["classes"] != classes).any()


@pytest.mark.parametrize("layers", [[1], [16, 1], [12, 9, 2]])
def test_every_shipped_digit(layers, tmp_path):
    data = plh.datasets.mnist()
    activation = plh.Choice("sigmoid", "hard_sigmoid") if layers[-1] == 1 else None
    network = plh.BinaryNetwork(64, layers, activation)
    all_bits = drawn(network, 7, seed=3)
    suffixes = SUFFIXES if layers[-1] == 2 else (".npz",)
    for bits in (all_bits[0], all_bits):
        for suffix in suffixes:
            path = plh.export(network, bits, tmp_path / f"it{suffix}")
            found = check_export(network, bits, path, data.test_inputs)
            assert found.samples == found.equal == 2115


@pytest.mark.parametrize("function", [wave, centred])
def test_a_function_as_activation(function, tmp_path):
    network = plh.BinaryNetwork(5, [6, 1], hidden=function, choices=[plh.RemoveNeurons(0)])
    all_bits, inputs = drawn(network, 4), normal_inputs(network, 20)
    for bits in (all_bits[0], all_bits):
        for suffix in (".pt2", ".onnx"):
            path = plh.export(network, bits, tmp_path / f"it{suffix}")
            assert_same(network, bits, run_file(path, inputs), inputs)
    with pytest.raises(InputError, match=f"not the function {function.__name__}: export as torch"):
        plh.export(network, all_bits[0], tmp_path / "it.npz")
    assert not (tmp_path / "it.npz").exists()


BLOCKED = "import sys\nfor name in {names}: sys.modules[name] = None\n"
RUN_PT2 = """
import numpy as np, torch
network = torch.export.load("it.pt2").module()
np.savez("out.npz", **network(torch.tensor(np.load("inputs.npy"))))
"""
RUN_PACKED = """
import numpy as np, reader
np.savez("out.npz", **reader.run_packed("it.npz", np.load("inputs.npy")))
print(sorted(name for name in sys.modules if name.startswith(("torch", "pl_hyper"))))
"""


@pytest.mark.parametrize(
    ("suffix", "names", "code"),
    [
        (".pt2", ["pl_hypernet", "pennylane", "onnx"], RUN_PT2),
        (".npz", ["pl_hypernet", "torch", "pennylane", "scipy"], RUN_PACKED),
    ],
)
def test_in_a_process_without_pl_hypernet(suffix, names, code, tmp_path):
    network = plh.BinaryNetwork(9, [17, 6, 3], choices=[plh.RemoveNeurons(0)])
    inputs = normal_inputs(network, 50)
    np.save(tmp_path / "inputs.npy", inputs)
    shutil.copy(reader.__file__, tmp_path)
    bits = drawn(network, 5)
    plh.export(network, bits, tmp_path / f"it{suffix}")
    blocked = BLOCKED.format(names=names)
    subprocess.run([sys.executable, "-c", blocked + code], cwd=tmp_path, check=True)
    with np.load(tmp_path / "out.npz") as outputs:
        assert_same(network, bits, dict(outputs), inputs)


def test_the_reader_is_small():
    with open(reader.__file__) as file:
        text = file.read()
    assert len(text.splitlines()) < 200
    assert "pl_hypernet import" not in text


def test_what_nothing_uses_is_left_out():
    choices = [plh.RemoveNeurons(0), plh.SkipLayer(1)]
    network = plh.BinaryNetwork(4, [4, 4, 2], features=plh.Choice("a", "b"), choices=choices)
    values = network.layout.decode(drawn(network, 1))
    values |= {"choice.neurons.0": [[1, 0, 1, 0]], "choice.skip.1": [1], "choice.features": [1]}
    bits = network.layout.encode(values)[0]
    module = plh.to_torch(network, bits)
    assert [tuple(layer.weight.shape) for layer in module.logits.layers] == [(4, 2), (2, 2)]
    inputs = normal_inputs(network, 10)
    before = module(torch.tensor(inputs))["logits"]
    inputs[:, :4] /= 2  # of the other feature map
    assert (module(torch.tensor(inputs))["logits"] == before).all()


def test_all_neurons_removed(tmp_path):
    network = plh.BinaryNetwork(4, [3, 2], choices=[plh.RemoveNeurons(0)])
    values = network.layout.decode(drawn(network, 1)) | {"choice.neurons.0": [[1, 1, 1]]}
    bits, inputs = network.layout.encode(values)[0], normal_inputs(network, 5)
    for suffix in SUFFIXES:
        path = plh.export(network, bits, tmp_path / f"it{suffix}")
        assert_same(network, bits, run_file(path, inputs), inputs)


def test_equal_networks_are_computed_once():
    network = plh.BinaryNetwork(4, [1])
    a, b = drawn(network, 2)
    (group,) = plain_groups(network, np.array([a, b, a, a]))
    assert sorted(group.often) == [1, 3]
    assert group.layers[0].weight.shape == (2, 1, 4)


def test_planted_errors_are_noticed(tmp_path, monkeypatch):
    network = plh.BinaryNetwork(10, [7, 5, 3], bias=False)
    bits = drawn(network, 1)[0]
    inputs = np.random.default_rng(0).choice([-1.0, 1.0], (300, 10)).astype("float32")
    path = plh.export(network, bits, tmp_path / "it.npz")
    assert check_export(network, bits, path, inputs)

    wrong = lambda z: np.where(z > 1e-4, np.float32(1), np.float32(-1))  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setitem(reader.ACTIVATIONS, "sign", wrong)
        assert not check_export(network, bits, path, inputs)

    with np.load(path) as file:
        arrays = dict(file)
    arrays["bits"][0] ^= 0b1000_0000  # the first weight
    np.savez(path, **arrays)
    assert not check_export(network, bits, path, inputs)

    flipped = bits.copy()
    flipped[0] ^= 1
    for suffix in (".pt2", ".onnx"):
        path = plh.export(network, flipped, tmp_path / f"it{suffix}")
        assert not check_export(network, bits, path, inputs)


def test_costs():
    network = plh.BinaryNetwork(784, [64, 10])
    bits = drawn(network, 3)
    summary = plh.export_summary(network, bits[0])
    assert summary["built"] == summary["exported"]
    assert summary.total("built") == {
        "shape": "", "numbers": 50_890, "bits": 1, "memory_bits": 50_890, "binary_macs": 640,
        "other_macs": 50_176,
    }  # fmt: skip
    assert "6.36" in str(summary)
    assert plh.export_summary(network, bits).total("exported")["memory_bits"] == 3 * 50_890

    network = plh.BinaryNetwork(
        6, [6, 6, 2], choices=[plh.RemoveNeurons(0), plh.SkipLayer(1), plh.DropWeights(2)]
    )
    values = network.layout.decode(drawn(network, 1)) | {
        "choice.neurons.0": [[1, 1, 0, 0, 0, 0]], "choice.skip.1": [1], "choice.dropout.2": [0],
    }  # fmt: skip
    summary = plh.export_summary(network, network.layout.encode(values)[0])
    assert [cost["shape"] for cost in summary["exported"].values()] == ["6 -> 4", "4 -> 2"]
    assert list(summary["exported"]) == [0, 2]
    assert summary.total("exported")["binary_macs"] == 8
    assert summary.total("built")["binary_macs"] == 36 + 12
    values["choice.dropout.2"] = [1]
    summary = plh.export_summary(network, network.layout.encode(values)[0])
    dropped = summary["exported"][2]
    assert dropped["bits"] == 2
    assert 0 < dropped["other_macs"] < 8


def test_packed_sizes(tmp_path):
    """A weight of two values takes one bit, of three or four two."""
    for layers, values, n_bytes in (
        ([64, 10], "binary", 64 * 98 + 64 + 10 * 8 + 10),
        ([8], "ternary", 8 * 98 * 2 + 8 * 2),
    ):
        network = plh.BinaryNetwork(784, layers, values=values)
        path = plh.export(network, drawn(network, 1)[0], tmp_path / "it.npz")
        with np.load(path, allow_pickle=False) as file:
            assert file["bits"].nbytes == n_bytes
        assert path.stat().st_size < n_bytes + 1000


def test_bad_input(tmp_path, monkeypatch):
    network = plh.BinaryNetwork(4, [1])
    bits = drawn(network, 1)[0]
    for arguments, message in (
        ((bits[:3], tmp_path / "it.npz"), "expected \\(5,\\) for one network or \\(S, 5\\)"),
        ((bits, tmp_path / "it.tflite"), "expected a name that ends in .pt2, .onnx, .npz"),
        ((bits, tmp_path / "it.npz", "torch"), "expected a name that ends in .pt2 for torch"),
        ((bits, tmp_path / "it.npz", "keras"), "unknown format 'keras'"),
        ((bits, tmp_path / "nowhere" / "it.npz"), "cannot be written"),
    ):
        with pytest.raises(InputError, match=message):
            plh.export(network, *arguments)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"pip install 'pl_hypernet\[export\]'"):
        plh.export(network, bits, tmp_path / "it.onnx")
    assert not list(tmp_path.iterdir())


def test_many_different_weights_are_numbers(tmp_path):
    wide = plh.BinaryNetwork(300, [1], choices=[Wild()])
    bits, inputs = drawn(wide, 1)[0], normal_inputs(wide, 20)
    path = plh.export(wide, bits, tmp_path / "it.npz")
    assert_same(wide, bits, run_file(path, inputs), inputs)
    assert plh.export_summary(wide, bits).total("exported")["memory_bits"] == 300 * 32 + 1


class Wild(plh.ArchitectureChoice):
    name = "wild"

    def apply(self, parameters, chosen):
        weights = parameters.weights[0]
        parameters.weights[0] = torch.arange(300.0).expand_as(weights).clone()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a run of three steps on the digits."""
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, shots=20, seed=0)
    out = tmp_path_factory.mktemp("runs") / "001"
    data = plh.datasets.mnist()
    plh.train(hypernet, data, steps=3, batch_size=50, evaluation_shots=40, out=out)
    return out


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["pl-hypernet", "export", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        main.run()
    return exit_.value.code or 0


@pytest.mark.parametrize("what", ["best", "vote"])
def test_the_command(what, folder, monkeypatch, capfd):
    assert command(monkeypatch, folder, "--what", what) == 0
    output = capfd.readouterr().out
    assert "32 times" in " ".join(output.split())
    for suffix in SUFFIXES:
        path = folder / f"{what}{suffix}"
        assert f"{path}: {path.stat().st_size:,} bytes\n" in output
    said = "run, it says the same as the network on 2,115 of 2,115 test samples\n"
    assert output.count(said) == len(SUFFIXES)
    evaluation = plh.load(folder).evaluation
    losses = evaluation.energy.losses
    with np.load(folder / f"{what}.npz") as file:
        header = json.loads(file["header"].item())
        networks = sum(len(group["share"]) for group in header["groups"])
    assert networks == (1 if what == "best" else len(np.unique(evaluation.bits, axis=0)))
    assert losses[evaluation.best] == losses.min()


def test_the_command_elsewhere(folder, tmp_path, monkeypatch, capfd):
    out = tmp_path / "mine.npz"
    assert command(monkeypatch, folder, "--out", out) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.npz"]
    for arguments, message in (
        (["--out", out], "exists already"),
        (["--out", tmp_path / "it.h5"], "expected a name that ends in"),
        (["--what", "worst"], "unknown --what 'worst': choose one of best, vote"),
        (["--format", "keras"], "unknown --format 'keras'"),
    ):
        assert command(monkeypatch, folder, *arguments) == 2
        assert message in capfd.readouterr().err


def test_the_command_without_onnx(folder, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert command(monkeypatch, folder, "--format", "onnx") == 2
    assert "pip install 'pl_hypernet[export]'" in capfd.readouterr().err
    (folder / "best.onnx").unlink(missing_ok=True)
    assert command(monkeypatch, folder) == 0
    assert "No ONNX file: ONNX is not installed here" in capfd.readouterr().out
    assert not (folder / "best.onnx").exists()


def test_the_command_notices_a_wrong_file(folder, monkeypatch, capfd):
    monkeypatch.setitem(reader.ACTIVATIONS, "sigmoid", lambda z: 1 / (1 + np.exp(z)))
    monkeypatch.setattr(reader, "unpack", lambda planes, levels, n: np.ones((1, n), np.float32))
    assert command(monkeypatch, folder, "--format", "packed") == 2
    assert "disagrees with the network on" in capfd.readouterr().err
