"""Arrays and data frames that users hand over, checked and made plain."""

import numpy as np

from pl_hypernet.errors import DataError

LARGEST = 1e15  # sums of squares of float32 stay finite below


def array(what: str, values) -> np.ndarray:
    """As an array of any kind."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{what} are not an array of numbers: {error}") from error


def numbers(what: str, values, dtype=np.float32) -> np.ndarray:
    """As floats; what overflows becomes infinite, which :func:`check_size` refuses."""
    found = array(what, values)
    if found.dtype.kind in "cmM":
        raise DataError(f"{what} are {found.dtype}: expected real numbers")
    try:
        with np.errstate(over="ignore"):
            return np.asarray(found, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        for name in (column_names(values) or ()) if found.ndim == 2 else ():
            numbers(f"{what}, column {name!r},", np.asarray(values[name]), dtype)
        raise DataError(f"{what} are not an array of numbers: {error}") from error


def rows(what: str, inputs: np.ndarray) -> np.ndarray:
    """Inputs (n_samples, ...) as (n_samples, n_inputs)."""
    if inputs.size == 0 or inputs.ndim < 2:
        raise DataError(
            f"{what} have shape {inputs.shape}: expected (n_samples, n_inputs), of at "
            "least one each"
        )
    return inputs.reshape(len(inputs), -1)


def check_size(which: str, inputs: np.ndarray) -> None:
    """Refuses what is no number or too large: of inputs (n_samples, n_inputs)."""
    bad = np.argwhere(~(np.abs(inputs) <= LARGEST))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{which} inputs hold {len(bad)} values that are NaN or infinite or beyond "
            f"{LARGEST:.0e}, the first at row {row}, column {column}: remove, fill in or "
            "rescale them"
        )


def sample_weights(values, n_samples: int) -> np.ndarray | None:
    """Weights of samples, brought to mean 1: float64 (n_samples,), at least 0.

    None where all are the same: they make no difference.

    Raises:
        DataError: another shape, negative or not finite, or all of them 0.
    """
    found = numbers("sample weights", values, np.float64)
    if found.shape != (n_samples,):
        raise DataError(f"sample weights have shape {found.shape}: expected ({n_samples},)")
    bad = np.flatnonzero(~((found >= 0) & (found < np.inf)))
    if len(bad):
        raise DataError(
            f"sample weights hold {found[bad[0]]} in row {bad[0]}: expected finite numbers, "
            "at least 0"
        )
    if not found.any():
        raise DataError("sample weights are all 0: expected one above 0")
    if np.ptp(found) == 0:
        return None
    found = found / found.max()  # or sums of large ones would be infinite
    return found / found.mean()


def column_names(values) -> tuple[str, ...] | None:
    """The names of a data frame's columns, or of one column; None where there are none."""
    names = list(getattr(values, "columns", [getattr(values, "name", None)]))
    return tuple(names) if names and all(isinstance(name, str) for name in names) else None


def columns_in_order(what: str, values, names: tuple[str, ...] | None):
    """A data frame's columns of these names, in this order; anything else as it is.

    Raises:
        DataError: the frame lacks one of them.
    """
    found = column_names(values) if hasattr(values, "columns") else None
    if names is None or found is None:
        return values
    lacking = [name for name in names if name not in found]
    if lacking:
        raise DataError(
            f"{what} have no column {lacking[0]!r}: expected the columns {', '.join(names[:5])}"
            + (", ..." if len(names) > 5 else "")
        )
    return values[list(names)]
