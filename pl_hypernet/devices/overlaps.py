"""Circuits that measure the overlap of two states."""

from pennylane.tape import QuantumScript

from pl_hypernet.circuits.undone import undone
from pl_hypernet.devices.hypernet_device import HypernetDevice
from pl_hypernet.measurements import ZeroProbability


def overlap_tape(
    tape: QuantumScript, other: QuantumScript, device: HypernetDevice
) -> QuantumScript:
    """A circuit whose result is |<other|tape>|^2, the fidelity of the states of two circuits.

    ``U(tape)`` and then the inverse of ``U(other)``; the fidelity is the probability that all bits
    are 0. Without shots where the device can give it exactly, else with the shots of ``tape``.

    Args:
        tape, other: circuits on the same wires; their measurements are not used.
        device: the device that will execute it.
    """
    wires = tape.wires
    shots = None if device.overlaps_exactly(len(wires)) else tape.shots
    return QuantumScript(
        [*tape.operations, *undone(other.operations)], [ZeroProbability(wires)], shots=shots
    )
