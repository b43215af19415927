"""Weights that change over a run."""

from pl_hypernet.errors import InputError

LARGEST = 1e100  # whose square is still a number
Weight = float | tuple[float, float]


def find_weight(weight) -> Weight:
    """A weight as given: a number, ``(start, stop)``, or text as ``"0.01"`` or ``"0.02:0"``.

    One that starts where it stops is a number.

    Raises:
        InputError: something else, or a number that is negative, NaN or too large to be squared.
    """
    parts = weight.split(":") if isinstance(weight, str) else weight
    try:
        numbers = list(map(float, parts if isinstance(parts, list | tuple) else [parts]))
    except (TypeError, ValueError):
        numbers = []  # refused below
    if len(numbers) not in (1, 2) or not all(0 <= n <= LARGEST for n in numbers):
        raise InputError(
            f"expected a number from 0 to {LARGEST:g}, or two such numbers as start:stop"
        )
    start, stop = numbers[0], numbers[-1]
    return start if start == stop else (start, stop)


def changes(weight: Weight) -> bool:
    """Whether a weight changes over the steps."""
    return isinstance(weight, tuple)


def weight_at(weight: Weight, step: int, steps: int) -> float:
    """The weight at a step, from 0 to steps - 1: linear from start to stop, or constant."""
    if not isinstance(weight, tuple):
        return weight
    start, stop = weight
    return start + (stop - start) * min(1.0, step / max(1, steps - 1))
