"""Torch modules as networks, against a plain loop of copies of the module."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import pl_hypernet as plh
from pl_hypernet.errors import InputError, NetworkWarning
from pl_hypernet.networks import torch_network
from pl_hypernet.networks.derivatives import Derivatives
from pl_hypernet.objectives import network_loss

RNG = np.random.default_rng(0)


class LeNet5(nn.Module):
    """As tutorials have it."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

    def num_flat_features(self, x):
        return x[0].numel()


class Branching(nn.Module):
    """Takes a way that depends on its numbers, so that torch cannot map it."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x):
        z = self.linear(x)
        return z if z.sum() > 0 else 2 * z


def dense():
    return nn.Sequential(nn.Linear(4, 6), plh.Sign(), nn.Linear(6, 3))


def normed():
    return nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), plh.Sign(), nn.Flatten(), nn.Linear(12, 3),
        nn.BatchNorm1d(3),
    )  # fmt: skip


MADE = {
    "dense": lambda: plh.TorchNetwork(dense(), 4),
    "ternary": lambda: plh.TorchNetwork(dense(), 4, values={"0.*": "ternary", "*.bias": "3-bit"}),
    "tanh": lambda: plh.TorchNetwork(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)), 4),
    "regression": lambda: plh.TorchNetwork(nn.Linear(4, 2), 4, activation="identity"),
    "tied": lambda: plh.TorchNetwork(
        dense(), 4, tied=[["0.weight[0, 0]", "0.weight[1, 0]"]], fixed={"2.bias": 0}
    ),
    "frozen": lambda: plh.TorchNetwork(dense(), 4, bits="2.*"),
    "normed": lambda: plh.TorchNetwork(normed(), (1, 3, 3)),
    "not mapped": lambda: quietly(Branching(), 4),
}


def quietly(module, shape, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetworkWarning)
        return plh.TorchNetwork(module, shape, **options)


def make_inputs(network, n=20):
    return RNG.normal(size=(n, network.n_columns)).astype(np.float32)


def make_bits(network, shots=5):
    return RNG.integers(0, 2, (shots, network.n_qubits)).astype(np.int8)


def by_loop(network, bits, inputs, training=False):
    """Each shot: the parameters put into a copy of the module, and the copy run."""
    found = []
    for row in bits:
        module = copy.deepcopy(network.module)
        decoded = network.layout.decode(row[None])
        for name, values in decoded.items():
            layer, _, last = name.rpartition(".")
            numbers = torch.tensor(values[0].astype(np.float32)) * network._magnitudes[name]
            setattr(module.get_submodule(layer), last, nn.Parameter(numbers))
        for name, layer in network._norms.layers.items():
            plain = type_of_norm(module, name)(len(layer.running_mean), momentum=1.0)
            plain.load_state_dict({"weight": layer.weight, "bias": layer.bias}, strict=False)
            parent, _, last = name.rpartition(".")
            setattr(module.get_submodule(parent), last, plain)
        x = torch.tensor(inputs).view(-1, *network.input_shape)
        with torch.no_grad():
            if network._norms and not training:
                module.train()
                module(network.observed.view(-1, *network.input_shape))
                n = len(network.observed)
                for layer in module.modules():  # without Bessel's correction, as in the batch
                    if isinstance(layer, nn.BatchNorm1d):
                        layer.running_var *= (n - 1) / n
                    if isinstance(layer, nn.BatchNorm2d):
                        layer.running_var *= (4 * n - 1) / (4 * n)
            module.train(training)
            found.append(module(x).reshape(len(x), -1))
    return network.scale * torch.stack(found)


def type_of_norm(module, name):
    return nn.BatchNorm2d if name == "1" else nn.BatchNorm1d


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("alone", [False, True])
def test_outputs_are_those_of_copies_of_the_module(name, alone, monkeypatch):
    monkeypatch.setattr(torch_network, "FEW", 10**6 if alone else 0)
    network = MADE[name]()
    inputs, bits = make_inputs(network), make_bits(network)
    network.observe(make_inputs(network, 50))
    np.testing.assert_allclose(
        network(bits, inputs), by_loop(network, bits, inputs), rtol=1e-4, atol=1e-4
    )
    network.train()
    np.testing.assert_allclose(
        network(bits, inputs), by_loop(network, bits, inputs, training=True), rtol=1e-4, atol=1e-4
    )


def test_a_planted_error_is_noticed(monkeypatch):
    network = MADE["dense"]()
    inputs, bits = make_inputs(network), make_bits(network)
    right = by_loop(network, bits, inputs)
    network._magnitudes["2.bias"] *= -1
    assert (network(bits, inputs) - right).abs().max() > 0.1


@pytest.mark.parametrize("name", ["tanh", "regression", "tied", "ternary", "normed", "not mapped"])
@pytest.mark.parametrize("alone", [False, True])
def test_gradients_are_those_of_torch(name, alone, monkeypatch):
    """By finite differences of the multilinear function where it is smooth, else by a loop."""
    monkeypatch.setattr(torch_network, "FEW", 10**6 if alone else 0)
    network = MADE[name]()
    network.train()
    inputs, bits = make_inputs(network), make_bits(network, 3)
    reduce = lambda logits: logits.square().mean(dim=(1, 2))  # noqa: E731
    values, gradients = network.score_with_gradient(bits, inputs, reduce)
    x = network.check_inputs(inputs)
    for s in range(3):
        real = torch.tensor(bits[s : s + 1], dtype=torch.float32, requires_grad=True)
        value = reduce(network.logits_with_gradient(real, x))
        (one,) = torch.autograd.grad(value.sum(), real)
        np.testing.assert_allclose(values[s], value.item(), rtol=1e-4)
        np.testing.assert_allclose(gradients[s], -0.5 * one[0], rtol=1e-3, atol=1e-4)
    if name in ("tanh", "regression"):
        step = torch.zeros(1, network.n_qubits)
        step[0, 1] = 1e-2
        there = reduce(network.logits_with_gradient(real.detach() + step, x))
        back = reduce(network.logits_with_gradient(real.detach() - step, x))
        assert -0.5 * (there - back).item() / 2e-2 == pytest.approx(gradients[2, 1], rel=0.05)
    monkeypatch.setattr("pl_hypernet.networks.network.CHUNK", 1)  # one by one
    _, mean = network.score_with_gradient(bits, inputs, reduce, Derivatives(mean=True))
    np.testing.assert_allclose(mean, gradients.mean(axis=0), rtol=1e-3, atol=1e-5)


def test_the_sign_has_the_gradient_of_a_window():
    z = torch.tensor([-3.0, -0.5, 0.0, 0.5, 3.0], requires_grad=True)
    y = plh.Sign()(z)
    assert y.tolist() == [-1, -1, 1, 1, 1]
    y.sum().backward()
    w = z.detach().square().mean().sqrt().item()
    np.testing.assert_allclose(z.grad, [0, 1 / w, 1 / w, 1 / w, 0], rtol=1e-6)
    with pytest.raises(InputError, match="positive"):
        plh.Sign(0)


def small_data(shape=(1, 3, 3), n=120):
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(n, int(np.prod(shape)))).astype(np.float32)
    targets = (inputs[:, 0] > 0.3).astype(int) + (inputs[:, 1] > 0).astype(int)
    return inputs, targets


@pytest.mark.parametrize("optimizer", ["pathwise", "score", "spsa", "qnspsa"])
def test_it_trains_by_every_optimizer(optimizer, monkeypatch):
    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    network = MADE["normed"]()
    before = {name: p.detach().clone() for name, p in network.trained_along.items()}
    hypernet = plh.QuantumHypernetwork(network, layers=0, shots=6)
    options = {"steps": 4, "batch_size": 50, "evaluation_shots": 8, "progress": False}
    run = plh.train(hypernet, small_data(), optimizer, **options)
    again = plh.train(hypernet, small_data(), optimizer, **options)
    assert run.summary["n_real"] == 12
    assert run.summary["energy"] == again.summary["energy"]
    for name, parameter in network.trained_along.items():  # the one that was given stays
        assert torch.equal(parameter, before[name])
        assert not torch.equal(run.hypernet.network.trained_along[name], before[name])
    assert set(run.predict(small_data()[0])) <= {0, 1, 2}


def test_gradients_lower_the_energy_and_a_run_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    hypernet = plh.QuantumHypernetwork(MADE["normed"](), layers=0, shots=10)
    data = small_data()
    options = {"steps": 40, "evaluation_shots": 20, "progress": False, "stepsize": 0.2}
    run = plh.train(hypernet, data, "pathwise", out=tmp_path / "run", **options)
    energies = [record["energy"] for record in run.history]
    assert np.mean(energies[-5:]) < 0.8 * np.mean(energies[:5])
    loaded = plh.load(tmp_path / "run", hypernet=hypernet, data=data)
    assert float(loaded.judged().energy) == pytest.approx(float(run.evaluation.energy), rel=1e-5)
    np.testing.assert_array_equal(loaded.predict(data[0]), run.predict(data[0]))
    with pytest.raises(InputError, match="hypernet=hypernet"):
        plh.load(tmp_path / "run")


def test_a_training_goes_on_bit_for_bit(monkeypatch):
    from pl_hypernet.training.config import RunConfig
    from pl_hypernet.training.trainer import Trainer

    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    data = plh.datasets.as_data(small_data())

    def trainer():
        hypernet = plh.QuantumHypernetwork(MADE["normed"](), layers=0, shots=5)
        settings = {"steps": 6, "batch_size": 40}
        config = RunConfig.of(hypernet, data, "pathwise", settings, {})
        return Trainer(hypernet, data, config.build_optimizer(0), config)

    torch.manual_seed(0)
    one = trainer()
    torch.manual_seed(0)
    other = trainer()
    for _ in range(3):
        one.step()
    other.restore(*one.state())
    for _ in range(3):
        first, second = one.step(), other.step()
        assert first["energy"] == second["energy"]
    for name, parameter in one.hypernet.network.trained_along.items():
        assert torch.equal(parameter, other.hypernet.network.trained_along[name])


def test_lenet_goes_in_unchanged():
    network = plh.TorchNetwork(LeNet5(), (1, 28, 28))
    assert network.n_qubits == 61_706
    assert network.is_mapped
    assert network.layout.names[0] == "conv1.weight[0, 0, 0, 0]"
    bits, inputs = make_bits(network, 2), make_inputs(network, 3)
    np.testing.assert_allclose(
        network(bits, inputs), by_loop(network, bits, inputs), rtol=1e-3, atol=1e-3
    )
    logits = network(make_bits(network, 8), make_inputs(network, 50) / 4)
    assert 1 < logits.std() < 4


def test_a_head_of_bits_on_a_module_of_torchvision():
    from torchvision.models import mobilenet_v3_small

    module = mobilenet_v3_small()
    with pytest.warns(NetworkWarning, match=r"drop-out of 'classifier\.2' does nothing"):
        network = plh.TorchNetwork(module, (3, 32, 32), bits="classifier.3.*")
    assert network.n_qubits == 1_025_000
    assert network.n_real == 0
    inputs, bits = make_inputs(network, 2), make_bits(network, 2)
    np.testing.assert_allclose(
        network(bits, inputs), by_loop(network, bits, inputs), rtol=1e-3, atol=1e-3
    )


class Counting(nn.Linear):
    def __init__(self):
        super().__init__(4, 2)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return super().forward(x)


class Random(nn.Linear):
    def forward(self, x):
        return nn.functional.dropout(super().forward(x), training=True)


class Both(nn.Linear):
    def forward(self, x):
        return super().forward(x), x


class WithNaN(nn.Linear):
    def forward(self, x):
        return super().forward(x) + torch.nan


def with_parameter(parameter):
    module = nn.Linear(4, 2)
    module.extra = nn.Parameter(parameter, requires_grad=False)
    return module


def test_parameters_that_are_no_real_numbers_stay_as_they_are():
    for numbers in (torch.ones(2, dtype=torch.int8), torch.ones(2, dtype=torch.cfloat)):
        assert plh.TorchNetwork(with_parameter(numbers), 4).n_qubits == 10


BAD = {
    "integers": (
        lambda: plh.TorchNetwork(nn.ParameterList([with_parameter(torch.ones(1).int()).extra]), 4),
        "no parameters of real numbers",
    ),
    "complex bits": (
        lambda: plh.TorchNetwork(with_parameter(torch.ones(2) + 0j), 4, bits=["weight", "extra"]),
        "bits: 'extra' is of torch.complex64, expected real numbers",
    ),
    "two outputs": (lambda: plh.TorchNetwork(Both(4, 2), 4), r"returned .*expected outputs \(M"),
    "NaN": (lambda: plh.TorchNetwork(WithNaN(4, 2), 4), "NaN or infinite on inputs"),
    "double": (lambda: plh.TorchNetwork(nn.Linear(4, 2).double(), 4), "raised RuntimeError"),
    "no module": (lambda: plh.TorchNetwork("net", 4), "expected a torch.nn.Module"),
    "no parameters": (lambda: plh.TorchNetwork(nn.ReLU(), 4), "no parameters of real numbers"),
    "complex": (lambda: plh.TorchNetwork(nn.Linear(4, 2, dtype=torch.cfloat), 4), "are complex"),
    "lazy": (lambda: plh.TorchNetwork(nn.LazyLinear(2), 4), "call the module once"),
    "buffer": (lambda: plh.TorchNetwork(Counting(), 4), "changes its buffer 'calls'"),
    "random": (lambda: plh.TorchNetwork(Random(4, 9), 4), "other outputs for the same inputs"),
    "outputs": (lambda: plh.TorchNetwork(nn.Conv2d(1, 2, 2), (1, 3, 3)), "outputs \\(M, n_outp"),
    "inputs": (lambda: plh.TorchNetwork(nn.Linear(4, 2), 5), "raised RuntimeError"),
    "shape": (lambda: plh.TorchNetwork(nn.Linear(4, 2), (0,)), "expected sizes"),
    "glob": (lambda: plh.TorchNetwork(dense(), 4, bits="head.*"), "fits no parameter: 0.weight"),
    "both": (lambda: plh.TorchNetwork(dense(), 4, bits="0.*", real="*"), "both bits and real"),
    "values": (lambda: plh.TorchNetwork(dense(), 4, values={"9.*": "ternary"}), "no such bits"),
    "no layers": (lambda: plh.TorchNetwork(nn.BatchNorm1d(4), 4), "say which are bits"),
    "statistics": (
        lambda: plh.TorchNetwork(
            nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2, track_running_stats=False)), 4
        ),
        "track_running_stats=True",
    ),
    "not observed": (
        lambda: MADE["normed"]()(np.zeros((1, 54), np.int8), np.zeros((2, 9))),
        "network.observe",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line(what):
    make, message = BAD[what]
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_what_is_said():
    shared = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Linear(4, 2))
    shared[2].weight = shared[0].weight
    with pytest.warns(NetworkWarning, match=r"'2\.weight' and '0\.weight' are one parameter"):
        network = plh.TorchNetwork(shared, 4)
    assert network.n_qubits == 16 + 4 + 4 + 10
    bits, inputs = make_bits(network), make_inputs(network)
    with pytest.warns(NetworkWarning, match="cannot be mapped over networks, which run one by one"):
        plh.TorchNetwork(Branching(), 4)
    with pytest.warns(NetworkWarning, match="outputs are probabilities"):
        plh.TorchNetwork(nn.Sequential(nn.Linear(4, 3), nn.Softmax(1)), 4)
    weight = network.layout.decode(bits)["0.weight"] * network._magnitudes["0.weight"]
    numbers = network._numbers(network.layout.decode(torch.tensor(bits)))
    np.testing.assert_array_equal(numbers["2.weight"], weight)
    assert network(bits, inputs).shape == (5, 20, 2)
