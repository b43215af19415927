"""A user's own arrays, checked and made uniform."""

from collections.abc import Sequence

import numpy as np

from pl_hypernet.datasets.checked import (
    array,
    column_names,
    columns_in_order,
    numbers,
    rows,
    single_precision,
)
from pl_hypernet.datasets.data import Data
from pl_hypernet.datasets.labels import different_labels
from pl_hypernet.datasets.missing_values import fill_missing
from pl_hypernet.errors import DataError, InputError, unknown_name

MOST_CLASSES = 1000
MOST_FRACTIONS = 20  # different labels that may be fractions, before they look like real targets


def from_arrays(
    inputs,
    targets,
    test_inputs=None,
    test_targets=None,
    *,
    regression: bool = False,
    missing: str | None = None,
    feature_names: Sequence[str] | None = None,
    target_names: Sequence[str] | None = None,
) -> Data:
    """A user's own arrays as :class:`Data`.

    Args:
        inputs: (n_samples, n_inputs), anything that converts to float32, data frames too; more
            dimensions are flattened, with ``image_shape`` kept of (n_samples, height, width) or
            (n_samples, 1, height, width).
        targets: (n_samples,), two or more labels of any kind, the smallest becomes class 0, none of
            them missing (None, NaN, infinite, masked); or of a
            regression real numbers, (n_samples,) or (n_samples, n_targets), which are standardised
            by the training targets, each column for itself. Names of a data frame's columns, and
            of a column, are kept.
        test_inputs, test_targets: the same for testing, if there are any.
        regression: whether targets are real numbers.
        missing: None: NaN (and what is masked) in the inputs is refused; ``"mean"``: it is filled
            with the mean of the training inputs in its column.
        feature_names, target_names: of the columns; None: those of data frames.

    Raises:
        DataError: wrong shapes; NaN, masked, infinite or huge values, or inputs that float32 cannot
            tell apart; fewer than two labels, or numbers that are no labels; of a regression
            targets that are all the same.
        InputError: an unknown ``missing``.
    """
    if not isinstance(regression, bool):
        raise InputError(f"regression={regression!r}: expected True or False")
    feature_names = column_names(inputs) if feature_names is None else tuple(feature_names)
    target_names = column_names(targets) if target_names is None else tuple(target_names)
    inputs = numbers("inputs", inputs, None)
    targets = _column("targets", targets, regression)
    shape = inputs.shape[1:]
    inputs = single_precision("inputs", rows("inputs", inputs))
    if test_inputs is not None:
        test_inputs = columns_in_order("test inputs", test_inputs, feature_names)
        test_inputs = numbers("test inputs", test_inputs)
        if test_inputs.shape[1:] != shape:
            raise DataError(
                f"test inputs have shape {test_inputs.shape}, training inputs "
                f"{(len(inputs), *shape)}: expected the same number of features, in one shape"
            )
        test_inputs = rows("test inputs", test_inputs)
    if test_targets is not None:
        test_targets = columns_in_order("test targets", test_targets, target_names)
        test_targets = _column("test targets", test_targets, regression)
    was_missing = fill = None
    if missing is not None:
        if missing != "mean":
            raise unknown_name("missing", missing, ["mean"])
        was_missing = np.isnan(inputs)
        inputs, test_inputs, fill = fill_missing(inputs, test_inputs)
    classes = None
    if not regression:
        labels = _classes(targets)
        targets = _codes(targets, labels)
        if test_targets is not None:
            different_labels("test targets", test_targets)
            test_targets = _codes(test_targets, labels)
        classes = tuple(x.item() if isinstance(x, np.generic) else x for x in labels.tolist())
    grey = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
    image_shape = grey if len(grey) == 2 else None
    data = Data(
        inputs,
        targets,
        test_inputs,
        test_targets,
        classes,
        image_shape,
        was_missing=was_missing,
        fill=fill,
        feature_names=feature_names,
        target_names=target_names,
    )
    return data.with_standard_targets() if regression else data


def _column(what: str, values, regression: bool) -> np.ndarray:
    targets = numbers(what, values, np.float64) if regression else array(what, values)
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1 and not (regression and targets.ndim == 2 and targets.size):
        several = " or (n_samples, n_targets)" if regression else ""
        raise DataError(f"{what} have shape {targets.shape}: expected (n_samples,){several}")
    if regression and not np.isfinite(targets).all():
        raise DataError(f"{what} hold NaN or infinite values: remove these samples")
    return targets


def _classes(targets: np.ndarray) -> np.ndarray:
    """The different labels in their order."""
    classes = different_labels("targets", targets)
    shown = ", ".join(map(str, classes[:5])) + (", ..." if len(classes) > 5 else "")
    if len(classes) < 2:
        raise DataError(f"targets hold {len(classes)} classes ({shown}): expected at least 2")
    fractions = classes.dtype.kind == "f" and (classes % 1 != 0).any()
    most = MOST_FRACTIONS if fractions else MOST_CLASSES
    if len(classes) > most:
        raise DataError(
            f"targets hold {len(classes)} different values ({shown}): expected the labels of at "
            f"most {most} classes; if they are real numbers to be fitted, give regression=True (on "
            "the command line --activation identity)"
        )
    return classes


def _codes(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    code = {label: i for i, label in enumerate(classes.tolist())}
    try:
        return np.array([code[label] for label in labels.tolist()], dtype=np.int64)
    except KeyError as error:
        raise DataError(f"test targets hold {error}, which no training target is") from error
