"""The straight-through baseline: accuracies, small global optima, levels, gradients, refusals."""

import itertools

import numpy as np
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.baselines import straight_through
from pl_hypernet.baselines.latent_network import LatentNetwork
from pl_hypernet.errors import InputError
from pl_hypernet.networks.activations import sign_with_gradient

DIGITS = plh.datasets.mnist()
RNG = np.random.default_rng(0)
CHOICES = {
    "values": plh.Choice((1, -1), (1, -3)),
    "hidden": plh.Choice("sign", "tanh"),
    "features": plh.Choice("one", "other"),
    "activation": plh.Choice("sigmoid", "hard_sigmoid"),
    "choices": [plh.RemoveNeurons(0), plh.DropWeights(0), plh.SkipLayer(1)],
}
CHOSEN = {"values": 1, "features": 1, "neurons.0": [0, 1, 0], "dropout.0": 1, "skip.1": 1}


def small_task(n_inputs=5, n_samples=60, seed=0, n_classes=2):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_samples, n_inputs)).astype(np.float32)
    scores = inputs @ rng.normal(size=(n_inputs, n_classes)) + rng.normal(size=n_classes)
    return plh.datasets.from_arrays(inputs, scores.argmax(axis=1))


# One-flip search over all training digits ends at 0.0678 at best (5 starts, the mean 0.117), and at
# 0.0656 with ternary values: the marks of these are 3 % above. Chance is an accuracy of 0.54.
@pytest.mark.parametrize(
    ("layers", "values", "mark"),
    [
        ([1], "binary", 0.070),
        ([1], "ternary", 0.068),
        ([1], "2-bit", 0.040),
        ([8, 1], "binary", 0.025),
    ],
)
def test_digits(layers, values, mark):
    network = plh.BinaryNetwork(64, layers, values=values)
    trained = straight_through(network, DIGITS, epochs=5, seed=0)
    evaluation = plh.evaluate(network, trained.bits[None], DIGITS)
    assert evaluation.energy == pytest.approx(trained.losses.min())
    assert evaluation.energy < mark
    assert evaluation.test.best > 0.99


@pytest.mark.parametrize("activation", ["sigmoid", "hard_sigmoid"])
def test_global_optimum_of_six_qubits(activation):
    network = plh.BinaryNetwork(5, [1], activation=activation)
    assert network.n_qubits == 6
    every = np.array(list(itertools.product([0, 1], repeat=6)), dtype=np.int8)
    found = []
    for seed in range(10):
        data = small_task(seed=seed)
        losses = np.sort(plh.NetworkLoss(network, data.inputs, data.targets)(every))
        reached = straight_through(network, data, epochs=20, batch_size=20, seed=seed).losses.min()
        found.append((losses < reached - 1e-6).sum())
    assert sum(rank == 0 for rank in found) >= 8
    assert max(found) <= 1


@pytest.mark.parametrize("values", ["binary", (1, -3), "ternary", "2-bit", ["3-bit", (5, 2)]])
def test_bits_decode_to_the_levels(values):
    network = plh.BinaryNetwork(4, [3, 2], values=values, bias=["3-bit", False])
    model = LatentNetwork(network, {}, 1.0, RNG)
    decoded = network.layout.decode(model.bits()[None])
    for name, u in model.latent.items():
        levels = np.unique(network.values[int(name.split(".")[1])])
        if name == "layers.0.bias":
            levels = np.arange(-4, 4)
        middle, radius = (levels[0] + levels[-1]) / 2, (levels[-1] - levels[0]) / 2
        real = middle + radius * u.detach().numpy()
        nearest = levels[np.abs(real[..., None] - levels).argmin(axis=-1)]
        np.testing.assert_array_equal(decoded[name][0], nearest)


def test_a_wrong_level_is_noticed():
    for values in ("binary", "2-bit", plh.Choice((1, -1), (1, -3))):
        model = LatentNetwork(plh.BinaryNetwork(4, [1], values=values), {}, 1.0, RNG)
        model.levels["layers.0.weight"] = torch.tensor([-1.0, 0.5])
        with pytest.raises(InputError, match=r"layers\.0\.weight holds other values"):
            model.bits()


@pytest.mark.parametrize(
    ("settings", "chosen"),
    [
        ({}, {}),
        ({"bias": "4-bit", "values": plh.Choice((1, -1), (1, -3))}, {}),
        ({"bias": False, "hidden": ["relu", torch.sin]}, {}),
        ({"values": ["ternary", "2-bit", (1, -3)], "activation": "hard_sigmoid"}, {}),
        ({"activation": "identity"}, {}),
        ({"sizes": [3, 3, 4]}, {}),
        (CHOICES, {}),
        (CHOICES, CHOSEN),
        (CHOICES, CHOSEN | {"hidden": 1, "activation": 1}),
    ],
)
def test_outputs_are_those_of_the_bits(settings, chosen):
    network = plh.BinaryNetwork(4, **{"sizes": [3, 3, 1]} | settings)
    inputs = torch.as_tensor(RNG.normal(size=(20, network.n_columns)), dtype=torch.float32)
    model = LatentNetwork(network, chosen, 1.0, RNG)
    bits = model.bits()
    torch.testing.assert_close(model.outputs(inputs), network(bits[None], inputs))
    decoded = network.layout.decode(bits[None])
    for name in network.choices:
        assert (decoded[f"choice.{name}"] == chosen.get(name, 0)).all()


