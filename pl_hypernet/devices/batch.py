"""A circuit with a batch of parameters, as one circuit for each."""

import pennylane as qml
from pennylane.measurements import CountsMP


@qml.transform
def expand_batch(tape):
    """``qml.transforms.broadcast_expand``, with counts in a list, which are no array to be stacked.

    Args:
        tape: any circuit.
    """
    tapes, stacked = qml.transforms.broadcast_expand(tape)
    if tape.batch_size is None or not any(isinstance(m, CountsMP) for m in tape.measurements):
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
