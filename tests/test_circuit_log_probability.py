"""log p of bitstrings under any circuit, and its gradient: against state vectors."""

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps import gate_columns
from pl_hypernet.mps import log_probability_by_gates as module
from pl_hypernet.mps.gate_columns import columns_of, place, small_gates
from pl_hypernet.mps.log_probability import circuit_log_probability
from pl_hypernet.mps.log_probability_by_gates import log_probability_by_gates

ONE_QUBIT = [qml.RX, qml.RY, qml.RZ, qml.Hadamard, qml.T, qml.SX, qml.PhaseShift, qml.Rot, qml.U3]
TWO_QUBIT = [
    qml.CZ,
    qml.CNOT,
    qml.SWAP,
    qml.ISWAP,
    qml.CY,
    qml.CRX,
    qml.CRY,
    qml.CRot,
    qml.ControlledPhaseShift,
    qml.IsingXX,
    qml.IsingYY,
    qml.IsingZZ,
    qml.IsingXY,
    qml.SingleExcitation,
]
THREE_QUBIT = [qml.Toffoli, qml.CSWAP, qml.CCZ, qml.MultiRZ]
LABELS = ["b", 3, "a", 0, "aux", 7, 1]


def random_circuit(wires, n_gates, seed):
    """Operators on random wires, and the parameters that they use, a torch vector."""
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.uniform(-np.pi, np.pi, 3 * n_gates), requires_grad=True)
    angles = iter(x)
    operations, pair = [], None
    for size in rng.choice([1, 2, 3], n_gates, p=[0.47, 0.47, 0.06]):
        menu = (ONE_QUBIT, TWO_QUBIT, THREE_QUBIT)[size - 1]
        gate = menu[rng.integers(len(menu))]
        where = [wires[i] for i in rng.choice(len(wires), size, replace=False)]
        if size == 2:  # often on the wires of the gate before, in the other order
            where = pair[::-1] if pair and rng.random() < 0.4 else where
            pair = where
        operations.append(gate(*(next(angles) for _ in range(gate.num_params)), wires=where))
    return operations, x


def state_vector(operations, wires):
    """Amplitudes, differentiable in torch."""
    device = qml.device("default.qubit", wires=wires)

    @qml.qnode(device, interface="torch", diff_method="backprop")
    def circuit():
        for operation in operations:
            qml.apply(operation)
        return qml.state()

    return torch.as_tensor(circuit()).to(torch.complex128)


