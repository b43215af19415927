"""The matrix product state against state vectors, strongest tests first."""

import itertools

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennylane.wires import Wires

from pl_hypernet.circuits import HardwareEfficientAnsatz
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.mps.batches import sample_all
from pl_hypernet.mps.closed_form import closed_form
from pl_hypernet.mps.evolution import evolve
from pl_hypernet.mps.state import MatrixProductState
from pl_hypernet.spins import to_spins
from pl_hypernet.testing import ALPHA, g_test, standard_deviations

ROTATIONS = [("RY", "RZ"), ("RX",), ("RZ", "RX"), ("RX", "RY", "RZ")]
OPTIONS = list(itertools.product(ROTATIONS, ["CZ", "CNOT"], ["chain", "brick", "ring", "none"]))


def wires(n):
    return qml.wires.Wires(range(n))


def random_ansatz(n_layers, n_wires, seed=0, **options):
    shape = HardwareEfficientAnsatz.shape(n_layers, n_wires, options.get("rotations", ["RY", "RZ"]))
    theta = np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)
    return HardwareEfficientAnsatz(theta, wires=range(n_wires), **options)


def random_circuit(n_wires, n_gates, seed):
    """Random gates of PennyLane on one and two wires, far-apart ones included."""
    rng = np.random.default_rng(seed)
    single = [qml.RX, qml.RY, qml.RZ, qml.PhaseShift]
    double = [qml.CRX, qml.CRZ, qml.IsingXX, qml.IsingXY, qml.ControlledPhaseShift]
    fixed = [qml.CNOT, qml.CZ, qml.SWAP, qml.ISWAP, qml.CY]
    gates = []
    for _ in range(n_gates):
        a, b = rng.choice(n_wires, 2, replace=False).tolist()
        kind = rng.integers(5)
        if kind == 0:
            gates.append(single[rng.integers(len(single))](rng.uniform(-3, 3), a))
        elif kind == 1:
            gates.append(double[rng.integers(len(double))](rng.uniform(-3, 3), [a, b]))
        elif kind == 2:
            gates.append(fixed[rng.integers(len(fixed))]([a, b]))
        elif kind == 3:
            gates.append(qml.Rot(*rng.uniform(-3, 3, 3), a))
        else:
            unitary, _ = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))
            gates.append(qml.QubitUnitary(unitary, [a, b]))
    return gates


def state_vector(operations, n_wires):
    """The oracle: PennyLane's default.qubit."""
    tape = qml.tape.QuantumScript(operations, [qml.state()])
    dev = qml.device("default.qubit", wires=n_wires)
    return qml.execute([tape], dev, diff_method=None)[0]


def drawn_probabilities(state, n_wires):
    """Probability of every bitstring as the product of the sampler's own conditional ones.

    Random numbers 0 and 1 force the sampler through every string that it can draw.
    """
    forced = np.array(list(itertools.product([0.0, 1.0], repeat=n_wires))).T.copy()
    bits, log_probabilities = state.draw(forced)
    outcomes = bits @ (1 << np.arange(n_wires)[::-1])
    probabilities = np.zeros(2**n_wires)
    probabilities[outcomes] = np.exp(log_probabilities)
    return probabilities


@pytest.mark.parametrize(("rotations", "entangler", "pattern"), OPTIONS)
@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
def test_conditional_probabilities_of_the_ansatz(rotations, entangler, pattern, n_layers):
    n = 8
    ansatz = random_ansatz(n_layers, n, rotations=rotations, entangler=entangler, pattern=pattern)
    (state,) = evolve([[ansatz]], [wires(n)])
    exact = np.abs(state_vector([ansatz], n)) ** 2
    np.testing.assert_allclose(drawn_probabilities(state, n), exact, atol=1e-10, rtol=0)


