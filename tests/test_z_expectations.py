"""<Z> of every qubit and its gradient, against state vectors."""

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps import chain_expectations
from pl_hypernet.mps.expectations import z_expectations, z_expectations_by_gates


def from_state_vector(operations_at, theta, n):
    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch")
    def z(theta):
        operations_at(theta)
        return [qml.expval(qml.Z(i)) for i in range(n)]

    return torch.stack(z(theta))


def check(operations_at, theta, n, find=z_expectations):
    theta = torch.tensor(theta, requires_grad=True)
    weights = torch.tensor(np.random.default_rng(1).normal(size=n))
    found = find(qml.tape.make_qscript(operations_at)(theta).operations, qml.wires.Wires(range(n)))
    expected = from_state_vector(operations_at, theta, n)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(
        torch.autograd.grad(weights @ found, theta)[0],
        torch.autograd.grad(weights @ expected, theta)[0],
        atol=1e-12,
        rtol=0,
    )


def ansatz(n, layers, **options):
    shape = plh.HardwareEfficientAnsatz.shape(layers, n, options.get("rotations", ("RY", "RZ")))
    theta = np.random.default_rng(0).uniform(-3, 3, shape)
    return lambda theta: plh.HardwareEfficientAnsatz(theta, range(n), **options), theta


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
@pytest.mark.parametrize("rotations", [("RY", "RZ"), ("RY",), ("RX",), ("RZ", "RX", "RY")])
def test_chains_of_cz(layers, rotations):
    check(*ansatz(6, layers, rotations=rotations), 6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_short_chains(n):
    check(*ansatz(n, 2), n)


@pytest.mark.parametrize(
    "options", [{"pattern": "none"}, {"pattern": "ring"}, {"entangler": "CNOT"}]
)
def test_other_patterns(options):
    check(*ansatz(5, 2, **options), 5)


def test_any_circuit():
    def circuit(theta):
        for i in range(4):
            qml.RX(theta[i], i)
        qml.CRY(theta[4], [0, 3])
        qml.IsingXX(theta[5], [2, 1])
        qml.Hadamard(2)
        qml.CNOT([3, 1])

    check(circuit, np.random.default_rng(0).uniform(-3, 3, 6), 5)


def test_few_wires_and_many_gates():
    def deep(theta):
        for layer in range(12):
            for i in range(3):
                qml.RY(theta[layer, i], i)
                qml.CNOT([i, i + 1])

    check(deep, np.random.default_rng(0).uniform(-3, 3, (12, 3)), 4)


def test_both_ways_agree_beyond_state_vectors():
    build, theta = ansatz(40, 2)
    theta = torch.tensor(theta, requires_grad=True)
    operations = qml.tape.make_qscript(build)(theta).operations
    wires = qml.wires.Wires(range(40))
    one, other = z_expectations(operations, wires), z_expectations_by_gates(operations, wires)
    torch.testing.assert_close(one, other, atol=1e-11, rtol=0)
    weights = torch.linspace(-1, 1, 40, dtype=torch.float64)
    gradients = [torch.autograd.grad(weights @ z, theta)[0] for z in (one, other)]
    torch.testing.assert_close(*gradients, atol=1e-11, rtol=0)


def test_they_are_those_of_the_shots():
    build, theta = ansatz(30, 2)
    hypernet_device = plh.device("hypernet.mps", wires=30, seed=0)

    @qml.set_shots(20_000)
    @qml.qnode(hypernet_device)
    def shots():
        build(theta)
        return qml.sample()

    z = z_expectations(qml.tape.make_qscript(build)(theta).operations, hypernet_device.wires)
    mean = (1 - 2 * np.asarray(shots(), dtype=float)).mean(axis=0)
    error = np.sqrt((1 - z.numpy() ** 2) / 20_000)
    assert (np.abs(mean - z.numpy()) < 5 * error).all()


def test_a_wrong_sweep_is_found(monkeypatch):
    right = chain_expectations._sweep_back

    def forgets_the_left(paths, left, right_, weights, gradient):
        right(paths, np.zeros_like(left), right_, weights, gradient)

    monkeypatch.setattr(chain_expectations, "_sweep_back", forgets_the_left)
    with pytest.raises(AssertionError):
        check(*ansatz(5, 2), 5)


def test_a_circuit_out_of_reach_is_refused():
    def dense(theta):
        for layer in range(12):
            for i in range(29):
                qml.RY(theta[layer], i)
                qml.CNOT([i, i + 1])

    operations = qml.tape.make_qscript(dense)(torch.ones(12)).operations
    with pytest.raises(InputError, match="bond dimension"):
        z_expectations(operations, qml.wires.Wires(range(30)))
