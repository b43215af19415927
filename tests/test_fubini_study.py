"""The exact Fubini-Study metric against the state vector and PennyLane."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import DeviceError
from pl_hypernet.mps.closed_form import closed_form


def ansatz(n_layers, n_wires, **options):
    rotations = options.get("rotations", ("RY", "RZ"))
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires, rotations)
    theta = np.random.default_rng(1).uniform(-2, 2, shape)
    return plh.HardwareEfficientAnsatz(theta, range(n_wires), **options)


@pytest.mark.parametrize("pattern", ["chain", "brick", "ring", "none"])
@pytest.mark.parametrize("entangler", ["CZ", "CNOT"])
def test_equals_pennylanes_metric_tensor(pattern, entangler):
    op = ansatz(2, 3, pattern=pattern, entangler=entangler)

    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit(theta):
        plh.HardwareEfficientAnsatz.compute_decomposition(
            theta, range(3), op.hyperparameters["rotations"], entangler, pattern
        )
        return qml.expval(qml.Z(0))

    theta = qml.numpy.array(op.data[0], requires_grad=True)
    expected = qml.metric_tensor(circuit, approx=None)(theta).reshape(15, 15)
    found = closed_form(op).metric()
    np.testing.assert_allclose(found, expected, atol=1e-10)
    qubit = np.arange(15) % 3
    block = np.where(np.equal.outer(qubit, qubit), expected, 0)
    np.testing.assert_allclose(closed_form(op).metric(between_qubits=False), block, atol=1e-10)
    if pattern != "none":  # what two qubits share is part of it
        assert np.abs(expected - block).max() > 1e-3


@pytest.mark.parametrize("rotations", [("RX", "RZ"), ("RY",), ("RZ", "RX", "RY")])
def test_other_rotations(rotations):
    op = ansatz(2, 4, rotations=rotations)
    theta = op.data[0]

    def state(vector):
        turned = vector.reshape(theta.shape)
        same = plh.HardwareEfficientAnsatz(turned, range(4), rotations=rotations)
        return qml.matrix(same, wire_order=range(4))[:, 0]

    vector = theta.ravel()
    derivatives = np.array([state(vector + np.pi * unit) / 2 for unit in np.eye(len(vector))])
    along = derivatives.conj() @ state(vector)
    expected = (derivatives.conj() @ derivatives.T - np.outer(along, along.conj())).real
    np.testing.assert_allclose(closed_form(op).metric(), expected, atol=1e-10)


def test_second_derivative_of_the_fidelity_at_many_qubits():
    """1 - F = v g v for a small change v of the angles: 200 qubits."""
    op = ansatz(2, 200)
    metric = closed_form(op).metric()
    dev = plh.device("hypernet.mps", wires=200)
    shift = 1e-3 * np.random.default_rng(2).normal(size=op.data[0].shape)
    moved = [plh.HardwareEfficientAnsatz(op.data[0] + sign * shift, range(200)) for sign in (1, -1)]
    tape = qml.tape.QuantumScript(
        [moved[0], qml.adjoint(moved[1], lazy=False)],
        [plh.measurements.ZeroProbability(range(200))],
    )
    (fidelity,) = dev.execute([tape])
    vector = 2 * shift.ravel()
    assert -np.log(fidelity) == pytest.approx(vector @ metric @ vector, rel=1e-3)


def test_too_large():
    with pytest.raises(DeviceError, match="too large to hold: use metric='sampled'"):
        closed_form(ansatz(10, 40)).metric()
