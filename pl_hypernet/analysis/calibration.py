"""Whether probabilities are as often right as they say."""

import numpy as np

from pl_hypernet.errors import InputError


def expected_calibration_error(probabilities, targets, bins: int = 15) -> float:
    """The mean distance of confidence and accuracy (Guo et al., ICML 2017, eq. 3).

    The confidence of a sample is its largest probability. Samples are sorted by it into bins of
    equal width; of each bin the accuracy and the mean confidence are compared, and the bins weigh
    as many samples as they hold.

    Args:
        probabilities: float (M, n_classes), rows that sum to 1, as of ``run.predict_proba``.
        targets: int (M,), the number of each sample's class.
        bins: of (0, 1], at least 1.

    Returns:
        In [0, 1]; 0 is calibrated.

    Raises:
        InputError: shapes that do not fit.
    """
    probabilities, targets = np.asarray(probabilities, dtype=float), np.asarray(targets)
    if probabilities.ndim != 2 or targets.shape != probabilities.shape[:1] or not len(targets):
        raise InputError(
            f"probabilities {probabilities.shape} and targets {targets.shape}: expected "
            "(M, n_classes) and (M,), of at least one sample"
        )
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == targets
    places = np.ceil(confidence * bins).astype(int) - 1
    excess = np.bincount(places, right - confidence, minlength=bins)
    return float(np.abs(excess).sum() / len(targets))
