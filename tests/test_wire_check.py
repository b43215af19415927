"""Wires of a tape: checked as by PennyLane, whichever way the check goes, and found at once."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.devices.preprocess import validate_device_wires
from pennylane.exceptions import WireError
from pennylane.wires import Wires

import pl_hypernet as plh
from pl_hypernet.devices.wire_check import check_wires

TAPES = [
    qml.tape.QuantumScript([qml.X(0)], [qml.sample(wires=[0, "a"])], shots=5),
    qml.tape.QuantumScript([qml.X(0)], [qml.sample()], shots=5),
    qml.tape.QuantumScript([qml.X(0), qml.Snapshot()], [qml.expval(qml.Z(1))]),
    qml.tape.QuantumScript([qml.X(np.int64(1))], [qml.expval(qml.Z(1)), qml.probs()]),
]


@pytest.mark.parametrize("tape", TAPES)
@pytest.mark.parametrize("wires", [None, Wires([0, 1, "a"])])
def test_it_returns_what_pennylane_returns(tape, wires):
    ((found,), _), ((expected,), _) = (
        check(tape, wires, name="mine") for check in (check_wires, validate_device_wires)
    )
    assert found.operations == expected.operations
    assert [m.wires for m in found.measurements] == [m.wires for m in expected.measurements]


def test_a_wire_too_many_is_refused():
    with pytest.raises(WireError, match="Cannot run circuit"):
        check_wires(TAPES[0], Wires([0, 1]), name="mine")


class Label:
    """Of a wire; counts how often one is compared with another."""

    compared = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        Label.compared += 1
        return isinstance(other, Label) and self.number == other.number


@pytest.mark.parametrize("shots", [20, None])
def test_labels_are_not_searched_for(shots):
    """To find each of n wires among the n of a device takes n^2 / 2 comparisons."""
    n = 60
    of_device, asked = ([Label(i) for i in range(n)] for _ in range(2))  # equal, not the same
    dev = plh.device("hypernet.mps", wires=of_device, seed=0)

    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def circuit(measure):
        plh.HardwareEfficientAnsatz(np.ones((3, n)), wires=asked[::-1])
        return measure()

    measurements = [
        lambda: qml.expval(qml.sum(*map(qml.Z, asked))),
        lambda: qml.expval(qml.prod(*map(qml.X, asked))),
        lambda: qml.expval(qml.Projector([0] * n, asked)),
    ]
    if shots:
        measurements.append(lambda: plh.expected_loss(lambda bits: bits[:, 0], wires=asked))
    for measure in measurements:
        before = Label.compared
        circuit(measure)
        assert Label.compared - before < 15 * n
