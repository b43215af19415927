"""Statistical tests, with one p-value for all of them."""

import numpy as np
from scipy.stats import chi2

ALPHA = 1e-6  # a right sampler fails a test with this probability, once for each fixed seed


def g_test(bits: np.ndarray, probabilities: np.ndarray, least: float = 5.0) -> float:
    """p-value of the hypothesis that the rows of bits come from the distribution.

    Args:
        bits: int8 (shots, n), the first column the most significant bit.
        probabilities: float64 (2**n,).
        least: outcomes expected less often are put into one bin.
    """
    n = bits.shape[1]
    outcomes = bits.astype(int) @ (1 << np.arange(n)[::-1])
    observed = np.bincount(outcomes, minlength=2**n).astype(float)
    expected = probabilities * len(bits)
    if observed[expected == 0].any():
        return 0.0  # an outcome that cannot occur
    rare = expected < least
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = observed > 0
    g = 2 * np.sum(observed[kept] * np.log(observed[kept] / expected[kept]))
    return float(chi2.sf(g, df=max(1, np.count_nonzero(expected) - 1)))


def standard_deviations(values: np.ndarray, truth: float) -> float:
    """How many standard errors the mean of independent values lies off the truth."""
    return abs(values.mean() - truth) / (values.std(ddof=1) / np.sqrt(len(values)))