def all_bits(n):
    return (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1


def expected_log(operations, wires):
    """log p of all bitstrings, -inf with gradient 0 where p is 0 but for rounding."""
    psi = state_vector(operations, wires)
    p = psi.real**2 + psi.imag**2
    return torch.where(p > 1e-25, torch.log(p.clamp_min(1e-25)), -torch.inf)


def assert_same(operations, x, wires, atol=1e-9):
    """Values, and the gradient of a weighted sum, over all bitstrings that can occur."""
    value = circuit_log_probability(operations, all_bits(len(wires)), wires)
    expected = expected_log(operations, wires)
    possible = torch.isfinite(expected)
    assert value.dtype == torch.float64
    assert (value[~possible] < -55).all()
    torch.testing.assert_close(value[possible], expected[possible], rtol=0, atol=atol)
    # rare bitstrings have large scores
    weights = torch.linspace(-1, 2, len(value)) * expected.detach().exp()
    gradients = [
        torch.autograd.grad((weights * log)[possible].sum(), x, retain_graph=True)
        for log in (value, expected)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=atol)


@pytest.mark.parametrize("seed", range(24))
def test_random_circuits(seed):
    rng = np.random.default_rng(seed)
    n_wires = rng.integers(3, 8)
    wires = [LABELS[i] for i in rng.permutation(7)[:n_wires]]
    operations, x = random_circuit(wires, 16, seed)
    assert_same(operations, x, wires)


@pytest.mark.parametrize("n_wires", [1, 2])
def test_few_wires(n_wires):
    x = torch.tensor([0.3, -1.1, 2.0], requires_grad=True, dtype=torch.float64)
    operations = [qml.RX(x[0], 0), qml.Rot(x[1], x[2], 0.4, 0)]
    if n_wires == 2:
        operations += [qml.CRY(x[1], [1, 0]), qml.IsingXY(x[0], [0, 1]), qml.CRX(x[2], [0, 1])]
    assert_same(operations, x, range(n_wires))


@pytest.mark.parametrize("wires", [[0, 1], [1, 0], [0, 3], [3, 1]], ids=str)
@pytest.mark.parametrize("gate", [qml.IsingXX, qml.IsingXY, qml.CRX, qml.CRot, qml.CPhase])
def test_parameters_at_exactly_0(gate, wires):
    """Where the gate is the identity its derivative is not."""
    assert_gradient_at_0(gate, wires)


def assert_gradient_at_0(gate, wires):
    x = torch.zeros(gate.num_params, dtype=torch.float64, requires_grad=True)
    before = [qml.Rot(0.3 + i, 0.8 - 0.3 * i, 1.1 * i, wires=i) for i in range(4)]
    after = [qml.Rot(1.0 - i, 0.5 + 0.2 * i, 0.4, wires=i) for i in range(4)]
    assert_same([*before, gate(*x, wires=wires), *after], x, range(4))


@pytest.mark.parametrize("gate", [qml.IsingXX, qml.CRX])
def test_terms_of_the_gate_at_0_alone_are_too_few(monkeypatch, gate):
    monkeypatch.setattr(gate_columns, "N_SAMPLES", 0)
    with pytest.raises(AssertionError):
        assert_gradient_at_0(gate, [0, 1])


def test_second_derivatives():
    """At 0 too: the terms hold for all angles."""

    def mean(log):
        return (log * torch.linspace(-1, 2, 8)).sum()

    def circuit(x):
        rotations = [qml.RY(0.3 + i, i) for i in range(3)]
        return [*rotations, qml.IsingXX(x[0], [0, 2]), qml.CRY(x[1], [2, 1]), qml.RX(x[1], 1)]

    hessians = [
        torch.autograd.functional.hessian(
            lambda x, f=f: mean(f(circuit(x))), torch.zeros(2).double()
        )
        for f in (
            lambda operations: circuit_log_probability(operations, all_bits(3)),
            lambda operations: expected_log(operations, range(3)),
        )
    ]
    torch.testing.assert_close(*hessians, rtol=1e-8, atol=1e-8)


def test_gradient_against_finite_differences():
    operations, x = random_circuit(range(4), 12, seed=5)
    bits, h = all_bits(4)[[3, 6, 9]], 1e-5
    circuit_log_probability(operations, bits, range(4)).sum().backward()
    for i in np.flatnonzero(x.grad.numpy())[:6]:
        values = []
        for step in (h, -h):
            shifted = x.detach().clone()
            shifted[i] += step
            angles = iter(shifted)
            moved = [
                type(o)(*(next(angles) for _ in range(o.num_params)), wires=o.wires)
                for o in operations
            ]
            values.append(float(circuit_log_probability(moved, bits, range(4)).sum()))
        assert float(x.grad[i]) == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("rotations", [("RY", "RZ"), ("RX", "RZ", "RY")], ids="".join)
@pytest.mark.parametrize("n_wires", [1, 2, 5])
@pytest.mark.parametrize(
    ("pattern", "entangler"),
    [("ring", "CZ"), ("ring", "CNOT"), ("brick", "CZ"), ("brick", "CNOT"), ("chain", "CNOT")],
)
def test_log_probability_of_every_ansatz(pattern, entangler, n_wires, rotations):
    shape = plh.HardwareEfficientAnsatz.shape(3, n_wires, rotations)
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, shape)
    t = torch.tensor(theta, requires_grad=True)
    bits = all_bits(n_wires)
    value = plh.log_probability(t, bits, rotations, pattern, entangler)
    ansatz = plh.HardwareEfficientAnsatz(t, range(n_wires), rotations, entangler, pattern)
    expected = expected_log(ansatz.decomposition(), range(n_wires))
    torch.testing.assert_close(value, expected, rtol=0, atol=1e-9)
    weights = expected.detach().exp() * torch.linspace(-1, 2, len(bits))
    gradients = [torch.autograd.grad((weights * log).sum(), t) for log in (value, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-9)


def test_agrees_with_the_kernels_for_a_chain_of_cz():
    shape = plh.HardwareEfficientAnsatz.shape(3, 40)
    theta = torch.tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)
    bits = torch.tensor(np.random.default_rng(1).integers(0, 2, (30, 40)))
    tape = qml.tape.QuantumScript([plh.HardwareEfficientAnsatz(theta, range(40))], [qml.sample()])
    logs = [log_probability_by_gates(tape.operations, bits), plh.log_probability(theta, bits)]
    torch.testing.assert_close(*logs, rtol=1e-11, atol=0)
    gradients = [torch.autograd.grad(log.mean(), theta) for log in logs]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-8)


def test_impossible_bitstrings():
    """A state of GHZ's kind: only 000 and 111 occur."""
    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    operations = [qml.RY(x, 0), qml.CNOT([0, 2]), qml.CNOT([2, 1])]
    value = circuit_log_probability(operations, [[0, 0, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]])
    assert torch.isneginf(value).tolist() == [False, True, False, True]
    (gradient,) = torch.autograd.grad(value[[0, 2]].sum(), x, retain_graph=True)
    assert float(gradient) == pytest.approx(-np.tan(0.35) + 1 / np.tan(0.35))
    (gradient,) = torch.autograd.grad(value.sum(), x)  # the others add 0, and no NaN
    assert float(gradient) == pytest.approx(-np.tan(0.35) + 1 / np.tan(0.35))