@pytest.mark.parametrize("seed", range(12))
def test_conditional_probabilities_of_random_circuits(seed):
    n = 8
    gates = random_circuit(n, 40, seed)
    (state,) = evolve([gates], [wires(n)])
    exact = np.abs(state_vector(gates, n)) ** 2
    np.testing.assert_allclose(drawn_probabilities(state, n), exact, atol=1e-10, rtol=0)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    n_wires=st.integers(1, 6),
    n_layers=st.integers(0, 3),
    options=st.sampled_from(OPTIONS),
)
def test_amplitudes_of_any_ansatz(seed, n_wires, n_layers, options):
    names = dict(zip(("rotations", "entangler", "pattern"), options, strict=True))
    ansatz = random_ansatz(n_layers, n_wires, seed, **names)
    (state,) = evolve([[ansatz]], [wires(n_wires)])
    exact = state_vector([ansatz], n_wires)
    np.testing.assert_allclose(state.state_vector(), exact, atol=1e-12)


def test_gates_after_the_ansatz_and_wires_in_another_order():
    theta = np.random.default_rng(3).uniform(-3, 3, HardwareEfficientAnsatz.shape(2, 4))
    operations = [
        HardwareEfficientAnsatz(theta, wires=[4, 1, 5, 2]),
        qml.CRX(0.3, wires=[0, 5]),
        qml.IsingXY(0.7, wires=[4, 3]),
        qml.adjoint(HardwareEfficientAnsatz(theta * 0.9, wires=[0, 1, 2, 3])),
    ]
    (state,) = evolve([operations], [wires(6)])
    order = state.wires.indices(wires(6))
    amplitudes = state.state_vector().reshape([2] * 6).transpose(order).ravel()
    exact = qml.matrix(qml.tape.QuantumScript(operations), wire_order=range(6))[:, 0]
    np.testing.assert_allclose(amplitudes, exact, atol=1e-10)


@pytest.mark.parametrize(
    ("pattern", "n_layers", "bond_dim"),
    [("chain", 3, 8), ("ring", 2, 16), ("brick", 3, 4), ("chain", 0, 1), ("none", 2, 1)],
)
def test_bond_dimension_is_as_stated(pattern, n_layers, bond_dim):
    assert closed_form(random_ansatz(n_layers, 66, pattern=pattern)).bond_dim == bond_dim


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_bell_and_ghz_allow_only_their_strings(order):
    ghz = [qml.Hadamard(order[0]), qml.CNOT(order[:2]), qml.CNOT(order[1:])]
    bell = [qml.Hadamard(order[0]), qml.CNOT([order[0], order[2]]), qml.PauliX(order[1])]
    states = evolve([ghz, bell], [wires(3)] * 2)
    rng = np.random.default_rng(0)
    bits, _ = states[0].sample(20000, rng)
    assert set(map(tuple, bits.tolist())) == {(0, 0, 0), (1, 1, 1)}
    assert abs(bits[:, 0].mean() - 0.5) < 0.02
    bits, _ = states[1].sample(20000, rng)
    assert (bits[:, order[1]] == 1).all()
    assert (bits[:, order[0]] == bits[:, order[2]]).all()


def test_basis_state_at_many_wires():
    gates = [qml.PauliX(i) for i in range(0, 1500, 7)]
    (state,) = evolve([gates], [wires(1500)])
    bits, log_probabilities = state.sample(50, np.random.default_rng(0))
    assert (bits == (np.arange(1500) % 7 == 0)).all()
    np.testing.assert_allclose(log_probabilities, 0, atol=1e-9)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_shots_follow_the_exact_distribution(precision, n_layers):
    n = 6
    ansatz = random_ansatz(n_layers, n, seed=5)
    (state,) = evolve([[ansatz]], [wires(n)])
    bits, _ = state.sample(100_000, np.random.default_rng(1), precision)
    assert g_test(bits, np.abs(state_vector([ansatz], n)) ** 2) > ALPHA


