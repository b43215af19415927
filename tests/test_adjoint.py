"""Gradients of hypernet.mps in reverse mode: against differences of default.qubit's values."""

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.devices import adjoint
from pl_hypernet.errors import DeviceError, InputError

N_WIRES = 4
OBSERVABLE = (
    qml.X(0)
    - 0.7 * qml.Y(1) @ qml.Z(2)
    + 0.3 * qml.Z(3)
    + 0.5 * qml.X(0) @ qml.Y(1) @ qml.Z(2) @ qml.X(3)
)


class MyRot(qml.Rot):
    """A gate whose own matrix autograd and torch do not see through."""

    @staticmethod
    def compute_matrix(phi, theta, omega):
        return qml.Rot.compute_matrix(*map(float, (phi, theta, omega)))

    def decomposition(self):
        phi, theta, omega = self.data
        return [qml.RZ(phi, self.wires), qml.RY(theta, self.wires), qml.RZ(omega, self.wires)]


GATES = {
    "Exp": (1, lambda x: qml.exp(qml.X(0), -0.5j * x[0])),
    "Exp of a word": (1, lambda x: qml.exp(qml.X(0) @ qml.Y(1), 0.3j * x[0])),
    "Evolution": (1, lambda x: qml.evolve(qml.X(0) @ qml.Z(1) + qml.Y(1), x[0])),
    "PauliRot": (1, lambda x: qml.PauliRot(x[0], "XYZ", [0, 1, 3])),
    "MultiRZ": (1, lambda x: qml.MultiRZ(x[0], [0, 1, 2])),
    "GlobalPhase": (1, lambda x: qml.GlobalPhase(x[0])),
    "controlled GlobalPhase": (1, lambda x: qml.ctrl(qml.GlobalPhase(x[0]), [0, 2])),
    "PCPhase": (1, lambda x: qml.PCPhase(x[0], 3, [0, 1])),
    "BlockEncode": (4, lambda x: qml.BlockEncode(qml.math.reshape(x, (2, 2)) / 7, [1, 3])),
    "QSVT": (
        7,
        lambda x: qml.QSVT(
            qml.BlockEncode(qml.math.reshape(x[:4], (2, 2)) / 7, [1, 3]),
            [qml.PCPhase(x[i], 2, [1, 3]) for i in (4, 5, 6)],
        ),
    ),
    "of a known kind": (3, lambda x: MyRot(*x, 1)),
    "power": (1, lambda x: qml.pow(qml.RX(x[0], 1), 0.4)),
    "inverse": (1, lambda x: qml.adjoint(qml.IsingXY(x[0], [1, 3]))),
    "two controls": (1, lambda x: qml.ctrl(qml.RY(x[0], 2), [0, 3], [1, 0])),
    "controlled Rot": (3, lambda x: qml.ctrl(qml.Rot(*x, 2), 0)),
    "product": (2, lambda x: qml.prod(qml.RX(x[0], 0), qml.RZ(x[1], 1))),
    "QubitUnitary": (1, lambda x: qml.QubitUnitary(qml.matrix(qml.CRX(x[0], [0, 1])), [1, 2])),
    "DiagonalQubitUnitary": (2, lambda x: qml.DiagonalQubitUnitary(qml.math.exp(1j * x), 1)),
    "ArbitraryUnitary": (15, lambda x: qml.ArbitraryUnitary(x, [0, 1])),
    "SelectPauliRot": (4, lambda x: qml.SelectPauliRot(x, [0, 1], 2, rot_axis="Y")),
    "strongly entangling": (
        12,
        lambda x: qml.StronglyEntanglingLayers(qml.math.reshape(x, (1, 4, 3)), range(4)),
    ),
    "ansatz": (12, lambda x: plh.HardwareEfficientAnsatz(qml.math.reshape(x, (3, 4)), range(4))),
    "first order product": (
        2,
        lambda x: qml.TrotterProduct(qml.dot(x, [qml.X(0), qml.Z(0) @ qml.Z(3)]), 1.0, 2),
    ),
    "twice": (1, lambda x: (qml.RX(x[0], 0), qml.CRY(2 * x[0], [3, 1]))),
}
NAMED = "RX RY RZ PhaseShift U1 U2 U3 Rot CRX CRY CRZ CRot ControlledPhaseShift CPhaseShift00 "
NAMED += "CPhaseShift01 CPhaseShift10 IsingXX IsingXY IsingYY IsingZZ PSWAP OrbitalRotation "
NAMED += "SingleExcitation SingleExcitationPlus SingleExcitationMinus DoubleExcitation "
NAMED += "DoubleExcitationPlus DoubleExcitationMinus FermionicSWAP"


