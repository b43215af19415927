"""One backward pass that goes on to second order."""

import numpy as np
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks.derivatives import Derivatives
from pl_hypernet.objectives import network_loss
from pl_hypernet.objectives.losses import NAMES
from pl_hypernet.objectives.spin_gradients import spin_gradients

RNG = np.random.default_rng(0)
SECOND = Derivatives(curvature=True)
VALUES = [(1, -1), (-3, 1), "ternary", "4-spins", "2-bit", (3, -1, 2)]


def make_loss(network, loss=None, weights=None):
    inputs = RNG.normal(size=(12, network.n_columns)).astype(np.float32)
    targets = RNG.integers(0, max(2, network.n_outputs), 12)
    if network.is_regression:
        targets = RNG.normal(size=(12, network.n_outputs)).squeeze()
    return plh.NetworkLoss(network, inputs, targets, loss, weights=weights)


def random_bits(network, shots=4):
    return RNG.integers(0, 2, (shots, network.n_qubits)).astype(np.int8)


def first_order(loss, bits, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(network_loss, "FLIP_WORK", 0)
        return loss.spin_gradients(bits)[1]


@pytest.mark.parametrize("values", [*VALUES, plh.Choice((1, -1), (-3, 1))], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_quadratic_loss_has_no_third_order(values, weighted, monkeypatch):
    network = plh.BinaryNetwork(3, [2], "identity", values=values)
    loss = make_loss(network, weights=RNG.random(12) if weighted else None)
    bits = random_bits(network)
    losses, flipped = loss.spin_gradients(bits)
    found, second = loss.spin_gradients(bits, SECOND)
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    np.testing.assert_allclose(second, flipped, atol=1e-5)
    assert np.abs(first_order(loss, bits, monkeypatch) - flipped).max() > 0.1
    mean = loss.spin_gradients(bits, Derivatives(mean=True, curvature=True))[1]
    np.testing.assert_allclose(mean, flipped.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize(("sizes", "loss"), [([1], "bce"), ([1], "mse"), ([3], "cross_entropy")])
def test_what_is_left_is_of_third_order(sizes, loss, monkeypatch):
    """Half the scale, an eighth of the error, where without it is a quarter."""
    left, without = [], []
    bits = None
    for scale in (0.2, 0.1):
        RNG.bit_generator.state = np.random.default_rng(3).bit_generator.state
        network = plh.BinaryNetwork(4, sizes, scale=scale)
        task = make_loss(network, loss)
        network.double()
        task = plh.NetworkLoss(network, task.inputs.double(), task.targets, loss)
        bits = random_bits(network, 20)
        flipped = task.spin_gradients(bits)[1]
        left.append(np.abs(task.spin_gradients(bits, SECOND)[1] - flipped).mean())
        without.append(np.abs(first_order(task, bits, monkeypatch) - flipped).mean())
    # the squared error of a probability leaves a part of second order aside
    assert left[0] / left[1] > (3.5 if loss == "mse" else 6)
    assert 3 < without[0] / without[1] < 5
    assert left[0] < without[0] / 2


def test_a_hidden_layer_has_that_of_gauss_and_newton(monkeypatch):
    """Against derivatives of each sample by each weight."""
    network = plh.BinaryNetwork(3, [4, 1], values="2-spins", hidden="tanh")
    loss = make_loss(network)
    bits = random_bits(network, 3)
    expected = np.zeros(bits.shape)
    for shot, row in enumerate(bits):
        real = torch.tensor(row[None], dtype=torch.float32)

        def logits(real):
            return network.logits_with_gradient(real, loss.inputs)[0, :, 0]

        by_bit = torch.autograd.functional.jacobian(logits, real)[:, 0].numpy()
        p = torch.sigmoid(logits(real)).detach().numpy()
        expected[shot] = (p * (1 - p)) @ (by_bit / 2) ** 2 / len(p)
    found = first_order(loss, bits, monkeypatch) - loss.spin_gradients(bits, SECOND)[1]
    np.testing.assert_allclose(found, (1 - 2 * bits) * expected, atol=1e-6)


def test_choices_are_flipped():
    network = plh.BinaryNetwork(3, [2, 1], plh.Choice("sigmoid", "hard_sigmoid"), hidden="relu")
    loss = make_loss(network)
    bits = random_bits(network)
    np.testing.assert_allclose(
        loss.spin_gradients(bits, SECOND)[1][:, -1], loss.spin_gradients(bits)[1][:, -1], atol=1e-6
    )


def test_several_outputs_behind_a_hidden_layer_give_the_same_again():
    network = plh.BinaryNetwork(3, [4, 3], hidden="relu")
    loss = make_loss(network)
    bits = random_bits(network)
    first, second = (loss.spin_gradients(bits, SECOND)[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_what_has_no_known_curvature_is_refused():
    module = plh.TorchNetwork(torch.nn.Linear(3, 1), (3,))
    own = make_loss(plh.BinaryNetwork(3), lambda outputs, targets: outputs.mean(dim=(1, 2)))
    for loss, why in ((make_loss(module), "that of a TorchNetwork"), (own, "expected one by name")):
        with pytest.raises(InputError, match=f"curvature=True.*{why}"):
            loss.spin_gradients(random_bits(loss.network), SECOND)
    with pytest.raises(InputError, match="expected a NetworkLoss"):
        spin_gradients(lambda bits: bits.sum(axis=1), np.zeros((4, 2), np.int8), SECOND)


def test_every_named_loss_has_one():
    for name in NAMES:
        network = plh.BinaryNetwork(2, [3] if name == "cross_entropy" else [1])
        loss = make_loss(network, name)
        assert np.isfinite(loss.spin_gradients(random_bits(network), SECOND)[1]).all()
