"""HardwareEfficientAnsatz as a PennyLane template."""

import itertools

import numpy as np
import pennylane as qml
import pytest

from pl_hypernet.circuits import HardwareEfficientAnsatz, start_angles
from pl_hypernet.circuits.entanglers import entangled_pairs
from pl_hypernet.errors import InputError

ROTATIONS = [("RY", "RZ"), ("RX",), ("RZ", "RX"), ("RX", "RY", "RZ"), ("RZ", "RY", "RZ")]
OPTIONS = list(itertools.product(ROTATIONS, ["CZ", "CNOT"], ["chain", "brick", "ring", "none"]))


def ansatz(n_layers, n_wires, rotations, entangler, pattern, seed=0):
    shape = HardwareEfficientAnsatz.shape(n_layers, n_wires, rotations)
    theta = np.random.default_rng(seed).uniform(-3, 3, shape)
    return HardwareEfficientAnsatz(
        theta, wires=range(n_wires), rotations=rotations, entangler=entangler, pattern=pattern
    )


def probabilities(op):
    return qml.matrix(op)[:, 0].__abs__() ** 2


@pytest.mark.parametrize(("rotations", "entangler", "pattern"), OPTIONS[::5])
def test_is_a_valid_operation(rotations, entangler, pattern):
    op = ansatz(2, 4, rotations, entangler, pattern)
    qml.ops.functions.assert_valid(op)


@pytest.mark.parametrize(("rotations", "entangler", "pattern"), OPTIONS)
@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_every_angle_changes_a_measured_bit(rotations, entangler, pattern, n_layers):
    op = ansatz(n_layers, 4, rotations, entangler, pattern)
    theta = op.data[0]
    before = probabilities(op)
    for index in np.ndindex(theta.shape):
        moved = theta.copy()
        moved[index] += 0.7
        after = probabilities(HardwareEfficientAnsatz(moved, op.wires, **op.hyperparameters))
        assert np.abs(after - before).max() > 1e-6, index


def test_default_shape_leaves_out_the_last_rz():
    assert HardwareEfficientAnsatz.shape(n_layers=2, n_wires=66) == (5, 66)
    assert HardwareEfficientAnsatz.shape(0, 3) == (1, 3)
    assert HardwareEfficientAnsatz.shape(2, 3, ("RX", "RY", "RZ")) == (8, 3)
    assert HardwareEfficientAnsatz.shape(2, 3, qml.RX) == (3, 3)


def test_decomposition_is_the_stated_order():
    op = ansatz(1, 3, ("RY", "RZ"), "CNOT", "ring")
    names = [(gate.name, gate.wires.tolist()) for gate in op.decomposition()]
    rotations = [(name, [wire]) for name in ("RY", "RZ") for wire in range(3)]
    entanglers = [("CNOT", [0, 1]), ("CNOT", [1, 2]), ("CNOT", [2, 0])]
    assert names == rotations + entanglers + [("RY", [wire]) for wire in range(3)]


@pytest.mark.parametrize(
    ("pattern", "layer", "n_wires", "pairs"),
    [
        ("chain", 1, 4, [(0, 1), (1, 2), (2, 3)]),
        ("brick", 0, 5, [(0, 1), (2, 3)]),
        ("brick", 1, 5, [(1, 2), (3, 4)]),
        ("ring", 0, 3, [(0, 1), (1, 2), (2, 0)]),
        ("ring", 0, 2, [(0, 1)]),
        ("ring", 0, 1, []),
        ("none", 0, 4, []),
    ],
)
def test_entangled_pairs(pattern, layer, n_wires, pairs):
    assert entangled_pairs(pattern, layer, n_wires) == pairs


def test_adjoint_undoes_it():
    op = ansatz(2, 3, ("RY", "RZ"), "CZ", "chain")
    tape = qml.tape.QuantumScript([op, qml.adjoint(op, lazy=False)])
    np.testing.assert_allclose(qml.matrix(tape, wire_order=range(3)), np.eye(8), atol=1e-12)


def test_broadcasting_equals_one_by_one():
    thetas = np.random.default_rng(1).uniform(-3, 3, (4, *HardwareEfficientAnsatz.shape(2, 3)))
    dev = qml.device("default.qubit", wires=3)

    @qml.qnode(dev)
    def circuit(theta):
        HardwareEfficientAnsatz(theta, wires=range(3))
        return qml.probs(wires=range(3))

    assert HardwareEfficientAnsatz(thetas, wires=range(3)).batch_size == 4
    np.testing.assert_allclose(circuit(thetas), [circuit(theta) for theta in thetas], atol=1e-12)


def test_gate_classes_stand_for_their_names():
    theta = np.zeros(HardwareEfficientAnsatz.shape(1, 2))
    by_class = HardwareEfficientAnsatz(
        theta, range(2), rotations=(qml.RY, qml.RZ), entangler=qml.CZ
    )
    assert qml.equal(by_class, HardwareEfficientAnsatz(theta, range(2)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"theta": np.zeros(3)}, r"must be 2-dimensional or 3-dimensional.*\(3,\)"),
        ({"theta": np.zeros((5, 4))}, "last dimension of length 3.*got 4"),
        ({"theta": np.zeros((4, 3))}, r"rows.*in \[1, 3, 5, 7\].*got 4"),
        ({"theta": np.zeros((5, 3)), "entangler": "ISWAP"}, "unknown entangler 'ISWAP'"),
        ({"theta": np.zeros((5, 3)), "pattern": "star"}, "unknown pattern 'star'"),
        ({"theta": np.zeros((5, 3)), "rotations": ("RY", "H")}, "unknown rotation 'H'"),
        ({"theta": np.zeros((5, 3)), "rotations": ("RZ",)}, "cannot change a measured bit"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InputError, match=message):
        HardwareEfficientAnsatz(wires=range(3), **arguments)


def test_bad_shape():
    with pytest.raises(InputError, match="n_layers=-1"):
        HardwareEfficientAnsatz.shape(-1, 3)


def test_start_angles():
    shape = (5, 200)
    uniform = start_angles(shape, seed=1)
    assert uniform.requires_grad
    assert uniform.shape == shape
    assert 1.5 < np.abs(uniform).max() <= np.pi / 2
    assert np.abs(start_angles(shape, 1, "small")).max() <= 0.1
    near = start_angles(shape, 1, "near_product")
    assert np.abs(near[:-1]).max() <= 0.1
    assert np.abs(near[-1] - np.pi / 2).max() <= 0.1
    np.testing.assert_array_equal(uniform, start_angles(shape, seed=1))
    assert not np.array_equal(uniform, start_angles(shape, seed=2))
    with pytest.raises(InputError, match="unknown method"):
        start_angles(shape, 1, "zero")
    with pytest.raises(InputError, match="angles in rows"):
        start_angles((7,), 1, "near_product")
