"""What can go wrong, each with one line: what came, what was expected, how to mend it."""

from collections.abc import Iterable
from difflib import get_close_matches


class HypernetError(Exception):
    """Base of every error that pl_hypernet raises on purpose.

    Attributes:
        theta: the angles reached, where it ended a training that had begun; else None.
    """

    theta = None


class InputError(HypernetError, ValueError):
    """An argument has the wrong value, shape or name."""


class DataError(HypernetError, ValueError):
    """The data cannot be trained on: wrong shape, NaN, missing labels or files."""


class DeviceError(HypernetError, RuntimeError):
    """A device cannot do what was asked of it."""


class BudgetError(HypernetError, RuntimeError):
    """A task or a circuit would go beyond what was allowed; it was not sent.

    Attributes:
        limit: the name of the setting that it would go beyond.
    """

    limit = "max_cost"


class RunFolderError(HypernetError, OSError):
    """A run folder exists already, cannot be written, or is not a run folder."""


class CacheWarning(UserWarning):
    """The user's cache folder cannot be written."""


class NetworkWarning(UserWarning):
    """Something in a module of a user's own is not as it may seem."""


class TruncationWarning(UserWarning):
    """A matrix product state was truncated so much that results will show it."""


def did_you_mean(name: object, known) -> str:
    """The start of an advice, of the nearest of the known names; empty if none is near."""
    near = get_close_matches(str(name), list(map(str, known)), n=1)
    return f"did you mean {near[0]!r}? Or " if near else ""


def unknown_name(kind: str, name: object, known) -> InputError:
    """The line for a name that is not in a list of choices."""
    known = list(map(str, known))
    near = did_you_mean(name, known)
    return InputError(f"unknown {kind} {name!r}: {near}choose one of {', '.join(known)}")


def check_options(owner: str, given: Iterable[str], known: Iterable[str], elsewhere=()) -> None:
    """Refuses options that something does not have.

    Args:
        owner: what they are of, for people.
        given, known: their names.
        elsewhere: names of others, which may have been meant.

    Raises:
        InputError: the first of them.
    """
    known = list(known)
    for name in given:
        if name not in known:
            near = did_you_mean(name, [*known, *elsewhere])
            raise InputError(f"{owner}: no option {name!r}: {near}choose from {', '.join(known)}")
