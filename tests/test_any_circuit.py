"""Any circuit on the MPS device against state vectors: templates, wide gates, long circuits."""

import numba
import numpy as np
import pennylane as qml
import pytest
from scipy.stats import unitary_group

from pl_hypernet.mps import splitting
from pl_hypernet.mps.evolution import evolve_by_gates
from pl_hypernet.mps.gates import GateEvolution
from pl_hypernet.mps.narrow_order import narrow_order
from pl_hypernet.mps.operator_gates import line_gates

RNG = np.random.default_rng(5)


def uniform(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).uniform(0.1, 2, shape)


def state_of(name, queue, n_wires):
    @qml.qnode(qml.device(name, wires=n_wires), diff_method=None)
    def circuit():
        queue()
        return qml.state()

    return np.asarray(circuit())


def spread(n_wires):
    """A state that no gate leaves as it is."""
    for wire in range(n_wires):
        qml.Rot(0.3 + wire, 0.8 - 0.1 * wire, 0.4, wire)
    for wire in range(n_wires - 1):
        qml.CNOT([wire, wire + 1])


def matrix(n_wires, seed=0):
    return unitary_group.rvs(2**n_wires, random_state=seed)


def hamiltonian():
    far = qml.X(0) @ qml.Y(6) @ qml.Z(3)
    return 0.4 * far + 0.3 * qml.Z(1) @ qml.Z(5) + 0.2 * qml.Y(2)


