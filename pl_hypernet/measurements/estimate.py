"""A number that carries its standard error."""

from collections.abc import Callable

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.measurements.reductions import find_reduction, standard_error


class Estimate(np.float64):
    """An energy estimated from shots: a float with its standard error and the losses behind it.

    It is a ``numpy.float64``, so it goes wherever a number goes; arithmetic gives plain floats.

    Attributes:
        stderr (float): standard error of the value; 0.0 when it is exact.
        shots (int or None): number of shots; None when it is exact.
        losses (array or None): float64 (shots,), the loss of each shot; None when it is exact.
        bits (array or None): int8 (shots, n_wires), the shots, where they are known.

    >>> print(Estimate.from_losses(np.array([0.1, 0.2, 0.3])))
    0.2000 ± 0.0577
    """

    stderr: float
    shots: int | None
    losses: np.ndarray | None
    bits: np.ndarray | None

    def __new__(cls, value, stderr=0.0, shots=None, losses=None, bits=None):
        estimate = super().__new__(cls, value)
        estimate.stderr = float(stderr)
        estimate.shots = shots
        estimate.losses = losses
        estimate.bits = bits
        return estimate

    @classmethod
    def from_losses(
        cls, losses: np.ndarray, reduction: str | Callable = "mean", bits: np.ndarray | None = None
    ) -> "Estimate":
        """Reduces losses (shots,) of independent shots to a number.

        The standard error is that of the reduction: see :func:`standard_error`.

        Args:
            losses: float (shots,).
            reduction: a name (``"mean"``, ``"cvar:0.1"``) or a callable losses (shots,) -> number.
            bits: int8 (shots, n_wires), which the estimate keeps.
        """
        losses = np.asarray(losses, dtype=np.float64)
        reduce = find_reduction(reduction)
        return cls(reduce(losses), standard_error(reduce, losses), len(losses), losses, bits)

    @property
    def value(self) -> float:
        return float(self)

    def __str__(self) -> str:
        return f"{float(self):.4f} ± {self.stderr:.4f}"

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if spec else str(self)

    def __repr__(self) -> str:
        return f"Estimate({float(self):.6g}, stderr={self.stderr:.2g}, shots={self.shots})"

    def __reduce__(self):
        return type(self), (float(self), self.stderr, self.shots, self.losses, self.bits)


def as_numbers(losses) -> np.ndarray:
    """What a loss returned, an array or a torch tensor of numbers, as float64."""
    if hasattr(losses, "detach"):
        losses = losses.detach().cpu().numpy()
    return np.asarray(losses, dtype=np.float64)


def check_finite(losses: np.ndarray) -> np.ndarray:
    """Losses float64 (shots,) as they are.

    Raises:
        InputError: one of them is NaN or infinite.
    """
    if not np.isfinite(losses).all():
        bad = int(np.flatnonzero(~np.isfinite(losses))[0])
        raise InputError(
            f"the loss of shot {bad} is {losses[bad]}: expected finite numbers; clip the loss"
        )
    return losses
