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
        (np.ones((6, 1, 2)), r"targets have shape \(6, 1, 2\): .* or \(n_samples, n_targets\)"),
        (np.array([[0, 2.0]] * 5 + [[1, 2]]), "training targets in column 1 are all 2: expected"),
    ],
)
def test_targets_that_cannot_be_fitted(targets, message):
    with pytest.raises(DataError, match=message):
        from_arrays(X, targets, regression=True)


def test_several_targets():
    """Each is standardised for itself; a column alone is one target."""
    both = np.stack([Y, np.arange(6) ** 2 * 1e6], axis=1)
    data = from_arrays(X, both, X[:2], both[:2], regression=True, target_names=("a", "b"))
    assert data.n_targets == 2
    for k, one in enumerate(both.T):
        alone = from_arrays(X, one[:, None], regression=True)
        assert alone.n_targets == 1
        np.testing.assert_array_equal(data.targets[:, k], alone.targets)
        assert data.target_mean[k] == alone.target_mean == one.mean()
        assert data.target_scale[k] == alone.target_scale == one.std()
    np.testing.assert_array_equal(data.test_targets, data.targets[:2])
    split = data.split(1 / 3, seed=0)
    np.testing.assert_allclose(split.targets.std(axis=0), 1, atol=1e-6)
    everything = given(split, np.concatenate([split.targets, split.test_targets]))
    np.testing.assert_allclose(np.sort(everything, axis=0), np.sort(both, axis=0), atol=1)
    assert split.target_names == ("a", "b")
    with pytest.raises(
        DataError, match=r"test targets have shape \(1, 3\), training targets \(6, 2"
    ):
        from_arrays(X, both, X[:1], np.ones((1, 3)), regression=True)
    with pytest.raises(DataError, match="1 names of 2 targets: expected as many"):
        from_arrays(X, both, regression=True, target_names=("a",))


def test_data_made_directly():
    x = X.astype(np.float32)
    assert Data(x, np.arange(6, dtype=np.float32), classes=None).is_regression
    with pytest.raises(DataError, match=r"have shape \(6, 1\) for 6 samples: expected \(6,\) or"):
        Data(x, np.ones((6, 1), np.float32), classes=None)


def test_files_of_real_targets(tmp_path):
    np.savez(tmp_path / "own.npz", inputs=X, targets=Y)
    path = str(tmp_path / "own.npz")
    data = datasets.load(path, regression=True)
    assert data.source == {"name": path, "regression": True}
    np.testing.assert_allclose(given(data, data.targets), Y, atol=1e-4)
    assert len(datasets.load(path).classes) == 6
