"""Whether probabilities are as often right as they say."""

from typing import NamedTuple

import numpy as np

from pl_hypernet.errors import InputError

BINS = 15


class Reliability(NamedTuple):
    """Samples sorted by confidence, their largest probability, into bins of equal width.

    Attributes:
        confidence, accuracy: float64 (n,), the means of each bin that holds samples.
        share: float64 (n,), of the samples that it holds; they sum to 1.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    share: np.ndarray


def reliability(probabilities, targets, bins: int = BINS) -> Reliability:
    """What a reliability diagram shows (Guo et al., ICML 2017).

    Args:
        probabilities: float (M, n_classes), rows that sum to 1, as of ``run.predict_proba``.
        targets: int (M,), the number of each sample's class.
        bins: of (0, 1], at least 1.

    Raises:
        InputError: shapes that do not fit.
    """
    probabilities, targets = _checked(probabilities, targets)
    if bins < 1:
        raise InputError(f"bins={bins}: expected at least 1")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    places = np.ceil(confidence * bins).astype(int).clip(1, bins) - 1
    held = np.bincount(places, minlength=bins)
    there = held > 0
    return Reliability(
        np.bincount(places, confidence, minlength=bins)[there] / held[there],
        np.bincount(places, right, minlength=bins)[there] / held[there],
        held[there] / len(targets),
    )


def expected_calibration_error(probabilities, targets, bins: int = BINS) -> float:
    """The mean distance of confidence and accuracy (Guo et al., ICML 2017, eq. 3).

    Of each bin of :func:`reliability` the accuracy and the mean confidence are compared, and the
    bins weigh as many samples as they hold.

    Args:
        probabilities, targets, bins: as of :func:`reliability`.

    Returns:
        In [0, 1]; 0 is calibrated.

    Raises:
        InputError: shapes that do not fit.
    """
    found = reliability(probabilities, targets, bins)
    return float(found.share @ np.abs(found.accuracy - found.confidence))


def negative_log_likelihood(probabilities, targets) -> float:
    """Mean of -log p of each sample's class, in nats, at least 0.

    Args:
        probabilities, targets: as of :func:`reliability`.

    Raises:
        InputError: shapes that do not fit.
    """
    probabilities, targets = _checked(probabilities, targets)
    of_class = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(of_class.clip(np.finfo(float).tiny)).mean())


def _checked(probabilities, targets) -> tuple[np.ndarray, np.ndarray]:
    probabilities, targets = np.asarray(probabilities, dtype=float), np.asarray(targets)
    if probabilities.ndim != 2 or targets.shape != probabilities.shape[:1] or not len(targets):
        raise InputError(
            f"probabilities {probabilities.shape} and targets {targets.shape}: expected "
            "(M, n_classes) and (M,), of at least one sample"
        )
    n_classes = probabilities.shape[1]
    if targets.dtype.kind not in "iub" or not 0 <= targets.min() <= targets.max() < n_classes:
        raise InputError(f"targets: expected numbers of classes, whole ones below {n_classes}")
    return probabilities, targets.astype(int)
