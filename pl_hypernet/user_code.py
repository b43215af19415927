"""Functions that a user wrote: where one fails, one line says whose, what it got, and what it gave.

A loss, an ansatz or an activation runs deep inside a training, and its error would surface there as
one of ours. Each is called through :class:`UserCode`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pl_hypernet.errors import HypernetError, InputError

ERRORS_OF = ("builtins", "numpy", "pennylane", "torch")  # another error is a signal of the user's
LONGEST = 60  # characters of a value that is shown


@dataclass(frozen=True)
class UserCode:
    """A function of a user's own, to be called in its place.

    Args:
        kind: what it is to us, as ``"loss"``.
        function: as given.
        expected: what it should make of what, as a clause.

    >>> losses = UserCode("loss", loss, "losses (S,)")(outputs=outputs, targets=targets)
    """

    kind: str
    function: Callable
    expected: str

    def __call__(self, **got):
        """``function(*got.values())``.

        Raises:
            InputError: from an error of Python, numpy, torch or PennyLane in it. Errors of ours,
                and of classes that a user defined, as to prune a trial, go through as they are.
        """
        try:
            return self.function(*got.values())
        except HypernetError:
            raise
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ERRORS_OF:
                raise
            said = " ".join(str(error).split()) or "no message"
            raise self._refused(f"raised {type(error).__name__}: {said}", got) from error

    def refused(self, returned, **got) -> InputError:
        """The error for what it returned."""
        return self._refused(f"returned {described(returned)}", got)

    def _refused(self, what: str, got: dict) -> InputError:
        given = ", ".join(f"{name} {described(value)}" for name, value in got.items())
        given = f"it got {given}; " if given else ""
        return InputError(
            f"{self.kind} {name_of(self.function)!r} {what}; {given}expected {self.expected}"
        )


def described(value) -> str:
    """An array by its dtype and shape, anything else by itself if that is short, or by its type."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype} {tuple(value.shape)}"
    shown = repr(value)
    is_short = len(shown) <= LONGEST and not isinstance(value, dict)
    return shown if is_short else type(value).__name__


def name_of(function: Callable) -> str:
    """Of a method with its class; of an object that is called, as a torch module, its class."""
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", None)
    if name is None:
        return type(function).__name__
    return name if owner is None else f"{type(owner).__name__}.{name}"