def test_log_probabilities_are_those_of_the_bits_drawn():
    n = 7
    ansatz = random_ansatz(2, n, seed=6)
    (state,) = evolve([[ansatz]], [wires(n)])
    exact = np.abs(state_vector([ansatz], n)) ** 2
    for precision, tolerance in (("single", 1e-4), ("double", 1e-10)):
        bits, log_probabilities = state.sample(300, np.random.default_rng(2), precision)
        outcomes = bits @ (1 << np.arange(n)[::-1])
        np.testing.assert_allclose(log_probabilities, np.log(exact[outcomes]), atol=tolerance)


def local_expectation(state, *positions):
    """<Z_i Z_j ...> by contracting the whole line: an oracle without sampling."""
    left = np.ones((1, 1))
    for i, site in enumerate(state.to_sites()):
        signed = site * np.array([1, -1])[None, :, None] if i in positions else site
        left = np.einsum("ab,axc,bxd->cd", left, signed, site.conj())
    return float(left[0, 0].real)


def test_correlations_at_66_wires():
    (state,) = evolve([[random_ansatz(2, 66, seed=7)]], [wires(66)])
    bits, _ = state.sample(20_000, np.random.default_rng(3))
    spins = to_spins(bits).astype(float)
    for i in range(0, 66, 5):
        assert standard_deviations(spins[:, i], local_expectation(state, i)) < 5
        j = (i + 1) % 66
        pair = spins[:, i] * spins[:, j]
        assert standard_deviations(pair, local_expectation(state, i, j)) < 5


def test_shots_are_independent_of_each_other():
    (state,) = evolve([[random_ansatz(2, 20, seed=8)]], [wires(20)])
    bits, _ = state.sample(20_000, np.random.default_rng(4))
    spins = to_spins(bits).astype(float)
    centred = spins - spins.mean(axis=0)
    lagged = (centred[1:] * centred[:-1]).sum(axis=1)
    assert standard_deviations(lagged, 0.0) < 5


# Samplers made wrong on purpose: the tests above must notice them.


def _flipped_wire(bits, probabilities):
    bits = bits.copy()
    bits[:, 2] ^= 1
    return bits


def _reversed_order(bits, probabilities):
    return bits[:, ::-1]


def _stuck_bit(bits, probabilities):
    bits = bits.copy()
    bits[:, 1] = 0
    return bits


def _no_correlations(bits, probabilities):
    rng = np.random.default_rng(9)
    return np.stack([rng.permutation(column) for column in bits.T], axis=1)


def _biased_by_two_percent(bits, probabilities):
    rng = np.random.default_rng(9)
    bits = bits.copy()
    bits[:, 2] |= (rng.random(len(bits)) < 0.02).astype(np.int8)
    return bits


@pytest.mark.parametrize(
    "spoil",
    [_flipped_wire, _reversed_order, _stuck_bit, _no_correlations, _biased_by_two_percent],
)
def test_a_wrong_sampler_fails(spoil):
    n = 6
    ansatz = random_ansatz(2, n, seed=5)
    (state,) = evolve([[ansatz]], [wires(n)])
    exact = np.abs(state_vector([ansatz], n)) ** 2
    bits, _ = state.sample(100_000, np.random.default_rng(1))
    assert g_test(bits, exact) > ALPHA
    assert g_test(spoil(bits, exact), exact) < ALPHA


def test_a_sampler_that_is_not_canonical_fails():
    """Conditional probabilities from tensors that are not right-canonical are wrong."""
    n = 6
    ansatz = random_ansatz(2, n, seed=5)
    (state,) = evolve([[ansatz]], [wires(n)])
    wrong = MatrixProductState(state.tensors, state.wires, state.bond_dims)
    wrong.__dict__["canonical"] = state.tensors  # skips the sweep
    exact = np.abs(state_vector([ansatz], n)) ** 2
    assert np.abs(drawn_probabilities(wrong, n) - exact).max() > 1e-3


def test_same_seed_same_bits_and_blocks_do_not_matter():
    (state,) = evolve([[random_ansatz(2, 30, seed=1)]], [wires(30)])
    first, _ = state.sample(700, np.random.default_rng(5))
    again, _ = state.sample(700, np.random.default_rng(5))
    np.testing.assert_array_equal(first, again)
    uniforms = np.random.default_rng(5).random((30, 700), dtype=np.float32)
    parts = [state.draw(np.ascontiguousarray(part))[0] for part in np.split(uniforms, 7, axis=1)]
    np.testing.assert_array_equal(np.concatenate(parts), state.draw(uniforms)[0])


