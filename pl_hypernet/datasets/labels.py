"""Labels of classes: none missing, and all of one kind."""

import numpy as np

from pl_hypernet.errors import DataError


def different_labels(what: str, labels: np.ndarray) -> np.ndarray:
    """The different labels (n_classes,) of labels (n_samples,), sorted.

    Raises:
        DataError: a label is None, NaN, infinite, masked or no time; or they cannot be sorted, as
            numbers and texts.
    """
    missing = np.flatnonzero(_missing(labels))
    if len(missing):
        raise DataError(
            f"{what} hold NaN or infinite values, None or masked labels, {len(missing)} of them, "
            f"the first at row {missing[0]}: remove these samples"
        )
    try:
        return np.unique(labels)
    except TypeError as error:
        raise DataError(f"{what} are labels of different kinds: {error}") from error


def _missing(labels: np.ndarray) -> np.ndarray:
    if labels.dtype.kind in "fc":
        return ~np.isfinite(labels)
    if labels.dtype.kind in "mM":
        return np.isnat(labels)
    if labels.dtype.kind == "O":
        return np.array([_is_missing(label) for label in labels], dtype=bool)
    return np.zeros(len(labels), dtype=bool)


def _is_missing(label) -> bool:
    if isinstance(label, float | np.floating):
        return not np.isfinite(label)
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError):  # pandas' NA neither equals itself nor does not
        return True
