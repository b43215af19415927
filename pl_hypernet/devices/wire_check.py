"""PennyLane's check of a tape's wires, without a Python call for each of thousands of them."""

import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing, validate_device_wires
from pennylane.wires import Wires

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.devices.kinds import holds

PLAIN = {int, str}  # labels that cannot be abstract


@qml.transform
def check_wires(tape, wires: Wires | None, name: str):
    """As PennyLane's ``validate_device_wires``, which has nothing to say of most tapes.

    Args:
        tape: the circuit.
        wires: of the device; None: any.
        name: of the device, for messages.
    """
    snapshots = holds(tape.operations, qml.Snapshot)
    complete = all(m.obs is not None or m.wires for m in tape.measurements)
    if complete and not snapshots and wires and all(same_wires(part.wires, wires) for part in tape):
        return (tape,), null_postprocessing
    plain = set(map(type, tape.wires)) | set(map(type, wires or ())) <= PLAIN
    if complete and plain and not snapshots and (not wires or set(tape.wires) <= set(wires)):
        return (tape,), null_postprocessing
    return validate_device_wires(tape, wires, name=name)
