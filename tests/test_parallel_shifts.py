"""Angles shifted in parallel: the gradient is exact, and the number of circuits is constant."""

import numpy as np
import pennylane as qml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pl_hypernet as plh
from pl_hypernet.circuits import parallel_shifts as module
from pl_hypernet.circuits.parallel_shifts import angles_of_gates, parallel_shifts
from pl_hypernet.errors import InputError


def z_of(gates, n):
    tape = qml.tape.QuantumScript(gates, [qml.expval(qml.Z(i)) for i in range(n)])
    return np.array(qml.device("default.qubit", wires=n).execute(tape))


def slopes_of(gates_at, angles, n):
    """d <Z_i> / d angle by parameter shift, an angle at a time: (n_angles, n)."""
    shifts = np.eye(len(angles)) * np.pi / 2
    return (
        np.array([z_of(gates_at(angles + s), n) - z_of(gates_at(angles - s), n) for s in shifts])
        / 2
    )


def template(n, layers, **options):
    shape = plh.HardwareEfficientAnsatz.shape(layers, n, options.get("rotations", ("RY", "RZ")))

    def gates_at(angles):
        return plh.HardwareEfficientAnsatz(
            angles.reshape(shape), range(n), **options
        ).decomposition()

    return gates_at, int(np.prod(shape))


def check(gates_at, n_angles, n, seed=0):
    rng = np.random.default_rng(seed)
    angles, weights = rng.uniform(-2, 2, n_angles), rng.normal(size=n)
    shifts = parallel_shifts(gates_at, n_angles, range(n))
    z = np.array([z_of(gates_at(angles + shift), n) for shift in shifts.shifts])
    expected = slopes_of(gates_at, angles, n) @ weights
    np.testing.assert_allclose(shifts.gradient(weights, z.reshape(-1, n)), expected, atol=1e-12)


@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("pattern", ["chain", "brick", "ring", "none"])
@pytest.mark.parametrize("entangler", ["CZ", "CNOT"])
def test_gradients_are_exact(layers, pattern, entangler):
    n = 6
    gates_at, n_angles = template(n, layers, pattern=pattern, entangler=entangler)
    check(gates_at, n_angles, n)


@pytest.mark.parametrize("rotations", [("RY",), ("RX", "RZ"), ("RZ", "RX", "RY")])
def test_gradients_of_other_rotations_are_exact(rotations):
    gates_at, n_angles = template(5, 2, rotations=rotations)
    check(gates_at, n_angles, 5)


@st.composite
def circuits(draw):
    """Random circuits on 4 wires in which every angle turns one gate."""
    turned = [qml.RX, qml.RY, qml.RZ, qml.PhaseShift]
    fixed = [qml.Hadamard, qml.S, qml.X, qml.SX, qml.CZ, qml.CNOT, qml.SWAP, qml.CY]
    plan = draw(
        st.lists(
            st.tuples(st.sampled_from(turned + fixed), st.permutations(range(4))),
            min_size=1,
            max_size=14,
        )
    )
    n_angles = sum(kind in turned for kind, _ in plan)

    def gates_at(angles):
        left = iter(angles)
        return [
            kind(next(left), wires=order[0])
            if kind in turned
            else kind(wires=order[: kind.num_wires])
            for kind, order in plan
        ]

    return gates_at, n_angles


@settings(max_examples=60, deadline=None, derandomize=True)
@given(circuits())
def test_gradients_of_random_circuits_are_exact(circuit):
    gates_at, n_angles = circuit
    if n_angles:
        check(gates_at, n_angles, 4)


@pytest.mark.parametrize(("layers", "n_circuits"), [(0, 2), (1, 10), (2, 26)])
def test_their_number_does_not_depend_on_the_number_of_qubits(layers, n_circuits):
    for n in (12, 40):
        shifts = parallel_shifts(*template(n, layers), range(n))
        assert shifts.n_circuits == n_circuits


def test_cones_that_are_too_small_are_noticed(monkeypatch):
    right = module._through_two
    monkeypatch.setattr(
        module, "_through_two", lambda gate, parts: [] if gate.name == "CZ" else right(gate, parts)
    )
    with pytest.raises(AssertionError):
        check(*template(5, 2), 5)


def test_an_angle_of_two_gates_is_refused():
    with pytest.raises(InputError, match="an angle of its own for each gate"):
        angles_of_gates(lambda a: [qml.RY(a[0], 0), qml.RY(a[0], 1)], 1)
    with pytest.raises(InputError, match="takes an angle of the circuit changed"):
        angles_of_gates(lambda a: [qml.RY(2 * a[0], 0)], 1)


def test_a_gate_with_another_rule_is_refused():
    with pytest.raises(InputError, match="CRY is not differentiated by two shifts"):
        parallel_shifts(lambda a: [qml.CRY(a[0], [0, 1])], 1, range(2))