def named(kind):
    return kind.num_params, lambda x: kind(*x, wires=[2, 0, 1, 3][: kind.num_wires or 1])


GATES |= {name: named(getattr(qml, name)) for name in NAMED.split()}


def circuit_of(gate):
    def circuit(x):
        for wire in range(N_WIRES):
            qml.RY(0.4 + wire, wire)
        qml.CNOT([0, 2])
        gate(x)
        qml.CZ([1, 2])
        for wire in range(N_WIRES):
            qml.RX(0.9 - 0.3 * wire, wire)
        return qml.expval(OBSERVABLE)

    return circuit


def angles(n: int):
    return pnp.array(np.random.default_rng(n).uniform(-2, 2, n), requires_grad=True)


def differences(function, x, step=2e-3):
    """Derivatives by five points; not PennyLane's, of which that of an Evolution is wrong."""
    weights = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
    return [
        sum(w * function(x + k * step * unit) for k, w in weights.items()) / step
        for unit in np.eye(len(x))
    ]


@pytest.mark.parametrize("in_a_vector", [True, False])
@pytest.mark.parametrize("name", GATES)
def test_of_parametrised_operators(monkeypatch, name, in_a_vector):
    n, gate = GATES[name]
    if not in_a_vector:
        monkeypatch.setattr(adjoint, "MAX_VECTOR_WIRES", 0)
    x = angles(n)
    ours = qml.QNode(circuit_of(gate), qml.device("hypernet.mps", wires=N_WIRES))
    theirs = qml.QNode(circuit_of(gate), qml.device("default.qubit"), diff_method=None)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-12)
    np.testing.assert_allclose(qml.grad(ours)(x), differences(theirs, np.array(x)), atol=1e-9)


@pytest.mark.parametrize("name", ["DoubleExcitation", "OrbitalRotation"])
def test_excitations_take_one_pass(name):
    n, gate = GATES[name]
    device = qml.device("hypernet.mps", wires=N_WIRES)
    with qml.Tracker(device) as tracker:
        qml.grad(qml.QNode(circuit_of(gate), device))(angles(n))
    assert (tracker.totals["batches"], tracker.totals["vjps"]) == (1, 1)


def test_a_planted_error_is_noticed(monkeypatch):
    monkeypatch.setattr(adjoint, "_applied", lambda terms, psi, wires: psi)
    with pytest.raises(AssertionError):
        test_of_parametrised_operators(monkeypatch, "CRot", True)


def test_exp_of_one_qubit_has_its_gradient():
    @qml.qnode(qml.device("hypernet.mps", wires=1))
    def circuit(phi):
        qml.exp(qml.X(0), -0.5j * phi)
        return qml.expval(qml.Z(0))

    assert qml.grad(circuit)(pnp.array(1.2)) == pytest.approx(-np.sin(1.2))


def chain(theta):
    n_layers, n_wires, _ = theta.shape
    for layer in range(n_layers):
        for wire in range(n_wires):
            qml.RY(theta[layer, wire, 0], wire)
            qml.RZ(theta[layer, wire, 1], wire)
        for wire in range(n_wires - 1):
            qml.CZ([wire, wire + 1])


