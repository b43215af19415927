"""Points in the plane that no line separates."""

import numpy as np

from pl_hypernet.datasets.data import Data
from pl_hypernet.datasets.whole_number import whole_number
from pl_hypernet.memory import check_memory, rounded

CENTRES = (((-1.0, -2.0),), ((-2.0, 1.0), (1.0, 1.0), (2.0, -2.0)))  # of the classes 0 and 1
VARIANCE = 0.1


def gaussian_mixture(n_samples: int = 10_000, seed: int = 0) -> Data:
    """The two-dimensional task of arXiv:2301.08292.

    Class 0 is normally distributed around (-1, -2), class 1 around (-2, 1), (1, 1) and (2, -2) in
    equal parts, with variance 0.1 in each direction. Half of the points are of each class.

    Args:
        n_samples: training samples, and as many for testing; at least 2.
        seed: same seed, same points.

    Returns:
        Data: inputs float32 (n_samples, 2).

    Raises:
        DataError: fewer than two samples, or a seed that is no whole number.
        InputError: more than memory holds.
    """
    n_samples, seed = whole_number("n_samples", n_samples, 2), whole_number("seed", seed, 0)
    check_memory(100 * n_samples, f"{rounded(n_samples)} points", "use a smaller n_samples")
    train, test = (_points(n_samples, rng) for rng in np.random.default_rng(seed).spawn(2))
    source = {"name": "gaussian_mixture", "n_samples": n_samples, "seed": seed}
    return Data(*train, *test, source=source)


def _points(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    targets = rng.permutation(np.arange(n) % 2)
    centres = np.empty((n, 2))
    for label, around in enumerate(CENTRES):
        own = targets == label
        centres[own] = rng.choice(around, size=own.sum())
    points = rng.normal(centres, np.sqrt(VARIANCE))
    return points.astype(np.float32), targets
