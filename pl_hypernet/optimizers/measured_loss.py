"""An expected loss at some angles: its circuit, in numpy and in torch, and its shots."""

from dataclasses import dataclass

import numpy as np
import pennylane as qml
import torch
from pennylane import numpy as pnp
from pennylane.tape import QuantumScript
from pennylane.workflow import construct_tape

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.devices import device
from pl_hypernet.errors import InputError
from pl_hypernet.measurements.expected_loss import ExpectedLoss
from pl_hypernet.measurements.objective import Objective
from pl_hypernet.measurements.reductions import Custom
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.checks import check_qnode, check_transforms


@dataclass
class Shots:
    """The shots of a step, and what is known of each.

    Attributes:
        bits: int8 (shots, n_wires).
        losses: float64 (shots,).
        log_p: float64 (shots,), where it is known.
    """

    bits: np.ndarray
    losses: np.ndarray
    log_p: np.ndarray | None = None


class MeasuredLoss:
    """A QNode that returns an expected loss of all bits of its circuit, at given arguments.

    Args:
        cost (QNode): see above; with shots.
        args, kwargs: its arguments; those with ``requires_grad`` are trained.

    Attributes:
        arguments (TrainableArguments): ``.vector`` are the angles.
        tape (QuantumScript): the circuit at these.
        measurement (ExpectedLoss): what it returns.
        wires (Wires): of the bits, in order.
        device: the device, from :func:`pl_hypernet.device`.

    Raises:
        InputError: it returns something else, has no shots, or leaves out some bits.
    """

    def __init__(self, cost, args: tuple, kwargs: dict):
        check_qnode(cost)
        check_transforms(cost)
        self._cost, self._kwargs = cost, kwargs
        self.device = device(cost.device)
        self.arguments = TrainableArguments(args)
        self.tape = self.tape_at(self.arguments.vector)
        self.measurement = _expected_loss(self.tape)
        self.wires = self.measurement.wires or self.device.wires or self.tape.wires
        if not all(same_wires(part.wires, self.wires) for part in self.tape.operations):
            seen = set(self.wires)  # Wires themselves take a time linear in their number
            for wire in self.tape.wires:
                if wire not in seen:
                    raise InputError(
                        f"the loss does not see wire {wire!r} of the circuit: this optimizer "
                        "expects expected_loss on all wires"
                    )

    @property
    def objective(self) -> Objective:
        """What becomes of the losses."""
        return self.measurement.objective

    def tape_at(self, vector: np.ndarray) -> QuantumScript:
        """The circuit at other angles, float64 (n_angles,)."""
        return construct_tape(self._cost)(*self.arguments.at(vector), **self._kwargs)

    def operations_at(self, angles: torch.Tensor) -> list:
        """The operations, with torch tensors for the trained angles, to differentiate by.

        Raises:
            InputError: the circuit computes with the angles in numpy.
        """
        # torch and PennyLane's numpy do not mix
        mixed = self.arguments.at(angles)
        in_torch = [np.asarray(arg) if isinstance(arg, pnp.tensor) else arg for arg in mixed]
        try:
            return construct_tape(self._cost)(*in_torch, **self._kwargs).operations
        except (TypeError, RuntimeError) as error:
            raise InputError(
                "the cost function cannot take torch tensors, as an optimizer that differentiates "
                f"its circuit hands it ({error}): use qml.math in place of numpy in it"
            ) from error

    def sample(self, tapes: list[QuantumScript]) -> list[np.ndarray]:
        """The shots of circuits, sent out as one batch: int8 (shots, n_wires) each."""
        asked = qml.sample(dtype="int8")
        asked._wires = self.wires  # PennyLane would go through thousands of them once more
        measured = [QuantumScript(tape.operations, [asked], shots=tape.shots) for tape in tapes]
        results = qml.execute(measured, self.device, diff_method=None, interface=None)
        return [np.ascontiguousarray(bits, dtype=np.int8) for bits in results]


def _expected_loss(tape: QuantumScript) -> ExpectedLoss:
    """The expected loss that a circuit returns.

    Raises:
        InputError: see :class:`MeasuredLoss`.
    """
    (measurement, *others) = tape.measurements
    if others or not isinstance(measurement, ExpectedLoss):
        raise InputError(
            f"the cost function returns {', '.join(map(str, tape.measurements))}: this optimizer "
            "expects expected_loss alone"
        )
    if isinstance(measurement.objective.reduction, Custom):
        raise InputError(
            f"reduction {measurement.settings['reduction']!r}: this optimizer expects mean or "
            "cvar, whose dependence on each shot is known"
        )
    if not tape.shots or tape.shots.has_partitioned_shots:
        raise InputError(f"{tape.shots}: this optimizer expects a number of shots")
    return measurement