def test_of_a_long_chain_with_many_words():
    rng = np.random.default_rng(0)
    theta = rng.uniform(-np.pi, np.pi, (2, 30, 2))
    words = [
        qml.prod(*(getattr(qml, "XYZ"[i % 3])(int(w)) for w in rng.choice(30, 3, replace=False)))
        for i in range(30)
    ]
    hamiltonian = qml.dot(rng.normal(size=30), words)

    @qml.qnode(qml.device("hypernet.mps", wires=30))
    def energy(theta):
        chain(theta)
        return qml.expval(hamiltonian)

    gradient = qml.grad(energy)(pnp.array(theta))
    for index in [(0, 7, 0), (1, 29, 1), (0, 15, 1)]:
        shift = np.zeros_like(theta)
        shift[index] = np.pi / 2
        assert gradient[index] == pytest.approx(
            (energy(theta + shift) - energy(theta - shift)) / 2, abs=1e-9
        )


def measured(x):
    qml.RX(x[0], 0)
    qml.CNOT([0, 1])
    qml.Rot(x[1], x[2], x[3], 1)
    return [
        qml.expval(qml.Z(0)),
        qml.expval(qml.Hermitian(np.array([[1, 2j], [-2j, 3]]), 1)),
        qml.expval(qml.Projector([1, 0], [1, 0])),
    ]


def with_probabilities(x):
    return [*measured(x), qml.probs(wires=[1, 0]), qml.probs(wires=0)]


def test_the_jacobian_of_several_measurements():
    x = angles(4)
    jacobians = [
        qml.jacobian(
            lambda x, device=device: qml.math.hstack(qml.QNode(with_probabilities, device)(x))
        )(x)
        for device in (qml.device("hypernet.mps", wires=2), qml.device("default.qubit"))
    ]
    np.testing.assert_allclose(*jacobians, atol=1e-9)
    tape = qml.tape.make_qscript(with_probabilities)(x)
    tape.trainable_params = range(4)
    by_tape = qml.device("hypernet.mps", wires=2).compute_derivatives(tape)
    by_parameter = [np.hstack([of_one[k] for of_one in by_tape]) for k in range(4)]
    np.testing.assert_allclose(np.transpose(by_parameter), jacobians[0], atol=1e-9)
    tape = qml.tape.QuantumScript(tape.operations, [qml.probs(wires=[1, 0])])
    alone = qml.device("hypernet.mps", wires=2).compute_derivatives(tape)
    np.testing.assert_allclose(np.transpose(alone), jacobians[0][3:7], atol=1e-9)


def test_derivatives_in_a_direction_and_with_the_values():
    x, tangents = angles(4), np.array([0.3, -1.0, 0.0, 2.0])
    tape = qml.tape.make_qscript(with_probabilities)(x)
    tape.trainable_params = range(4)
    device = qml.device("hypernet.mps", wires=2)
    jacobian = device.compute_derivatives(tape)
    expected = [sum(t * part for t, part in zip(tangents, row, strict=True)) for row in jacobian]
    for ours, right in zip(device.compute_jvp(tape, tuple(tangents)), expected, strict=True):
        np.testing.assert_allclose(ours, right, atol=1e-12)

    @qml.qnode(device, diff_method="adjoint", grad_on_execution=True)
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    with qml.Tracker(device) as tracker:
        gradient = qml.grad(circuit)(pnp.array(0.3))
    assert isinstance(gradient, float)
    assert gradient == pytest.approx(-np.sin(0.3))
    assert tracker.totals["execute_and_derivative_batches"] == 1
    assert "batches" not in tracker.totals
    assert "vjps" not in tracker.totals


def test_a_circuit_without_trainable_parameters_is_evaluated():
    @qml.qnode(qml.device("hypernet.mps", wires=2), diff_method="adjoint")
    def circuit(x):
        qml.RX(x, 0)
        return qml.var(qml.Z(0))

    assert circuit(0.3) == pytest.approx(np.sin(0.3) ** 2)


