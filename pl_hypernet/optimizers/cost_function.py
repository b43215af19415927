"""What SPSA evaluates: a QNode, its circuits as one batch, or any function of numbers."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript
from pennylane.workflow import construct_tape

from pl_hypernet.devices import device
from pl_hypernet.errors import InputError
from pl_hypernet.measurements.expected_loss import ExpectedLoss
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.checks import check_transforms
from pl_hypernet.user_code import described


class CircuitCost:
    """A QNode at given arguments.

    Args:
        cost (QNode): returns one number.
        arguments: of which some are trained.
        kwargs: other arguments.

    Attributes:
        device: its device, from :func:`pl_hypernet.device`.

    Raises:
        InputError: it has transforms, several numbers of shots, or several values.
    """

    def __init__(self, cost: qml.QNode, arguments: TrainableArguments, kwargs: dict):
        check_transforms(cost)
        self.device = device(cost.device)
        self._cost, self._arguments, self._kwargs = cost, arguments, kwargs
        tape = self.at(arguments.vector)
        if tape.shots.has_partitioned_shots:
            raise InputError(f"{tape.shots}: expected one number of shots")
        if len(tape.measurements) != 1:
            raise _no_number(f"{len(tape.measurements)} values")
        (measured,) = tape.measurements
        loss = measured.loss if isinstance(measured, ExpectedLoss) else measured.obs
        self.identity = (_code(cost.func), type(measured), _code(loss), len(arguments.vector))

    def at(self, vector: np.ndarray) -> QuantumScript:
        """What is evaluated at other angles, float64 (d,)."""
        return construct_tape(self._cost)(*self._arguments.at(vector), **self._kwargs)

    def evaluate(self, tapes: list[QuantumScript]) -> list:
        """A number of each."""
        return _numbers(qml.execute(tapes, self.device, diff_method=None, interface=None))


class PlainCost:
    """A function that may call what it likes; as :class:`CircuitCost`, without a device."""

    device = None

    def __init__(self, cost: Callable, arguments: TrainableArguments, kwargs: dict):
        if not callable(cost):
            raise InputError(f"cost function {described(cost)}: expected a QNode, or a function")
        self._cost, self._arguments, self._kwargs = cost, arguments, kwargs
        self.identity = (_code(cost), len(arguments.vector))

    def at(self, vector: np.ndarray) -> Callable:
        return partial(self._cost, *self._arguments.at(vector), **self._kwargs)

    def evaluate(self, calls: list[Callable]) -> list:
        return _numbers(call() for call in calls)


def cost_function(cost, arguments: TrainableArguments, kwargs: dict) -> CircuitCost | PlainCost:
    """What is evaluated of a cost function."""
    kind = CircuitCost if isinstance(cost, qml.QNode) else PlainCost
    return kind(cost, arguments, kwargs)


def _code(function):
    """What tells functions apart: closures made anew in each step are the same function."""
    return getattr(function, "__code__", function)


def _numbers(values) -> list:
    """Each as a float; an :class:`Estimate` stays one.

    Raises:
        InputError: it is no number, or not finite.
    """
    numbers = []
    for value in values:
        if not isinstance(value, np.floating):
            try:
                value = float(value.item() if hasattr(value, "item") else value)
            except (TypeError, ValueError, RuntimeError) as error:
                raise _no_number(described(value)) from error
        if not np.isfinite(value):
            raise InputError(f"the cost function returned {value}: expected finite numbers")
        numbers.append(value)
    return numbers


def _no_number(what: str) -> InputError:
    return InputError(f"the cost function returned {what}: expected one number")
