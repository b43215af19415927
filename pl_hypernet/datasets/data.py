"""Arrays to train on and to test on."""

from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from pl_hypernet.datasets.gaps import fill_gaps
from pl_hypernet.errors import DataError

LARGEST = 1e15  # sums of squares of float32 stay finite below


@dataclass(frozen=True)
class Data:
    """A task: inputs and targets, for training and for testing.

    Attributes:
        inputs: float32 (n_samples, n_inputs), of absolute value at most 1e15.
        targets: int64 (n_samples,), in 0 ... n_classes - 1; or of a regression float32
            (n_samples,).
        test_inputs, test_targets: the same for testing; None where there is no test set.
        classes: what each target stands for, e.g. the digits (0, 1); None: a regression.
        image_shape: (height, width) where inputs are images, for the pictures; else None.
        source: name and options from which ``pl_hypernet.datasets.load`` makes the same data
            again; None for a user's own arrays.
        features: names of the feature maps whose outputs the inputs are, side by side in blocks of
            n_inputs / len(features) columns; () where the inputs are the raw ones.
        raw: the data before these maps; None where there are none.
        target_mean, target_scale: targets of a regression are (y - target_mean) / target_scale,
            y those that the user gave.
        gaps: bool (n_samples, n_inputs), where raw inputs were missing and are training means now;
            None: nowhere.

    Raises:
        DataError: wrong shapes; NaN, infinite or huge inputs; targets that are not 0, 1, ..., or of
            a regression not finite.
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray | None = None
    test_targets: np.ndarray | None = None
    classes: tuple | None = (0, 1)
    image_shape: tuple[int, int] | None = None
    source: dict[str, Any] | None = None
    features: tuple[str, ...] = ()
    raw: Optional["Data"] = None
    gaps: np.ndarray | None = None
    target_mean: float = 0.0
    target_scale: float = 1.0

    def __post_init__(self):
        self._check("training", self.inputs, self.targets)
        if (self.test_inputs is None) != (self.test_targets is None):
            raise DataError("test inputs and test targets come together: give both or neither")
        if self.test_inputs is not None:
            self._check("test", self.test_inputs, self.test_targets)
            if self.test_inputs.shape[1] != self.inputs.shape[1]:
                raise DataError(
                    f"test inputs have {self.test_inputs.shape[1]} features, training inputs "
                    f"{self.inputs.shape[1]}: expected the same number"
                )

    @property
    def n_inputs(self) -> int:
        return self.inputs.shape[1]

    @property
    def is_regression(self) -> bool:
        """Whether targets are real numbers, not classes."""
        return self.classes is None

    def with_standard_targets(self) -> "Data":
        """Of a regression: targets with mean 0 and variance 1 in the training samples.

        Raises:
            DataError: training targets that are all the same.
        """
        targets = self.targets.astype(np.float64)
        mean, scale = float(targets.mean()), float(targets.std())
        if targets.min() == targets.max():
            raise DataError(f"training targets are all {mean:g}: expected different values")

        def standard(targets):
            return None if targets is None else ((targets - mean) / scale).astype(np.float32)

        return replace(
            self,
            targets=standard(self.targets),
            test_targets=standard(self.test_targets),
            target_mean=self.target_mean + self.target_scale * mean,
            target_scale=self.target_scale * scale,
        )

    def split(self, fraction: float, seed) -> "Data":
        """Holds a random part of the training samples out as the test set.

        Features, the means of missing inputs, and the units of real targets are those of the
        samples that are kept.

        Args:
            fraction: share of the samples that are held out, in (0, 1).
            seed: None, int or numpy Generator.

        Raises:
            DataError: a fraction that leaves one side empty, or what is kept does not suffice.
        """
        if self.raw is not None:
            from pl_hypernet.datasets.features import with_features

            return with_features(self.raw.split(fraction, seed), self.features)
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
        inputs, held_inputs, gaps = self.inputs[kept], self.inputs[held], None
        if self.gaps is not None:
            gaps = self.gaps[kept]
            inputs[gaps] = held_inputs[self.gaps[held]] = np.nan
            inputs, held_inputs = fill_gaps(inputs, held_inputs)
        made = Data(
            inputs,
            self.targets[kept],
            held_inputs,
            self.targets[held],
            self.classes,
            self.image_shape,
            gaps=gaps,
            target_mean=self.target_mean,
            target_scale=self.target_scale,
        )
        return made.with_standard_targets() if self.is_regression else made

    def _check(self, which: str, inputs: np.ndarray, targets: np.ndarray) -> None:
        if inputs.ndim != 2 or 0 in inputs.shape:
            raise DataError(
                f"{which} inputs have shape {inputs.shape}: expected (n_samples, n_inputs), of "
                "at least one each"
            )
        if targets.shape != (len(inputs),):
            raise DataError(
                f"{which} targets have shape {targets.shape} for {len(inputs)} samples: "
                f"expected ({len(inputs)},)"
            )
        bad = np.argwhere(~(np.abs(inputs) <= LARGEST))
        if len(bad):
            row, column = bad[0]
            raise DataError(
                f"{which} inputs hold {len(bad)} values that are NaN or infinite or beyond "
                f"{LARGEST:.0e}, the first at row {row}, column {column}: remove, fill in or "
                "rescale them"
            )
        if self.is_regression:
            bad = np.flatnonzero(~(np.abs(targets) <= LARGEST))
            if len(bad):
                raise DataError(
                    f"{which} targets hold {len(bad)} values that are NaN or infinite or beyond "
                    f"{LARGEST:.0e}, the first in row {bad[0]}: remove or rescale them"
                )
        elif targets.min() < 0 or targets.max() >= len(self.classes):
            raise DataError(
                f"{which} targets lie in {targets.min()} ... {targets.max()}: "
                f"expected 0 ... {len(self.classes) - 1}"
            )
