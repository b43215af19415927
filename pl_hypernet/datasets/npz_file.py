"""A user's own arrays in a file of numpy's."""

import numpy as np

from pl_hypernet.datasets.arrays import from_arrays
from pl_hypernet.datasets.data import Data
from pl_hypernet.errors import DataError
from pl_hypernet.numpy_files import MOST_BYTES, FileError, load_npz

NAMES = {"inputs", "targets", "test_inputs", "test_targets"}


def read_npz(
    path: str, *, regression: bool = False, missing: str | None = None, most_bytes: int = MOST_BYTES
) -> Data:
    """Arrays ``inputs`` and ``targets``, and for testing ``test_inputs`` and ``test_targets``.

    Args:
        path: an ``.npz`` file.
        regression, missing: as of :func:`pl_hypernet.datasets.from_arrays`.
        most_bytes: of the arrays; a larger file is not read.

    Raises:
        DataError: it cannot be read, holds other arrays, or see ``from_arrays``.
    """
    found = read_arrays(path, most_bytes)
    if not {"inputs", "targets"} <= set(found) <= NAMES:
        raise DataError(
            f"{path} holds {sorted(found)}: expected inputs and targets, and optionally "
            "test_inputs and test_targets"
        )
    return from_arrays(**found, regression=regression, missing=missing)


def read_arrays(path: str, most_bytes: int = MOST_BYTES) -> dict[str, np.ndarray]:
    """All arrays of a file, of so many bytes at most.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return load_npz(path, most_bytes)
    except (OSError, FileError) as error:
        raise DataError(f"{path} cannot be read as npz: {error}") from error
