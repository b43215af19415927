"""Feature maps of the inputs, fitted to the training inputs alone."""

import re
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pl_hypernet.datasets.data import Data
from pl_hypernet.errors import DataError, InputError

Map = Callable[[np.ndarray], np.ndarray]

ROUNDING = 1e-12  # of the largest variance: what float32 inputs leave in a direction they lack


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
        Data: ``inputs`` float32 (n_samples, n_features), ``features`` the names, ``raw`` the data
        given, and ``source`` with the names added where there is one.

    Raises:
        InputError: an unknown map, or none.
        DataError: more principal components than the inputs have, maps with different numbers of
            columns, or data that have features already.
    """
    names = tuple(names) if isinstance(names, (tuple, list)) else (names,)
    if not names:
        raise InputError(f"features=[]: expected one or more of {FORMS}")
    if data.features:
        raise DataError(
            f"data have the features {', '.join(data.features)} already: give all at once to "
            "with_features of data.raw"
        )
    maps = [_fitted(name, data.inputs) for name in names]
    inputs = _blocks(names, maps, data.inputs)
    same_pixels = len(names) == 1 and names[0].split(":")[0] in ELEMENTWISE
    return replace(
        data,
        inputs=inputs,
        test_inputs=None if data.test_inputs is None else _blocks(names, maps, data.test_inputs),
        image_shape=data.image_shape if same_pixels else None,
        source=None if data.source is None else {**data.source, "features": list(names)},
        features=names,
        raw=data,
        gaps=None,
    )


def is_feature_map(name: str) -> bool:
    """Whether :func:`with_features` knows a map of this name."""
    return any(re.fullmatch(pattern, name) for pattern in MAPS)


def _fitted(name: str, inputs: np.ndarray) -> Map:
    for pattern, fit in MAPS.items():
        match = re.fullmatch(pattern, name) if isinstance(name, str) else None
        if match:
            return fit(inputs, *filter(None, match.groups()))
    raise InputError(f"unknown features {name!r}: expected one of {FORMS}")


def _blocks(names, maps: list[Map], inputs: np.ndarray) -> np.ndarray:
    blocks = [feature_map(inputs).astype(np.float32, copy=False) for feature_map in maps]
    widths = [block.shape[1] for block in blocks]
    if len(set(widths)) > 1:
        raise DataError(
            "features side by side have "
            + ", ".join(f"{w} ({name})" for w, name in zip(widths, names, strict=True))
            + " columns: expected the same number of each"
        )
    return np.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _identity(inputs: np.ndarray) -> Map:
    return lambda x: x


def _standardise(inputs: np.ndarray) -> Map:
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(inputs.astype(np.float64))
    return lambda x: scaler.transform(x.astype(np.float64))


def _pca(inputs: np.ndarray, k: str) -> Map:
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
    return _standardised(lambda x: signs * pca.transform(x - origin), inputs)


def _random(inputs: np.ndarray, k: str, seed: str = "0") -> Map:
    from sklearn.exceptions import DataDimensionalityWarning
    from sklearn.random_projection import GaussianRandomProjection

    projection = GaussianRandomProjection(int(k), random_state=int(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataDimensionalityWarning)  # more than inputs are welcome
        projection.fit(inputs[:1].astype(np.float64))
    return _standardised(lambda x: projection.transform(x.astype(np.float64)), inputs)


def _standardised(project: Map, inputs: np.ndarray) -> Map:
    standardise = _standardise(project(inputs))
    return lambda x: standardise(project(x))


def _threshold(inputs: np.ndarray, threshold: str | None = None) -> Map:
    if threshold is not None:
        at = np.float32(threshold)
    else:
        median, least = np.median(inputs, axis=0), inputs.min(axis=0)
        above = np.where(inputs > least, inputs, np.inf).min(axis=0)  # infinite: constant
        at = np.where((median > least) | np.isinf(above), median, above)
    return lambda x: _signs(x >= at)


def _thermometer(inputs: np.ndarray, k: str) -> Map:
    least, largest = inputs.min(axis=0).astype(np.float64), inputs.max(axis=0).astype(np.float64)
    parts = np.arange(1, int(k) + 1) / (int(k) + 1)
    levels = least[:, None] + (largest - least)[:, None] * parts  # (n_inputs, K)
    levels = levels.astype(np.float32)  # an input of 0.7 is at least 0.7
    return lambda x: _signs(x[:, :, None] >= levels).reshape(len(x), -1)


def _signs(truths: np.ndarray) -> np.ndarray:
    return np.where(truths, np.float32(1), np.float32(-1))


COUNT = r"([1-9]\d{0,3})"
NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
MAPS = {
    "identity": _identity,
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