CIRCUITS = {
    "Fourier transform": lambda: qml.QFT(range(9)),
    "its inverse": lambda: qml.adjoint(qml.QFT)(range(9)),
    "approximate Fourier transform": lambda: qml.AQFT(3, range(9)),
    "Grover": lambda: qml.GroverOperator(range(9)),
    "Grover with a work wire": lambda: qml.GroverOperator(range(7), work_wires=[8]),
    "MCX": lambda: qml.MultiControlledX(range(9), [1, 0, 1, 1, 0, 1, 1, 0]),
    "MCX, wires in disorder": lambda: qml.MultiControlledX([8, 2, 5, 0, 7, 1, 3]),
    "Toffoli": lambda: qml.Toffoli([8, 0, 4]),
    "CCZ": lambda: qml.CCZ([7, 3, 1]),
    "CSWAP": lambda: qml.CSWAP([4, 8, 0]),
    "PSWAP": lambda: qml.PSWAP(0.7, [8, 1]),
    "controlled phase": lambda: qml.ctrl(qml.GlobalPhase(0.4), range(7), [1, 0, 1, 1, 1, 0, 1]),
    "controlled turn": lambda: qml.ctrl(qml.RX(0.4, 3), [0, 8, 2, 7, 4, 6]),
    "controlled gate of two": lambda: qml.ctrl(qml.IsingXY(0.4, [3, 0]), [8, 1, 7, 4, 6]),
    "controlled word": lambda: qml.ctrl(qml.PauliRot(0.6, "XYZXYZ", [0, 8, 2, 7, 4, 6]), [1, 5]),
    "controlled MultiRZ": lambda: qml.ctrl(qml.MultiRZ(0.6, [0, 8, 2, 7, 4, 6]), [1], [0]),
    "PauliRot": lambda: qml.PauliRot(0.6, "XIYZZYX", [8, 1, 2, 7, 4, 6, 0]),
    "inverse PauliRot": lambda: qml.adjoint(qml.PauliRot(0.6, "XYZZYX", [8, 2, 7, 4, 6, 0])),
    "MultiRZ": lambda: qml.MultiRZ(0.7, [8, 0, 3, 4]),
    "exponential": lambda: qml.exp(qml.X(0) @ qml.Y(4) @ qml.Z(8), -0.5j),
    "evolution": lambda: qml.evolve(qml.X(0) @ qml.Y(4) @ qml.Z(8), 0.5),
    "Trotter": lambda: qml.TrotterProduct(hamiltonian(), 0.7, n=2, order=2),
    "approximate evolution": lambda: qml.ApproxTimeEvolution(hamiltonian(), 0.7, 2),
    "Qubitization": lambda: qml.Qubitization(hamiltonian(), [7, 8]),
    "Select": lambda: qml.Select([qml.X(3), qml.Y(5), qml.Z(8) @ qml.X(4)], [0, 1]),
    "QROM": lambda: qml.QROM(["01", "11", "10", "00"], [0, 1], [3, 4], [5, 6]),
    "SelectPauliRot": lambda: qml.SelectPauliRot(uniform(8), [0, 7, 2], 4),
    "Adder": lambda: qml.Adder(5, [0, 1, 2, 3], 11, [7, 8]),
    "Multiplier": lambda: qml.Multiplier(3, [0, 1, 2], 8, [3, 4, 5, 7, 8]),
    "phase estimation": lambda: qml.QuantumPhaseEstimation(
        qml.RZ(0.9, 0), estimation_wires=range(2, 8)
    ),
    "unitary on three": lambda: qml.QubitUnitary(matrix(3), [8, 3, 5]),
    "unitary on five": lambda: qml.QubitUnitary(matrix(5), [8, 3, 4, 5, 0]),
    "unitary on six": lambda: qml.QubitUnitary(matrix(6), range(6)),
    "controlled unitary": lambda: qml.ControlledQubitUnitary(matrix(1), [7, 0, 3, 4, 5, 6, 1]),
    "diagonal": lambda: qml.DiagonalQubitUnitary(np.exp(1j * uniform(16)), [8, 0, 5, 3]),
    "permutation": lambda: qml.Permute([8, 3, 1, 0, 2, 4, 5, 7, 6], range(9)),
    "power": lambda: qml.pow(qml.SWAP([8, 2]), 0.37),
    "powers of three": lambda: qml.pow(qml.Toffoli([8, 2, 0]), 0.5),
    "excitation": lambda: qml.SingleExcitation(0.6, [1, 6]),
    "double excitation": lambda: qml.DoubleExcitation(0.6, [7, 1, 0, 5]),
    "fermionic excitation": lambda: qml.FermionicDoubleExcitation(0.6, [0, 1, 2], [5, 6, 7]),
    "UCCSD": lambda: qml.UCCSD(
        uniform(2), range(6), [[0, 1, 2]], [[[0, 1], [3, 4, 5]]], np.array([1, 1, 0, 0, 0, 0])
    ),
    "orbital rotation": lambda: qml.OrbitalRotation(0.6, [8, 1, 0, 5]),
    "IQP": lambda: qml.IQP(uniform(3), 9, [[[0, 8]], [[2, 5, 7]], [[1]]]),
    "strongly entangling": lambda: qml.StronglyEntanglingLayers(uniform(3, 9, 3), range(9)),
    "basic entangler": lambda: qml.BasicEntanglerLayers(uniform(3, 9), range(9)),
    "two-design": lambda: qml.SimplifiedTwoDesign(uniform(9), uniform(2, 8, 2), range(9)),
    "random layers": lambda: qml.RandomLayers(uniform(3, 9), range(9), seed=3),
    "particle conserving": lambda: qml.ParticleConservingU1(
        uniform(1, 8, 2), range(9), init_state=np.array([1, 0] * 4 + [1])
    ),
    "embedding": lambda: qml.IQPEmbedding(uniform(9), range(9), n_repeats=2),
    "QAOA embedding": lambda: qml.QAOAEmbedding(uniform(5), uniform(2, 18), range(9)),
    "MERA": lambda: qml.MERA(
        range(8), 2, lambda w, wires: qml.IsingXY(w[0], wires), 1, uniform(13, 1)
    ),
    "amplitude amplification": lambda: qml.AmplitudeAmplification(
        qml.Hadamard(0), qml.FlipSign([1, 0], [0, 5]), 2
    ),
    "reflection": lambda: qml.Reflection(qml.Hadamard(3), 0.7),
    "sign": lambda: qml.FlipSign(37, [0, 2, 3, 4, 6, 8]),
    "QSVT": lambda: qml.QSVT(
        qml.BlockEncode(np.diag(uniform(2) / 4), [0, 1]),
        [qml.PCPhase(angle, 2, [0, 1]) for angle in uniform(3)],
    ),
}


def test_select_by_unary_iteration():
    """The longest circuit of PennyLane's tests: its work wires begin and end in ``|0>``."""
    words = [qml.prod(getattr(qml, "XYZ"[i % 3])(7), qml.RX(0.1 * i, 8)) for i in range(16)]

    def queue():
        for wire in range(4):
            qml.RY(0.3 + wire, wire)
        qml.Select(words, control=range(4), work_wires=[4, 5, 6])

    exact, ours = (state_of(device, queue, 9) for device in ("default.qubit", "hypernet.mps"))
    np.testing.assert_allclose(ours, exact, atol=1e-10)


@pytest.mark.parametrize("name", CIRCUITS)
def test_templates(name):
    def queue():
        spread(9)
        CIRCUITS[name]()

    exact, ours = (state_of(device, queue, 9) for device in ("default.qubit", "hypernet.mps"))
    np.testing.assert_allclose(ours, exact, atol=1e-10)