def test_gradient_of_one_layer_is_that_of_real_weights():
    network = plh.BinaryNetwork(4, [2], values="2-bit")
    model = LatentNetwork(network, {}, 1.0, RNG)
    inputs = torch.as_tensor(RNG.normal(size=(20, 4)), dtype=torch.float32)
    model.outputs(inputs)[0, :, 1].sum().backward()
    radius = 1.5  # of -2 to 1
    expected = network.scale * radius * inputs.sum(dim=0)
    torch.testing.assert_close(model.latent["layers.0.weight"].grad[1], expected)
    assert not model.latent["layers.0.weight"].grad[0].any()


def test_sign_passes_gradients_inside_its_window():
    z = torch.tensor([3.0, 4.0, 0.0, -5.0, -9.0], requires_grad=True)
    window = 0.8 * z.detach().square().mean().sqrt()
    signs = sign_with_gradient(z, 0.8)
    assert signs.tolist() == [1, 1, 1, -1, -1]
    signs.sum().backward()
    expected = (z.detach().abs() <= window) / window
    assert 0 < expected.count_nonzero() < 5
    torch.testing.assert_close(z.grad, expected)
    zero = torch.zeros(3, requires_grad=True)
    sign_with_gradient(zero, 1.0).sum().backward()
    assert zero.grad.isfinite().all()


def test_settling_draws_to_the_level_inside_the_range():
    model = LatentNetwork(plh.BinaryNetwork(3, [1], values="2-bit", bias=False), {}, 1.0, RNG)
    u = model.latent["layers.0.weight"]
    with torch.no_grad():
        u[:] = torch.tensor([[-7.0, 0.2, 0.4]])  # of the levels -1, -1/3, 1/3, 1
    model.settle(0.5)
    torch.testing.assert_close(u.detach(), torch.tensor([[-1.0, 0.8 / 3, 1.1 / 3]]))
    model.settle(0.0)
    torch.testing.assert_close(u.detach(), torch.tensor([[-1.0, 0.8 / 3, 1.1 / 3]]))


def test_damping_ends_where_weights_no_longer_overshoot():
    """Ten classes with logits so large that many single changes of a weight overshoot."""
    network, data = plh.BinaryNetwork(16, [10], scale=2), small_task(16, 1000, n_classes=10)
    free, damped = (
        np.mean([straight_through(network, data, seed=s, damping=d).losses.min() for s in range(3)])
        for d in (0, 1)
    )
    assert damped < 0.9 * free


def test_the_same_seed_gives_the_same_bits():
    network, data = plh.BinaryNetwork(5, [4, 3]), small_task(n_classes=3)
    first, again, other = (straight_through(network, data, 3, 20, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.bits, again.bits)
    np.testing.assert_array_equal(first.losses, again.losses)
    assert (first.bits != other.bits).any()
    assert first.bits.dtype == np.int8
    assert first.bits.shape == (network.n_qubits,)
    assert first.losses.shape == (3,)


def test_choices_are_made_beforehand_and_the_rest_is_trained():
    network = plh.BinaryNetwork(5, [5, 5, 1], **CHOICES)
    data = small_task(n_inputs=10)
    chosen = {"values": 1, "hidden": 1, "neurons.0": [0, 0, 1, 0, 0]}
    trained = straight_through(network, data, 20, 20, seed=0, chosen=chosen)
    decoded = network.layout.decode(trained.bits[None])
    for name in network.choices:
        assert (decoded[f"choice.{name}"] == chosen.get(name, 0)).all()
    assert trained.losses.min() < 0.8 * trained.losses[0]


def test_regression():
    inputs = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    targets = 0.5 + inputs @ [0.5, -0.5, 0.0, 0.5]
    network = plh.BinaryNetwork(4, [1], activation="identity", values="ternary", scale=0.5)
    data = type("Numbers", (plh.Data,), {"__post_init__": lambda self: None})(inputs, targets)
    trained = straight_through(network, data, 20, 20, seed=0)
    assert trained.losses.min() < 1e-6
    weights = network.layout.decode(trained.bits[None])["layers.0.weight"]
    assert weights.tolist() == [[[1, -1, 0, 1]]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs=0: expected a whole number"),
        ({"batch_size": 2.5}, r"batch_size=2\.5: expected a whole number"),
        ({"stepsize": -1}, "stepsize=-1: expected a positive number"),
        ({"width": float("nan")}, "width=nan: expected a positive number"),
        ({"damping": -0.1}, r"damping=-0\.1: expected a number, at least 0"),
        ({"chosen": {"hidden": 0}}, "unknown choice 'hidden': choose one of activation"),
        ({"chosen": {"activation": 2}}, r"chosen activation=2: .* option, 0 to 1, or"),
        ({"chosen": {"activation": [0]}}, r"chosen activation=\[0\]: "),
        ({"loss": "cross_entropy"}, "does not go with 1 output"),
    ],
)
def test_refusals(arguments, message):
    network = plh.BinaryNetwork(5, [1], activation=CHOICES["activation"])
    with pytest.raises(InputError, match=message):
        straight_through(network, small_task(), **arguments)


def test_tied_and_fixed_bits_are_refused():
    names = ["layers.0.weight[0, 0]", "layers.0.weight[0, 1]"]
    for settings in ({"tied": [names]}, {"fixed": {names[0]: 0}}):
        with pytest.raises(InputError, match="tied or fixed bits have no latent numbers"):
            straight_through(plh.BinaryNetwork(5, [1], **settings), small_task())
