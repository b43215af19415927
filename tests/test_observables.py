"""Whatever is measured: hypernet.mps and default.tensor against default.qubit's state vector.

Set PL_HYPERNET_CASES=2000 for a long run; -s shows what was refused, and why.
"""

import os
from collections import Counter
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product

import numpy as np
import pennylane as qml
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pennylane.measurements import CountsMP, SampleMeasurement, SampleMP
from pennylane.tape import QuantumScript
from scipy.stats import chi2

import pl_hypernet as plh
from pl_hypernet.devices import settings as measurement_settings
from pl_hypernet.devices.observable_forms import Rotation
from pl_hypernet.devices.shadows import SHADOWS
from pl_hypernet.errors import DeviceError
from pl_hypernet.testing import ALPHA

CASES = int(os.environ.get("PL_HYPERNET_CASES", "200"))
DEVICES = ("hypernet.mps", "default.tensor")
SHOTS = 1500
ERRORS = 6  # standard errors that a mean may lie off; 1 case in 5e8
REFUSED = Counter()
LABELS = ([0, 1, 2, 3], [2, 0, 3, 1], ["a", 5, "c", 0], [7, 3, 9, 1])
LETTERS = (qml.X, qml.Y, qml.Z)


# What is measured


@st.composite
def leaves(draw, wires):
    order = draw(st.permutations(wires))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.integers(0, 11))
    if kind <= 6:
        return LETTERS[kind % 3](order[0])
    if kind == 7:
        return qml.Identity(order[0])
    if kind == 8:
        return qml.Hadamard(order[0])
    if kind == 9:
        k = draw(st.integers(1, 2))
        matrix = rng.normal(size=(2**k, 2**k)) + 1j * rng.normal(size=(2**k, 2**k))
        return qml.Hermitian(matrix + matrix.conj().T, order[:k])
    if kind == 10:
        k = draw(st.integers(1, 3))
        return qml.Projector(rng.integers(0, 2, k), order[:k])
    vector = rng.normal(size=4) + 1j * rng.normal(size=4)
    return qml.Projector(vector / np.linalg.norm(vector), order[:2])


NUMBERS = st.sampled_from([0.5, -1.3, 2.0, 0.0, 1.0, 1j, -0.7j, 0.3 + 0.4j])


def times(one, other):
    both = isinstance(one, qml.Hamiltonian) and isinstance(other, qml.Hamiltonian)
    return qml.prod(one, other) if both else one @ other  # two Hamiltonians may not overlap


def composites(children):
    pairs = st.tuples(children, children)
    return st.one_of(
        st.builds(qml.s_prod, NUMBERS, children),
        pairs.map(lambda p: qml.prod(*p)),
        pairs.map(lambda p: times(*p)),
        pairs.map(lambda p: qml.sum(*p)),
        pairs.map(lambda p: times(*p) + times(*p[::-1])),
        pairs.map(lambda p: 1j * times(*p) - 1j * times(*p[::-1])),
        pairs.map(lambda p: qml.Hamiltonian([0.5, -0.9], list(p))),
        pairs.map(lambda p: qml.dot([1.1, 0.4], list(p))),
    )


def observables(wires):
    return st.recursive(leaves(wires), composites, max_leaves=5)


@st.composite
def measurements(draw, wires):
    """One measurement, and by what it is checked."""
    some = draw(st.permutations(wires))[: draw(st.integers(1, len(wires)))]
    kind = draw(st.integers(0, 11))
    if kind == 0:
        return check_bits, draw(st.sampled_from([qml.probs, qml.sample, qml.counts]))(wires=some)
    if kind == 1:
        weights = np.arange(1.0, len(some) + 1)
        return check_loss, plh.expected_loss(lambda bits: bits @ weights, some)
    if kind == 2:
        word = qml.prod(*(draw(st.sampled_from(LETTERS))(wire) for wire in some))
        return check_bits, qml.probs(op=word)
    if kind == 3:
        if len(some) > 1 and draw(st.booleans()):
            return check_reduced, qml.mutual_info(some[:1], some[1:])
        named = [qml.density_matrix, qml.vn_entropy, qml.purity]
        return check_reduced, draw(st.sampled_from(named))(wires=some)
    if kind == 11:
        words = [qml.prod(*(draw(st.sampled_from(LETTERS))(w) for w in some)) for _ in range(2)]
        if draw(st.booleans()):
            return check_shadow_means, qml.shadow_expval(words, seed=draw(st.integers(0, 9)))
        return check_shadow, qml.classical_shadow(some, seed=draw(st.integers(0, 9)))
    observable = draw(observables(wires))
    if kind <= 5:
        return check_mean, qml.expval(observable)
    if kind <= 7:
        return check_variance, qml.var(observable)
    if kind == 8:
        return check_outcomes, qml.sample(observable)
    return check_outcomes, qml.counts(observable, all_outcomes=draw(st.booleans()))


