"""A circuit with a batch of parameters, as one circuit for each."""

import numpy as np
import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing
from pennylane.measurements import CountsMP


@qml.transform
def expand_batch(tape):
    """``qml.transforms.broadcast_expand``, with counts in a list, which are no array to be stacked.

    Args:
        tape: any circuit.
    """
    if batch_size(tape) is None:
        return (tape,), null_postprocessing
    tapes, stacked = qml.transforms.broadcast_expand(tape)
    if not any(isinstance(m, CountsMP) for m in tape.measurements):
        return tapes, stacked
    alone = len(tape.measurements) == 1

    def joined(results):
        """From results[member][measurement] to one for each measurement."""
        by_measurement = [results] if alone else zip(*results, strict=True)
        parts = [
            list(members) if isinstance(m, CountsMP) else qml.math.stack(members)
            for m, members in zip(tape.measurements, by_measurement, strict=True)
        ]
        return parts[0] if alone else tuple(parts)

    def post_processing(results):
        if tape.shots.has_partitioned_shots:
            return tuple(map(joined, zip(*results, strict=True)))
        return joined(results)

    return tapes, post_processing


def batch_size(tape) -> int | None:
    """The tape's, of which PennyLane takes ten times as long to say that there is none."""
    return tape.batch_size if any(map(_may_be_batch, tape.operations)) else None


def _may_be_batch(operation) -> bool:
    most = 2 if type(operation) is qml.QubitUnitary else 0
    return any([np.ndim(value) > most for value in operation.data])
