"""Inputs that are missing."""

import numpy as np

from pl_hypernet.errors import DataError


def fill_missing(inputs: np.ndarray, test_inputs: np.ndarray | None = None):
    """NaN replaced by the means of the training inputs in each column.

    Args:
        inputs: float32 (n_samples, n_inputs).
        test_inputs: the same for testing, filled with the same means.

    Returns:
        The filled inputs and test inputs, and the means, float32 (n_inputs,).

    Raises:
        DataError: a column without any value in the training inputs.
    """
    was_missing = np.isnan(inputs)
    empty = np.flatnonzero(was_missing.all(axis=0))
    if len(empty):
        raise DataError(
            f"column {empty[0]} of the training inputs has no value at all: remove the column"
        )
    means = np.nanmean(inputs, axis=0, dtype=np.float64).astype(np.float32)
    filled = np.where(was_missing, means, inputs)
    if test_inputs is not None:
        test_inputs = np.where(np.isnan(test_inputs), means, test_inputs)
    return filled, test_inputs, means
