"""What is left of data when the samples are gone: the same inputs, the same answers."""

import json

import numpy as np
import pytest

from pl_hypernet.datasets import from_arrays, with_features
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import DataError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3)) * [1, 5, 0.1] + [0, 2, 9]
Y = np.arange(30) % 3
MAPS = (
    "identity", "standardise", "pca:2", "random:4:1", "threshold", "threshold:0.5", "thermometer:2"
)  # fmt: skip


class Frame:
    """As much of a data frame as is used: names, columns by name, and an array."""

    def __init__(self, columns):
        self.columns = list(columns)
        self._columns = columns

    def __getitem__(self, names):
        if isinstance(names, str):
            return self._columns[names]
        return Frame({name: self._columns[name] for name in names})

    def __array__(self, dtype=None, copy=None):
        columns = np.stack(list(self._columns.values()), axis=1)
        return columns if dtype is None else columns.astype(dtype)


def again(schema):
    """Through what a file holds."""
    arrays, plain = schema.to_plain()
    return Schema.from_plain(arrays, json.loads(json.dumps(plain)))


@pytest.mark.parametrize("names", [*MAPS, ("pca:2", "random:2"), None], ids=str)
def test_raw_columns_become_what_the_network_saw(names):
    data = from_arrays(X[:20], Y[:20], X[20:], Y[20:])
    if names is not None:
        data = with_features(data, names)
    for schema in (data.schema, again(data.schema)):
        np.testing.assert_array_equal(schema.inputs_of(X[:20]), data.inputs)
        np.testing.assert_array_equal(schema.inputs_of(X[20:].tolist()), data.test_inputs)
        assert schema.inputs_of(X).dtype == np.float32
        assert schema.n_inputs == data.n_inputs


def test_a_split_has_the_maps_of_what_is_kept():
    data = with_features(from_arrays(X, Y), "standardise")
    split = data.split(0.5, seed=0)
    np.testing.assert_array_equal(split.schema.inputs_of(split.raw.inputs), split.inputs)
    assert not np.allclose(data.schema.inputs_of(X), split.schema.inputs_of(X))


def test_missing_inputs():
    holes = X.copy()
    holes[::4, 1] = np.nan
    data = with_features(from_arrays(holes, Y, missing="mean"), "standardise")
    schema = again(data.schema)
    np.testing.assert_array_equal(schema.inputs_of(holes), data.inputs)
    assert schema.inputs_of([[0, np.nan, np.nan]])[0, 1:] == pytest.approx(0, abs=1e-5)
    with pytest.raises(DataError, match="the inputs hold 1 values that are NaN"):
        from_arrays(X, Y).schema.inputs_of([[0, 1, np.nan]])


def test_labels_and_units():
    words = np.array(["cat", "dog", "ape"])[Y]
    numpys = np.array(list(map(np.int64, Y)), dtype=object)
    for labels in (words, words.astype(object), Y * 10, Y / 2, Y == 1, numpys):
        schema = again(from_arrays(X, labels).schema)
        np.testing.assert_array_equal(schema.labels(from_arrays(X, labels).targets), labels)
    for targets in (X[:, 1], X[:, :2]):
        data = from_arrays(X, targets, regression=True)
        np.testing.assert_allclose(again(data.schema).in_units(data.targets), targets, atol=1e-5)
        assert again(data.schema).classes is None


def test_names_of_data_frames_are_kept():
    frame = Frame(dict(zip("abc", X.T, strict=True)))
    turned = Frame(dict(zip("xcab", [Y, X[:, 2], X[:, 0], X[:, 1]], strict=True)))
    data = from_arrays(frame, Frame({"kind": Y}), turned, Y)
    assert data.feature_names == ("a", "b", "c")
    assert data.target_names == ("kind",)
    np.testing.assert_array_equal(data.test_inputs, data.inputs)
    np.testing.assert_array_equal(again(data.schema).inputs_of(turned), data.inputs)
    np.testing.assert_array_equal(again(data.schema).inputs_of(X), data.inputs)
    with pytest.raises(DataError, match="inputs have no column 'b': expected the columns a, b, c"):
        data.schema.inputs_of(Frame({"a": Y, "c": Y}))
    words = Frame({"a": Y.astype(object), "b": np.array(["x"] * 30, object)})
    with pytest.raises(DataError, match=r"inputs, column 'b', are not an array of numbers: .*'x'"):
        from_arrays(words, Y)
    assert data.split(0.5, 0).feature_names == ("a", "b", "c")
    assert from_arrays(X, Y).feature_names is None
    assert from_arrays(Frame(dict(zip(range(3), X.T, strict=True))), Y).feature_names is None


@pytest.mark.parametrize(
    ("features", "names"),
    [
        ("standardise", ("a", "b")),
        ("threshold:1", ("a", "b")),
        ("pca:2", ("pca[0]", "pca[1]")),
        ("random:3", ("random[0]", "random[1]", "random[2]")),
        ("thermometer:2", ("a[0]", "a[1]", "b[0]", "b[1]")),
        (["pca:2", "identity"], ("pca[0]", "pca[1]", "a", "b")),
    ],
    ids=str,
)
def test_names_of_features(features, names):
    data = with_features(from_arrays(X[:, :2], Y, feature_names=("a", "b")), features)
    assert data.feature_names == data.schema.feature_names == names
    assert data.schema.raw_names == ("a", "b")
    assert with_features(from_arrays(X, Y), "pca:2").feature_names is None


def test_inputs_of_other_shapes():
    schema = from_arrays(np.zeros((4, 2, 3)), [0, 1, 0, 1]).schema
    assert schema.image_shape == (2, 3)
    assert schema.inputs_of(np.zeros((5, 2, 3))).shape == (5, 6)
    for wrong, message in (
        (np.zeros((5, 3)), "inputs have 3 columns: expected 6, as in training"),
        (np.zeros(6), r"inputs have shape \(6,\): expected \(n_samples, n_inputs\)"),
        ([["a"] * 6], "not an array of numbers"),
    ):
        with pytest.raises(DataError, match=message):
            schema.inputs_of(wrong)