@dataclass
class Case:
    """A circuit on four wires, and how it is run.

    Attributes:
        direct: whether the tape skips PennyLane's preprocessing.
    """

    operations: list
    measured: list
    wires: list
    device_wires: list | None
    shots: object
    direct: bool


@st.composite
def cases(draw):
    wires = draw(st.sampled_from(LABELS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    operations = []
    if draw(st.booleans()):
        theta = rng.uniform(-3, 3, plh.HardwareEfficientAnsatz.shape(1, 4))
        operations.append(plh.HardwareEfficientAnsatz(theta, wires=draw(st.permutations(wires))))
    for _ in range(draw(st.integers(0, 8))):
        a, b = (wires[i] for i in rng.choice(4, 2, replace=False))
        angle = rng.uniform(-3, 3)
        gates = [qml.RX(angle, a), qml.RY(angle, a), qml.CNOT([a, b]), qml.IsingXY(angle, [a, b])]
        operations.append(gates[rng.integers(4)])
    operations += [qml.Identity(wire) for wire in wires]
    measured = draw(st.lists(measurements(wires), min_size=1, max_size=3))
    shots = draw(st.sampled_from([None, SHOTS, [SHOTS, 400]]))
    if any(check is check_reduced for check, _ in measured):
        measured = [
            pair for pair in measured if not isinstance(pair[1], (SampleMP, CountsMP, *SHADOWS))
        ]
        shots = None
    elif any(isinstance(m, (SampleMP, CountsMP, *SHADOWS)) for _, m in measured):
        shots = shots or SHOTS
    device_wires = draw(st.sampled_from([wires, wires[::-1], None]))
    return Case(operations, measured, wires, device_wires, shots, draw(st.booleans()))


# What is right


def dense(operator, wires):
    """Not by qml.matrix, which is wrong for X(2) @ H(1) @ Y(0) @ CNOT([1, 3]) in PennyLane 0.45."""
    if isinstance(operator, qml.ops.SProd):
        return complex(operator.scalar) * dense(operator.base, wires)
    if isinstance(operator, qml.ops.CompositeOp):
        combined = np.matmul if isinstance(operator, qml.ops.Prod) else np.add
        return reduce(combined, [dense(part, wires) for part in operator])
    return qml.matrix(operator, wire_order=wires)


def check_mean(measurement, value, vector, shots, wires):
    matrix = dense(measurement.obs, wires)
    mean = np.vdot(vector, matrix @ vector).real
    size = max(1.0, np.abs(matrix).max())
    allowed = 1e-8 * size
    if shots is not None:
        # of Pauli words that are measured apart, which no eigenbasis exceeds
        for letters in product([np.eye(2), *(qml.matrix(op(0)) for op in LETTERS)], repeat=4):
            word = reduce(np.kron, letters)
            spread = np.sqrt(max(0.0, 1 - np.vdot(vector, word @ vector).real ** 2))
            allowed += ERRORS * abs(np.vdot(word, matrix)) / 16 * spread / np.sqrt(shots)
        allowed += 20 * size / shots  # of outcomes too rare to be normal
    assert abs(value - mean) <= allowed


def check_variance(measurement, value, vector, shots, wires):
    values, probabilities = spectrum(measurement.obs, vector, wires)
    central = values - probabilities @ values
    variance = probabilities @ central**2
    allowed = 1e-7 * max(1.0, np.abs(values).max()) ** 2
    if shots is not None:
        fourth = probabilities @ central**4 - variance**2
        allowed += ERRORS * np.sqrt(max(0.0, fourth) / shots) + 40 * np.ptp(values) ** 2 / shots
    assert abs(value - variance) <= allowed


def check_outcomes(measurement, result, vector, shots, wires):
    """Shots of an observable: its eigenvalues, as often as they should be."""
    values, probabilities = spectrum(measurement.obs, vector, wires)
    if isinstance(measurement, CountsMP):
        drawn, numbers = np.array(list(result)), np.array(list(result.values()))
        assert numbers.all() or measurement.all_outcomes
        assert len(drawn) >= np.count_nonzero(probabilities > 1e-9) or not measurement.all_outcomes
    else:
        assert result.dtype == np.float64
        drawn, numbers = result, np.ones(len(result))
    assert numbers.sum() == shots
    nearest = np.abs(drawn[:, None] - values).argmin(axis=1)
    np.testing.assert_allclose(drawn, values[nearest], atol=1e-6 * max(1, np.abs(values).max()))
    check_numbers(np.bincount(nearest, weights=numbers, minlength=len(values)), probabilities)


def spectrum(observable, vector, wires):
    """Eigenvalues that differ, and their probabilities."""
    values, vectors = np.linalg.eigh(dense(observable, wires))
    probabilities = np.abs(vectors.conj().T @ vector) ** 2
    groups = np.concatenate([[0], np.cumsum(np.diff(values) > 1e-7 * max(1, abs(values).max()))])
    first = np.unique(groups, return_index=True)[1]
    return values[first], np.bincount(groups, weights=probabilities)


def check_numbers(observed, probabilities):
    """How often outcomes came, by a G-test."""
    assert not observed[probabilities < 1e-9].any()
    expected = probabilities * observed.sum()
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    there = observed > 0
    g = 2 * np.sum(observed[there] * np.log(observed[there] / expected[there]))
    assert chi2.sf(g, df=max(1, np.count_nonzero(expected) - 1)) > ALPHA


def probabilities_of(measurement, vector, wires):
    """Of the bits of a measurement, in the eigenbasis of its Pauli word if it has one."""
    if measurement.obs is not None:
        for gate in measurement.obs.diagonalizing_gates():
            vector = qml.matrix(gate, wire_order=wires) @ vector
    axes = [wires.index(wire) for wire in measurement.wires]
    rest = [axis for axis in range(4) if axis not in axes]
    cube = np.abs(vector.reshape([2] * 4).transpose(axes + rest)) ** 2
    return cube.reshape(2 ** len(axes), -1).sum(axis=1)


def check_bits(measurement, result, vector, shots, wires):
    exact = probabilities_of(measurement, vector, wires)
    k = len(measurement.wires)
    if isinstance(measurement, SampleMP):
        assert result.shape == (shots, k)
        assert result.dtype == np.int64
        check_numbers(np.bincount(result @ (1 << np.arange(k)[::-1]), minlength=2**k), exact)
    elif isinstance(measurement, CountsMP):
        assert sum(result.values()) == shots
        check_numbers(np.array([result.get(f"{i:0{k}b}", 0) for i in range(2**k)]), exact)
    elif shots is not None:
        check_numbers(result * shots, exact)
    else:
        np.testing.assert_allclose(result, exact, atol=1e-9)


def check_loss(measurement, result, vector, shots, wires):
    exact = probabilities_of(measurement, vector, wires)
    k = len(measurement.wires)
    losses = plh.measurements.bitstrings(0, 2**k, k) @ np.arange(1.0, k + 1)
    mean = exact @ losses
    allowed = 1e-9
    if shots is not None:
        allowed += ERRORS * np.sqrt(max(0.0, exact @ losses**2 - mean**2) / shots) + 60 / shots
    assert abs(result - mean) <= allowed


def check_reduced(measurement, result, vector, shots, wires):
    numbered = measurement.map_wires({wire: i for i, wire in enumerate(wires)})
    tape = QuantumScript([qml.StatePrep(vector, range(4))], [numbered])
    (exact,) = qml.execute([tape], qml.device("default.qubit", wires=4), diff_method=None)
    np.testing.assert_allclose(result, exact, atol=1e-7)


def check_shadow_means(measurement, result, vector, shots, wires):
    for word, value in zip(measurement.H, result, strict=True):
        mean = np.vdot(vector, dense(word, wires) @ vector).real
        most = 3 ** len(word.wires)  # a snapshot that has the word's basis counts so much
        assert abs(value - mean) <= ERRORS * np.sqrt(most / shots) + 20 * most / shots


def check_shadow(measurement, result, vector, shots, wires):
    """The recipes of PennyLane's seed, and bits that are as likely as they should be in each."""
    bits, recipes = result
    k = len(measurement.wires)
    assert result.dtype == np.int8
    drawn = np.random.RandomState(measurement.seed).randint(0, 3, size=(shots, k))
    np.testing.assert_array_equal(recipes, drawn)
    letters = [LETTERS[recipe] for recipe in recipes[0]]
    same = bits[(recipes == recipes[0]).all(axis=1)]
    word = qml.prod(*(letter(w) for letter, w in zip(letters, measurement.wires, strict=True)))
    exact = probabilities_of(qml.probs(op=word), vector, wires)
    check_numbers(np.bincount(same @ (1 << np.arange(k)[::-1]), minlength=2**k), exact)


def check_case(name, case):
    """One circuit on one device: each number is right, or all are refused for a good reason."""
    everything = QuantumScript(case.operations, [qml.state()])
    oracle = qml.device("default.qubit", wires=case.wires)
    (vector,) = qml.execute([everything], oracle, diff_method=None)
    dev = plh.device(name, wires=case.device_wires, seed=1)
    tape = QuantumScript(case.operations, [m for _, m in case.measured], shots=case.shots)
    # a loss is lowered, and an ansatz decomposed, by preprocessing
    needs_it = any(check is check_loss for check, _ in case.measured) or name != "hypernet.mps"
    refused = not all(is_hermitian(m.obs, case.wires) for _, m in case.measured if m.obs)
    try:
        if case.direct and not needs_it:
            (result,) = dev.execute([tape])
        else:
            (result,) = qml.execute([tape], dev, diff_method=None, interface=None)
    except DeviceError as error:
        if "not Hermitian" not in str(error) or not (refused or has_wide_parts(case)):
            raise
        REFUSED[str(error).partition(" is ")[2]] += 1
        return
    assert not refused
    parts = result if tape.shots.has_partitioned_shots else [result]
    numbers = list(tape.shots) if tape.shots else [None]
    for part, shots in zip(parts, numbers, strict=True):
        values = [part] if len(case.measured) == 1 else part
        for (check, measurement), value in zip(case.measured, values, strict=True):
            check(measurement, value, vector, shots, case.wires)


def is_hermitian(observable, wires):
    matrix = dense(observable, wires)
    return np.abs(matrix - matrix.conj().T).max() <= 1e-8 * max(1.0, np.abs(matrix).max())


def has_wide_parts(case):
    """Whether an observable holds more than Pauli words and small matrices: its terms then must be
    Hermitian one by one."""
    observables = [m.obs for _, m in case.measured if m.obs is not None]
    return any(len(part.wires) > 2 for obs in observables for part in parts_of(obs))


def parts_of(observable):
    """What an observable is made of."""
    if isinstance(observable, qml.ops.SProd):
        return parts_of(observable.base)
    if isinstance(observable, qml.ops.CompositeOp):
        return [part for term in observable for part in parts_of(term)]
    return [observable]


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases())
def test_any_measurement_is_that_of_the_state(case):
    for name in DEVICES:
        check_case(name, case)


def test_what_was_refused():
    """Runs after the test above: its cases are refused for this reason alone, and not many."""
    for reason, number in REFUSED.items():
        print(f"{number} of {2 * CASES} refused: {reason}")
        assert reason.startswith("not Hermitian")
        assert number < CASES


# A device made wrong on purpose: the test above must notice it.


def test_scoring_by_other_gates_than_those_of_the_words_is_noticed(monkeypatch):
    """The circuit is rotated by an observable's own gates, its bits are scored by its words."""
    right = measurement_settings._parts

    def wrong(index, measurement, wires):
        parts = right(index, measurement, wires)
        obs = measurement.obs
        if len(parts) != 1 or obs is None or not obs.has_diagonalizing_gates:
            return parts
        unitary = np.eye(2 ** len(obs.wires))
        for gate in obs.diagonalizing_gates():
            unitary = qml.matrix(gate, wire_order=obs.wires) @ unitary
        return [replace(parts[0], basis=Rotation(obs.wires, unitary))]

    @settings(max_examples=200, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(cases())
    def check(case):
        if case.shots is not None:
            check_case("hypernet.mps", case)

    monkeypatch.setattr(measurement_settings, "_parts", wrong)
    with pytest.raises(AssertionError):
        check()


# Numbers that were wrong


def run(circuit, device, shots=None):
    qnode = qml.QNode(circuit, device, interface=None, diff_method=None)
    return qml.set_shots(qnode, shots=shots)()


@pytest.mark.parametrize("name", DEVICES)
def test_products_that_overlap(name):
    y = np.sin(0.4), np.sin(0.9)
    product_ = qml.prod(qml.X(0) @ qml.Z(1), qml.Z(0) @ qml.X(1))  # Y(0) @ Y(1)
    scaled = 1j * (qml.X(0) @ qml.Z(0))  # Y(0)

    def circuit():
        qml.RX(0.4, 0)
        qml.RX(0.9, 1)
        hamiltonian = qml.Hamiltonian([0.5, 0.9], [product_, qml.Z(0)])
        return [qml.expval(o) for o in (product_, scaled, hamiltonian)] + [qml.var(product_)]

    exact = [y[0] * y[1], -y[0], 0.5 * y[0] * y[1] + 0.9 * np.cos(0.4), 1 - (y[0] * y[1]) ** 2]
    dev = plh.device(name, wires=2, seed=0)
    np.testing.assert_allclose(run(circuit, dev), exact, atol=1e-12)
    np.testing.assert_allclose(run(circuit, dev, 40_000), exact, atol=0.03)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("wires", [3, None])
def test_tapes_that_skip_preprocessing(name, wires):
    operations = [qml.RX(0.5, 0), qml.RY(0.7, 1), qml.CNOT([0, 1])]
    observables = [qml.Z(0) @ qml.Y(2), qml.X(1), qml.Z(1), qml.X(0), qml.Z(0)]
    exact = [0, np.sin(0.7), np.cos(0.5) * np.cos(0.7), 0, np.cos(0.5)]
    for shots in (None, 20_000):
        measured = [qml.expval(observable) for observable in observables]
        tape = QuantumScript(operations, measured, shots=shots)
        (values,) = plh.device(name, wires=wires, seed=0).execute([tape])
        np.testing.assert_allclose(values, exact, atol=1e-12 if shots is None else 0.04)
    batched = QuantumScript([qml.RX(np.array([0.1, 0.2]), 0)], [qml.expval(qml.Z(0))])
    with pytest.raises(DeviceError, match="a batch of"):
        plh.device(name, wires=wires).execute([batched])
    with pytest.raises(DeviceError, match="no value without shots"):
        plh.device(name, wires=wires).execute([QuantumScript([], [qml.sample(wires=0)])])
    with pytest.raises(DeviceError, match="cannot be measured with shots"):
        plh.device(name, wires=wires).execute([QuantumScript([], [qml.state()], shots=3)])


# default.tensor: all of one state


@pytest.mark.parametrize("method", ["mps", "tn"])
def test_exact_values_of_default_tensor_are_those_of_its_shots(method):
    options = {"max_bond_dim": 2} if method == "mps" else {}
    dev = plh.device("default.tensor", wires=4, seed=0, method=method, **options)

    def circuit():
        qml.Hadamard(0)
        qml.CNOT([0, 3])
        qml.Hadamard(1)
        qml.CNOT([1, 2])
        qml.RY(0.4, 3)
        qml.CNOT([3, 1])
        return qml.expval(qml.Identity(0)), qml.expval(qml.Z(0) @ qml.Z(3)), qml.var(qml.X(0))

    exact = run(circuit, dev)
    assert exact[0] == pytest.approx(1)
    np.testing.assert_allclose(run(circuit, dev, 40_000), exact, atol=0.03)


def test_default_tensor_lays_its_wires_in_the_order_given():
    dev = plh.device("default.tensor", wires=[0, 7, 1, 6, 2, 5, 3, 4], max_bond_dim=2)

    def circuit():
        for a in range(4):
            qml.Hadamard(a)
            qml.CNOT([a, 7 - a])
        return qml.expval(qml.Z(0) @ qml.Z(7)), qml.expval(qml.X(3) @ qml.X(4))

    np.testing.assert_allclose(run(circuit, dev), 1)


@pytest.mark.parametrize("name", DEVICES)
def test_wires_of_a_circuit_alone(name):
    def circuit(measure):
        qml.X(9)
        qml.Identity(20)
        return measure()

    np.testing.assert_allclose(
        run(lambda: circuit(qml.probs), plh.device(name)), [0, 0, 1, 0], atol=1e-12
    )
    bits = run(lambda: circuit(qml.sample), plh.device(name), 3)
    np.testing.assert_array_equal(bits, [[1, 0]] * 3)


def test_the_tn_method_gives_sums_of_words_beyond_a_state_vector():
    n = 21
    energy = qml.dot([0.3, 0.7, -1.1], [qml.Z(2) @ qml.Z(3), qml.X(0) @ qml.Y(20), qml.X(7)])

    def circuit():
        for i in range(n):
            qml.RY(0.1 * i, i)
        for i in range(n - 1):
            qml.CNOT([i, i + 1])
        return qml.expval(energy), qml.expval(qml.Projector([0, 1], [3, 20]))

    exact = run(circuit, plh.device("hypernet.mps", wires=n))
    values = run(circuit, plh.device("default.tensor", wires=n, method="tn"))
    np.testing.assert_allclose(values, exact, atol=1e-9)


# Many wires


def test_observables_at_70_wires():
    n = 70
    angles = np.linspace(0.1, 1.5, n)
    dev = plh.device("hypernet.mps", wires=n, seed=0)
    matrix = np.array([[1.0, 2.0], [2.0, -0.5]])

    def circuit():
        for i, angle in enumerate(angles):
            qml.RY(angle, i)
        total = qml.sum(*(qml.Z(i) for i in range(n)))
        mixed = qml.sum(*(qml.Hermitian(matrix, i) for i in range(n)))
        word = qml.prod(*(qml.Z(i) for i in range(n)))
        return [
            qml.expval(total),
            qml.var(total),
            qml.expval(mixed),
            qml.var(word),
            qml.expval(qml.Projector([0] * n, range(n))),
            qml.expval(qml.Projector([0], 3) @ qml.Z(60)),
        ]

    z, x = np.cos(angles), np.sin(angles)
    exact = [
        z.sum(),
        (1 - z**2).sum(),
        (0.25 + 2 * x + 0.75 * z).sum(),
        1 - z.prod() ** 2,
        (np.cos(angles / 2) ** 2).prod(),
        (1 + z[3]) / 2 * z[60],
    ]
    np.testing.assert_allclose(run(circuit, dev), exact, atol=1e-9)
    np.testing.assert_allclose(run(circuit, dev, 40_000)[:3], exact[:3], rtol=0.05)


def refused_at_70_wires():
    ising = qml.dot([0.3] * 69, [qml.Z(i) @ qml.Z(i + 1) for i in range(69)])
    crossed = qml.sum(ising, *(qml.X(i) for i in range(70)))
    return {
        "counts of all outcomes of 70 wires": lambda: qml.counts(all_outcomes=True),
        "probabilities of 70 wires": lambda: qml.probs(),
        "outcomes of an observable of 70 wires": lambda: qml.counts(ising, all_outcomes=True),
        "neither a sum of Pauli words nor so small": lambda: qml.sample(crossed),
    }


@pytest.mark.parametrize("message", refused_at_70_wires())
def test_lists_of_all_outcomes_are_refused_at_70_wires(message):
    with pytest.raises(DeviceError, match=message):
        run(refused_at_70_wires()[message], plh.device("hypernet.mps", wires=70), 10)


# What users do with results


@pytest.mark.parametrize("name", DEVICES)
def test_the_type_of_samples(name):
    dev = plh.device(name, wires=2)
    for dtype, expected in ((None, np.int64), ("int8", np.int8), ("float32", np.float32)):
        assert run(lambda d=dtype: qml.sample(dtype=d), dev, 3).dtype == expected
    assert run(lambda: qml.sample(qml.X(0), dtype="float32"), dev, 3).dtype == np.float32

    class Weighted(SampleMeasurement):
        """As a user would write it."""

        def process_samples(self, samples, wire_order, shot_range=None, bin_size=None):
            return (samples[:, 0] * 200).max()

        def process_counts(self, counts, wire_order):
            raise NotImplementedError

    def circuit():
        qml.X(0)
        return Weighted(wires=[0])

    assert run(circuit, dev, 3) == 200


def test_the_tracker_sums_no_fidelities():
    dev = plh.device("hypernet.mps", wires=2)
    with qml.Tracker(dev) as tracker:
        for _ in range(3):
            run(lambda: qml.expval(qml.Z(0) + qml.X(1)), dev, 10)
    assert tracker.history["fidelity"] == [1.0] * 3
    assert not {"fidelity", "bond_dim", "truncation_error"} & set(tracker.totals)
    assert tracker.totals["executions"] == 3


def test_each_basis_counts_as_a_circuit():
    dev = plh.device("hypernet.mps", wires=2)
    with qml.Tracker(dev) as tracker:
        run(lambda: qml.expval(qml.Z(0) + qml.X(0) + qml.Z(1)), dev, 10)
    assert (tracker.totals["executions"], tracker.totals["shots"]) == (2, 20)
    assert (dev.counts.circuits, dev.counts.shots) == (2, 20)
    run(lambda: qml.expval(qml.Z(0) + qml.X(0)), dev)
    assert (dev.counts.circuits, dev.counts.shots) == (3, 20)
