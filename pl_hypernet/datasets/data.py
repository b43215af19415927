"""Arrays to train on and to test on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pl_hypernet.errors import DataError

MOST_CLASSES = 1000


@dataclass(frozen=True)
class Data:
    """A classification task: inputs and labels, for training and for testing.

    Attributes:
        inputs: float32 (n_samples, n_inputs), finite.
        targets: int64 (n_samples,), in 0 ... n_classes - 1.
        test_inputs, test_targets: the same for testing; None where there is no test set.
        classes: what each target stands for, e.g. the digits (0, 1).
        image_shape: (height, width) where inputs are images, for the pictures; else None.
        source: name and options from which ``pl_hypernet.datasets.load`` makes the same data
            again; None for a user's own arrays.

    Raises:
        DataError: wrong shapes, NaN or infinite inputs, or targets that are not 0, 1, ....
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray | None = None
    test_targets: np.ndarray | None = None
    classes: tuple = (0, 1)
    image_shape: tuple[int, int] | None = None
    source: dict[str, Any] | None = field(default=None)

    def __post_init__(self):
        _check("training", self.inputs, self.targets, len(self.classes))
        if (self.test_inputs is None) != (self.test_targets is None):
            raise DataError("test inputs and test targets come together: give both or neither")
        if self.test_inputs is not None:
            _check("test", self.test_inputs, self.test_targets, len(self.classes))
            if self.test_inputs.shape[1] != self.inputs.shape[1]:
                raise DataError(
                    f"test inputs have {self.test_inputs.shape[1]} features, training inputs "
                    f"{self.inputs.shape[1]}: expected the same number"
                )

    @property
    def is_regression(self) -> bool:
        return False

    @property
    def n_inputs(self) -> int:
        return self.inputs.shape[1]

    def split(self, fraction: float, seed) -> "Data":
        """Holds a random part of the training samples out as the test set.

        Args:
            fraction: share of the samples that are held out, in (0, 1).
            seed: None, int or numpy Generator.
        """
        if not 0 < fraction < 1:
            raise DataError(f"validation={fraction}: expected a fraction between 0 and 1")
        order = np.random.default_rng(seed).permutation(len(self.inputs))
        n_held = round(fraction * len(order))
        if not 0 < n_held < len(order):
            raise DataError(
                f"validation={fraction} of {len(order)} samples leaves one side empty: "
                "give more samples or another fraction"
            )
        held, kept = order[:n_held], order[n_held:]
        return Data(
            self.inputs[kept],
            self.targets[kept],
            self.inputs[held],
            self.targets[held],
            self.classes,
            self.image_shape,
        )


def from_arrays(inputs, targets, test_inputs=None, test_targets=None) -> Data:
    """A user's own arrays as :class:`Data`.

    Args:
        inputs: (n_samples, n_inputs), anything that converts to float32; finite.
        targets: (n_samples,), two or more labels of any kind; the smallest becomes class 0.
        test_inputs, test_targets: the same for testing, if there are any.

    Raises:
        DataError: wrong shapes, NaN, fewer than two labels, or numbers that are no labels.
    """
    targets = _to_array("targets", targets)
    if targets.ndim != 1:
        raise DataError(f"targets have shape {targets.shape}: expected (n_samples,)")
    if targets.dtype.kind == "f" and not np.isfinite(targets).all():
        raise DataError("targets hold NaN or infinite values: remove these samples")
    classes = np.unique(targets)
    shown = ", ".join(map(str, classes[:5])) + (", ..." if len(classes) > 5 else "")
    if len(classes) < 2:
        raise DataError(f"targets hold {len(classes)} classes ({shown}): expected at least 2")
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f"targets hold {len(classes)} different values ({shown}): expected the labels of at "
            f"most {MOST_CLASSES} classes"
        )

    def codes(labels):
        labels = _to_array("test targets", labels)
        unseen = np.setdiff1d(labels, classes)
        if len(unseen):
            raise DataError(f"test targets hold {unseen[0]}, which no training target is")
        return np.searchsorted(classes, labels).astype(np.int64)

    return Data(
        _to_array("inputs", inputs, np.float32),
        codes(targets),
        None if test_inputs is None else _to_array("test inputs", test_inputs, np.float32),
        None if test_targets is None else codes(test_targets),
        tuple(classes.tolist()),
    )


def _to_array(what: str, values, dtype=None) -> np.ndarray:
    try:
        return np.ascontiguousarray(np.asarray(values), dtype=dtype)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} are not an array of numbers: {error}") from error


def _check(which: str, inputs: np.ndarray, targets: np.ndarray, n_classes: int) -> None:
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise DataError(
            f"{which} inputs have shape {inputs.shape}: expected (n_samples, n_inputs); "
            "flatten images to one row each"
        )
    if targets.shape != (len(inputs),):
        raise DataError(
            f"{which} targets have shape {targets.shape} for {len(inputs)} samples: "
            f"expected ({len(inputs)},)"
        )
    bad = np.argwhere(~np.isfinite(inputs))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{which} inputs hold {len(bad)} values that are NaN or infinite, the first at row "
            f"{row}, column {column}: remove or fill them in"
        )
    if targets.min() < 0 or targets.max() >= n_classes:
        raise DataError(
            f"{which} targets lie in {targets.min()} ... {targets.max()}: "
            f"expected 0 ... {n_classes - 1}"
        )
