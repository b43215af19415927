"""A circuit with a batch of parameters, as one circuit for each."""

import numpy as np
import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing
from pennylane.measurements import CountsMP
from pennylane.operation import Operator
from pennylane.ops import Pow
from pennylane.ops.functions import bind_new_parameters
from pennylane.tape import QuantumScript


@qml.transform
def expand_batch(tape):
    """``qml.transforms.broadcast_expand``, with counts in a list, which are no array to be stacked,
    also of batches of exponents, and with members that know that they are no batch.

    Args:
        tape: any circuit.
    """
    n = batch_size(tape)
    if n is None:
        return (tape,), null_postprocessing
    members = zip(*(_members(operation, n) for operation in tape.operations), strict=True)
    tapes = tuple(
        QuantumScript(
            operations,
            tape.measurements,
            shots=tape.shots,
            trainable_params=tape.trainable_params,
        )
        for operations in members
    )
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
    batch_of_exponents = isinstance(operation, Pow) and np.ndim(operation.z) > 0
    return batch_of_exponents or any([np.ndim(value) > most for value in operation.data])


def _members(operation: Operator, n: int) -> list[Operator]:
    """An operation for each of a batch of n circuits."""
    if operation.batch_size is None:
        return [operation] * n
    if isinstance(operation, Pow) and np.ndim(operation.z):
        bases = _members(operation.base, n)
        return [Pow(base, z) for base, z in zip(bases, operation.z, strict=True)]
    members = []
    for i in range(n):
        values = [
            value if np.ndim(value) == ndim else value[i]
            for value, ndim in zip(operation.data, operation.ndim_params, strict=True)
        ]
        member = bind_new_parameters(operation, values)
        member._check_batching()  # PennyLane 0.45 copies the batch's size along, as of MultiRZ
        members.append(member)
    return members
