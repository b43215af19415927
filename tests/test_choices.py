"""Choices that qubits make, weights of several bits, tied and fixed bits: against plain loops."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks import network as network_module
from pl_hypernet.networks.block import Block
from pl_hypernet.networks.layout import ParameterLayout
from pl_hypernet.networks.settings import arguments_from_settings, settings_of
from pl_hypernet.networks.values import find_values

PLAIN = {
    "sign": lambda z: 1.0 if z > -1e-9 else -1.0,
    "relu": lambda z: max(z, 0.0),
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "hard_sigmoid": lambda z: min(max(0.5 + z / 4, 0.02), 0.98),
    "hard_tanh": lambda z: min(max(z, -1.0), 1.0),
    "identity": lambda z: z,
}
PAIRS = ((1, -1), (0, 1), (-2, 1), (-3, 1))


def random_bits(shots, n, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (shots, n)).astype(np.int8)


def by_hand(network, bits, inputs, sign_of_zero=1.0):
    """Outputs (S, M, n_outputs), one neuron of one network on one input at a time, in float64."""
    plain = PLAIN | {"sign": lambda z: sign_of_zero if abs(z) < 1e-9 else math.copysign(1, z)}
    outputs = []
    for s in range(len(bits)):
        decoded = {name: value[s] for name, value in network.layout.decode(bits).items()}

        def chosen(name, layer, decoded=decoded):
            option = getattr(network, name)[layer]
            if not isinstance(option, plh.Choice):
                return option
            code = decoded.get(f"choice.{name}", decoded.get(f"choice.{name}.{layer}"))
            return option.options[code]

        rows = []
        for x in np.asarray(inputs, dtype=float):
            if network.features is not None:
                start = network.n_inputs * decoded["choice.features"]
                x = x[start : start + network.n_inputs]
            h = list(x)
            for i, size in enumerate(network.sizes):
                weight = decoded[f"layers.{i}.weight"].astype(float)
                bias = decoded.get(f"layers.{i}.bias", np.zeros(size)).astype(float)
                own_bias = isinstance(network.bias[i], tuple)
                if own_bias:
                    bias *= network.bias_scale[i]
                if isinstance(network.values[i], plh.Choice):
                    zero, one = chosen("values", i)
                    weight = zero + (one - zero) * weight
                    bias = bias if own_bias else zero + (one - zero) * bias
                for choice in network.architecture:
                    if isinstance(choice, plh.DropWeights) and choice.layer == i:
                        weight = weight.copy()
                        groups = choice._group.numpy()
                        for j, row in enumerate(groups):
                            for k, group in enumerate(row):
                                code = decoded[f"choice.{choice.name}"]
                                if choice.groups is None and group == 0 and code == 1:
                                    weight[j, k] = 0
                                if choice.groups is not None and code[group] == 1:
                                    weight[j, k] = 0
                z = [sum(w * v for w, v in zip(weight[j], h, strict=True)) + bias[j]
                     for j in range(size)]  # fmt: skip
                if i == len(network.sizes) - 1:
                    break
                a = [plain[chosen("hidden", i)](v) for v in z]
                if decoded.get(f"choice.skip.{i}", 0) == 1:
                    a = h
                removed = decoded.get(f"choice.neurons.{i}", np.zeros(size))
                h = [0.0 if gone else v for v, gone in zip(a, removed, strict=True)]
            rows.append([network.scale.item() * v for v in z])
        outputs.append(rows)
    return np.array(outputs)


NETWORKS = {
    "values": lambda: plh.BinaryNetwork(3, [2], values=plh.Choice(*PAIRS)),
    "values of a layer": lambda: plh.BinaryNetwork(
        3, [2, 3], values=[(1, -3), plh.Choice((1, -1), (0, 1), (-2, 1))]
    ),
    "three activations": lambda: plh.BinaryNetwork(
        3, [4, 2], hidden=plh.Choice("relu", "hard_tanh", "tanh")
    ),
    "activations of each layer": lambda: plh.BinaryNetwork(
        3, [4, 3, 2], hidden=["sigmoid", plh.Choice("sign", "hard_sigmoid")]
    ),
    "sign behind relu": lambda: plh.BinaryNetwork(3, [4, 3, 2], hidden=["relu", "sign"]),
    "no bias": lambda: plh.BinaryNetwork(3, [3, 2], bias=False),
    "biases of several bits": lambda: plh.BinaryNetwork(
        3, [4, 3, 2], bias=["3-bit", False, (2, -1, 0)], hidden=["sign", "relu"],
        values=["binary", "ternary", plh.Choice((1, -1), (1, -3))],
    ),
    "bias of one layer": lambda: plh.BinaryNetwork(3, [3, 2], bias=[True, False]),
    "ternary": lambda: plh.BinaryNetwork(3, [3, 2], values="ternary"),
    "bits of each layer": lambda: plh.BinaryNetwork(3, [3, 2], values=["2-bit", "3-bit"]),
    "features": lambda: plh.BinaryNetwork(2, [3, 2], features=plh.Choice("a", "b", "c")),
    "neurons": lambda: plh.BinaryNetwork(3, [4, 2], choices=[plh.RemoveNeurons(0)]),
    "skip": lambda: plh.BinaryNetwork(3, [3, 3, 2], choices=[plh.SkipLayer(0), plh.SkipLayer(1)]),
    "half dropped": lambda: plh.BinaryNetwork(3, [4, 2], choices=[plh.DropWeights(0)]),
    "groups dropped": lambda: plh.BinaryNetwork(3, [4, 2], choices=[plh.DropWeights(1, groups=3)]),
    "all at once": lambda: plh.BinaryNetwork(
        3,
        [3, 3, 2],
        values=plh.Choice(*PAIRS),
        hidden=plh.Choice("sign", "relu"),
        features=plh.Choice("a", "b"),
        choices=[
            plh.RemoveNeurons(0), plh.RemoveNeurons(1), plh.SkipLayer(1),
            plh.DropWeights(0), plh.DropWeights(1, groups=2, seed=4), plh.DropWeights(2, 4),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_equal_a_plain_loop(name):
    network = NETWORKS[name]()
    bits = random_bits(25, network.n_qubits)
    # eighths: sums are exact, and 0 is among them
    inputs = np.random.default_rng(1).integers(-8, 9, (6, network.n_columns)) / 8
    found = network(bits, inputs)
    expected = by_hand(network, bits, inputs)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    for row, logits in zip(bits, found, strict=True):
        np.testing.assert_allclose(network(row[None], inputs)[0], logits, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("values", [(1, -1), (1, -3), "ternary", plh.Choice((0, 1), (1, -1))])
def test_an_outlier_changes_no_other_sample_and_no_other_input(values):
    """The margin of 0 is that of each sum, not of a whole batch."""
    network = plh.BinaryNetwork(20, [5, 1], values=values)
    bits = random_bits(30, network.n_qubits)
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(50, 20)).astype(np.float32)
    outlier = np.zeros((1, 20), np.float32)
    outlier[0, 0] = 1e7
    alone = network(bits, inputs)
    np.testing.assert_array_equal(network(bits, np.concatenate([inputs, outlier]))[:, :-1], alone)
    np.testing.assert_allclose(alone, by_hand(network, bits, inputs), atol=1e-5)
    inputs[:, 3] = rng.normal(5e4, 1e4, 50)
    where = network.layout.decode(bits)["layers.0.weight"]
    if (where[..., 3] == 0).any() and not isinstance(values, plh.Choice):
        bits = bits[(where[:, :, 3] == 0).all(axis=1)]
        assert len(bits)
        np.testing.assert_allclose(network(bits, inputs), by_hand(network, bits, inputs), atol=1e-5)


def test_a_wrong_sign_of_zero_is_seen():
    network = plh.BinaryNetwork(3, [4, 2])
    bits = random_bits(25, network.n_qubits)
    inputs = np.random.default_rng(1).integers(-8, 9, (6, 3)) / 8
    wrong = by_hand(network, bits, inputs, sign_of_zero=-1.0)
    assert not np.allclose(network(bits, inputs), wrong)


@pytest.mark.parametrize("name", NETWORKS)
def test_parts_and_double_precision(name, monkeypatch):
    network = NETWORKS[name]()
    bits = random_bits(30, network.n_qubits)
    inputs = np.random.default_rng(1).normal(size=(6, network.n_columns))
    whole = network.score(bits, inputs, lambda z: z.sum(dim=(1, 2)))
    monkeypatch.setattr(network_module, "CHUNK", 100)
    parts = network.score(bits, inputs, lambda z: z.sum(dim=(1, 2)))
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-4)
    double = network.double()(bits, inputs)
    assert double.dtype == torch.float64
    np.testing.assert_allclose(double.sum(dim=(1, 2)), whole, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(double, by_hand(network, bits, inputs), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_from_its_settings(name):
    network = NETWORKS[name]()
    made = settings_of(network)
    arguments = arguments_from_settings(
        made["choices"], made.get("hidden", "sign"), made.get("values", (1, -1)), network.sizes
    )
    arguments.setdefault("activation", made.get("activation"))
    again = plh.BinaryNetwork(
        network.n_inputs, network.sizes, scale=made["scale"], bias=made["bias"], **arguments
    )
    assert repr(again) == repr(network)
    assert again.layout.names == network.layout.names
    bits = random_bits(9, network.n_qubits)
    inputs = np.random.default_rng(1).normal(size=(6, network.n_columns))
    np.testing.assert_array_equal(again(bits, inputs), network(bits, inputs))


levels = st.lists(st.integers(-64, 63), min_size=2, max_size=9, unique=True).map(tuple)
blocks = st.lists(
    st.tuples(st.lists(st.integers(1, 3), max_size=2), levels), min_size=1, max_size=4
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(blocks, st.integers(1, 5), st.integers(0, 1000))
def test_decode_and_encode_of_random_layouts(specification, shots, seed):
    """Bits come back where every code has a level of its own; levels always do."""
    layout = ParameterLayout(
        [Block(f"b{i}", tuple(shape), levels) for i, (shape, levels) in enumerate(specification)]
    )
    assert len(set(layout.names)) == layout.n_qubits
    bits = random_bits(shots, layout.n_qubits, seed)
    values = layout.decode(bits)
    again = layout.encode(values)
    for name, value in layout.decode(again).items():
        np.testing.assert_array_equal(value, values[name])
    from_torch = layout.decode(torch.from_numpy(bits))
    for i, block in enumerate(layout.blocks):
        np.testing.assert_array_equal(from_torch[f"b{i}"], values[f"b{i}"])
        if len(block.levels) == 2**block.n_bits:
            own = ParameterLayout([block])
            part = random_bits(shots, own.n_qubits, seed + 1)
            np.testing.assert_array_equal(own.encode(own.decode(part)), part)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_tied_and_fixed_bits(seed):
    rng = np.random.default_rng(seed)
    names = plh.BinaryNetwork(3, [2, 1]).layout.names
    order = rng.permutation(names)
    tied = [list(order[:2]), list(order[1:3]), list(order[4:6])]
    fixed = {order[6]: 1, order[2]: 0} if seed % 2 else {order[7]: 0}
    network = plh.BinaryNetwork(3, [2, 1], tied=tied, fixed=fixed)
    free = len(names) - 3 - len(fixed)
    assert network.n_qubits == len(network.layout.names) == free
    bits = random_bits(6, free, seed)
    full = dict(zip(names, plh.BinaryNetwork(3, [2, 1]).layout.encode(
        network.layout.decode(bits)).T, strict=True))  # fmt: skip
    for group in tied:
        assert all((full[name] == full[group[0]]).all() for name in group)
    for name, bit in fixed.items():
        assert (full[name] == bit).all()
    for name, column in zip(network.layout.names, bits.T, strict=True):
        np.testing.assert_array_equal(full[name], column)
    np.testing.assert_array_equal(network.layout.encode(network.layout.decode(bits)), bits)


def test_fine_tuning_a_part_of_a_network():
    """The first layer stays that of a trained network; only the second has qubits."""
    whole = plh.BinaryNetwork(3, [4, 1], hidden=plh.Choice("sign", "relu"))
    bits = random_bits(1, whole.n_qubits)
    fixed = whole.layout.part(bits[0], "layers.0", "choice.hidden")
    part = plh.BinaryNetwork(3, [4, 1], hidden=plh.Choice("sign", "relu"), fixed=fixed)
    assert part.layout.names == [n for n in whole.layout.names if n.startswith("layers.1")]
    inputs = np.random.default_rng(1).normal(size=(5, 3))
    start = 4 * 3 + 4
    np.testing.assert_array_equal(part(bits[:, start : start + 5], inputs), whole(bits, inputs))
    with pytest.raises(InputError, match="is tied or fixed, and holds another value"):
        part.layout.encode(whole.layout.decode(1 - bits))


def test_thousands_of_ties_of_single_bits():
    """A chain of ties, of any length and in any order, is one qubit."""
    n = 3000
    order = np.random.default_rng(0).permutation(n)
    chain = [[f"b[{i}]", f"b[{j}]"] for i, j in pairwise(order) if i % 50]
    layout = ParameterLayout([Block("b", (n,))], tied=chain, fixed={"b[50]": 1})
    lengths = np.diff(np.flatnonzero([True, *(order[:-1] % 50 == 0), True]))
    assert layout.n_qubits == len(lengths) - 1
    bits = random_bits(2, layout.n_qubits)
    of_bits = layout.decode(bits)["b"][:, order]
    for part in np.split(of_bits, np.cumsum(lengths)[:-1], axis=1):
        assert (part == part[:, :1]).all()


def test_tied_layers_are_one():
    network = plh.BinaryNetwork(2, [2, 2, 1], tied=[["layers.0", "layers.1"]])
    assert network.n_qubits == 6 + 3
    decoded = network.layout.decode(random_bits(4, 9))
    np.testing.assert_array_equal(decoded["layers.0.weight"], decoded["layers.1.weight"])


@pytest.mark.parametrize("layers", [[5, 1], [4, 5, 3]])
def test_hidden_neurons_may_change_places_with_their_qubits(layers):
    network = plh.BinaryNetwork(6, layers, choices=[plh.RemoveNeurons(0)], values="ternary")
    bits = random_bits(8, network.n_qubits)
    rng = np.random.default_rng(1)
    inputs = rng.uniform(0, 1, (9, 6)).astype(np.float32)
    loss = plh.NetworkLoss(network, inputs, rng.integers(0, max(2, layers[-1]), 9))
    values = network.layout.decode(bits)
    order = np.roll(np.arange(layers[0]), 1)
    permuted = values | {
        "layers.0.weight": values["layers.0.weight"][:, order],
        "layers.0.bias": values["layers.0.bias"][:, order],
        "layers.1.weight": values["layers.1.weight"][:, :, order],
    }
    assert not np.allclose(loss(network.layout.encode(permuted)), loss(bits))
    permuted["choice.neurons.0"] = values["choice.neurons.0"][:, order]
    np.testing.assert_allclose(loss(network.layout.encode(permuted)), loss(bits), rtol=1e-5)


def test_a_removed_neuron_and_a_skipped_layer_leave_no_trace():
    network = plh.BinaryNetwork(
        3, [3, 3, 1], choices=[plh.RemoveNeurons(0), plh.SkipLayer(1), plh.RemoveNeurons(1)]
    )
    values = network.layout.decode(random_bits(1, network.n_qubits))
    inputs = np.random.default_rng(1).normal(size=(5, 3))
    values["choice.neurons.0"][:] = [0, 1, 0]
    values["choice.skip.1"][:] = 1
    values["choice.neurons.1"][:] = 0
    before = network(network.layout.encode(values), inputs)
    values["layers.0.weight"][:, 1] *= -1
    values["layers.1.weight"] *= -1
    values["layers.2.weight"][:, :, 1] *= -1
    np.testing.assert_array_equal(network(network.layout.encode(values), inputs), before)
    values["layers.0.weight"][:, 0] *= -1
    assert not np.allclose(network(network.layout.encode(values), inputs), before)


def test_networks_may_share_a_choice():
    drop = plh.DropWeights(0, groups=2)
    small, large = (plh.BinaryNetwork(n, choices=[drop]) for n in (3, 5))
    bits = random_bits(8, small.n_qubits)
    inputs = np.random.default_rng(1).normal(size=(4, 3))
    np.testing.assert_allclose(small(bits, inputs), by_hand(small, bits, inputs), rtol=1e-5)
    assert large.n_qubits == small.n_qubits + 2


def test_unused_codes_are_shared_out_evenly():
    network = plh.BinaryNetwork(2, [2, 1], hidden=plh.Choice("sign", "relu", "tanh"))
    assert network.layout.names[-2:] == ["choice.hidden.bit0", "choice.hidden.bit1"]
    bits = np.zeros((4, network.n_qubits), np.int8)
    bits[:, -2:] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert network.layout.decode(bits)["choice.hidden"].tolist() == [0, 1, 2, 0]
    five = Block("x", (), tuple(range(5)))
    codes = (np.arange(8)[:, None] >> np.array([2, 1, 0])) & 1
    assert five.decode(codes.astype(np.int8)).tolist() == [0, 1, 2, 3, 4, 0, 1, 2]


def test_named_values():
    assert find_values("binary") == (1, -1)
    assert find_values("ternary") == (1, 0, 0, -1)  # the mean of two spins
    assert find_values("2-bit") == (0, 1, -2, -1)  # two's complement
    assert sorted(find_values("7-bit")) == list(range(-64, 64))


class Temperature(plh.ArchitectureChoice):
    """How sure the outputs are."""

    name = "temperature"
    options = ("sharp", "soft", "softer")

    def apply(self, parameters, chosen):
        parameters.scale = parameters.scale / (1 + chosen)


def test_a_choice_of_ones_own(tmp_path):
    network = plh.BinaryNetwork(3, [2], choices=[Temperature()])
    assert network.layout.names[-2:] == ["choice.temperature.bit0", "choice.temperature.bit1"]
    bits = random_bits(8, network.n_qubits)
    inputs = np.random.default_rng(1).normal(size=(5, 3))
    code = (2 * bits[:, -2] + bits[:, -1]) % 3
    plain = plh.BinaryNetwork(3, [2])(bits[:, :-2], inputs)
    np.testing.assert_allclose(
        network(bits, inputs), plain.numpy() / (1 + code[:, None, None]), rtol=1e-6
    )
    hypernet = plh.QuantumHypernetwork(network, layers=1, shots=20)
    data = inputs, [0, 1, 0, 1, 0]
    penalties = {"temperature": {"soft": 1.0}}
    options = {"steps": 2, "progress": False, "out": tmp_path / "run", "penalties": penalties}
    run = plh.train(hypernet, data, "score", **options)
    assert set(run.summary["choices"]["temperature"]) == {"sharp", "soft", "softer"}
    with pytest.raises(InputError, match="has a temperature of its own: load it"):
        plh.load(tmp_path / "run", data=data)
    again = plh.load(tmp_path / "run", hypernet=hypernet, data=data)
    assert again.evaluation.energy == run.evaluation.energy


def test_an_activation_of_ones_own():
    network = plh.BinaryNetwork(2, [2, 1], hidden=plh.Choice("relu", torch.square), scale=1.0)
    assert network.choices["hidden"].names == ("relu", "square")
    bits = random_bits(6, network.n_qubits)
    inputs = np.random.default_rng(1).normal(size=(5, 2))
    squared, relu = (
        plh.BinaryNetwork(2, [2, 1], hidden=hidden, scale=1.0)(bits[:, :-1], inputs)
        for hidden in (torch.square, "relu")
    )
    expected = torch.where(torch.tensor(bits[:, -1] == 1)[:, None, None], squared, relu)
    np.testing.assert_allclose(network(bits, inputs), expected, rtol=1e-6)


def test_a_penalty_for_each_neuron():
    network = plh.BinaryNetwork(3, [4, 1], choices=[plh.RemoveNeurons(0)])
    inputs, targets = np.eye(3), [0, 1, 1]
    bits = random_bits(9, network.n_qubits)
    plain = plh.NetworkLoss(network, inputs, targets)(bits)
    penalties = {"neurons.0": {"kept": 0.25}}
    found = plh.NetworkLoss(network, inputs, targets, penalties=penalties)(bits)
    np.testing.assert_allclose(found - plain, 0.25 * (bits[:, -4:] == 0).sum(axis=1), atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: plh.Choice(lambda z: z, lambda z: z * z),  # of the same name
        lambda: plh.DropWeights(0, groups=2.5),
        lambda: plh.DropWeights(0, seed=None),
        lambda: plh.RemoveNeurons("0"),
    ],
)
def test_choices_that_cannot_be(make):
    with pytest.raises(InputError, match="expected"):
        make()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"choices": [plh.RemoveNeurons(1)]}, "expected the number of a hidden layer, 0 to 0"),
        ({"choices": [plh.SkipLayer(0)]}, "4 neurons behind 3 cannot be skipped"),
        ({"choices": [plh.DropWeights(2)]}, "expected the number of a layer, 0 to 1"),
        ({"choices": [plh.DropWeights(1, groups=5)]}, "the layer has only 4 weights"),
        ({"choices": [plh.RemoveNeurons(0)] * 2}, "'neurons.0' comes twice"),
        ({"values": plh.Choice("ternary", (1, -1))}, "expected a choice between pairs"),
        ({"values": ["binary"]}, "expected one for all layers, or a list of 2"),
        ({"hidden": ["relu", "sign"]}, "expected one for all layers, or a list of 1"),
        ({"features": plh.Choice("a", "b"), "sizes": [3, 1], "choices": [plh.SkipLayer(0)]},
         "not beside a choice of features"),
        ({"choices": ["neurons.0"]}, "choices holds 'neurons.0': expected RemoveNeurons"),
        ({"choices": [plh.ArchitectureChoice()]}, "an ArchitectureChoice of yours with a name"),
        ({"sizes": 5}, "sizes=5: expected the number of neurons in each layer"),
        ({"sizes": [4.0, 1]}, r"sizes=\[4.0, 1\]: expected the number of neurons"),
        ({"n_inputs": 3.0}, "n_inputs=3.0: expected a whole number"),
        ({"hidden": [["relu"]]}, r"unknown hidden activation \['relu'\]"),
        ({"values": [[1, -1], [[3]]]}, r"values=\[\[3\]\]"),
        ({"bias": 1}, "bias: expected True, False, or values"),
        ({"features": "pca"}, "expected a Choice of feature maps"),
        ({"activation": plh.Choice("sigmoid", "identity")}, "unknown activation 'identity'"),
        ({"fixed": {"layers.2": 0}}, "no bit is named 'layers.2'"),
        ({"fixed": {"layers.0.bias": [0, 1]}}, "expected a bit 0 or 1, or 4 of them"),
        ({"tied": [["layers.0.bias"]]}, "expected two or more names of equally many bits"),
        ({"tied": [["layers.0.bias[0]", "layers.0.bias[1]"]],
          "fixed": {"layers.0.bias[0]": 0, "layers.0.bias[1]": 1}}, "is fixed otherwise"),
    ],
)  # fmt: skip
def test_networks_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        plh.BinaryNetwork(**{"n_inputs": 3, "sizes": [4, 1]} | arguments)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_run_of_each_kind_is_loaded_again(name, tmp_path):
    """Through config.toml, from which the network is made again."""
    network = NETWORKS[name]()
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(20, network.n_columns))
    data = inputs, np.arange(20) % (2 if network.n_outputs == 1 else network.n_outputs)
    hypernet = plh.QuantumHypernetwork(network, layers=1, shots=20)
    run = plh.train(hypernet, data, "score", 2, progress=False, out=tmp_path / "run")
    again = plh.load(tmp_path / "run", data=data)
    assert repr(again.hypernet.network) == repr(network)
    assert again.evaluation.energy == run.evaluation.energy


class Louder(plh.DropWeights):
    """A choice of a user's own made of one of ours."""

    def apply(self, parameters, chosen):
        parameters.scale = parameters.scale * (1 + chosen)


