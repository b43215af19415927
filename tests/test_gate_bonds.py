"""Circuits without a closed form: their bond dimension is bounded before anything is run."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps.evolution import evolve_by_gates
from pl_hypernet.mps.gate_bonds import bond_dim_bound


def bricks(theta, wires, layers: int):
    theta = np.reshape(theta, (layers, -1))
    for layer, angles in enumerate(theta):
        for i, angle in zip(range(layer % 2, len(wires) - 1, 2), angles, strict=False):
            qml.Rot(angle, angle + 0.5, angle + 0.9, wires[i])
            qml.Rot(angle + 0.3, angle + 0.1, angle, wires[i + 1])
            qml.IsingXX(angle, [wires[i], wires[i + 1]])


GATES = [
    lambda i, j, x: qml.CRX(x, [i, j]),
    lambda i, j, x: qml.IsingXX(x, [i, j]),
    lambda i, j, x: qml.SWAP([i, j]),
    lambda i, j, x: qml.Rot(x, x + 1, x + 2, i),
    lambda i, j, x: qml.MultiRZ(x, [i, j, (max(i, j) + 1) % 8]),
    lambda i, j, x: qml.IsingZZ(x, [i, j]),
]


@pytest.mark.parametrize("seed", range(20))
def test_no_state_exceeds_the_bound(seed):
    rng = np.random.default_rng(seed)
    operations = []
    for _ in range(rng.integers(1, 25)):
        i, j = rng.choice(7, 2, replace=False)
        operations.append(GATES[rng.integers(len(GATES))](int(i), int(j), rng.uniform(0.5, 2)))
    operations = [op for op in operations if len(set(op.wires)) == len(op.wires)]
    wires = qml.wires.Wires(range(8))
    exact = evolve_by_gates(operations, wires).bond_dim
    assert exact <= bond_dim_bound(operations, wires) <= 16


@pytest.mark.parametrize("layers", [2, 4, 5])
def test_bricks_reach_it(layers):
    wires = qml.wires.Wires(range(12))
    theta = np.random.default_rng(0).uniform(0.3, 2.8, layers * 6)
    operations = qml.tape.make_qscript(bricks)(theta, wires, layers).operations
    bound = bond_dim_bound(operations, wires)
    assert evolve_by_gates(operations, wires).bond_dim == bound == 2 ** ((layers + 1) // 2)


def deep(layers: int, **options):
    def ansatz(theta, wires):
        bricks(theta, wires, layers)

    network = plh.BinaryNetwork(39, bias=False)
    return plh.QuantumHypernetwork(network, ansatz=ansatz, n_angles=layers * 20, **options)


def problem():
    rng = np.random.default_rng(0)
    return rng.normal(size=(20, 39)), rng.integers(0, 2, 20)


def test_a_deep_circuit_is_refused_in_one_line():
    hypernet = deep(60)
    for ask in (plh.plan, plh.train):
        with pytest.raises(InputError, match=r"bond dimension up to .* set max_bond_dim"):
            ask(hypernet, problem(), "spsa", steps=1)


def test_one_that_is_truncated_or_shallow_is_not():
    for hypernet in (deep(60, max_bond_dim=2), deep(4)):
        assert plh.plan(hypernet, problem(), "spsa", steps=1)["n_qubits"] == hypernet.n_qubits
