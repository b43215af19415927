"""Layouts, binary networks and losses against plain loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks import network as network_module
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.objectives.losses import binary_cross_entropy


def random_bits(shots, n, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (shots, n)).astype(np.int8)


@pytest.fixture
def network():
    return plh.BinaryNetwork(4, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))


def by_hand(bits, inputs, scale):
    """Probability of class 1, one network and one input at a time, in float64."""
    inputs = inputs.astype(np.float64)
    outputs = np.empty((len(bits), len(inputs)))
    for s, row in enumerate(bits):
        spins = [1 if bit == 0 else -1 for bit in row]
        *weights, bias = spins[: inputs.shape[1] + 1]
        for m, x in enumerate(inputs):
            z = scale * (sum(w * value for w, value in zip(weights, x, strict=True)) + bias)
            hard = len(row) > inputs.shape[1] + 1 and row[-1] == 1
            p = min(max(0.5 + z / 4, 0.02), 0.98) if hard else 1 / (1 + np.exp(-z))
            outputs[s, m] = p
    return outputs


def test_names_of_the_66_qubits():
    layout = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid")).layout
    assert len(layout) == 66
    assert layout.names[0] == "layers.0.weight[0, 0]"
    assert layout.names[63] == "layers.0.weight[0, 63]"
    assert layout.names[64] == "layers.0.bias[0]"
    assert layout.names[65] == "choice.activation"
    assert plh.BinaryNetwork(64).n_qubits == 65


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 1000))
def test_decode_and_encode_are_inverse(n_inputs, shots, seed):
    layout = plh.BinaryNetwork(n_inputs, activation=plh.Choice("sigmoid", "hard_sigmoid")).layout
    bits = random_bits(shots, layout.n_qubits, seed)
    values = layout.decode(bits)
    assert values["layers.0.weight"].shape == (shots, 1, n_inputs)
    np.testing.assert_array_equal(values["layers.0.bias"][:, 0], 1 - 2 * bits[:, n_inputs])
    np.testing.assert_array_equal(values["choice.activation"], bits[:, -1])
    np.testing.assert_array_equal(layout.encode(values), bits)


def test_encode_refuses_what_does_not_fit(network):
    values = network.layout.decode(random_bits(2, 6))
    with pytest.raises(InputError, match="other values than"):
        network.layout.encode(values | {"layers.0.bias": np.zeros((2, 1))})
    with pytest.raises(InputError, match="has shape"):
        network.layout.encode(values | {"layers.0.bias": np.ones((2, 3))})
    del values["choice.activation"]
    with pytest.raises(InputError, match=r"choice.activation is missing"):
        network.layout.encode(values)


@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize(
    "activation", ["sigmoid", "hard_sigmoid", plh.Choice("sigmoid", "hard_sigmoid")]
)
def test_outputs_equal_a_plain_loop(scale, activation):
    network = plh.BinaryNetwork(4, [1], activation=activation, scale=scale)
    bits = random_bits(20, network.n_qubits)
    inputs = np.random.default_rng(1).uniform(0, 1, (7, 4)).astype(np.float32)
    logits = network(bits, inputs)
    assert logits.shape == (20, 7, 1)
    as_if = np.concatenate([bits, np.ones((20, 1), np.int8)], axis=1)
    expected = by_hand(as_if if activation == "hard_sigmoid" else bits, inputs, scale or 4.0)
    np.testing.assert_allclose(torch.sigmoid(logits)[..., 0], expected, atol=2e-6)


def test_default_scale_is_one_for_64_pixels():
    assert plh.BinaryNetwork(64).scale == 1
    assert plh.BinaryNetwork(256).scale == 0.5


def test_scores_in_parts_equal_scores_at_once(network, monkeypatch):
    bits = random_bits(50, network.n_qubits)
    inputs = np.random.default_rng(1).uniform(0, 1, (30, 4)).astype(np.float32)
    whole = network.score(bits, inputs, lambda logits: logits.sum(dim=(1, 2)))
    np.testing.assert_allclose(whole, network(bits, inputs).sum(dim=(1, 2)), rtol=1e-5)
    monkeypatch.setattr(network_module, "CHUNK", 60)
    largest = []

    def reduce(logits):
        largest.append(logits.numel())
        return logits.sum(dim=(1, 2))

    np.testing.assert_allclose(network.score(bits, inputs, reduce), whole, rtol=1e-5)
    assert max(largest) <= 60


def test_equal_bitstrings_are_scored_once(network):
    bits = np.repeat(random_bits(3, network.n_qubits, seed=2), 100, axis=0)
    scored = []

    def reduce(logits):
        scored.append(len(logits))
        return logits.sum(dim=(1, 2))

    values = network.score(bits, np.ones((5, 4), np.float32), reduce)
    assert sum(scored) == 3
    assert values.shape == (300,)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 1000))
def test_unique_bitstrings(shots, n, seed):
    bits = random_bits(shots, n, seed)
    rows, inverse = unique_bitstrings(bits)
    np.testing.assert_array_equal(rows[inverse], bits)
    assert len(rows) == len(set(map(tuple, bits.tolist())))


def test_cross_entropy_equals_its_formula(network):
    bits = random_bits(20, network.n_qubits)
    rng = np.random.default_rng(1)
    inputs = rng.uniform(0, 1, (9, 4)).astype(np.float32)
    targets = rng.integers(0, 2, 9)
    loss = plh.NetworkLoss(network, inputs, targets, "bce")
    p = by_hand(bits, inputs, 4.0)
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean(axis=1)
    np.testing.assert_allclose(loss(bits), expected, rtol=1e-5)
    loss.select(np.array([2, 5]))
    part = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))[:, [2, 5]].mean(axis=1)
    np.testing.assert_allclose(loss(bits), part, rtol=1e-5)
    loss.select(None)
    np.testing.assert_allclose(loss(bits), expected, rtol=1e-5)


def test_cross_entropy_stays_finite_where_p_rounds_to_one():
    logits = torch.tensor([[[500.0], [-500.0]]])
    assert binary_cross_entropy(logits, torch.tensor([0, 1])) == 500
    assert binary_cross_entropy(logits, torch.tensor([1, 0])) == 0


def test_a_loss_of_ones_own(network):
    inputs, targets = np.ones((3, 4), np.float32), np.array([0, 1, 1])
    loss = plh.NetworkLoss(network, inputs, targets, lambda outputs, targets: outputs.mean((1, 2)))
    bits = random_bits(5, network.n_qubits)
    np.testing.assert_allclose(loss(bits), network(bits, inputs).mean(dim=(1, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: plh.BinaryNetwork(0), "n_inputs=0"),
        (lambda: plh.BinaryNetwork(4, [3, 0]), r"sizes=\[3, 0\]: expected the number"),
        (lambda: plh.BinaryNetwork(4, activation="relu"), "unknown activation 'relu'"),
        (lambda: plh.BinaryNetwork(4, scale=-1.0), "scale=-1.0"),
        (lambda: plh.Choice("sigmoid"), "two or more different options"),
        (lambda: plh.Choice("sigmoid", "sigmoid"), "two or more different options"),
        (lambda: plh.BinaryNetwork(4)(np.zeros((2, 6), np.int8), np.zeros((1, 4))), "bits have"),
        (lambda: plh.BinaryNetwork(4)(np.zeros((2, 5), np.int8), np.zeros((1, 3))), "inputs have"),
        (
            lambda: plh.NetworkLoss(plh.BinaryNetwork(4), np.zeros((2, 4)), [-1, 1]),
            "targets hold other values than 0 ... 1",
        ),
        (
            lambda: plh.BinaryNetwork(4)(np.full((2, 5), -1, np.int8), np.zeros((1, 4))),
            "bits hold other values than 0 and 1",
        ),
        (
            lambda: plh.BinaryNetwork(4)(np.full((2, 5), 0.7), np.zeros((1, 4))),
            "bits hold other values than 0 and 1",
        ),
        (
            lambda: plh.NetworkLoss(plh.BinaryNetwork(4), np.zeros((3, 4)), [0, 1]),
            r"targets have shape \(2,\)",
        ),
        (
            lambda: plh.NetworkLoss(plh.BinaryNetwork(4), np.zeros((2, 4)), [0, 1], "hinge"),
            "unknown loss 'hinge'",
        ),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(InputError, match=message):
        make()


def deep_by_hand(network, bits, inputs, sign_of_zero=1):
    """Logits (S, M, K) one neuron at a time, in float64."""
    outputs = []
    for values in (network.layout.decode(row[None]) for row in bits):
        rows = []
        for x in inputs.astype(np.float64):
            h = list(x)
            for i in range(len(network.sizes)):
                weight, bias = values[f"layers.{i}.weight"][0], values[f"layers.{i}.bias"][0]
                z = [
                    sum(w * v for w, v in zip(row, h, strict=True)) + b
                    for row, b in zip(weight, bias, strict=True)
                ]
                h = [sign_of_zero if abs(v) < 1e-12 else np.sign(v) for v in z]
            rows.append([network.scale.item() * v for v in z])
        outputs.append(rows)
    return np.array(outputs)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(1, 5), st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 1000))
def test_deep_networks_equal_a_plain_loop(n_inputs, layers, seed):
    network = plh.BinaryNetwork(n_inputs, layers)
    bits = random_bits(6, network.n_qubits, seed)
    values = network.layout.decode(bits)
    np.testing.assert_array_equal(network.layout.encode(values), bits)
    # eighths: sums are exact, and 0 is among them
    inputs = np.random.default_rng(seed).integers(0, 9, (5, n_inputs)).astype(np.float32) / 8
    found = network(bits, inputs)
    assert found.shape == (6, 5, layers[-1])
    np.testing.assert_allclose(found, deep_by_hand(network, bits, inputs), atol=1e-5)
    for row, logits in zip(bits, found, strict=True):
        np.testing.assert_array_equal(network(row[None], inputs)[0], logits)


def test_sign_of_zero_is_plus():
    network = plh.BinaryNetwork(1, [1, 1])
    bits = np.array([[0, 1, 0, 0]], dtype=np.int8)  # 1 - 1 = 0 in the hidden neuron
    inputs = np.ones((1, 1), np.float32)
    assert network(bits, inputs).item() == 2 * network.scale
    wrong = deep_by_hand(network, bits, inputs, sign_of_zero=-1)
    assert wrong.item() == 0
    # thirds do not add up to 1 in float32, whatever the order
    third = plh.BinaryNetwork(3, [1, 1])
    bits = np.array([[0, 0, 0, 1, 0, 0]], dtype=np.int8)
    for x in ((1 / 3, 1 / 3, 1 / 3), (0.1, 0.2, 0.7), (0.7, 0.2, 0.1)):
        assert third(bits, np.array([x], np.float32)).item() == 2 * third.scale


@pytest.mark.parametrize("layers", [[5, 1], [4, 3], [4, 5, 3]])
def test_the_order_of_hidden_neurons_does_not_matter(layers):
    network = plh.BinaryNetwork(6, layers)
    bits = random_bits(8, network.n_qubits)
    rng = np.random.default_rng(1)
    inputs = rng.uniform(0, 1, (9, 6)).astype(np.float32)
    targets = rng.integers(0, max(2, layers[-1]), 9)
    loss = plh.NetworkLoss(network, inputs, targets)
    values = network.layout.decode(bits)
    order = rng.permutation(layers[0])
    permuted = values | {
        "layers.0.weight": values["layers.0.weight"][:, order],
        "layers.0.bias": values["layers.0.bias"][:, order],
    }
    assert not np.allclose(loss(network.layout.encode(permuted)), loss(bits))
    permuted["layers.1.weight"] = values["layers.1.weight"][:, :, order]
    np.testing.assert_allclose(loss(network.layout.encode(permuted)), loss(bits), rtol=1e-6)


def test_cross_entropy_is_that_of_torch():
    network = plh.BinaryNetwork(4, [3])
    bits = random_bits(5, network.n_qubits)
    rng = np.random.default_rng(1)
    inputs, targets = rng.uniform(0, 1, (7, 4)).astype(np.float32), rng.integers(0, 3, 7)
    expected = [
        torch.nn.functional.cross_entropy(logits, torch.tensor(targets))
        for logits in network(bits, inputs)
    ]
    np.testing.assert_allclose(plh.NetworkLoss(network, inputs, targets)(bits), expected, rtol=1e-5)


def test_votes_of_several_classes():
    network = plh.BinaryNetwork(4, [3])
    bits = np.repeat(random_bits(5, network.n_qubits), [1, 4, 2, 1, 1], axis=0)
    inputs = np.random.default_rng(1).uniform(0, 1, (7, 4)).astype(np.float32)
    expected = torch.softmax(network(bits, inputs), dim=2).mean(dim=0)
    np.testing.assert_allclose(network.vote(bits, inputs).mean, expected, atol=1e-6)
    two = plh.BinaryNetwork(4, [1])
    p = torch.sigmoid(two(bits[:, :5], inputs))[..., 0].mean(dim=0)
    np.testing.assert_allclose(two.vote(bits[:, :5], inputs).mean[:, 1], p, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": []}, r"sizes=\[\]: expected the number of neurons"),
        ({"sizes": [3, 0]}, r"sizes=\[3, 0\]: expected the number of neurons"),
        (
            {"sizes": [3], "activation": "sigmoid"},
            "unknown activation 'sigmoid': choose one of softmax",
        ),
        ({"sizes": [1], "activation": "softmax"}, "unknown activation 'softmax'"),
    ],
)
def test_networks_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        plh.BinaryNetwork(4, **arguments)


def test_losses_that_do_not_go_with_the_outputs():
    inputs = np.ones((3, 4), np.float32)
    with pytest.raises(InputError, match="'bce' does not go with 3 outputs"):
        plh.NetworkLoss(plh.BinaryNetwork(4, [3]), inputs, [0, 1, 2], "bce")
    with pytest.raises(InputError, match=r"other values than 0 ... 1"):
        plh.NetworkLoss(plh.BinaryNetwork(4), inputs, [0, 1, 2])


@pytest.mark.parametrize("values", [(1, -3), (0, 1), (-2, 1)])
def test_weights_of_any_two_values(values):
    """A linear neuron, one weight at a time; and what comes out of it goes in again."""
    network = plh.BinaryNetwork(3, scale=0.7, values=values)
    bits, inputs = random_bits(20, 4), np.random.default_rng(1).normal(size=(9, 3))
    logits = network(bits, inputs)[..., 0].numpy()
    for row, found in zip(bits, logits, strict=True):
        *weights, bias = (values[bit] for bit in row)
        np.testing.assert_allclose(found, 0.7 * (inputs @ weights + bias), rtol=1e-5, atol=1e-5)
    decoded = network.layout.decode(bits)
    assert set(np.unique(decoded["layers.0.weight"])) == set(values)
    np.testing.assert_array_equal(network.layout.encode(decoded), bits)
    np.testing.assert_array_equal(network.layout.decode(torch.from_numpy(bits))["layers.0.bias"],
                                  decoded["layers.0.bias"])  # fmt: skip


@pytest.mark.parametrize("values", [(1, 1), (1, 64), (0.5, 1), (1,), "ab", "9-bit"])
def test_values_that_will_not_do(values):
    with pytest.raises(InputError, match="values="):
        plh.BinaryNetwork(3, values=values)


HIDDEN = {
    "sign": lambda z: np.where(z >= 0, 1.0, -1.0),
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
}


@pytest.mark.parametrize("options", [("relu", "sigmoid"), ("sign", "tanh")])
def test_a_qubit_chooses_the_hidden_activation(options):
    network = plh.BinaryNetwork(2, [4, 3, 1], scale=1.0, hidden=plh.Choice(*options))
    assert network.layout.names[-1] == "choice.hidden"
    bits, inputs = random_bits(40, network.n_qubits), np.random.default_rng(1).normal(size=(9, 2))
    found = network(bits, inputs)[..., 0].numpy()
    for row, logits in zip(bits, found, strict=True):
        hidden = HIDDEN[options[row[-1]]]
        values = {name: value[0] for name, value in network.layout.decode(row[None]).items()}
        h = inputs
        for i in range(3):
            z = h @ values[f"layers.{i}.weight"].T + values[f"layers.{i}.bias"]
            h = hidden(z)
        np.testing.assert_allclose(logits, z[:, 0], rtol=1e-4, atol=1e-4)
        fixed = plh.BinaryNetwork(2, [4, 3, 1], scale=1.0, hidden=options[row[-1]])
        np.testing.assert_allclose(fixed(row[None, :-1], inputs)[0, :, 0], logits, atol=1e-5)


def test_hidden_neurons_may_change_places():
    network = plh.BinaryNetwork(2, [4, 1], hidden="relu")
    bits, inputs = random_bits(10, network.n_qubits), np.random.default_rng(1).normal(size=(9, 2))
    values = network.layout.decode(bits)
    order = [2, 0, 3, 1]
    values["layers.0.weight"] = values["layers.0.weight"][:, order]
    values["layers.0.bias"] = values["layers.0.bias"][:, order]
    values["layers.1.weight"] = values["layers.1.weight"][:, :, order]
    moved = network.layout.encode(values)
    torch.testing.assert_close(network(moved, inputs), network(bits, inputs))


def test_hidden_activations_that_will_not_do():
    with pytest.raises(InputError, match="unknown hidden activation 'step'"):
        plh.BinaryNetwork(2, [4, 1], hidden="step")
    with pytest.raises(InputError, match="has no hidden one to choose"):
        plh.BinaryNetwork(2, hidden=plh.Choice("sign", "relu"))


def test_mean_squared_error():
    network = plh.BinaryNetwork(2)
    bits, inputs = random_bits(10, 3), np.random.default_rng(1).normal(size=(9, 2))
    targets = np.arange(9) % 2
    p = torch.sigmoid(network(bits, inputs))[..., 0].numpy()
    found = plh.NetworkLoss(network, inputs, targets, "mse")(bits)
    np.testing.assert_allclose(found, ((p - targets) ** 2).mean(axis=1), rtol=1e-5)
    with pytest.raises(InputError, match="does not go with 2 outputs"):
        plh.NetworkLoss(plh.BinaryNetwork(2, [2]), inputs, targets, "mse")


def test_the_gaussian_task_of_2301_08292():
    """2-4-1 with a choice of activation, all 2^18 networks on few of its points."""
    data = plh.datasets.gaussian_mixture(1500)
    choice = plh.Choice("sigmoid", "relu")
    network = plh.BinaryNetwork(2, [4, 1], "sigmoid", scale=1.0, hidden=choice)
    assert network.n_qubits == 18
    bits = ((np.arange(2**18)[:, None] >> np.arange(18)[::-1]) & 1).astype(np.int8)
    losses = plh.NetworkLoss(network, data.inputs, data.targets, "mse")(bits)
    relu = bits[:, -1] == 1
    assert losses[relu].min() == pytest.approx(0.0044, abs=5e-4)
    assert losses[~relu].min() == pytest.approx(0.080, abs=5e-3)
    assert np.sum(losses < losses.min() + 1e-6) == 24  # the hidden neurons change places
