"""An operation with a closed form of its own: every caller asks the interface, and nothing else."""

from itertools import pairwise

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane.operation import Operation

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps.closed_form import ClosedForm, closed_form, has_closed_form
from pl_hypernet.mps.closed_form_state import ClosedFormState
from pl_hypernet.mps.evolution import evolve, gates_of
from pl_hypernet.testing import ALPHA, g_test
from pl_hypernet.training.choose_optimizer import choose_optimizer


class Cat(Operation):
    """cos(t / 2) |0...0> + sin(t / 2) |1...1>."""

    num_params = 1
    ndim_params = (0,)
    grad_method = None

    @staticmethod
    def compute_decomposition(angle, wires):
        chain = [qml.CNOT(pair) for pair in pairwise(wires)]
        return [qml.RY(angle, wires[0]), *chain]


class CatForm(ClosedForm):
    """Tensors, and log p in torch."""

    bond_dim = 2

    def __init__(self, cat: Cat):
        self.angle, self.wires = cat.data[0], cat.wires

    def tensors(self) -> np.ndarray:
        n = len(self.wires)
        tensors = np.zeros((n, 2, 2, 2), dtype=complex)
        for bit, amplitude in enumerate((np.cos(self.angle / 2), np.sin(self.angle / 2))):
            tensors[0, bit, 0, bit] = amplitude
            tensors[1:-1, bit, bit, bit] = 1
            tensors[-1, bit, bit, 0] = 1
        return tensors

    def log_p(self, bits):
        angle = torch.as_tensor(self.angle)
        ones = bits.sum(dim=1)
        amplitude = torch.where(ones == 0, torch.cos(angle / 2), torch.sin(angle / 2))
        known = (ones == 0) | (ones == bits.shape[1])
        return torch.where(known, 2 * torch.log(torch.abs(amplitude)), -torch.inf)


@pytest.fixture
def cat():
    closed_form.register(Cat, CatForm)
    yield Cat
    closed_form.register(Cat, closed_form.dispatch(object))


@pytest.fixture
def qnode():
    """A QNode on 40 wires, which no state vector holds."""

    def make(function, shots=None):
        dev = qml.device("hypernet.mps", wires=40, seed=0)
        return qml.set_shots(qml.QNode(function, dev, diff_method=None), shots=shots)

    return make


def test_the_device_takes_it_as_it_is(cat, qnode, monkeypatch):
    monkeypatch.setattr(cat, "compute_decomposition", None)  # not asked for

    @qnode
    def moments():
        cat(0.7, wires=range(40))
        return qml.expval(qml.Z(3)), qml.expval(qml.Z(3) @ qml.Z(39)), qml.probs(wires=[5, 20])

    z, zz, p = moments()
    assert (z, zz) == (pytest.approx(np.cos(0.7)), pytest.approx(1))
    np.testing.assert_allclose(p, [np.cos(0.35) ** 2, 0, 0, np.sin(0.35) ** 2], atol=1e-12)

    def sample():
        cat(0.7, wires=range(40))
        return qml.sample()

    bits = qnode(sample, shots=3000)()
    assert np.array_equal(bits.min(axis=1), bits.max(axis=1))
    assert g_test(bits[:, :1], np.array([np.cos(0.35) ** 2, np.sin(0.35) ** 2])) > ALPHA


def test_overlaps_and_gates_after_it(cat, qnode):
    @qnode
    def fidelity():
        cat(0.7, wires=range(40))
        qml.adjoint(cat(0.2, wires=range(40)))
        return plh.measurements.ZeroProbability(range(40))

    assert fidelity() == pytest.approx(np.cos(0.25) ** 2)

    @qnode
    def flipped():
        cat(0.7, wires=range(39))
        qml.CNOT([38, 39])
        qml.X(39)
        return qml.expval(qml.Z(0) @ qml.Z(39))

    assert flipped() == pytest.approx(-1)


def test_log_p_scores_and_the_choice_of_an_optimizer(cat):
    angle = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    bits = np.array([[0, 0, 0], [1, 1, 1]])
    log_p = plh.circuit_log_probability([cat(angle, wires=range(3))], bits)
    np.testing.assert_allclose(log_p.detach().exp(), [np.cos(0.35) ** 2, np.sin(0.35) ** 2])
    (gradient,) = torch.autograd.grad(log_p[1], angle)
    assert gradient == pytest.approx(1 / np.tan(0.35))
    operations = [cat(0.7, wires=range(66))]
    assert choose_optimizer("hypernet.mps", {}, operations)[0] == "pathwise"
    assert choose_optimizer("hypernet.mps", {"max_bond_dim": 1}, operations)[0] == "pathwise"


@pytest.mark.parametrize("optimizer", ["qnspsa", "score", "auto"])
def test_training(cat, optimizer):
    network = plh.BinaryNetwork(3, activation="sigmoid")
    hypernet = plh.QuantumHypernetwork(
        network, shots=20, ansatz=lambda theta, wires: cat(theta[0], wires=wires), n_angles=1
    )
    inputs = np.random.default_rng(0).normal(size=(30, 3))
    data = (inputs, (inputs[:, 0] > 0).astype(int))
    run = plh.train(hypernet, data, optimizer=optimizer, steps=2, progress=False)
    assert len(run.history) == 2
    assert run.summary["optimizer"] == ("pathwise" if optimizer == "auto" else optimizer)


