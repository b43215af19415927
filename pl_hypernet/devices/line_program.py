"""Any tape, in terms of what states on a line can do."""

from collections.abc import Callable

import pennylane as qml
from pennylane.devices.preprocess import (
    decompose,
    null_postprocessing,
    validate_device_wires,
    validate_measurements,
)
from pennylane.measurements import ExpectationMP, ProbabilityMP, StateMeasurement, VarianceMP
from pennylane.operation import Operator
from pennylane.transforms.core import CompilePipeline
from pennylane.wires import Wires

from pl_hypernet.devices.lowering import lower_expected_loss
from pl_hypernet.devices.record import Record
from pl_hypernet.errors import DeviceError
from pl_hypernet.measurements import ZeroProbability

ANALYTIC = (ZeroProbability, ExpectationMP, VarianceMP, ProbabilityMP, StateMeasurement)


def line_program(
    name: str,
    wires: Wires | None,
    is_native: Callable[[Operator], bool],
    record: Record,
    noise: str | None = None,
) -> CompilePipeline:
    """Preprocessing of a device that holds states of qubits on a line.

    Args:
        name: of the device, for messages.
        wires: of the device.
        is_native: whether an operation need not be decomposed.
        record, noise: see :func:`lower_expected_loss`.
    """
    program = CompilePipeline()
    program.add_transform(validate_device_wires, wires=wires, name=name)
    program.add_transform(
        lower_expected_loss,
        device_wires=wires,
        native=(ZeroProbability,),
        record=record,
        noise=noise,
    )
    program.add_transform(qml.defer_measurements, allow_postselect=False)
    program.add_transform(split_observables)
    program.add_transform(
        decompose,
        stopping_condition=is_native,
        decomposer=_decomposition,
        skip_initial_state_prep=False,
        name=name,
    )
    program.add_transform(
        validate_measurements, analytic_measurements=lambda m: isinstance(m, ANALYTIC), name=name
    )
    program.add_transform(qml.transforms.broadcast_expand)
    return program


def acts_on_one_or_two_wires(operation: Operator) -> bool:
    """Whether an operation has a matrix on at most two wires, or is a phase."""
    if isinstance(operation, qml.GlobalPhase):
        return True
    return operation.has_matrix and len(operation.wires) <= 2


def _decomposition(operation: Operator) -> list[Operator]:
    """Of an operation that only has a matrix, as of a unitary with this matrix."""
    if operation.has_decomposition or not operation.has_matrix:
        return operation.decomposition()
    return qml.QubitUnitary(operation.matrix(), wires=operation.wires).decomposition()


@qml.transform
def split_observables(tape):
    """One tape for each basis that must be measured; what one basis serves passes freely."""
    observed = [measurement for measurement in tape.measurements if measurement.obs is not None]
    for measurement in observed:
        if tape.shots and not measurement.obs.has_diagonalizing_gates:
            raise DeviceError(
                f"{measurement} cannot be measured with shots: its eigenbasis is not known"
            )
    alone = len(tape.measurements) == 1
    if not observed or (alone and not _is_mean_of_a_sum(observed[0])):
        return (tape,), null_postprocessing
    return qml.transforms.split_non_commuting(tape)


def _is_mean_of_a_sum(measurement) -> bool:
    """Whether a measurement is linear in the terms of its observable, and there are several."""
    sentence = measurement.obs.pauli_rep
    several = sentence is None or len(sentence) > 1
    composite = isinstance(measurement.obs, qml.ops.Sum | qml.ops.SProd)
    return isinstance(measurement, ExpectationMP) and several and composite
