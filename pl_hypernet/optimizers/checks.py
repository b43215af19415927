"""Settings of an optimizer, and cost functions, that do not fit are refused in one line."""

from numbers import Real

import numpy as np
import pennylane as qml

from pl_hypernet.errors import InputError
from pl_hypernet.user_code import described


def check_positive(**settings) -> None:
    """Refuses settings that are not positive and finite.

    Raises:
        InputError: with the first such setting.
    """
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, Real) or not (0 < value < np.inf):
            raise InputError(f"{name}={value}: expected a positive number")


def check_not_negative(**settings) -> None:
    """Refuses settings that are negative or not finite.

    Raises:
        InputError: with the first such setting.
    """
    for name, value in settings.items():
        if isinstance(value, bool) or not isinstance(value, Real) or not (0 <= value < np.inf):
            raise InputError(f"{name}={value}: expected a number of at least 0")


def check_whole(**settings) -> None:
    """Refuses settings that are not whole numbers of at least 1.

    Raises:
        InputError: with the first such setting.
    """
    check_positive(**settings)
    for name, value in settings.items():
        if value != int(value):
            raise InputError(f"{name}={value}: expected a whole number")


def check_bool(**settings) -> None:
    """Refuses settings that are not true or false, as the text "no", which would mean yes.

    Raises:
        InputError: with the first such setting.
    """
    for name, value in settings.items():
        if not isinstance(value, bool | np.bool_):
            raise InputError(f"{name}={value}: expected true or false")


def check_qnode(cost) -> None:
    """Refuses what is no QNode.

    Raises:
        InputError: with what it is.
    """
    if not isinstance(cost, qml.QNode):
        raise InputError(
            f"cost function {described(cost)}: this optimizer expects a QNode; SPSAOptimizer takes "
            "any function that returns a number"
        )


def check_transforms(cost: qml.QNode) -> None:
    """Refuses a QNode with transforms of its own, which an optimizer's batches go past.

    Raises:
        InputError: it has some.
    """
    if transforms := list(getattr(cost, "compile_pipeline", [])):
        names = ", ".join(str(transform).partition("(")[0] for transform in transforms)
        raise InputError(
            f"the cost function has transforms ({names}), which would be left out: apply them "
            "to the device in place of the QNode, as dev = transform(dev)"
        )
