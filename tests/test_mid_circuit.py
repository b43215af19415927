"""Measurements in the middle of a circuit, resets and postselection.

Generated circuits are followed branch by branch as state vectors, one for each string of outcomes.
Set PL_HYPERNET_CASES=5000 for a long run of 500.
"""

import os
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pennylane as qml
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pennylane.ops import MidMeasure
from scipy.stats import chi2

import pl_hypernet as plh
from pl_hypernet.devices import deferral
from pl_hypernet.devices.deferral import without_postselection
from pl_hypernet.errors import DeviceError
from pl_hypernet.measurements import ZeroProbability
from pl_hypernet.testing import ALPHA

CASES = int(os.environ.get("PL_HYPERNET_CASES", "200"))
DEVICES = ("hypernet.mps", "default.tensor")
WIRES = (0, 1, 2)
SHOTS = 1000
IMPOSSIBLE = 1e-9  # probability of postselected outcomes that counts as 0


# Generated circuits


@dataclass
class Gate:
    """A gate, where ``when`` measured values are all 1."""

    operation: qml.operation.Operator
    when: tuple[int, ...] = ()


@dataclass
class Measured:
    """A wire is measured, then put to 0 if ``reset``, with other outcomes dropped."""

    wire: int
    reset: bool
    postselect: int | None


@st.composite
def circuits(draw):
    """Gates and at least one measurement; gates may be asked for by what was measured."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps, n_measured = [], 0
    for wire in WIRES:
        steps.append(Gate(qml.RY(rng.uniform(-3, 3), wire)))
    for kind in draw(st.lists(st.integers(0, 5), min_size=1, max_size=8)):
        a, b = (int(w) for w in rng.choice(WIRES, 2, replace=False))
        when = ()
        if n_measured and rng.random() < 0.4:
            when = tuple(rng.choice(n_measured, min(n_measured, 2), replace=False).tolist())
        if kind == 0:
            steps.append(Gate(qml.RX(rng.uniform(-3, 3), a), when))
        elif kind == 1:
            steps.append(Gate(qml.CNOT([a, b]), when))
        elif kind == 2:
            steps.append(Gate(qml.IsingXY(rng.uniform(-3, 3), [a, b]), when))
        elif n_measured < 4:  # each takes a wire more
            postselect = [None, None, 0, 1][rng.integers(4)]
            steps.append(Measured(a, bool(rng.integers(2)), postselect))
            n_measured += 1
    if not n_measured:
        steps.append(Measured(0, False, None))
    return steps


def branches(steps):
    """(outcomes, unnormalised state vector) of each string of outcomes that may come."""
    n = len(WIRES)
    found = [((), np.eye(2**n)[0].astype(complex))]
    for step in steps:
        after = []
        for outcomes, vector in found:
            if isinstance(step, Gate):
                if all(outcomes[i] for i in step.when):
                    vector = qml.matrix(step.operation, wire_order=WIRES) @ vector
                after.append((outcomes, vector))
                continue
            for bit in (0, 1):
                if step.postselect in (None, bit):
                    kept = projected(vector, step.wire, bit, step.reset)
                    after.append(((*outcomes, bit), kept))
        found = [(o, v) for o, v in after if np.vdot(v, v).real > 1e-14]
    return found


def projected(vector, wire, bit, reset):
    cube = np.moveaxis(vector.reshape([2] * len(WIRES)), wire, 0).copy()
    cube[1 - bit] = 0
    if reset and bit == 1:
        cube = cube[::-1]
    return np.moveaxis(cube, 0, wire).reshape(-1)


def queue(steps):
    """The circuit in PennyLane's words: its measured values."""
    values = []
    for step in steps:
        if isinstance(step, Measured):
            values.append(qml.measure(step.wire, reset=step.reset, postselect=step.postselect))
        elif step.when:
            condition = reduce(lambda one, other: one & other, [values[i] for i in step.when])
            operation = step.operation
            qml.cond(condition, lambda operation=operation: qml.apply(operation))()
        else:
            qml.apply(step.operation)
    return values


def check_exact(name, wires, steps):
    found = branches(steps)
    total = sum(np.vdot(v, v).real for _, v in found)
    weights = np.array([np.vdot(v, v).real for _, v in found]) / total if found else None

    def circuit():
        values = queue(steps)
        line = sum(2**i * value for i, value in enumerate(values))
        return (
            qml.expval(line),
            qml.var(values[0]),
            qml.probs(op=values),
            qml.expval(qml.X(0) @ qml.Z(2) + 0.5 * qml.Y(1)),
            qml.probs(wires=[2, 0]),
            qml.density_matrix([1]),
        )

    dev = plh.device(name, wires=wires)
    if total < IMPOSSIBLE:
        with pytest.raises(DeviceError, match="have probability 0"):
            run(circuit, dev)
        return
    result = run(circuit, dev)
    k = len(found[0][0])
    numbers = np.array([sum(2**i * bit for i, bit in enumerate(o)) for o, _ in found])
    first = weights @ np.array([o[0] for o, _ in found])
    of_values = np.zeros(2**k)
    for (outcomes, _), weight in zip(found, weights, strict=True):
        of_values[int("".join(map(str, outcomes)), 2)] += weight
    rho = sum(np.outer(v, v.conj()) for _, v in found) / total
    observable = qml.matrix(qml.X(0) @ qml.Z(2) + 0.5 * qml.Y(1), wire_order=WIRES)
    diagonal = rho.diagonal().real.reshape(2, 2, 2)
    cube = rho.reshape([2] * 6)
    exact = (
        weights @ numbers,
        first * (1 - first),
        of_values,
        np.trace(observable @ rho).real,
        diagonal.sum(axis=1).T.reshape(-1),
        np.einsum("iajibj->ab", cube),
    )
    for value, right in zip(result, exact, strict=True):
        np.testing.assert_allclose(value, right, atol=1e-9)


