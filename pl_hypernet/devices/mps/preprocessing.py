"""Any tape, in terms of what states on a line can do."""

from collections.abc import Callable

import pennylane as qml
from pennylane.devices.preprocess import decompose, validate_device_wires, validate_measurements
from pennylane.measurements import MeasurementProcess, ProbabilityMP, StateMP
from pennylane.operation import Operator
from pennylane.transforms.core import CompilePipeline
from pennylane.wires import Wires

from pl_hypernet.devices.lowering import lower_expected_loss
from pl_hypernet.measurements import ZeroProbability


def line_program(
    name: str,
    wires: Wires | None,
    is_native: Callable[[Operator], bool],
    record: list,
    analytic: tuple[type[MeasurementProcess], ...] = (),
) -> CompilePipeline:
    """Preprocessing of a device that holds states of qubits on a line.

    Args:
        name: of the device, for messages.
        wires: of the device.
        is_native: whether an operation need not be decomposed.
        record: takes the expected losses, see :func:`lower_expected_loss`.
        analytic: measurements that it can do without shots, beside probabilities, the state and
            the probability of 0...0.
    """
    exact = (ZeroProbability, ProbabilityMP, StateMP, *analytic)
    program = CompilePipeline()
    program.add_transform(validate_device_wires, wires=wires, name=name)
    program.add_transform(
        lower_expected_loss, device_wires=wires, native=(ZeroProbability,), record=record
    )
    program.add_transform(qml.defer_measurements, allow_postselect=False)
    program.add_transform(split_observables)
    program.add_transform(
        decompose, stopping_condition=is_native, skip_initial_state_prep=False, name=name
    )
    program.add_transform(
        validate_measurements, analytic_measurements=lambda m: isinstance(m, exact), name=name
    )
    program.add_transform(qml.transforms.broadcast_expand)
    return program


def acts_on_one_or_two_wires(operation: Operator) -> bool:
    """Whether an operation has a matrix on at most two wires, or is a phase."""
    if isinstance(operation, qml.GlobalPhase):
        return True
    return operation.has_matrix and len(operation.wires) <= 2


@qml.transform
def split_observables(tape):
    """One tape for each basis that must be measured; a tape without observables passes freely."""
    if all(measurement.obs is None for measurement in tape.measurements):
        return (tape,), lambda results: results[0]
    return qml.transforms.split_non_commuting(tape)
