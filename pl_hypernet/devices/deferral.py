"""Mid-circuit measurements, on wires of their own at the end."""

import numpy as np
import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing
from pennylane.ops import MeasurementValue, MidMeasure
from pennylane.tape import QuantumScript

from pl_hypernet.devices.kinds import holds
from pl_hypernet.devices.postselection import Postselect


@qml.transform
def defer_measurements(tape):
    """``qml.defer_measurements``, also where wires are numpy's integers.

    PennyLane 0.45 looks for free wires among Python's integers alone, and measures into wire 0 if
    it sees none.
    """
    if not holds(tape.operations, MidMeasure):
        return (tape,), null_postprocessing
    numbers = {wire: int(wire) for wire in tape.wires if isinstance(wire, np.integer)}
    if numbers:
        (tape,), _ = qml.map_wires(tape, numbers)
    tape, bits = without_postselection(tape)
    # one more measurement for each, which says on which wire its outcome lies in the end
    asked = [qml.sample(MeasurementValue([measured])) for measured in bits]
    tape = tape.copy(measurements=[*tape.measurements, *asked])
    (tape,), _ = qml.defer_measurements(tape, reduce_postselected=False)
    kept = tape.measurements[: len(tape.measurements) - len(asked)]
    places = [m.mv.measurements[0].wires for m in tape.measurements[len(kept) :]]
    selected = [Postselect(bit, place) for bit, place in zip(bits.values(), places, strict=True)]
    tape = tape.copy(operations=[*tape.operations, *selected], measurements=kept)
    return (tape,), null_postprocessing


def without_postselection(tape: QuantumScript) -> tuple[QuantumScript, dict]:
    """A tape whose mid-circuit measurements keep all outcomes, and those wanted: {op: bit}."""
    operations, bits = [], {}
    for operation in tape.operations:
        if isinstance(operation, MidMeasure) and operation.postselect is not None:
            bit = int(operation.postselect)
            operation = MidMeasure(
                operation.wires, reset=operation.reset, meas_uid=operation.meas_uid
            )
            bits[operation] = bit
        operations.append(operation)
    return tape.copy(operations=operations), bits
