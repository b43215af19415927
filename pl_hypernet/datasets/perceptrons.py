"""Problems of statistical physics: random patterns, and a teacher with binary weights."""

import math

import numpy as np

from pl_hypernet.datasets.data import Data
from pl_hypernet.datasets.whole_number import whole_number
from pl_hypernet.errors import DataError
from pl_hypernet.memory import check_memory, rounded


def random_patterns(n_inputs: int = 101, alpha: float = 0.5, seed: int = 0) -> Data:
    """Random patterns with random labels, the storage problem of Gardner.

    A perceptron with binary weights stores up to alpha = 0.83 (Krauth and Mézard, J. Phys. France
    50, 3057 (1989)).

    Args:
        n_inputs: N, of each pattern.
        alpha: patterns per input; there are P = round(alpha N).
        seed: same seed, same patterns.

    Returns:
        Data: inputs float32 (P, N) of +1 and -1, classes (-1, 1), no test set.

    Raises:
        DataError: no whole numbers, or fewer than two patterns.
    """
    n_inputs, seed = whole_number("n_inputs", n_inputs, 1), whole_number("seed", seed, 0)
    n_patterns = _n_patterns(n_inputs, alpha)
    rng = np.random.default_rng(seed)
    inputs = _signs(rng, (n_patterns, n_inputs))
    targets = rng.integers(0, 2, n_patterns)
    source = {"name": "random_patterns", "n_inputs": n_inputs, "alpha": alpha, "seed": seed}
    return Data(inputs, targets, classes=(-1, 1), source=source)


def teacher_student(
    n_inputs: int = 101, alpha: float = 1.5, n_test: int = 1000, seed: int = 0
) -> Data:
    """Random patterns labelled by a perceptron with random weights of +1 and -1.

    The label is the sign of the weighted sum of the inputs. Ties, which only an even ``n_inputs``
    has, are of class -1, as output 0 of a network is class 0. From alpha = 1.245 on the teacher is
    the only binary perceptron that fits, for large N (Györgyi, Phys. Rev. A 41, 7097 (1990)).

    Args:
        n_inputs: N, of each pattern.
        alpha: training patterns per input; there are P = round(alpha N).
        n_test: fresh patterns to test on.
        seed: same seed, same teacher (:func:`teacher_weights`) and patterns.

    Returns:
        Data: inputs float32 (P, N) of +1 and -1, classes (-1, 1).

    Raises:
        DataError: no whole numbers, fewer than two training patterns, or no test pattern.
    """
    n_inputs, seed = whole_number("n_inputs", n_inputs, 1), whole_number("seed", seed, 0)
    n_test = whole_number("n_test", n_test, 1)
    n_patterns = _n_patterns(n_inputs, alpha)
    weights = teacher_weights(n_inputs, seed)
    _, train, test = _generators(seed)
    inputs, test_inputs = _signs(train, (n_patterns, n_inputs)), _signs(test, (n_test, n_inputs))
    source = {"name": "teacher_student", "n_inputs": n_inputs, "alpha": alpha}
    source |= {"n_test": n_test, "seed": seed}
    return Data(
        inputs,
        _labels(inputs, weights),
        test_inputs,
        _labels(test_inputs, weights),
        classes=(-1, 1),
        source=source,
    )


def teacher_weights(n_inputs: int = 101, seed: int = 0) -> np.ndarray:
    """The weights of the teacher of :func:`teacher_student`: float32 (n_inputs,), +1 and -1.

    Raises:
        DataError: no whole numbers.
    """
    n_inputs, seed = whole_number("n_inputs", n_inputs, 1), whole_number("seed", seed, 0)
    return _signs(_generators(seed)[0], n_inputs)


def _generators(seed: int) -> list[np.random.Generator]:
    """Of the teacher, of the training patterns, and of those for testing."""
    return np.random.default_rng(seed).spawn(3)


def _labels(inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (inputs @ weights > 0).astype(np.int64)  # exact: whole numbers below 2^24


def _signs(rng: np.random.Generator, shape) -> np.ndarray:
    n = math.prod(np.atleast_1d(np.array(shape, dtype=object)).tolist())
    check_memory(5 * n, f"patterns of {rounded(n)} signs", "use smaller n_inputs, alpha or n_test")
    return np.where(rng.integers(0, 2, shape, dtype=np.int8), np.float32(1), np.float32(-1))


def _n_patterns(n_inputs: int, alpha: float) -> int:
    if not isinstance(alpha, int | float) or not math.isfinite(alpha) or alpha <= 0:
        raise DataError(f"alpha={alpha!r}: expected a number of patterns per input, above 0")
    if round(alpha * n_inputs) < 2:
        raise DataError(
            f"alpha={alpha} of n_inputs={n_inputs} is {round(alpha * n_inputs)} patterns: expected "
            "at least 2; raise alpha or n_inputs"
        )
    return round(alpha * n_inputs)
