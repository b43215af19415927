"""Feature maps of the inputs, fitted to the training inputs alone."""

import re
import warnings
from dataclasses import replace

import numpy as np

from pl_hypernet.datasets.feature_maps import (
    FeatureMap,
    Projection,
    Standardise,
    Thermometer,
    Threshold,
)
from pl_hypernet.errors import DataError, InputError

ROUNDING = 1e-12  # of the largest variance: what float32 inputs leave in a direction they lack


def fit_maps(
    names: str | tuple[str, ...] | list[str], inputs: np.ndarray
) -> tuple[FeatureMap, ...]:
    """The maps that :func:`pl_hypernet.datasets.with_features` names, fitted.

    Args:
        names: one, or several that make as many columns each.
        inputs: float32 (n_samples, n_inputs), those of training.

    Raises:
        InputError: an unknown map, or none.
        DataError: more principal components than the inputs have, or maps with different numbers
            of columns.
    """
    names = tuple(names) if isinstance(names, (tuple, list)) else (names,)
    if not names:
        raise InputError(f"features=[]: expected one or more of {FORMS}")
    maps = tuple(_fitted(name, inputs) for name in names)
    _check_widths(maps, inputs[:1])
    return maps


def keeps_columns(map: FeatureMap) -> bool:
    """Whether its outputs are of one input each, in the order of the inputs."""
    return map.name.split(":")[0] in ELEMENTWISE


def is_feature_map(name: str) -> bool:
    """Whether :func:`with_features` knows a map of this name."""
    return any(re.fullmatch(pattern, name) for pattern in MAPS)


def _fitted(name: str, inputs: np.ndarray) -> FeatureMap:
    for pattern, fit in MAPS.items():
        match = re.fullmatch(pattern, name) if isinstance(name, str) else None
        if match:
            return fit(name, inputs, *filter(None, match.groups()))
    raise InputError(f"unknown features {name!r}: expected one of {FORMS}")


def _check_widths(maps: tuple[FeatureMap, ...], inputs: np.ndarray) -> None:
    widths = [each(inputs).shape[1] for each in maps]
    if len(set(widths)) > 1:
        raise DataError(
            "features side by side have "
            + ", ".join(f"{w} ({each.name})" for w, each in zip(widths, maps, strict=True))
            + " columns: expected the same number of each"
        )


def _standardise(name: str, inputs: np.ndarray) -> Standardise:
    return Standardise(name, *_mean_and_scale(inputs.astype(np.float64)))


def _mean_and_scale(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each column; the scale of a constant one is 1."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(inputs)
    return scaler.mean_, scaler.scale_


def _pca(name: str, inputs: np.ndarray, k: str) -> Projection:
    from sklearn.decomposition import PCA

    n_components, (n_samples, n_inputs) = int(k), inputs.shape
    most = min(n_samples - 1, np.count_nonzero(np.ptp(inputs, axis=0)))
    origin = inputs[0].astype(np.float64)  # from here, constant columns are exactly 0
    if n_components <= most:
        solver = "covariance_eigh" if n_inputs <= n_samples else "full"
        pca = PCA(n_components, svd_solver=solver).fit(inputs - origin)
        variances = pca.explained_variance_
        most = np.count_nonzero(variances > ROUNDING * variances[0])
    if n_components > most:
        raise DataError(
            f"features 'pca:{k}' of {n_samples} training samples with {n_inputs} inputs: they vary "
            f"in {most} directions at most; ask for no more"
        )
    # scikit-learn makes the largest entry positive, and rounding picks it among equal ones
    sizes = np.abs(pca.components_)
    first = np.argmax(sizes > (1 - 1e-6) * sizes.max(axis=1, keepdims=True), axis=1)
    signs = np.sign(pca.components_[np.arange(n_components), first])
    components = np.ascontiguousarray(signs[:, None] * pca.components_)
    return _projection(name, inputs, origin, components, pca.mean_ @ components.T)


def _random(name: str, inputs: np.ndarray, k: str, seed: str = "0") -> Projection:
    from sklearn.exceptions import DataDimensionalityWarning
    from sklearn.random_projection import GaussianRandomProjection

    projection = GaussianRandomProjection(int(k), random_state=int(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataDimensionalityWarning)  # more than inputs are welcome
        projection.fit(inputs[:1].astype(np.float64))
    zero = np.zeros(inputs.shape[1])
    return _projection(name, inputs, zero, projection.components_, np.zeros(int(k)))


def _projection(name: str, inputs: np.ndarray, origin, components, offset) -> Projection:
    """A projection that is standardised."""
    zero = np.zeros(len(components))
    plain = Projection(name, origin, components, offset, zero, zero)
    mean, scale = _mean_and_scale(plain.project(inputs))
    return replace(plain, mean=mean, scale=scale)


def _threshold(name: str, inputs: np.ndarray, threshold: str | None = None) -> Threshold:
    if threshold is not None:
        return Threshold(name, np.float32(threshold))
    median, least = np.median(inputs, axis=0), inputs.min(axis=0)
    above = np.where(inputs > least, inputs, np.inf).min(axis=0)  # infinite: constant
    return Threshold(name, np.where((median > least) | np.isinf(above), median, above))


def _thermometer(name: str, inputs: np.ndarray, k: str) -> Thermometer:
    least, largest = inputs.min(axis=0).astype(np.float64), inputs.max(axis=0).astype(np.float64)
    parts = np.arange(1, int(k) + 1) / (int(k) + 1)
    levels = least[:, None] + (largest - least)[:, None] * parts  # (n_inputs, K)
    return Thermometer(name, levels.astype(np.float32))  # an input of 0.7 is at least 0.7


COUNT = r"([1-9]\d{0,3})"
NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
MAPS = {
    "identity": lambda name, inputs: FeatureMap(name),
    "standardise": _standardise,
    f"pca:{COUNT}": _pca,
    rf"random:{COUNT}(?::(\d{{1,9}}))?": _random,
    f"threshold(?::{NUMBER})?": _threshold,
    f"thermometer:{COUNT}": _thermometer,
}
FORMS = (
    "identity, standardise, pca:K, random:K, random:K:SEED, threshold, threshold:T, thermometer:K "
    "(K from 1 to 9999)"
)
ELEMENTWISE = ("identity", "standardise", "threshold")
