"""Tapes are checked as by PennyLane, whichever way the check goes."""

import numpy as np
import pennylane as qml
import pytest
from pennylane.devices.preprocess import validate_device_wires
from pennylane.exceptions import WireError
from pennylane.wires import Wires

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