def test_other_runs_that_are_loaded_again(tmp_path):
    inputs = np.random.default_rng(1).normal(size=(20, 3))
    for k, (network, targets, start) in enumerate(
        [
            (plh.BinaryNetwork(3, [4, 1], "identity"), 100 + 20 * inputs[:, 0], None),
            (plh.BinaryNetwork(3, fixed={"layers.0.bias": 1}), inputs[:, 0] > 0, None),
            (plh.BinaryNetwork(3, tied=[["layers.0.weight[0, 0]", "layers.0.weight[0, 1]"]]),
             inputs[:, 0] > 0, None),
            (plh.BinaryNetwork(3), inputs[:, 0] > 0, np.ones((5, 4))),
        ]
    ):  # fmt: skip
        data = inputs, targets
        hypernet = plh.QuantumHypernetwork(network, shots=20)
        options = {"progress": False, "theta": start, "out": tmp_path / f"{k}"}
        run = plh.train(hypernet, data, "score", 2, **options)
        again = plh.load(tmp_path / f"{k}", data=data)
        assert again.evaluation.energy == run.evaluation.energy
    own = plh.QuantumHypernetwork(plh.BinaryNetwork(3, choices=[Louder(0)]), shots=20)
    plh.train(own, data, "score", 2, progress=False, out=tmp_path / "own")
    with pytest.raises(InputError, match=r"has a dropout\.0 of its own"):
        plh.load(tmp_path / "own", data=data)


def test_features_of_data_and_network_are_compared():
    names = ("pca:2", "random:2")
    rng = np.random.default_rng(1)
    plain = plh.datasets.from_arrays(rng.normal(size=(20, 4)), np.arange(20) % 2)
    made = plh.datasets.with_features(plain, names)
    for data, options, message in (
        (made, names[::-1], "give both the same, in the same order"),
        (plain, names, "the data have none"),
        (made, names, None),
        (plain, ("left", "right"), None),  # maps of a user's own, side by side
    ):
        network = plh.BinaryNetwork(2, features=plh.Choice(*options))
        hypernet = plh.QuantumHypernetwork(network, shots=20)
        if message is None:
            plh.train(hypernet, data, "score", 1, progress=False)
        else:
            with pytest.raises(InputError, match=message):
                plh.train(hypernet, data, "score", 1, progress=False)
