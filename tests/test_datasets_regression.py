"""Real targets."""

import numpy as np
import pytest

from pl_hypernet import datasets
from pl_hypernet.datasets import Data, as_data, from_arrays, with_features
from pl_hypernet.errors import DataError

X = np.arange(12.0).reshape(6, 2)
Y = [0.5, 1, -2, 3, 1e3, 0]


def given(data, targets):
    """In the user's units."""
    return data.target_mean + data.target_scale * targets


def test_real_targets():
    data = from_arrays(X, Y, X[:1], [7.25], regression=True)
    assert data.is_regression
    assert data.classes is None
    assert data.targets.dtype == data.test_targets.dtype == np.float32
    np.testing.assert_allclose(data.target_mean, np.mean(Y))
    np.testing.assert_allclose(data.target_scale, np.std(Y))
    np.testing.assert_allclose(given(data, data.targets), Y, atol=1e-4)
    np.testing.assert_allclose(given(data, data.test_targets), [7.25], atol=1e-4)
    assert abs(data.targets.mean()) < 1e-6
    assert not as_data((X, [0, 1] * 3)).is_regression
    whole = as_data((X, [1, 2, 3, 4, 5, 6]), regression=True)
    np.testing.assert_allclose(given(whole, whole.targets), [1, 2, 3, 4, 5, 6], rtol=1e-6)


def test_a_large_offset_loses_nothing():
    far = from_arrays(X, 1.7e9 + np.array(Y), regression=True)
    np.testing.assert_allclose(far.targets, from_arrays(X, Y, regression=True).targets, atol=1e-5)


def test_splits_and_features_keep_real_targets():
    data = with_features(from_arrays(X, Y, regression=True), "standardise").split(1 / 3, seed=0)
    assert data.is_regression
    assert abs(data.targets.mean()) < 1e-6  # of what is kept, not of all
    assert data.targets.std() == pytest.approx(1, abs=1e-6)
    everything = given(data, np.concatenate([data.targets, data.test_targets]))
    np.testing.assert_allclose(sorted(everything), sorted(Y), atol=1e-4)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([3.0] * 6, "training targets are all 3: expected different values"),
        ([0, 1, 2, 3, 4, np.nan], "targets hold NaN or infinite values"),
        ([0, 1, 2, 3, 4, 1e300], r"hold 1 values that are .* beyond 1e\+15, the first in row 5"),
        ([0, 1, 2, 3, 4, -1e16], r"hold 1 values that are .* beyond 1e\+15, the first in row 5"),
        (["a", "b"] * 3, "not an array of numbers"),
        (np.ones((6, 1)), r"targets have shape \(6, 1\)"),
    ],
)
def test_targets_that_cannot_be_fitted(targets, message):
    with pytest.raises(DataError, match=message):
        from_arrays(X, targets, regression=True)


def test_data_made_directly():
    x = X.astype(np.float32)
    assert Data(x, np.arange(6, dtype=np.float32), classes=None).is_regression


def test_files_of_real_targets(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=X, targets=Y)
    path = str(tmp_path / "own.npz")
    data = datasets.load(path, regression=True)
    assert data.source == {"name": path, "regression": True}
    np.testing.assert_allclose(given(data, data.targets), Y, atol=1e-4)
    assert len(datasets.load(path).classes) == 6
