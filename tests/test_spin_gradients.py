"""Derivatives of losses by spins: exact by flips, and by one pass through the network."""

import numpy as np
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks.block import Block
from pl_hypernet.objectives import network_loss
from pl_hypernet.objectives.spin_gradients import flip_gradients, spin_gradients

RNG = np.random.default_rng(0)


def half_differences(loss, bits):
    """One flip at a time."""
    found = np.empty(bits.shape)
    for shot in range(len(bits)):
        for qubit in range(bits.shape[1]):
            up, down = bits[shot].copy(), bits[shot].copy()
            up[qubit], down[qubit] = 0, 1
            found[shot, qubit] = (loss(up[None])[0] - loss(down[None])[0]) / 2
    return found


def random_bits(n_qubits, shots=4):
    return RNG.integers(0, 2, (shots, n_qubits)).astype(np.int8)


def make_loss(network, loss=None, **options):
    inputs = RNG.normal(size=(12, network.n_columns)).astype(np.float32)
    targets = RNG.integers(0, max(2, network.n_outputs), 12)
    if network.is_regression:
        targets = RNG.normal(size=12)
    return plh.NetworkLoss(network, inputs, targets, loss, **options)


def without_flips(monkeypatch):
    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)


def test_flips_are_half_differences():
    network = plh.BinaryNetwork(3, [2, 1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    loss = make_loss(network, penalties={"activation": {"sigmoid": 0.3}})
    bits = random_bits(network.n_qubits)
    losses, gradients = loss.spin_gradients(bits)
    np.testing.assert_allclose(losses, loss(bits))
    np.testing.assert_allclose(gradients, half_differences(loss, bits), atol=1e-6)
    some = flip_gradients(loss, bits, losses, np.array([5, 1]))
    np.testing.assert_allclose(some, gradients[:, [5, 1]], atol=1e-6)


@pytest.mark.parametrize("levels", [(1, -1), (-3, 1), (1, 0, 0, -1), (0, 1, -2, -1), (3, -1, 2)])
def test_levels_of_real_bits_are_multilinear(levels):
    block = Block("w", (2,), levels)
    corners = random_bits(block.n_qubits, 20)
    real = torch.tensor(corners, dtype=torch.float64, requires_grad=True)
    values = block.decode(real)
    np.testing.assert_array_equal(values.detach().numpy(), block.decode(corners))
    (gradient,) = torch.autograd.grad(values.sum(), real)
    expected = half_differences(lambda bits: block.decode(bits).sum(axis=1).astype(float), corners)
    np.testing.assert_allclose(gradient.numpy() / -2, expected)


NETWORKS = [
    plh.BinaryNetwork(4, [3], values="ternary"),
    plh.BinaryNetwork(4, [2, 3], hidden="tanh", values="2-bit"),
    plh.BinaryNetwork(4, [3, 1], hidden=plh.Choice("relu", "sigmoid"), bias=[True, False]),
    plh.BinaryNetwork(4, [4, 1], hidden="tanh", values=plh.Choice((1, -1), (1, -3))),
    plh.BinaryNetwork(
        3,
        [3, 2],
        hidden="sigmoid",
        choices=[plh.RemoveNeurons(0), plh.SkipLayer(0), plh.DropWeights(1, groups=2)],
        tied=[["layers.0.weight[0, 0]", "layers.1.weight[0, 1]"]],
        fixed={"layers.0.bias": 0},
    ),
    plh.BinaryNetwork(2, [1], features=plh.Choice("raw", "pca:2")),
    plh.BinaryNetwork(4, [2, 1], activation="identity", hidden="tanh"),
]


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_a_pass_gives_the_derivatives_of_real_weights(network, monkeypatch):
    """Of smooth networks they are those by finite differences, in double precision."""
    without_flips(monkeypatch)
    network = network.double()
    loss = make_loss(network)
    bits = random_bits(network.n_qubits)
    losses, gradients = loss.spin_gradients(bits)
    np.testing.assert_allclose(losses, loss(bits), rtol=1e-12)
    chosen = network.layout.qubits_of(*(f"choice.{name}" for name in network.choices))
    of_choices = half_differences(loss, bits)[:, chosen]
    np.testing.assert_allclose(gradients[:, chosen], of_choices, atol=1e-12)
    step = 1e-6
    real = torch.tensor(bits, dtype=torch.float64)
    for qubit in set(range(network.n_qubits)) - set(chosen):
        shift = torch.zeros_like(real)
        shift[:, qubit] = step
        up, down = (
            loss.loss(network.logits_with_gradient(real + sign * shift, loss.inputs), loss.targets)
            for sign in (1, -1)
        )
        slope = ((up - down) / (2 * step)).numpy() / -2
        np.testing.assert_allclose(gradients[:, qubit], slope, atol=1e-7)


def test_the_loss_of_a_sign_network_is_its_own(monkeypatch):
    without_flips(monkeypatch)
    network = plh.BinaryNetwork(6, [5, 4, 3])
    loss = make_loss(network)
    bits = random_bits(network.n_qubits, 8)
    losses, gradients = loss.spin_gradients(bits)
    np.testing.assert_allclose(losses, loss(bits), rtol=1e-6)
    assert (np.abs(gradients).max(axis=0) > 0).mean() > 0.5  # signs pass gradients


class Quadratic(torch.nn.Module):
    def forward(self, bits):
        return bits[:, 0] * bits[:, 1] * 3.0 + bits[:, 2]


class Counting(torch.nn.Module):
    def forward(self, bits):
        return bits.long().sum(dim=1).double()  # torch cannot differentiate that


@pytest.mark.parametrize("loss", [Quadratic(), Counting(), lambda bits: bits.sum(axis=1) ** 2.0])
def test_any_loss(loss):
    bits = random_bits(3, 5)
    losses, gradients = spin_gradients(loss, bits)

    def plain(bits):
        given = torch.tensor(bits) if isinstance(loss, torch.nn.Module) else bits
        return np.asarray(loss(given), dtype=float)

    np.testing.assert_allclose(losses, plain(bits))
    np.testing.assert_allclose(gradients, half_differences(plain, bits), atol=1e-6)


@pytest.mark.parametrize("loss", [Counting(), lambda bits: bits.sum(axis=1)])
def test_a_loss_without_derivatives_of_many_qubits_is_refused(loss):
    with pytest.raises(InputError, match="too many to flip"):
        spin_gradients(loss, random_bits(200))


def test_a_callable_loss_that_torch_cannot_follow_is_flipped(monkeypatch):
    without_flips(monkeypatch)
    network = plh.BinaryNetwork(3, [1])
    loss = make_loss(network, lambda z, y: (z[..., 0] > 0).double().mean(dim=1))
    bits = random_bits(network.n_qubits)
    np.testing.assert_allclose(loss.spin_gradients(bits)[1], half_differences(loss, bits))
