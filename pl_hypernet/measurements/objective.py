"""What is lowered: a reduction of the losses, and weighted regularisers."""

from collections.abc import Callable
from numbers import Real

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.measurements.estimate import Estimate
from pl_hypernet.measurements.reductions import Custom, Mean, find_reduction, standard_error
from pl_hypernet.measurements.regularisers import NegativeEntropy, UniformMMD


class Objective:
    r"""F = reduction(L) - entropy H + mmd MMD^2; see :func:`expected_loss`.

    Args:
        reduction, entropy, mmd, mmd_bandwidth: as of :func:`expected_loss`.

    Attributes:
        entropy (float): its weight.
        needs_log_p (bool): whether it can be estimated only with log p of the shots.
        is_mean (bool): whether it is the plain mean of the losses.

    Raises:
        InputError: an unknown reduction; a weight that is negative, NaN or infinite; a bandwidth
            that is not positive.
    """

    def __init__(
        self,
        reduction: str | Callable = "mean",
        entropy: float = 0.0,
        mmd: float = 0.0,
        mmd_bandwidth: float | None = None,
    ):
        for name, weight in {"entropy": entropy, "mmd": mmd}.items():
            if not isinstance(weight, Real) or not 0 <= weight < np.inf:
                raise InputError(f"{name}={weight}: expected a weight of at least 0")
        self.reduction = find_reduction(reduction)
        weighted = [(float(entropy), NegativeEntropy()), (float(mmd), UniformMMD(mmd_bandwidth))]
        self.regularisers = [(weight, term) for weight, term in weighted if weight]
        self.entropy = float(entropy)
        self.needs_log_p = self.entropy > 0
        self.is_mean = isinstance(self.reduction, Mean) and not self.regularisers

    def estimate(
        self, losses: np.ndarray, bits: np.ndarray, log_p: np.ndarray | None = None
    ) -> Estimate:
        """F from independent shots, with its standard error.

        Args:
            losses: float64 (shots,), which the estimate keeps, and the bits.
            bits: int8 (shots, n_wires).
            log_p: float64 (shots,), natural logarithms, where ``needs_log_p``.
        """
        if not self.regularisers:
            return Estimate.from_losses(losses, self.reduction, bits)
        terms = self._terms(bits, log_p)
        added = sum(numbers for numbers, _ in terms)
        influence = sum(order * (numbers - numbers.mean()) for numbers, order in terms)
        error = standard_error(self.reduction, losses, influence)
        return Estimate(self.reduction(losses) + added.mean(), error, len(losses), losses, bits)

    def score_weights(
        self, losses: np.ndarray, bits: np.ndarray, log_p: np.ndarray | None = None
    ) -> np.ndarray:
        """float64 (shots,), whose mean product with grad log p estimates grad F, without bias.

        F is here what :meth:`estimate` gives of so many shots on average; for CVaR that is a little
        more than of the whole distribution. Each is the influence of a shot against a baseline made
        of the other shots alone. For means over m-tuples of the shots that is the influence times
        shots / (shots - m); CVaR has such a baseline of its own.

        Raises:
            InputError: so few shots that none are left for the baseline.
        """
        terms = self._terms(bits, log_p)
        shots = len(losses)
        fewest = 1 + max([1, *(order for _, order in terms)])
        if shots < fewest:
            raise InputError(f"a gradient from {shots} shots: expected at least {fewest}")
        return _with_terms(self.reduction.score_weights(losses), terms)

    def spin_weights(self, losses: np.ndarray, by_spin: np.ndarray, bits: np.ndarray) -> np.ndarray:
        """How F changes with <Z> of each bit, an entropy aside: float64 (n_wires,).

        Args:
            losses: float64 (shots,).
            by_spin: real (shots, n_wires), their derivatives by each spin; (n_wires,) is their
                mean, if the losses are reduced to theirs.
            bits: int8 (shots, n_wires).
        """
        weights = self.loss_spin_weights(losses, by_spin)
        for weight, term in self.regularisers:
            if not term.needs_log_p:
                weights = weights + weight * term.by_spin(bits)
        return weights

    def loss_spin_weights(self, losses: np.ndarray, by_spin: np.ndarray) -> np.ndarray:
        """The part of :meth:`spin_weights` that comes from the losses."""
        if by_spin.ndim > 1:  # in their own precision: no copy of all of them
            by_spin = self.reduction.loss_weights(losses).astype(by_spin.dtype) @ by_spin
        return by_spin.astype(np.float64)

    def entropy_weights(self, bits: np.ndarray, log_p: np.ndarray) -> np.ndarray:
        """As :meth:`score_weights`, of the terms that :meth:`spin_weights` leaves aside."""
        terms = [
            (weight * term.per_shot(bits, log_p), term.order)
            for weight, term in self.regularisers
            if term.needs_log_p
        ]
        return _with_terms(np.zeros(len(bits)), terms)

    def check_exact(self) -> None:
        """Refuses a function of a user's own as reduction, which has no exact value.

        Raises:
            InputError: it is one.
        """
        if isinstance(self.reduction, Custom):
            raise InputError(
                f"reduction {self.reduction.function!r} has no exact value without shots: "
                "set shots on the QNode, or use reduction='mean' or 'cvar'"
            )

    def of_distribution(self, losses: np.ndarray, probabilities: np.ndarray) -> Estimate:
        """The exact value, of all losses (2**n_wires,) and their probabilities."""
        value = self.reduction.of_distribution(losses, probabilities)
        for weight, term in self.regularisers:
            value += weight * term.of_distribution(probabilities)
        return Estimate(value)

    def _terms(self, bits, log_p) -> list[tuple[np.ndarray, int]]:
        """The weighted numbers of each regulariser, and its order."""
        if self.needs_log_p and log_p is None:
            raise InputError(
                "the entropy needs log p of the circuit, which this device does not hand over: "
                "wrap it by pl_hypernet.device, or use mmd, which needs bits alone"
            )
        return [
            (weight * term.per_shot(bits, log_p), term.order) for weight, term in self.regularisers
        ]


def _with_terms(weights: np.ndarray, terms: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """Weights float64 (shots,) in the score function, with those of regularisers added: these are
    given as their numbers and their orders."""
    shots = len(weights)
    for numbers, order in terms:
        weights = weights + order * (numbers - numbers.mean()) * shots / (shots - order)
    return weights