def test_what_a_form_does_not_know_is_refused(cat):
    dev = plh.device("hypernet.mps", wires=4, seed=0)

    @qml.set_shots(20)
    @qml.qnode(dev)
    def energy(angle):
        cat(angle, wires=range(4))
        return plh.expected_loss(lambda bits: bits.sum(axis=1))

    optimizer = plh.QNSPSAOptimizer(metric="exact", seed=0)
    with pytest.raises(InputError, match="one operation of all trained angles whose metric"):
        optimizer.step(energy, qml.numpy.array(0.3, requires_grad=True))


def test_a_wrong_form_is_noticed(cat, qnode, monkeypatch):
    tensors = CatForm.tensors
    monkeypatch.setattr(CatForm, "tensors", lambda form: tensors(form)[:, ::-1].copy())

    def sample():
        cat(0.7, wires=range(40))
        return qml.sample()

    bits = qnode(sample, shots=3000)()
    assert g_test(bits[:, :1], np.array([np.cos(0.35) ** 2, np.sin(0.35) ** 2])) < ALPHA


def ansatz(n_wires=3):
    theta = np.random.default_rng(3).uniform(-3, 3, (3, n_wires))
    return plh.HardwareEfficientAnsatz(theta, wires=range(1, n_wires + 1))


@pytest.mark.parametrize(
    "around",
    [
        lambda op: qml.ctrl(op, 0),
        lambda op: qml.pow(op, 2, lazy=True),
        lambda op: qml.adjoint(op, lazy=True),
        lambda op: qml.adjoint(qml.adjoint(op, lazy=True), lazy=True),
        lambda op: qml.adjoint(qml.pow(op, 2, lazy=True), lazy=True),
        lambda op: qml.ctrl(qml.adjoint(op, lazy=True), 0),
        lambda op: qml.prod(op, qml.adjoint(op, lazy=True), qml.RX(0.4, 1)),
    ],
    ids=["ctrl", "pow", "adjoint", "twice", "adjoint of pow", "ctrl of adjoint", "prod"],
)
@pytest.mark.parametrize("n_wires", [1, 2, 3])
def test_operators_around_an_ansatz(around, n_wires):
    """Not every operator that has the ansatz as its base is its inverse."""
    operations = [*(qml.H(wire) for wire in range(n_wires + 1)), around(ansatz(n_wires))]
    wires = qml.wires.Wires(range(n_wires + 1))
    matrix = qml.matrix(qml.tape.QuantumScript(operations), wire_order=wires)
    bits = (np.arange(2 ** len(wires))[:, None] >> np.arange(len(wires))[::-1]) & 1
    log_p = plh.circuit_log_probability(operations, bits, wires)
    np.testing.assert_allclose(log_p.exp(), np.abs(matrix[:, 0]) ** 2, atol=1e-12)
    (state,) = evolve([operations], [wires])
    np.testing.assert_allclose(state.state_vector(), matrix[:, 0], atol=1e-12)
    dev = qml.device("hypernet.mps", wires=wires)

    @qml.qnode(dev, diff_method=None)
    def circuit():
        for operation in operations:
            qml.apply(operation)
        return qml.state()

    np.testing.assert_allclose(circuit(), matrix[:, 0], atol=1e-12)


def test_inverse_by_gates():
    op = ansatz()
    gates = gates_of(qml.adjoint(op, lazy=True))
    both = qml.matrix(qml.tape.QuantumScript([op, *gates]), wire_order=op.wires)
    np.testing.assert_allclose(both, np.eye(8), atol=1e-12)


def test_who_has_a_closed_form():
    op = ansatz()
    assert has_closed_form(op)
    assert has_closed_form(qml.adjoint(op, lazy=True))
    assert not has_closed_form(qml.ctrl(op, 0))
    assert not has_closed_form(qml.pow(op, 2, lazy=True))
    assert not has_closed_form(qml.RY(0.1, 0))
    assert closed_form(qml.RY(0.1, 0)) is None
    batch = plh.HardwareEfficientAnsatz(np.zeros((2, 3, 4)), wires=range(4))
    assert closed_form(batch) is None


def test_a_state_of_few_wires_and_many_layers_has_few_numbers():
    """On one wire a chain joins nothing, whatever its layers are."""
    theta = np.random.default_rng(0).uniform(-2, 2, (81, 1))
    states = [
        ClosedFormState(closed_form(plh.HardwareEfficientAnsatz(angles, wires=[0])))
        for angles in (theta, -theta)
    ]
    assert states[0].bond_dim == 1
    vectors = [state.state_vector() for state in states]
    assert states[0].overlap(states[1]) == pytest.approx(abs(np.vdot(*vectors)) ** 2)
