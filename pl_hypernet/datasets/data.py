"""Arrays to train on and to test on."""

from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from pl_hypernet.datasets.checked import LARGEST, check_size, check_spread, sample_weights
from pl_hypernet.datasets.feature_maps import FeatureMap, side_by_side
from pl_hypernet.datasets.features import fit_maps, keeps_columns
from pl_hypernet.datasets.missing_values import fill_missing
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import DataError
from pl_hypernet.words import counted

MOST_NAMED = 10  # classes, in one line


@dataclass(frozen=True)
class Data:
    """A task: inputs and targets, for training and for testing.

    Attributes:
        inputs: float32 (n_samples, n_inputs), of absolute value at most 1e15.
        targets: int64 (n_samples,), in 0 ... n_classes - 1; or of a regression float32
            (n_samples,), of several targets (n_samples, n_targets).
        test_inputs, test_targets: the same for testing; None where there is no test set.
        classes: what each target stands for, e.g. the digits (0, 1); None: a regression.
        image_shape: (height, width) where inputs are images, for the pictures; else None.
        source: name and options from which ``pl_hypernet.datasets.load`` makes the same data
            again; None for a user's own arrays.
        features: names of the feature maps whose outputs the inputs are, side by side in blocks of
            n_inputs / len(features) columns; () where the inputs are the raw ones.
        raw: the data before these maps; None where there are none.
        target_mean, target_scale: targets of a regression are (y - target_mean) / target_scale,
            y those that the user gave; of several targets float64 (n_targets,).
        was_missing: bool (n_samples, n_inputs), where raw inputs were missing, which are training
            means now; None: nowhere.
        fill: float32 (n_inputs,), these means; None where a missing input is refused.
        feature_names: name of each column of the inputs; None where they have none.
        target_names: name of the target, or of each target of a regression; None as before.
        maps: the fitted feature maps.
        weights: float64 (n_samples,), at least 0 and brought to mean 1, what each training sample
            counts in the loss and in the units of real targets; None: all the same. Feature maps
            and accuracies count each sample once.
        are_held_out: whether the test samples are validation samples: held out of the training
            samples, as by :meth:`split`.

    Raises:
        DataError: wrong shapes; weights below 0 or not finite; NaN, infinite or huge inputs;
            targets that are not 0, 1, ..., or of a regression not finite.
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
    was_missing: np.ndarray | None = None
    target_mean: float | np.ndarray = 0.0
    target_scale: float | np.ndarray = 1.0
    fill: np.ndarray | None = None
    feature_names: tuple[str, ...] | None = None
    target_names: tuple[str, ...] | None = None
    maps: tuple[FeatureMap, ...] = ()
    weights: np.ndarray | None = None
    are_held_out: bool = False

    def __post_init__(self):
        self._check("training", self.inputs, self.targets)
        for what, names, n in (
            ("features", self.feature_names, self.n_inputs),
            ("targets", self.target_names, self.n_targets),
        ):
            if names is not None and len(names) != n:
                raise DataError(f"{len(names)} names of {n} {what}: expected as many")
        if self.weights is not None:
            weights = sample_weights(self.weights, len(self.inputs))
            object.__setattr__(self, "weights", weights)
        if (self.test_inputs is None) != (self.test_targets is None):
            raise DataError("test inputs and test targets come together: give both or neither")
        if self.test_inputs is not None:
            self._check("test", self.test_inputs, self.test_targets)
            for what, test, train in (
                ("inputs", self.test_inputs, self.inputs),
                ("targets", self.test_targets, self.targets),
            ):
                if test.shape[1:] != train.shape[1:]:
                    raise DataError(
                        f"test {what} have shape {test.shape}, training {what} {train.shape}: "
                        "expected the same number of columns"
                    )

    def __repr__(self) -> str:
        judging = (
            "" if self.test_inputs is None else f" and {len(self.test_inputs):,} {self.judging}"
        )
        of = f"{counted(self.n_targets, 'target')}, numbers"
        if self.classes is not None:
            known = ", ".join(map(str, self.classes[:MOST_NAMED]))
            of = f"classes {known}{', ...' if len(self.classes) > MOST_NAMED else ''}"
        return (
            f"<Data: {len(self.inputs):,} training{judging} samples of "
            f"{counted(self.n_inputs, 'input')}; {of}>"
        )

    @property
    def n_inputs(self) -> int:
        return self.inputs.shape[1]

    @property
    def mean_square(self) -> float | None:
        """Of the inputs, which the default scale of networks follows; None of pixels from 0 to 1,
        which all count as those of digits do.

        Raises:
            DataError: they are so small that biases, of size 1, would be all that counts.
        """
        if self.image_shape and self.inputs.min() >= 0 and self.inputs.max() <= 1:
            return None
        squares = np.square(self.inputs, dtype=np.float64).mean(axis=1)
        found = float(np.average(squares, weights=self.weights))
        if 0 < found < 1 / LARGEST**2:
            raise DataError(
                f"inputs are of size {found**0.5:.0e}, beside biases of 1: rescale them, or "
                "standardise them by features='standardise', --data-option features=standardise"
            )
        return found or None

    @property
    def n_samples(self) -> int:
        """Of training and testing."""
        return len(self.inputs) + (0 if self.test_inputs is None else len(self.test_inputs))

    @property
    def judging(self) -> str:
        """The samples that judge: ``"test"``, ``"validation"``, or ``"training"`` where there are
        no others."""
        if self.test_inputs is None:
            return "training"
        return "validation" if self.are_held_out else "test"

    @property
    def is_regression(self) -> bool:
        """Whether targets are real numbers, not classes."""
        return self.classes is None

    @property
    def n_targets(self) -> int:
        """1, or of a regression the number of targets."""
        return 1 if self.targets.ndim == 1 else self.targets.shape[1]

    @property
    def schema(self) -> Schema:
        """What inputs and targets mean, without the samples."""
        raw = self.raw or self
        return Schema(
            n_raw=raw.n_inputs,
            raw_names=raw.feature_names,
            feature_names=self.feature_names,
            image_shape=self.image_shape,
            fill=raw.fill,
            maps=self.maps,
            classes=self.classes,
            target_names=self.target_names,
            target_mean=self.target_mean,
            target_scale=self.target_scale,
        )

    def with_standard_targets(self) -> "Data":
        """Of a regression: targets with mean 0 and variance 1 in the training samples.

        Raises:
            DataError: training targets that are all the same, or too close to tell.
        """
        targets = self.targets.astype(np.float64)
        same = np.flatnonzero(~check_spread("training targets", targets))
        if len(same):
            which = f" in column {same[0]}" if targets.ndim == 2 else ""
            value = targets.flat[same[0]]
            raise DataError(f"training targets{which} are all {value:g}: expected different values")
        mean, scale = mean_and_deviation(targets, self.weights)
        if targets.ndim == 1:
            mean, scale = float(mean), float(scale)  # numpy's would make doubles of the targets

        def standard(targets):
            with np.errstate(over="ignore"):  # which the checks of Data find
                return None if targets is None else ((targets - mean) / scale).astype(np.float32)

        return replace(
            self,
            targets=standard(self.targets),
            test_targets=standard(self.test_targets),
            target_mean=self.target_mean + self.target_scale * mean,
            target_scale=self.target_scale * scale,
        )

    def split(self, fraction: float, seed) -> "Data":
        """Holds a random part of the training samples out: validation samples, in the place of
        the test samples.

        Features, the means of missing inputs, and the units of real targets are those of the
        samples that are kept.

        Args:
            fraction: share of the samples that are held out, in (0, 1).
            seed: None, int or numpy Generator.

        Raises:
            DataError: a fraction that leaves one side empty, or what is kept does not suffice.
        """
        if self.raw is not None:
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
        inputs, held_inputs = self.inputs[kept], self.inputs[held]
        was_missing, fill = None, self.fill
        if self.was_missing is not None:
            was_missing = self.was_missing[kept]
            inputs[was_missing] = held_inputs[self.was_missing[held]] = np.nan
            inputs, held_inputs, fill = fill_missing(inputs, held_inputs)
        made = Data(
            inputs,
            self.targets[kept],
            held_inputs,
            self.targets[held],
            self.classes,
            self.image_shape,
            was_missing=was_missing,
            target_mean=self.target_mean,
            target_scale=self.target_scale,
            fill=fill,
            feature_names=self.feature_names,
            target_names=self.target_names,
            weights=None if self.weights is None else self.weights[kept],
            are_held_out=True,
        )
        return made.with_standard_targets() if self.is_regression else made

    def _check(self, which: str, inputs: np.ndarray, targets: np.ndarray) -> None:
        if inputs.ndim != 2 or 0 in inputs.shape:
            raise DataError(
                f"{which} inputs have shape {inputs.shape}: expected (n_samples, n_inputs), of "
                "at least one each"
            )
        several = self.is_regression and targets.ndim == 2 and targets.shape[1] > 1
        if len(targets) != len(inputs) or not (targets.ndim == 1 or several):
            raise DataError(
                f"{which} targets have shape {targets.shape} for {len(inputs)} samples: "
                f"expected ({len(inputs)},)"
                + (f" or ({len(inputs)}, n_targets)" if self.is_regression else "")
            )
        check_size(which, inputs)
        if self.is_regression:
            bad = np.argwhere(~(np.abs(targets) <= LARGEST))
            if len(bad):
                raise DataError(
                    f"{which} targets hold {len(bad)} values that are NaN or infinite or beyond "
                    f"{LARGEST:.0e}, the first in row {bad[0, 0]}: remove or rescale them"
                )
        elif targets.min() < 0 or targets.max() >= len(self.classes):
            raise DataError(
                f"{which} targets lie in {targets.min()} ... {targets.max()}: "
                f"expected 0 ... {len(self.classes) - 1}"
            )


def mean_and_deviation(targets: np.ndarray, weights: np.ndarray | None):
    """Of each column of float64 (n_samples, ...), each sample counted by its weight, if any."""
    if weights is None:
        return targets.mean(axis=0), targets.std(axis=0)
    mean = np.average(targets, axis=0, weights=weights)
    return mean, np.sqrt(np.average((targets - mean) ** 2, axis=0, weights=weights))


def with_features(data: Data, names: str | tuple[str, ...] | list[str]) -> Data:
    """Data whose inputs are features of the raw inputs.

    - ``identity``: the inputs as they are.
    - ``standardise``: each input with mean 0 and variance 1; 0 where it is constant.
    - ``pca:K``: the first K principal components, each with mean 0 and variance 1. Their signs make
      the first of the largest entries of each direction positive.
    - ``random:K`` or ``random:K:SEED``: K Gaussian random projections, with mean 0 and variance
      1. K may exceed the number of inputs; the seed is 0 if it is not given.
    - ``threshold:T``: +1 where an input is at least T, else -1.
    - ``threshold``: the same with T the median of each column; where that is the column's smallest
      value, as of pixels that are mostly black, the next larger one.
    - ``thermometer:K``: each input as K values side by side, +1 where it is at least the k-th of K
      levels that divide the range of its column into K + 1 equal parts, else -1.

    All is fitted to the training inputs, and the test inputs are mapped in the same way.

    Args:
        data: without features so far.
        names: one map, or several whose outputs stand side by side as blocks of as many columns
            each, in this order. K is at most 9999.

    Returns:
        Data: ``inputs`` float32 (n_samples, n_features), ``features`` the names, ``maps`` what was
        fitted, ``raw`` the data given, and ``source`` with the names added where there is one.

    Raises:
        InputError: an unknown map, or none.
        DataError: more principal components than the inputs have, maps with different numbers of
            columns, or data that have features already.
    """
    if data.features:
        raise DataError(
            f"data have the features {', '.join(data.features)} already: give all at once to "
            "with_features of data.raw"
        )
    maps = fit_maps(names, data.inputs)
    names = tuple(each.name for each in maps)
    same_pixels = len(maps) == 1 and keeps_columns(maps[0])
    feature_names = data.feature_names
    if feature_names is not None:
        feature_names = sum((each.column_names(feature_names) for each in maps), ())
    return replace(
        data,
        inputs=side_by_side(maps, data.inputs),
        test_inputs=None if data.test_inputs is None else side_by_side(maps, data.test_inputs),
        image_shape=data.image_shape if same_pixels else None,
        source=None if data.source is None else {**data.source, "features": list(names)},
        features=names,
        raw=data,
        was_missing=None,
        feature_names=feature_names,
        maps=maps,
    )
