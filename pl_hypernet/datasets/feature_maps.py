"""Fitted feature maps: plain arrays that say how raw inputs become features.

They are fitted in ``features.py``, and kept by a run so that it can be used without its data.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

Names = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """A fitted map from raw inputs to features; this one leaves them as they are.

    Attributes:
        name: as ``pca:16``, see :func:`pl_hypernet.datasets.with_features`.
    """

    name: str

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Features (M, n_features), of any float dtype, of raw inputs float32 (M, n_raw)."""
        return inputs

    def column_names(self, raw: Names) -> Names:
        """Of each feature, from those of the raw inputs."""
        return raw

    def arrays(self) -> dict[str, np.ndarray]:
        """What was fitted, by name; empty where nothing is."""
        fields = dataclasses.fields(self)[1:]
        return {field.name: np.ascontiguousarray(getattr(self, field.name)) for field in fields}


@dataclass(frozen=True, eq=False)
class Standardise(FeatureMap):
    """(x - mean) / scale, both float64 (n_raw,)."""

    mean: np.ndarray
    scale: np.ndarray

    def __call__(self, inputs):
        return (inputs.astype(np.float64) - self.mean) / self.scale


@dataclass(frozen=True, eq=False)
class Projection(FeatureMap):
    """((x - origin) C^T - offset - mean) / scale, for principal components and random projections.

    Attributes:
        origin: float64 (n_raw,).
        components: C, float64 (K, n_raw).
        offset, mean, scale: float64 (K,).
    """

    origin: np.ndarray
    components: np.ndarray
    offset: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    def __call__(self, inputs):
        return (self.project(inputs) - self.mean) / self.scale

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """Before it is standardised."""
        return (inputs.astype(np.float64) - self.origin) @ self.components.T - self.offset

    def column_names(self, raw):
        kind = self.name.split(":")[0]
        return tuple(f"{kind}[{k}]" for k in range(len(self.components)))


@dataclass(frozen=True, eq=False)
class Threshold(FeatureMap):
    """+1 where x is at least ``at``, float32 () or (n_raw,), else -1."""

    at: np.ndarray

    def __call__(self, inputs):
        return _signs(inputs >= self.at)


@dataclass(frozen=True, eq=False)
class Thermometer(FeatureMap):
    """Of each x as many values as levels, float32 (n_raw, K): +1 where x is at least a level."""

    levels: np.ndarray

    def __call__(self, inputs):
        return _signs(inputs[:, :, None] >= self.levels).reshape(len(inputs), -1)

    def column_names(self, raw):
        return tuple(f"{name}[{k}]" for name in raw for k in range(self.levels.shape[1]))


def _signs(truths: np.ndarray) -> np.ndarray:
    return np.where(truths, np.float32(1), np.float32(-1))


KINDS = {
    "identity": FeatureMap,
    "standardise": Standardise,
    "pca": Projection,
    "random": Projection,
    "threshold": Threshold,
    "thermometer": Thermometer,
}


def feature_map(name: str, arrays: dict[str, np.ndarray]) -> FeatureMap:
    """A fitted map again, from its name and :meth:`FeatureMap.arrays`.

    Raises:
        KeyError, TypeError: no map of this name, or other arrays.
    """
    return KINDS[name.split(":")[0]](name, **arrays)


def side_by_side(maps: tuple[FeatureMap, ...], inputs: np.ndarray) -> np.ndarray:
    """The features of several maps, float32 (M, sum of their columns)."""
    with np.errstate(over="ignore"):  # what is infinite then is found by whoever takes it
        blocks = [each(inputs).astype(np.float32, copy=False) for each in maps]
    return np.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0]