def test_circuits_sampled_together_have_their_own_shots():
    shape = HardwareEfficientAnsatz.shape(2, 5)
    angles = np.random.default_rng(0).uniform(0, 3, (5, *shape))
    circuits = [[HardwareEfficientAnsatz(theta, range(5))] for theta in angles]
    states = evolve(circuits, [Wires(range(5))] * 5)
    shots = [7, 7, 4, 9, 9]
    together = list(sample_all(states, shots, np.random.default_rng(1), "double"))
    rng = np.random.default_rng(1)
    for state, n, bits in zip(states, shots, together, strict=True):
        np.testing.assert_array_equal(bits, state.sample(n, rng, "double")[0])


@pytest.mark.parametrize("pattern", ["chain", "brick", "ring"])
def test_overlap_equals_the_state_vectors(pattern):
    n = 7
    ansaetze = [random_ansatz(2, n, seed, pattern=pattern) for seed in (1, 2)]
    states = evolve([[ansatz] for ansatz in ansaetze], [wires(n)] * 2)
    vectors = [state_vector([ansatz], n) for ansatz in ansaetze]
    exact = abs(np.vdot(vectors[0], vectors[1])) ** 2
    assert states[0].overlap(states[1]) == pytest.approx(exact, abs=1e-12)
    assert states[0].overlap(states[0]) == pytest.approx(1, abs=1e-12)
    with pytest.raises(InputError, match="expected the same wires"):
        states[0].overlap(evolve([[]], [wires(3)])[0])


def test_truncation_keeps_its_promises():
    n = 12
    gates = random_circuit(n, 150, seed=1)
    exact = state_vector(gates, n)
    fidelities = []
    for max_bond_dim in (2, 8, 16, 64):
        (state,) = evolve([gates], [wires(n)], max_bond_dim)
        assert state.bond_dim <= max_bond_dim
        vector = state.state_vector()
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-10)
        fidelities.append(abs(np.vdot(exact, vector)) ** 2)
    assert fidelities == sorted(fidelities)
    assert fidelities[-1] == pytest.approx(1, abs=1e-10)
    assert fidelities[0] < 0.5


def test_truncated_ansatz_loses_what_it_says():
    n = 10
    ansatz = random_ansatz(4, n, seed=2)
    exact, truncated = evolve([[ansatz]], [wires(n)])[0], evolve([[ansatz]], [wires(n)], 3)[0]
    assert exact.fidelity == 1
    assert truncated.bond_dim == 3
    lost = 1 - exact.overlap(truncated)
    assert 1e-4 < lost < 2 * (1 - truncated.fidelity)
    (by_cutoff,) = evolve([[ansatz]], [wires(n)], None, 0.05)
    assert by_cutoff.bond_dim < exact.bond_dim


def test_schmidt_coefficients_are_cut_at_the_best_place():
    """Of all states of bond dimension 1, the best keeps the largest Schmidt coefficient."""
    gates = [qml.RY(0.6, 0), qml.CNOT([0, 1])]
    (state,) = evolve([gates], [wires(2)], max_bond_dim=1)
    assert 1 - state.fidelity == pytest.approx(np.sin(0.3) ** 2)
    np.testing.assert_allclose(np.abs(state.state_vector()), [1, 0, 0, 0], atol=1e-12)


def test_too_large_for_closed_form():
    big = random_ansatz(12, 60, entangler="CNOT")
    with pytest.raises(DeviceError, match="bond dimension of 4,096"):
        evolve([[big]], [wires(60)])


def test_too_large_for_a_state_vector():
    (state,) = evolve([[random_ansatz(1, 21)]], [wires(21)])
    with pytest.raises(InputError, match="stops at 20 wires"):
        state.state_vector()