def preparations(n_wires):
    psi = RNG.normal(size=2**n_wires) + 1j * RNG.normal(size=2**n_wires)
    psi /= np.linalg.norm(psi)
    tiny = np.full(2**n_wires, 1e-200)
    tiny[5] = 1
    return {
        "state": lambda: qml.StatePrep(psi, range(n_wires)),
        "tiny amplitudes": lambda: qml.StatePrep(tiny, range(n_wires), normalize=True),
        "Mottonen": lambda: qml.MottonenStatePreparation(psi, range(n_wires)),
        "basis state": lambda: qml.BasisState(np.array([0, 1, 1, 0, 1]), range(5)),
        "superposition": lambda: qml.Superposition(
            np.array([0.6, 0.8j]), np.array([[1, 0, 1], [0, 1, 1]]), range(3), work_wire=5
        ),
    }


@pytest.mark.parametrize("name", preparations(5))
def test_preparations(name):
    queue = preparations(5)[name]
    exact, ours = (state_of(device, queue, 6) for device in ("default.qubit", "hypernet.mps"))
    np.testing.assert_allclose(abs(np.vdot(exact, ours)), 1, atol=1e-10)


def vector(gates, n_wires):
    """By plain contractions."""
    psi = np.zeros([2] * n_wires, dtype=complex)
    psi[(0,) * n_wires] = 1
    for gate in gates:
        k = len(gate.wires)
        cube = gate.matrix().reshape([2] * 2 * k)
        psi = np.tensordot(cube, psi, axes=(list(range(k, 2 * k)), list(gate.wires)))
        psi = np.moveaxis(psi, list(range(k)), list(gate.wires))
    return psi.ravel()


def evolved(gates, n_wires):
    return evolve_by_gates(gates, qml.wires.Wires(range(n_wires)))


def clifford_and_t(n_gates, n_wires, rng):
    kinds = [qml.Hadamard, qml.S, qml.T, qml.CNOT, qml.CZ]
    gates = []
    for kind in rng.integers(0, len(kinds), n_gates):
        wires = rng.choice(n_wires, kinds[kind].num_wires or 1, replace=False).tolist()
        gates.append(kinds[kind](wires))
    return gates


@pytest.mark.parametrize("n_wires", [4, 8])
def test_thousands_of_gates(n_wires):
    gates = clifford_and_t(4000, n_wires, np.random.default_rng(0))
    state = evolved(gates, n_wires)
    np.testing.assert_allclose(state.state_vector(), vector(gates, n_wires), atol=1e-10)


def test_thousands_of_diagonal_layers_and_tiny_angles():
    n = 6
    gates = [qml.RY(0.3 + wire, wire) for wire in range(n)]
    for layer in range(600):
        gates += [qml.RZ(1e-160 * layer, wire) for wire in range(n)]
        gates += [qml.CZ([layer % n, (layer + 1 + layer % 3) % n])]
        gates += [qml.CRX(1e-160, [0, 3]), qml.IsingZZ(0.1, [1, 5])]
    state = evolved(gates, n)
    np.testing.assert_allclose(state.state_vector(), vector(gates, n), atol=1e-10)


def test_basis_states_keep_bond_dimension_1():
    n = 12
    gates = [qml.X(1), qml.X(7)]
    rng = np.random.default_rng(0)
    for _ in range(60):
        wires = rng.choice(n, 6, replace=False).tolist()
        gates += [
            qml.CNOT(wires[:2]),
            qml.SWAP(wires[2:4]),
            qml.ControlledPhaseShift(0.3, wires[4:]),
        ]
        gates += [qml.MultiControlledX(wires)]
    assert evolved(gates, n).bond_dim == 1
    gates = [qml.X(2), *qml.QFT(range(n)).decomposition()]
    assert evolved(gates, n).bond_dim == 1


@pytest.mark.parametrize("n_wires", [1, 2, 5, 6])
@pytest.mark.parametrize("rotation", [None, qml.RX, qml.RY, qml.RZ])
def test_templates_that_come_first(n_wires, rotation):
    wires = list(range(n_wires))[::-1]

    def queue():
        if rotation is None:
            qml.SimplifiedTwoDesign(uniform(n_wires), uniform(2, max(0, n_wires - 1), 2), wires)
        else:
            qml.BasicEntanglerLayers(uniform(2, n_wires), wires, rotation)
        qml.RX(0.4, 0)

    expected = state_of("default.qubit", queue, n_wires)
    np.testing.assert_allclose(state_of("hypernet.mps", queue, n_wires), expected, atol=1e-10)


