"""From the losses of the shots to one number that is lowered."""

import math
from collections.abc import Callable

import numpy as np

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.user_code import UserCode

BOOTSTRAPS = 200


class Mean:
    """The variational energy, <L>."""

    def __call__(self, losses: np.ndarray) -> float:
        """The value, of losses float64 (shots,)."""
        return float(losses.mean())

    def influence(self, losses: np.ndarray) -> np.ndarray:
        """How much each shot adds to the value: float64 (shots,).

        The standard error of the value is their standard deviation over sqrt(shots).
        """
        return losses - losses.mean()

    def score_weights(self, losses: np.ndarray) -> np.ndarray:
        """float64 (shots,), whose mean product with grad log p estimates the gradient.

        It is the gradient of what the value of so many shots is on average, and without bias, as
        each shot is compared with the other shots alone.
        """
        return self.influence(losses) * len(losses) / (len(losses) - 1)

    def loss_weights(self, losses: np.ndarray) -> np.ndarray:
        """How the value changes with the loss of each shot: float64 (shots,), of sum 1."""
        return np.full(len(losses), 1 / len(losses))

    def of_distribution(self, losses: np.ndarray, probabilities: np.ndarray) -> float:
        """The exact value, of all losses and their probabilities."""
        return float(probabilities @ losses)

    def __repr__(self) -> str:
        return "mean"


class CVaR:
    r"""Conditional value at risk, the mean of the best share of the shots (arXiv:1907.04769):

    .. math:: \mathrm{CVaR}_\alpha = v + \langle \min(L - v, 0) \rangle / \alpha

    with v the alpha-quantile of the losses. Lower alpha asks for good networks among the shots and
    lets the others be; 1 is the mean.

    Args:
        alpha: the share, in (0, 1].

    Raises:
        InputError: alpha out of range.
    """

    def __init__(self, alpha: float = 0.25):
        if not 0 < alpha <= 1:
            raise InputError(f"cvar with alpha={alpha}: expected a share in (0, 1]")
        self.alpha = alpha

    def __call__(self, losses: np.ndarray) -> float:
        return self.of_distribution(losses, np.full(len(losses), 1 / len(losses)))

    def influence(self, losses: np.ndarray) -> np.ndarray:
        """As of :class:`Mean`: min(L - v, 0) / alpha, less its mean.

        The quantile v is the first loss beyond the best share of the shots, in between where that
        is no whole number of them.
        """
        shots = len(losses)
        share = max(self.alpha, 1 / shots)  # one shot at least
        k = math.ceil(share * shots - 1e-9)
        ordered = np.sort(losses)
        part = max(k - share * shots, 0.0)
        quantile = part * ordered[k - 1] + (1 - part) * ordered[min(k, shots - 1)]
        below = np.minimum(losses - quantile, 0) / share
        return below - below.mean()

    def score_weights(self, losses: np.ndarray) -> np.ndarray:
        """As of :class:`Mean`; with alpha = 1 they are the same.

        By what the value falls without a shot, times shots. That is below 0 for the best shots and
        0 for the others; less its mean among the other shots alone, it has less noise.
        """
        shots = len(losses)
        sums = _SumsOfBest(losses)
        best = max(self.alpha * shots, 1)  # one shot at least
        left = min(best, shots - 1)
        without = sums.of_others(left)
        weights = shots * (sums.of_all(best) / best - without / left)
        fewer = max(self.alpha * (shots - 1), 1)
        mean = sums.of_others(fewer) / fewer
        if fewer <= shots - 2:
            return weights - mean + sums.of_others(fewer + 1) - sums.of_others(fewer)
        return weights - (shots - 1) * mean + sums.of_others(shots - 1)

    def loss_weights(self, losses: np.ndarray) -> np.ndarray:
        return self._shares(losses, np.full(len(losses), 1 / len(losses)))

    def of_distribution(self, losses: np.ndarray, probabilities: np.ndarray) -> float:
        return float(self._shares(losses, probabilities) @ losses)

    def _shares(self, losses, probabilities) -> np.ndarray:
        """Of each loss its weight in the mean of the best."""
        order = np.argsort(losses)
        before = np.cumsum(probabilities[order]) - probabilities[order]
        # of the loss at the quantile only a part belongs to the best share
        taken = np.empty(len(losses))
        taken[order] = np.clip(self.alpha - before, 0, probabilities[order])
        return taken / taken.sum()

    def __eq__(self, other) -> bool:
        return isinstance(other, CVaR) and self.alpha == other.alpha

    def __hash__(self) -> int:
        return hash(("cvar", self.alpha))

    def __repr__(self) -> str:
        return f"cvar:{self.alpha:g}"


