"""A template at the beginning of a circuit, as an operation whose state is known."""

import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing

from pl_hypernet.circuits.templates import as_ansatz


@qml.transform
def know_first_template(tape):
    """:func:`as_ansatz` of the first operation: PennyLane's gates would be recognised as the same
    state, and take most of the time.

    Args:
        tape: any circuit.
    """
    ansatz = as_ansatz(tape.operations[0]) if tape.operations else None
    if ansatz is not None:
        tape = tape.copy(operations=[ansatz, *tape.operations[1:]])
    return (tape,), null_postprocessing