@numba.njit
def orthonormal_rows(matrix):
    return splitting.orthonormal_rows(matrix)


@numba.njit
def split(matrix, to_left, max_bond_dim, cutoff):
    return splitting.split(matrix, to_left, max_bond_dim, cutoff)


def test_numbers_that_lapack_makes_nan_of():
    matrix = np.array([[-1.3981 - 0.21295j, 0], [0, 3.4445e-309 - 2.1483e-309j]])
    coefficients, rows = orthonormal_rows(matrix)
    assert rows.shape == (1, 2)
    np.testing.assert_allclose(coefficients @ rows, matrix, atol=1e-15)


@pytest.mark.parametrize("shape", [(3, 50), (50, 3), (32, 32), (130, 140)])
@pytest.mark.parametrize("to_left", [False, True])
@pytest.mark.parametrize(("kept", "cutoff"), [(2**40, 1e-12), (2, 1e-12), (2**40, 0.2)])
def test_truncation_is_the_best_there_is(shape, to_left, kept, cutoff):
    rng = np.random.default_rng(0)
    rank = min(*shape, 12)
    matrix = (rng.normal(size=(shape[0], rank)) * 0.6 ** np.arange(rank)) @ rng.normal(
        size=(rank, shape[1])
    )
    matrix = (matrix / np.linalg.norm(matrix)).astype(complex)
    left, right, dropped = split(matrix, to_left, kept, cutoff)
    s = np.linalg.svd(matrix, compute_uv=False)
    k = min(kept, int(np.sum(s >= cutoff)))
    assert left.shape[1] == right.shape[0] == k
    assert dropped == pytest.approx(np.sum(s[k:] ** 2), abs=1e-12)
    frame = right if to_left else left.T
    np.testing.assert_allclose(frame @ frame.conj().T, np.eye(k), atol=1e-12)
    fidelity = abs(np.vdot(left @ right, matrix)) ** 2 / np.linalg.norm(left @ right) ** 2
    assert fidelity == pytest.approx(1 - dropped, abs=1e-12)


def test_wires_of_a_graph_are_laid_in_an_order_of_small_bonds():
    labels = np.random.default_rng(0).permutation(16)
    grid = [(i, i + 1) for i in range(16) if i % 2 == 0] + [(i, i + 2) for i in range(14)]
    pairs = tuple(tuple(sorted((int(labels[a]), int(labels[b])))) for a, b in grid)
    order = narrow_order(16, pairs)
    place = {wire: i for i, wire in enumerate(order)}
    assert sorted(order) == list(range(16))
    assert max(abs(place[a] - place[b]) for a, b in pairs) <= 3

    def queue():
        for wire in range(16):
            qml.RY(0.3 + wire, wire)
        for a, b in pairs:
            qml.IsingZZ(0.4, [a, b])
            qml.CRX(0.2, [b, a])

    device = qml.device("hypernet.mps", wires=16)
    circuit = qml.QNode(lambda: queue() or qml.probs(wires=[0, 15, 3]), device, diff_method=None)
    exact = qml.QNode(lambda: queue() or qml.probs(wires=[0, 15, 3]), qml.device("default.qubit"))
    np.testing.assert_allclose(circuit(), exact(), atol=1e-10)
    assert device.bond_dim < 2**8


def test_planted_errors_are_noticed():
    """Gates that are left out."""
    gates = clifford_and_t(60, 5, np.random.default_rng(1))
    drawn, _ = line_gates(gates, {wire: wire for wire in range(5)})
    evolution = GateEvolution(range(5))
    evolution.apply_layers([[gate] for gate in drawn if gate[1] == tuple(sorted(gate[1]))])
    assert abs(np.vdot(evolution.state().state_vector(), vector(gates, 5))) < 0.99


@pytest.mark.parametrize("shots", [None, 2000])
def test_a_reset_takes_no_wire_of_the_device(shots):
    @qml.set_shots(shots)
    @qml.qnode(qml.device("hypernet.mps", wires=2, seed=0))
    def circuit():
        qml.Hadamard(0)
        qml.CNOT([0, 1])
        measured = qml.measure(0, reset=True)
        qml.cond(measured, qml.RX)(0.8, 1)
        qml.RX(0.3, 0)
        return qml.expval(qml.Z(0)), qml.expval(qml.Z(1)), qml.expval(measured)

    expected = [np.cos(0.3), (1 - np.cos(0.8)) / 2, 0.5]
    np.testing.assert_allclose(circuit(), expected, atol=0.07 if shots else 1e-10)