def test_800_wires():
    """Pairs without a gate between them: their log p add up."""
    n_pairs = 400
    x = torch.tensor(np.random.default_rng(0).uniform(0.5, 2.5, (n_pairs, 3)), requires_grad=True)
    operations, expected = [], 0
    bits = np.random.default_rng(1).integers(0, 2, (4, 2 * n_pairs))
    for i, (a, b, c) in enumerate(x):
        operations += [qml.RX(a, 2 * i), qml.CRY(b, [2 * i, 2 * i + 1]), qml.RX(c, 2 * i)]
        # (ca, 0, -i sa cb, -i sa sb), and then RX(c) on the left qubit
        (ca, sa), (cb, sb), (cc, sc) = ((torch.cos(t / 2), torch.sin(t / 2)) for t in (a, b, c))
        zero, one = (ca * cc - sa * sc * cb, sa * sc * sb), (ca * sc + sa * cc * cb, sa * cc * sb)
        table = torch.log(torch.stack([*zero, *one]) ** 2)
        expected = expected + table[2 * bits[:, 2 * i] + bits[:, 2 * i + 1]]
    value = circuit_log_probability(operations, bits)
    assert (value < -745).all()  # p is beyond the range of float64
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    gradients = [torch.autograd.grad(log.sum(), x) for log in (value, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-8)


def test_order_of_wires():
    """PennyLane's: integers from 0 as they are, other labels as they come; unused wires are 0."""
    first = circuit_log_probability([qml.X(2), qml.X(1)], [[0, 1, 1], [1, 1, 0]])
    assert first.tolist() == [0, -np.inf]
    named = circuit_log_probability([qml.X("b"), qml.Identity("a")], [[1, 0], [0, 1]])
    assert named.tolist() == [0, -np.inf]
    given = circuit_log_probability([qml.X("b")], [[0, 1, 0]], wires=["a", "b", 5])
    assert given.tolist() == [0]


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: qml.adjoint(qml.CRX(x, [0, 1])),
        lambda x: qml.ctrl(qml.RY(x, 0), 1),
        lambda x: qml.PauliRot(x, "XY", [1, 0]),
        lambda x: qml.exp(qml.X(0) @ qml.X(1), 1j * x),
        lambda x: qml.prod(qml.RX(x, 0), qml.IsingYY(x, [0, 1])),
        lambda x: qml.QubitUnitary(qml.IsingXX.compute_matrix(x), [0, 1]),
        lambda x: qml.AngleEmbedding(torch.stack([x, x]), [0, 1]),
        lambda x: qml.MultiRZ(x, [0, 2, 1]),
        lambda x: qml.GlobalPhase(x),
        lambda x: qml.PhaseShift(x, 2),
    ],
)
@pytest.mark.parametrize("value", [0.0, 0.9])
def test_kinds_of_operators(operation, value):
    x = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    start = [qml.Rot(0.3 + i, 0.8 - 0.3 * i, 1.1 * i, wires=i) for i in range(3)]
    end = [qml.Rot(1.0 - i, 0.5 + 0.2 * i, 0.4, wires=i) for i in range(3)]
    assert_same([*start, operation(x), *end, qml.RY(x, 0)], x, range(3))


def test_single_precision_parameters_keep_small_bonds():
    """Rounding errors of a gate are no terms of it."""
    x = torch.tensor(0.3, requires_grad=True)
    operations = [qml.CRX(x, [i, i + 1]) for _ in range(6) for i in (0, 1)]
    value = circuit_log_probability([qml.Hadamard(0), *operations], all_bits(3))
    expected = expected_log([qml.Hadamard(0), *operations], range(3))
    torch.testing.assert_close(value[4:], expected[4:], rtol=0, atol=1e-4)
    assert torch.autograd.grad(value[4:].sum(), x)[0].dtype == torch.float32


def test_gates_on_one_pair_become_one():
    """At most four terms, however many gates there are."""
    x = torch.tensor(np.linspace(0.1, 3, 60), requires_grad=True)
    operations = [
        gate
        for a, b in x.reshape(30, 2)
        for gate in (qml.RX(a, 1), qml.CNOT([2, 1]), qml.RY(b, 2), qml.IsingXY(a, [1, 2]))
    ]
    assert_same(operations, x, range(3), atol=1e-8)


X = torch.tensor([0.0, 0.7, 0.2], dtype=torch.float64)


