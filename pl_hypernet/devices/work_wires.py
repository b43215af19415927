"""Wires that circuits and templates allocate, made wires of the device."""

import pennylane as qml
from pennylane.allocation import Allocate, Deallocate
from pennylane.devices.preprocess import device_resolve_dynamic_wires, null_postprocessing
from pennylane.wires import Wires

from pl_hypernet.devices.kinds import holds

ALLOCATIONS = (Allocate, Deallocate)


@qml.transform
def resolve_work_wires(tape, wires: Wires | None):
    """PennyLane's ``device_resolve_dynamic_wires``, where there is something to resolve.

    A wire that was given back is not reset and taken again, which would be a measurement: each
    takes one of its own.

    Args:
        tape: the circuit.
        wires: of the device; None: any.
    """
    if not holds(tape.operations, ALLOCATIONS):
        return (tape,), null_postprocessing
    return device_resolve_dynamic_wires(tape, wires, allow_resets=False)