def test_a_batch_whose_copies_pennylane_takes_for_batches():
    x = pnp.array([[0.5, 0.3], [1.2, 0.6], [-0.7, 0.3]], requires_grad=True)

    def circuit(x):
        qml.RX(x[:, 0], 0)
        qml.Hadamard(1)
        qml.MultiRZ(x[:, 1], [0, 1])
        return qml.expval(qml.X(1) @ qml.Z(0))

    ours, theirs = (
        qml.jacobian(qml.QNode(circuit, device))(x)
        for device in (qml.device("hypernet.mps", wires=2), qml.device("default.qubit"))
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_torch_and_a_batch():
    rows = torch.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    gradients = []
    for device in (qml.device("hypernet.mps", wires=2), qml.device("default.qubit")):
        sum(qml.QNode(measured, device)(rows)).sum().backward()
        gradients.append(rows.grad)
        rows.grad = None
    torch.testing.assert_close(*gradients, atol=1e-9, rtol=0)


def test_what_is_left_to_parameter_shift():
    device = qml.device("hypernet.mps", wires=1)

    def circuit(x):
        qml.RX(x, 0)
        return qml.var(qml.Z(0))

    assert qml.grad(qml.QNode(circuit, device))(pnp.array(0.3)) == pytest.approx(np.sin(0.6))
    with pytest.raises(DeviceError, match=r"var\(Z\(0\)\) cannot be differentiated in reverse"):
        qml.grad(qml.QNode(circuit, device, diff_method="adjoint"))(pnp.array(0.3))

    @qml.qnode(device, diff_method="adjoint")
    def weighted(x):
        qml.RX(0.3, 0)
        return qml.expval(qml.s_prod(x, qml.Z(0)))

    with pytest.raises(DeviceError, match="an observable with trainable parameters cannot be"):
        qml.grad(weighted)(pnp.array(0.3))


def test_a_circuit_out_of_reach_is_left_to_parameter_shift():
    """Gates whose bonds multiply: the state has a small bond, which the gates do not show."""
    device = qml.device("hypernet.mps", wires=18)

    def circuit(x):
        qml.RX(x, 0)
        for i in range(18):
            for j in range(i):
                qml.CNOT([j, i])
        return qml.expval(qml.Z(0))

    assert qml.grad(qml.QNode(circuit, device))(pnp.array(0.3)) == pytest.approx(-np.sin(0.3))
    with pytest.raises(InputError, match=r"bond dimension of .* expected at most 256"):
        qml.grad(qml.QNode(circuit, device, diff_method="adjoint"))(pnp.array(0.3))


@pytest.mark.parametrize("shots", [None, 100])
def test_what_parameter_shift_gets_wrong_is_refused(shots):
    device = qml.device("hypernet.mps", wires=2, seed=0)

    def selected(x):
        qml.RY(x, 0)
        qml.RY(0.4, 1)
        qml.CRY(x, [0, 1])
        qml.measure(0, postselect=1)
        return qml.expval(qml.Z(1))

    circuit = qml.set_shots(qml.QNode(selected, device), shots)
    x = pnp.array(0.8)
    assert abs(circuit(x)) <= 1  # it can be evaluated
    with pytest.raises(DeviceError, match="wrong after postselection, as"):
        qml.grad(circuit)(x)
    with pytest.raises(DeviceError, match="wrong after postselection, as"):
        circuit(torch.tensor(0.8, requires_grad=True))
    if shots is None:
        by_differences = qml.QNode(selected, device, diff_method="finite-diff")
        exact = qml.QNode(selected, qml.device("default.qubit"), diff_method="finite-diff")
        assert qml.grad(by_differences)(x) == pytest.approx(qml.grad(exact)(x), abs=1e-5)

    @qml.set_shots(shots)
    @qml.qnode(device, diff_method="parameter-shift")
    def exponent(phi):
        qml.exp(qml.X(0), -0.5j * phi)
        return qml.expval(qml.Z(0))

    assert abs(exponent(x)) <= 1
    with pytest.raises(DeviceError, match="no derivative by the exponent of Exp"):
        qml.grad(exponent)(x)
