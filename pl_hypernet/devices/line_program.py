"""Any tape, in terms of what states on a line can do."""

from collections.abc import Callable

import pennylane as qml
from pennylane.devices.preprocess import decompose, validate_measurements
from pennylane.measurements import (
    ExpectationMP,
    ProbabilityMP,
    SampleMeasurement,
    StateMeasurement,
    VarianceMP,
)
from pennylane.operation import Operator
from pennylane.transforms.core import CompilePipeline
from pennylane.wires import Wires

from pl_hypernet.devices.batch import expand_batch
from pl_hypernet.devices.deferral import defer_measurements
from pl_hypernet.devices.first_template import know_first_template
from pl_hypernet.devices.lowering import lower_expected_loss
from pl_hypernet.devices.postselection import Postselect
from pl_hypernet.devices.record import Record
from pl_hypernet.devices.shadows import SHADOWS
from pl_hypernet.devices.wire_check import check_wires
from pl_hypernet.devices.work_wires import ALLOCATIONS, resolve_work_wires
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
    program.add_transform(resolve_work_wires, wires=wires)
    program.add_transform(check_wires, wires=wires, name=name)
    program.add_transform(
        lower_expected_loss,
        device_wires=wires,
        native=(ZeroProbability,),
        record=record,
        noise=noise,
    )
    program.add_transform(defer_measurements)
    program.add_transform(know_first_template)
    program.add_transform(
        decompose,
        stopping_condition=lambda op: is_native(op) or isinstance(op, (Postselect, *ALLOCATIONS)),
        decomposer=_decomposition,
        skip_initial_state_prep=False,
        name=name,
    )
    program.add_transform(resolve_work_wires, wires=wires)
    program.add_transform(
        validate_measurements,
        analytic_measurements=lambda m: isinstance(m, ANALYTIC),
        sample_measurements=lambda m: isinstance(m, (SampleMeasurement, *SHADOWS)),
        name=name,
    )
    program.add_transform(expand_batch)
    return program


def acts_on_one_or_two_wires(operation: Operator) -> bool:
    """Whether an operation has a matrix on at most two wires, or is a phase."""
    if operation.num_wires in (1, 2):  # of the class, which is faster than the wires
        return operation.has_matrix
    if len(operation.wires) <= 2 and operation.has_matrix:
        return True
    return isinstance(operation, qml.GlobalPhase)


def _decomposition(operation: Operator) -> list[Operator]:
    """Of an operation that only has a matrix, as of a unitary with this matrix."""
    if operation.has_decomposition or not operation.has_matrix:
        return operation.decomposition()
    return qml.QubitUnitary(operation.matrix(), wires=operation.wires).decomposition()