def check_shots(name, wires, steps):
    """Counts of all measured values, of the shots that postselection leaves."""
    found = branches(steps)
    total = sum(np.vdot(v, v).real for _, v in found)
    if total < 0.02:  # a handful of shots, or none, which is refused
        return
    k = len(found[0][0])
    likely = np.zeros(2**k)
    for outcomes, vector in found:
        likely[int("".join(map(str, outcomes)), 2)] += np.vdot(vector, vector).real

    def circuit():
        return qml.counts(op=queue(steps))

    counts = run(circuit, plh.device(name, wires=wires, seed=1), SHOTS)
    observed = np.array([counts.get(f"{i:0{k}b}", 0) for i in range(2**k)])
    lost = SHOTS - observed.sum()
    observed, expected = np.append(observed, lost), SHOTS * np.append(likely, 1 - total)
    assert not observed[expected < 1e-9].any()
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], max(expected[rare].sum(), 1e-300))
    there = observed > 0
    g = 2 * np.sum(observed[there] * np.log(observed[there] / expected[there]))
    assert chi2.sf(g, df=len(expected) - 1) > ALPHA


@settings(
    max_examples=CASES // 10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(circuits(), st.sampled_from([None, 3, 8]))
def test_any_circuit_with_measurements_in_its_middle(steps, wires):
    for name in DEVICES:
        check_exact(name, wires, steps)
        check_shots(name, wires, steps)


def wrong_outcome(tape):
    """Postselects the other bit."""
    kept, bits = without_postselection(tape)
    return kept, {operation: 1 - bit for operation, bit in bits.items()}


def never_postselected(tape):
    return without_postselection(tape)[0], {}


def never_reset(tape):
    kept, bits = without_postselection(tape)
    new = {}
    operations = []
    for operation in kept.operations:
        if isinstance(operation, MidMeasure) and operation.reset:
            plain = MidMeasure(operation.wires, meas_uid=operation.meas_uid)
            new[operation], operation = plain, plain
        operations.append(operation)
    return kept.copy(operations=operations), {new.get(m, m): bit for m, bit in bits.items()}


@pytest.mark.parametrize("check", [check_exact, check_shots])
@pytest.mark.parametrize("wrong", [wrong_outcome, never_postselected, never_reset])
def test_wrong_measurements_are_noticed(wrong, check, monkeypatch):
    monkeypatch.setattr(deferral, "without_postselection", wrong)

    @settings(max_examples=200, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(circuits())
    def right(steps):
        check("hypernet.mps", None, steps)

    with pytest.raises((AssertionError, pytest.fail.Exception, DeviceError)):
        right()


# Numbers that were wrong


def run(circuit, device, shots=None):
    qnode = qml.QNode(circuit, device, interface=None, diff_method=None)
    return qml.set_shots(qnode, shots=shots)()


def measured_values():
    """Circuits of one or two wires, which mid-circuit measurements use up."""

    def outcome_and_sum():
        qml.RX(0.7, 0)
        qml.CNOT([0, 1])
        m, k = qml.measure(0), qml.measure(1, reset=True)
        return (
            qml.expval(m),
            qml.var(m),
            qml.expval(m + 2 * k),
            qml.var(m - k),
            qml.probs(op=[k, m]),
        )

    def measured_wire_used_again():
        qml.X(0)
        qml.CNOT([0, 1])
        qml.measure(1)
        qml.RX(0.4, 1)
        return qml.expval(qml.Z(0) + qml.Y(1)), qml.probs(wires=[1, 0])

    def reset():
        qml.X(0)
        qml.measure(0, reset=True)
        qml.RY(0.3, 0)
        return qml.expval(qml.Z(0)), qml.var(qml.X(0) + qml.Z(0)), qml.density_matrix([0])

    def measured_twice():
        qml.Hadamard(0)
        first = qml.measure(0)
        qml.Hadamard(0)
        second = qml.measure(0)
        qml.cond(first & second, qml.X)(1)
        return qml.expval(first + second), qml.expval(qml.Z(1)), qml.purity([0])

    return [outcome_and_sum, measured_wire_used_again, reset, measured_twice]


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("circuit", measured_values(), ids=lambda circuit: circuit.__name__)
@pytest.mark.parametrize("wires", [2, None])
def test_mid_circuit_measurements_that_use_up_the_wires(name, circuit, wires):
    exact = run(circuit, qml.device("default.qubit"))
    values = run(circuit, plh.device(name, wires=wires))
    for value, right in zip(values, exact, strict=True):
        np.testing.assert_allclose(value, right, atol=1e-12)


@pytest.mark.parametrize("wires", [2, None])
def test_mid_circuit_measurements_of_wires_that_are_numbers_of_numpy(wires):
    first, second = np.arange(2)

    def circuit():
        qml.X(first)
        qml.CNOT([first, second])
        m = qml.measure(second)
        qml.cond(m, qml.RX)(0.3, second)
        return qml.expval(m), qml.expval(qml.Z(first)), qml.expval(qml.Z(second))

    values = run(circuit, plh.device("hypernet.mps", wires=wires))
    np.testing.assert_allclose(values, [1, -1, -np.cos(0.3)])


@pytest.mark.parametrize("name", DEVICES)
def test_shots_of_measured_values(name):
    def circuit():
        qml.X(0)
        m, k = qml.measure(0, reset=True), qml.measure(0)
        return qml.sample(m), qml.counts([m, k]), qml.expval(m + 3 * k), qml.sample([k, m])

    sample, counts, mean, both = run(circuit, plh.device(name, wires=1), 5)
    np.testing.assert_array_equal(sample, np.ones(5))
    assert counts == {"10": 5}
    assert mean == 1
    np.testing.assert_array_equal(both, [[0, 1]] * 5)
    assert sample.dtype == both.dtype == np.int64


def postselected_circuits():
    """Outcomes of a wire that is used again or not, that controls, that is reset."""

    def not_used_again():
        qml.RY(0.7, 0)
        qml.CNOT([0, 1])
        qml.RX(0.4, 1)
        m = qml.measure(0, postselect=1)
        qml.cond(m, qml.RY)(0.3, 1)
        return qml.expval(qml.Z(1)), qml.var(qml.X(1)), qml.expval(m), qml.probs(wires=[1])

    def used_again():
        qml.RY(0.7, 0)
        qml.CNOT([0, 1])
        m, k = qml.measure(0, postselect=0), qml.measure(1, reset=True)
        qml.RY(1.1, 0)
        qml.cond(m + k == 0, qml.RX)(0.3, 1)
        return qml.expval(qml.Z(0) + qml.Y(1)), qml.expval(m + 2 * k), qml.purity([1])

    def reset_and_twice():
        qml.RY(0.7, 0)
        qml.measure(0, reset=True, postselect=1)
        qml.Hadamard(0)
        qml.measure(0, postselect=0)
        qml.RY(0.5, 0)
        return qml.expval(qml.Z(0)), qml.density_matrix([0])

    return [not_used_again, used_again, reset_and_twice]


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("circuit", postselected_circuits(), ids=lambda circuit: circuit.__name__)
@pytest.mark.parametrize("wires", [2, None])
def test_postselection(name, circuit, wires):
    exact = run(circuit, qml.device("default.qubit"))
    values = run(circuit, plh.device(name, wires=wires))
    for value, right in zip(values, exact, strict=True):
        np.testing.assert_allclose(value, right, atol=1e-12)


def run_or_refuse(*arguments):
    try:
        return run(*arguments)
    except DeviceError as error:
        return error


@pytest.mark.parametrize("name", DEVICES)
def test_shots_that_postselection_leaves(name):
    def circuit(bit=1):
        qml.RY(2 * np.arcsin(np.sqrt(0.3)), 0)
        qml.CNOT([0, 1])
        qml.measure(0, postselect=bit)
        return qml.sample(wires=1)

    dev = plh.device(name, wires=2, seed=0)
    left = run(circuit, dev, 4000)
    assert (left == 1).all()
    assert abs(len(left) - 1200) < 6 * np.sqrt(4000 * 0.3 * 0.7)
    filled = qml.set_shots(qml.QNode(circuit, dev, postselect_mode="fill-shots"), shots=50)
    np.testing.assert_array_equal(filled(), np.ones((50, 1)))
    first, second = run(circuit, dev, [1000, 2000])
    assert len(first) < len(second)
    with pytest.raises(DeviceError, match="have probability 0"):
        run(lambda: [qml.measure(0, postselect=1), qml.expval(qml.Z(0))][1], dev)
    one_shot = [run_or_refuse(circuit, dev, 1) for _ in range(50)]
    assert any("none of 1 shots has the postselected outcomes" in str(r) for r in one_shot)


@pytest.mark.parametrize("name", DEVICES)
def test_the_probability_of_zeros_after_a_mid_circuit_measurement(name):
    def circuit():
        qml.Hadamard(0)
        qml.measure(0)
        qml.Hadamard(0)
        return ZeroProbability()

    for wires in (1, 2, None):
        assert run(circuit, plh.device(name, wires=wires)) == pytest.approx(0.5)
