"""Arrays and data frames that users hand over, checked and made plain."""

import numpy as np

from pl_hypernet.errors import DataError

LARGEST = 1e15  # sums of squares of float32 stay finite below
LARGEST_SQUARED = 1e150  # sums of squares of float64 stay finite below, and above 0 beyond 1 / this
ROUNDING = 1e-14  # of a column's largest value: spread that is taken for none


def array(what: str, values) -> np.ndarray:
    """As an array of any kind; masked values are NaN or None."""
    try:
        return np.asarray(unmasked(values))
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{what} are not an array of numbers: {error}") from error


def unmasked(values):
    """A masked array with NaN, or None where it holds no floats; anything else as it is."""
    if not np.ma.is_masked(values):
        return values
    if values.dtype.kind == "f":
        return values.filled(np.nan)
    return np.where(np.ma.getmaskarray(values), None, values.data.astype(object))


def numbers(what: str, values, dtype: type | None = np.float32) -> np.ndarray:
    """As floats, of dtype None as wide as they come; what overflows becomes infinite, which
    :func:`check_size` refuses."""
    found = array(what, values)
    if found.dtype.kind in "cmM":
        raise DataError(f"{what} are {found.dtype}: expected real numbers")
    if dtype is None:
        plain = found.dtype.kind in "fiub"
        dtype = np.promote_types(found.dtype, np.float32).type if plain else np.float64
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


def check_spread(what: str, values: np.ndarray) -> np.ndarray:
    """Whether float64 values (n, ...) differ in each column, bool (...); rounding is no difference.

    Raises:
        DataError: NaN, infinite or so large, or differences so small, that variances are not known.
    """
    largest = np.abs(values).max(axis=0)
    bad = np.argwhere(~(largest <= LARGEST_SQUARED))
    if len(bad):
        raise DataError(
            f"{what}{_in_column(bad[0])} are NaN or infinite or beyond {LARGEST_SQUARED:.0e}: "
            "remove, fill in or rescale them"
        )
    spread = np.ptp(values, axis=0)
    bad = np.argwhere((spread > ROUNDING * largest) & (spread < 1 / LARGEST_SQUARED))
    if len(bad):
        raise DataError(
            f"{what}{_in_column(bad[0])} differ by {spread[tuple(bad[0])]:.0e} at most, which is "
            f"below {1 / LARGEST_SQUARED:.0e}: rescale them"
        )
    return spread > ROUNDING * largest


def single_precision(what: str, values: np.ndarray) -> np.ndarray:
    """Inputs (n_samples, n_inputs) of floats as float32; what overflows becomes infinite.

    Raises:
        DataError: a column's values differ, but not as float32: they are tiny, or far from 0.
    """
    if values.dtype == np.float32:
        return values
    with np.errstate(all="ignore"):
        single = values.astype(np.float32)
        same = np.flatnonzero(np.ptp(single, axis=0) == 0)
        wide = values[:, same]
        lost = same[np.ptp(wide, axis=0) > ROUNDING * np.abs(wide).max(axis=0)]
    if len(lost):
        raise DataError(
            f"{what}{_in_column(lost)} differ by less than float32 can tell, around "
            f"{values[0, lost[0]]:.3g}: subtract their mean or rescale them"
        )
    return single


def _in_column(index: np.ndarray) -> str:
    return f" in column {index[0]}" if len(index) else ""


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
