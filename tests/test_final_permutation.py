"""What the end of a circuit does to basis states is done to the bits of its shots."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.circuits.undone import undone
from pl_hypernet.devices.final_permutation import permuted, without_permutation
from pl_hypernet.measurements import ZeroProbability
from pl_hypernet.mps.circuit import Circuit
from pl_hypernet.testing import ALPHA, g_test

N_WIRES = 5
ALL_BITS = np.array(list(np.ndindex(*[2] * N_WIRES)), dtype=np.int8)
GATES = (
    lambda a, *_: qml.X(a),
    lambda a, *_: qml.RZ(0.3, a),
    lambda a, *_: qml.adjoint(qml.S(a)),
    lambda a, *_: qml.RY(0.7, a),
    lambda a, b, *_: qml.CNOT([a, b]),
    lambda a, b, *_: qml.adjoint(qml.CNOT([a, b])),
    lambda a, b, *_: qml.SWAP([a, b]),
    lambda a, b, *_: qml.CZ([a, b]),
    lambda a, b, *_: qml.IsingZZ(0.4, [a, b]),
    lambda a, b, c, *_: qml.Toffoli([a, b, c]),
    lambda a, b, c, *_: qml.CSWAP([a, b, c]),
    lambda a, b, c, d, *_: qml.MultiControlledX([a, b, c, d], control_values=[0, 1, 0]),
)


def random_circuit(seed: int) -> list:
    rng = np.random.default_rng(seed)
    turns = [qml.RY(angle, wire) for wire, angle in enumerate(rng.uniform(0, 3, N_WIRES))]
    chosen = rng.integers(len(GATES), size=12)
    return turns + [GATES[i](*map(int, rng.permutation(N_WIRES))) for i in chosen]


def probabilities(operations) -> np.ndarray:
    tape = qml.tape.QuantumScript(operations, [qml.probs(wires=range(N_WIRES))])
    return qml.device("default.qubit").execute(tape)


def of_bits(values: np.ndarray, bits: np.ndarray) -> np.ndarray:
    return values[bits @ (2 ** np.arange(N_WIRES)[::-1])]


@pytest.mark.parametrize("seed", range(40))
def test_bits_after_the_end_have_the_probability_of_those_before(seed):
    operations = random_circuit(seed)
    start, end = without_permutation(Circuit(operations))
    after = permuted(ALL_BITS, range(N_WIRES), end)
    expected = probabilities(start)
    assert np.abs(of_bits(probabilities(operations), after) - expected).max() < 1e-12


def test_an_end_in_the_wrong_order_is_noticed():
    errors = []
    for seed in range(40):
        operations = random_circuit(seed)
        start, end = without_permutation(Circuit(operations))
        after = permuted(ALL_BITS, range(N_WIRES), end[::-1])
        errors.append(np.abs(of_bits(probabilities(operations), after) - probabilities(start)))
    assert np.max(errors) > 0.01


def test_shots_of_circuits_with_an_end():
    operations = [*random_circuit(3), qml.CNOT([0, 4]), qml.Toffoli([1, 2, 3])]
    device = plh.device("hypernet.mps", wires=range(N_WIRES), seed=1)
    tape = qml.tape.QuantumScript(operations, [qml.sample(wires=range(N_WIRES))], shots=4000)
    assert g_test(device.execute(tape).astype(int), probabilities(operations)) > ALPHA


def test_a_last_ring_does_not_enlarge_the_state():
    device = plh.device("hypernet.mps", wires=12, seed=0)
    angles = np.random.default_rng(0).uniform(0, 6, (2, 12, 3))

    @qml.set_shots(10)
    @qml.qnode(device, diff_method=None)
    def circuit(*measured):
        qml.StronglyEntanglingLayers(angles, range(12))
        return [m() for m in measured]

    circuit(qml.sample, lambda: qml.expval(qml.Z(0) @ qml.Z(3)))
    assert device.bond_dim == 4
    circuit(lambda: qml.expval(qml.X(0)))  # which the ring does change
    assert device.bond_dim > 4


@pytest.mark.parametrize("same", [True, False])
def test_an_overlap_leaves_out_what_both_states_end_with(same):
    def half(angle, wire):
        turns = [qml.RY(angle, 0), qml.RY(angle, 1), qml.RX(1.0, 2)]
        return [*turns, qml.CNOT([0, 1]), qml.CNOT([1, wire]), qml.Toffoli([0, 1, 2])]

    ket, bra = half(0.4, 2), half(1.1, 2 if same else 0)
    back = [qml.adjoint(op, lazy=False) for op in reversed(bra)]
    tape = qml.tape.QuantumScript(ket + back, [ZeroProbability(wires=range(3))])
    exact = np.vdot(*(qml.matrix(qml.prod(*ops[::-1]), range(3))[:, 0] for ops in (bra, ket)))
    found = plh.device("hypernet.mps", wires=range(3)).execute(tape)
    assert abs(found - abs(exact) ** 2) < 1e-12


def test_undone_operations_are_the_inverse():
    for seed in range(10):
        operations = random_circuit(seed)
        both = qml.matrix(
            qml.tape.QuantumScript([*operations, *undone(operations)]), range(N_WIRES)
        )
        assert np.abs(both - np.eye(2**N_WIRES)).max() < 1e-12
