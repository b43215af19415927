"""A user's own arrays in a file of numpy's."""

from zipfile import BadZipFile

import numpy as np

from pl_hypernet.datasets.arrays import from_arrays
from pl_hypernet.datasets.data import Data
from pl_hypernet.errors import DataError

NAMES = {"inputs", "targets", "test_inputs", "test_targets"}


def read_npz(path: str, *, regression: bool = False, missing: str | None = None) -> Data:
    """Arrays ``inputs`` and ``targets``, and for testing ``test_inputs`` and ``test_targets``.

    Args:
        path: an ``.npz`` file.
        regression, missing: as of :func:`pl_hypernet.datasets.from_arrays`.

    Raises:
        DataError: it cannot be read, holds other arrays, or see ``from_arrays``.
    """
    found = read_arrays(path)
    if not {"inputs", "targets"} <= set(found) <= NAMES:
        raise DataError(
            f"{path} holds {sorted(found)}: expected inputs and targets, and optionally "
            "test_inputs and test_targets"
        )
    return from_arrays(**found, regression=regression, missing=missing)


def read_arrays(path: str) -> dict[str, np.ndarray]:
    """All arrays of a file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with np.load(path) as arrays:
            return {key: arrays[key] for key in arrays}
    except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
        raise DataError(f"{path} cannot be read as npz: {error}") from error