@pytest.mark.parametrize(
    ("operations", "terms"),
    [
        ([qml.CZ([0, 1])], 2),
        ([qml.CNOT([1, 0])], 2),
        ([qml.CNOT([0, 1]), qml.CNOT([0, 1])], 1),
        ([qml.CNOT([0, 1]), qml.X(1), qml.CZ([1, 0]), qml.T(0)], 2),
        ([qml.SWAP([0, 1])], 4),
        ([qml.IsingXX(0.0, [0, 1])], 1),
        ([qml.IsingXX(X[0], [0, 1])], 2),
        ([qml.IsingXX(X[0], [0, 1]), qml.IsingXX(X[1], [1, 0])], 2),
        ([qml.CRot(*X, wires=[0, 1])], 2),
        ([qml.CRot(*X, wires=[1, 0])], 2),
        ([qml.CRX(X[0].float(), [1, 0])], 2),
        ([qml.IsingXY(X[0], [0, 1])], 4),
        ([qml.CNOT([0, 1]), qml.RX(X[0], 1), qml.CZ([0, 1])] * 5, 2),
        ([qml.CNOT([0, 1]), qml.RX(X[0], 0), qml.CZ([0, 1])] * 5, 4),
    ],
)
def test_number_of_terms(operations, terms):
    left, _ = columns_of(place(small_gates(operations), range(2)), 2, "cpu")
    assert np.prod([tensor.shape[3] for tensor in left]) == terms


@pytest.mark.parametrize(
    ("operations", "bits", "wires", "message"),
    [
        ([qml.X(0)], [0, 1], None, r"bits have shape \(2,\): expected \(shots, n_wires\)"),
        ([qml.X(0)], [[0, 2]], None, "other values than 0 and 1"),
        ([qml.X(0)], [[0.5]], None, "other values than 0 and 1"),
        ([qml.CZ(["a", "b"])], [[0, 1, 1]], None, r"expected \(shots, 2\)"),
        ([qml.X(0)], [[0, 1, 1]], [0, 1], r"expected \(shots, 2\)"),
        ([qml.X("c")], [[0, 1]], ["a", "b"], "wires lack 'c'"),
        ([qml.X(0)], [[0, 1]], [0, 0], "wires repeat a label"),
        ([qml.AmplitudeDamping(0.1, 0)], [[0]], None, "AmplitudeDamping has no matrix"),
        ([qml.RX([0.1, 0.2], 0)], [[0]], None, "RX has a batch of 2"),
        ([qml.ThermalRelaxationError(0.1, 1, 1, 1, 0)], [[0]], None, "has no matrix"),
        ([qml.CRX(np.nan, [0, 1])], [[0, 0]], None, "CRX on wires .0, 1. has a matrix with NaN"),
        (["RX"], [[0]], None, "'RX' is no operator"),
        (qml.X(0), [[0]], None, "operations are a PauliX: expected operators in a list"),
    ],
)
def test_bad_input(operations, bits, wires, message):
    with pytest.raises(InputError, match=message):
        circuit_log_probability(operations, bits, wires)


def test_wide_operation_without_decomposition():
    class Wide(qml.operation.Operation):
        num_wires = 3

    with pytest.raises(InputError, match="Wide on 3 wires has no decomposition"):
        circuit_log_probability([Wide(wires=[0, 1, 2])], [[0, 0, 0]])


def test_deep_circuits_on_few_wires(monkeypatch):
    """They go through a state vector; what the other way gives is the same."""
    x = torch.tensor(np.linspace(0.1, 3, 36), requires_grad=True)
    theta = x.reshape(9, 4)
    ansatz = plh.HardwareEfficientAnsatz(theta, range(4), pattern="ring", entangler="CNOT")
    direct = circuit_log_probability([ansatz], all_bits(4))
    monkeypatch.setattr(module, "MAX_BOND_DIM", 1)
    vector = circuit_log_probability([ansatz], all_bits(4))
    torch.testing.assert_close(direct, vector, rtol=0, atol=1e-9)
    gradients = [
        torch.autograd.grad((log * vector.detach().exp()).sum(), x, retain_graph=True)
        for log in (direct * direct, vector * vector)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-9)


def test_too_large(monkeypatch):
    """The bond dimension, or the memory of many large tensors."""
    gates = [qml.CNOT([i, i + 1]) for i in range(39)]
    operations = [gate for layer in range(11) for gate in (gates if layer % 2 else gates[::-1])]
    with pytest.raises(InputError, match=r"bond dimension of 2,048 .* expected at most 1,024"):
        circuit_log_probability(operations, np.zeros((1, 40)))
    monkeypatch.setattr(module, "MAX_BYTES", 2**10)
    with pytest.raises(
        InputError, match=r"tensors of .* kB: expected at most 1,024 and 1.02 kB on"
    ):
        circuit_log_probability(gates, np.zeros((1, 40)))
