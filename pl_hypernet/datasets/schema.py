"""What inputs and outputs mean: all that is left of data when the samples are gone."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from pl_hypernet.datasets.checked import check_size, columns_in_order, numbers, rows
from pl_hypernet.datasets.feature_maps import FeatureMap, feature_map, side_by_side
from pl_hypernet.errors import DataError


@dataclass(frozen=True, eq=False)
class Schema:
    """Makes a network's inputs of a user's columns, and a user's answers of its outputs.

    Attributes:
        n_raw: number of columns that a user hands over.
        raw_names: their names; None where they have none.
        feature_names: names of the columns that a network sees; None as before.
        image_shape: (height, width) where these are pixels; else None.
        fill: float32 (n_raw,), what takes the place of missing inputs; None: they are refused.
        maps: fitted feature maps, whose outputs stand side by side; () where there are none.
        classes: label of each class; None: a regression.
        target_names: name of the target, or of each target; None where they have none.
        target_mean, target_scale: of a regression, float64 () or (n_targets,): an output z stands
            for target_mean + target_scale z.
    """

    n_raw: int
    raw_names: tuple[str, ...] | None = None
    feature_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None
    fill: np.ndarray | None = None
    maps: tuple[FeatureMap, ...] = ()
    classes: tuple | None = (0, 1)
    target_names: tuple[str, ...] | None = None
    target_mean: float | np.ndarray = 0.0
    target_scale: float | np.ndarray = 1.0

    @property
    def n_inputs(self) -> int:
        """Number of columns that a network sees."""
        return self.inputs_of(np.zeros((1, self.n_raw))).shape[1]

    def inputs_of(self, X) -> np.ndarray:
        """What a network sees of a user's samples.

        Args:
            X: (M, n_raw) or of more dimensions, as images; numbers, an array or a data frame, of
                which the columns are found by name, whatever others there are.

        Returns:
            float32 (M, n_inputs), with missing inputs filled and features computed as in training.

        Raises:
            DataError: another number of columns, or a column is missing; NaN, infinite or huge
                values.
        """
        inputs = numbers("inputs", columns_in_order("inputs", X, self.raw_names))
        inputs = rows("inputs", inputs)
        if inputs.shape[1] != self.n_raw:
            raise DataError(
                f"inputs have {inputs.shape[1]} columns: expected {self.n_raw}, as in training"
            )
        if self.fill is not None:
            inputs = np.where(np.isnan(inputs), self.fill, inputs)
        check_size("the", inputs)
        if not self.maps:
            return inputs
        features = side_by_side(self.maps, inputs)
        check_size("the features of the", features)
        return features

    def labels(self, classes: np.ndarray) -> np.ndarray:
        """The user's labels of class numbers int64 (M,)."""
        return np.asarray(self.classes)[classes]

    def in_units(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs (M, n_targets) of a regression as float64 in the units of the user's targets."""
        return self.target_mean + self.target_scale * outputs.astype(np.float64)

    def to_plain(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """As named arrays, and what JSON holds; labels of other kinds become text."""
        plain = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("maps", "fill", "target_mean", "target_scale")
        }
        if self.classes is not None:
            plain["classes"] = [
                label if isinstance(label, bool | int | float | str) else str(label)
                for label in self.classes
            ]
        plain["maps"] = [each.name for each in self.maps]
        arrays = {
            f"maps.{i}.{name}": values
            for i, each in enumerate(self.maps)
            for name, values in each.arrays().items()
        }
        arrays["target_mean"] = np.asarray(self.target_mean, np.float64)
        arrays["target_scale"] = np.asarray(self.target_scale, np.float64)
        if self.fill is not None:
            arrays["fill"] = self.fill
        return arrays, plain

    @classmethod
    def from_plain(cls, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> "Schema":
        """What :meth:`to_plain` returned.

        Raises:
            KeyError, TypeError, ValueError: they do not make a schema.
        """
        settings = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in plain.items()
        }
        fitted: list[dict[str, np.ndarray]] = [{} for _ in settings["maps"]]
        for name, values in arrays.items():
            if name.startswith("maps."):
                _, i, field = name.split(".")
                fitted[int(i)][field] = values
            else:
                settings[name] = values
        settings["maps"] = tuple(map(feature_map, settings["maps"], fitted))
        return cls(**settings)
