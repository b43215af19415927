"""What PennyLane's parameter shift gets wrong in silence, refused."""

import pennylane as qml
import torch
from autograd.tracer import isbox
from pennylane.devices import ExecutionConfig
from pennylane.ops import Evolution, Exp, MidMeasure
from pennylane.tape import QuantumScript

from pl_hypernet.errors import DeviceError

SHIFTS = (qml.gradients.param_shift, qml.gradients.param_shift_cv, qml.gradients.hadamard_grad)


def check_shifts(config: ExecutionConfig, circuit: QuantumScript | None) -> None:
    """Refuses gradients by shifts of circuits of which they are wrong.

    A circuit that is only evaluated is none of these.

    Args:
        config: with the method of differentiation that was chosen.
        circuit: before it is preprocessed.

    Raises:
        DeviceError: of a derivative after postselection, which shifts each outcome's share as well,
            or by an exponent, whose is 0.0.
    """
    if circuit is None or not any(config.gradient_method is method for method in SHIFTS):
        return
    varies = [op for op in circuit.operations if any(map(_is_followed, op.data))]
    exponents = [op for op in varies if isinstance(op, Exp) and not isinstance(op, Evolution)]
    if exponents:
        raise DeviceError(
            f"parameter shift has no derivative by the exponent of {exponents[0]}: write it as "
            "qml.evolve(H, t) or qml.PauliRot, or measure expectation values without shots"
        )
    selects = any(
        isinstance(op, MidMeasure) and op.postselect is not None for op in circuit.operations
    )
    if selects and varies:
        raise DeviceError(
            "parameter shift is wrong after postselection, as the outcome's probability depends on "
            "the parameters too: use diff_method='finite-diff' without shots, or None"
        )


def _is_followed(parameter) -> bool:
    """Whether a derivative by it is on its way."""
    if torch.is_tensor(parameter):
        return parameter.requires_grad and torch.is_grad_enabled()
    return isbox(parameter)