class _SumsOfBest:
    """Sums of the lowest of some losses float64 (shots,), of the last one a part."""

    def __init__(self, losses: np.ndarray):
        order = np.argsort(losses)
        self._losses = losses - losses[order[0]]  # sums of large numbers would be less exact
        self._rank = np.empty(len(losses), dtype=int)
        self._rank[order] = np.arange(len(losses))
        self._sums = np.concatenate([[0.0], np.cumsum(self._losses[order])])

    def of_all(self, count: float) -> float:
        """Of the ``count`` lowest, in [0, shots]."""
        return float(np.interp(count, np.arange(len(self._sums)), self._sums))

    def of_others(self, count: float) -> np.ndarray:
        """For each loss, of the ``count`` lowest others, in [0, shots - 1]: float64 (shots,)."""
        with_one_more = self.of_all(count + 1) - self._losses
        return np.where(self._rank < count, with_one_more, self.of_all(count))


class Custom:
    """A function losses (shots,) -> number of a user's own."""

    def __init__(self, function: Callable):
        self.function = function

    def __call__(self, losses: np.ndarray) -> float:
        code = UserCode("reduction", self.function, "a finite number, of losses (shots,)")
        value = code(losses=losses)
        try:
            number = float(value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise code.refused(value, losses=losses) from error
        if not np.isfinite(number):
            raise code.refused(number, losses=losses)
        return number


REDUCTIONS = {"mean": Mean, "cvar": CVaR}
Reduction = Mean | CVaR | Custom


def find_reduction(reduction: str | Callable) -> Reduction:
    """The reduction behind a name, as ``"mean"``, ``"cvar"`` or ``"cvar:0.1"``, or a callable.

    Raises:
        InputError: an unknown name, or a number that does not fit.
    """
    if isinstance(reduction, Reduction):
        return reduction
    if reduction is np.mean:
        return Mean()
    if callable(reduction):
        return Custom(reduction)
    name, _, number = str(reduction).partition(":")
    if name not in REDUCTIONS:
        raise unknown_name("reduction", reduction, REDUCTIONS)
    if not number:
        return REDUCTIONS[name]()
    try:
        return REDUCTIONS[name](float(number))
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"reduction {reduction!r}: expected mean, cvar or cvar:0.1") from error


def standard_error(
    reduction: Reduction, losses: np.ndarray, influence: np.ndarray | float = 0.0
) -> float:
    """Of the reduced losses of independent shots; NaN for fewer than two.

    Of a function of one's own the standard deviation over 200 bootstrap samples (fixed seed).

    Args:
        reduction: of the losses.
        losses: float64 (shots,).
        influence: float64 (shots,), of what is added to the reduced losses.
    """
    shots = len(losses)
    if shots < 2:
        return math.nan
    if not isinstance(reduction, Custom):
        influence = reduction.influence(losses) + influence
        return float(influence.std(ddof=1) / math.sqrt(shots))
    drawn = np.random.default_rng(0).integers(shots, size=(BOOTSTRAPS, shots))
    influence = np.broadcast_to(influence, shots)
    return float(np.std([reduction(losses[i]) + influence[i].mean() for i in drawn], ddof=1))
