"""Feature maps: what each computes, that all are fitted to the training inputs alone."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pl_hypernet import datasets
from pl_hypernet.datasets import Data, from_arrays, with_features
from pl_hypernet.errors import DataError, InputError

ALL = ("identity", "standardise", "pca:3", "random:3", "threshold", "threshold:0.5")


def some_data(n=40, n_inputs=6, n_test=10, seed=0):
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(n_inputs, n_inputs))
    inputs = rng.normal(size=(n + n_test, n_inputs)) @ mix + 5
    targets = np.arange(n + n_test) % 2
    return from_arrays(inputs[:n], targets[:n], inputs[n:], targets[n:])


def again(data):
    """The same data, made from their source alone."""
    options = dict(data.source)
    return datasets.load(options.pop("name"), **options)


def test_identity_and_standardise():
    data = some_data()
    same = with_features(data, "identity")
    np.testing.assert_array_equal(same.inputs, data.inputs)
    assert same.raw is data
    assert same.features == ("identity",)
    standard = with_features(data, "standardise")
    mean, deviation = data.inputs.mean(axis=0), data.inputs.std(axis=0)
    np.testing.assert_allclose(standard.inputs, (data.inputs - mean) / deviation, atol=1e-5)
    np.testing.assert_allclose(
        standard.test_inputs, (data.test_inputs - mean) / deviation, atol=1e-5
    )


@pytest.mark.parametrize("n", [40, 5])  # more samples than inputs, and fewer
def test_pca(n):
    data = some_data(n)
    made = with_features(data, "pca:3")
    centred = data.inputs - data.inputs.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    largest = np.abs(directions[:3]).argmax(axis=1)
    directions = directions[:3] * np.sign(directions[range(3), largest])[:, None]
    expected = centred @ directions.T
    np.testing.assert_allclose(made.inputs, expected / expected.std(axis=0), atol=1e-4)
    tested = (data.test_inputs - data.inputs.mean(axis=0, dtype=np.float64)) @ directions.T
    np.testing.assert_allclose(made.test_inputs, tested / expected.std(axis=0), atol=1e-4)


def test_signs_of_components_where_entries_are_equally_large():
    x = np.random.default_rng(0).normal(size=50)
    for sign in (1, -1):
        inputs = np.stack([x, sign * x], axis=1)
        made = with_features(from_arrays(inputs, np.arange(50) % 2), "pca:1")
        np.testing.assert_allclose(made.inputs[:, 0], (x - x.mean()) / x.std(), atol=1e-5)


def test_random_projections():
    data = some_data()
    made = with_features(data, "random:3")
    np.testing.assert_allclose(made.inputs.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(made.inputs.std(axis=0), 1, atol=1e-5)
    centred = data.inputs - data.inputs.mean(axis=0)
    _, residuals, *_ = np.linalg.lstsq(centred, made.inputs, rcond=None)
    assert (residuals < 1e-8).all()  # linear in the inputs
    np.testing.assert_array_equal(with_features(data, "random:3:0").inputs, made.inputs)
    assert not np.allclose(with_features(data, "random:3:7").inputs, made.inputs)
    assert with_features(data, "random:20").n_inputs == 20  # more than there are inputs


def test_thresholds():
    inputs = np.array([[0, 1, 5], [0, 2, 5], [0, 3, 5], [4, 4, 5], [9, 5, 5]], dtype=float)
    data = from_arrays(inputs, [0, 1, 0, 1, 0])
    expected = [[-1, -1, 1], [-1, -1, 1], [-1, 1, 1], [1, 1, 1], [1, 1, 1]]
    assert with_features(data, "threshold").inputs.tolist() == expected
    at_two = with_features(data, "threshold:2").inputs
    np.testing.assert_array_equal(at_two, np.where(inputs >= 2, 1, -1))
    assert (with_features(data, "threshold:-1e3").inputs == 1).all()
    tenths = from_arrays(np.arange(10)[:, None] / 10, np.arange(10) % 2)
    at = with_features(tenths, "threshold:0.7").inputs[:, 0]
    assert at.tolist() == [-1] * 7 + [1] * 3  # 0.7 as float32 is below 0.7


def test_thermometer():
    data = from_arrays([[0.0, 3], [0.25, 3], [0.5, 3], [1, 3]], [0, 1, 0, 1], [[2.0, 0]], [0])
    made = with_features(data, "thermometer:3")
    assert made.inputs[:, :3].tolist() == [[-1] * 3, [1, -1, -1], [1, 1, -1], [1] * 3]
    assert (made.inputs[:, 3:] == 1).all()  # a constant column
    assert made.test_inputs.tolist() == [[1, 1, 1, -1, -1, -1]]


@given(
    arrays(np.float32, (8, 3), elements=st.floats(-(2**49), 2**49, width=32)),
    st.sampled_from([*ALL[:2], *ALL[3:], "thermometer:4"]),
)
@settings(deadline=None, max_examples=60)
def test_all_inputs_give_finite_features(inputs, name):
    made = with_features(Data(inputs, np.arange(8) % 2, inputs, np.arange(8) % 2), name)
    assert np.isfinite(made.inputs).all()
    np.testing.assert_array_equal(made.inputs, made.test_inputs)  # same inputs, same features
    if name.startswith("thermometer"):
        assert (np.diff(made.inputs.reshape(8, 3, 4), axis=2) <= 0).all()  # fills from below


def test_constant_columns():
    data = some_data()
    inputs = data.inputs.copy()
    inputs[:, 2] = 1e7 + 0.1
    data = from_arrays(inputs, data.targets)
    for name in [*ALL, "thermometer:2"]:
        assert np.isfinite(with_features(data, name).inputs).all(), name
    assert (with_features(data, "standardise").inputs[:, 2] == 0).all()
    with pytest.raises(DataError, match="they vary in 5 directions at most; ask for no more"):
        with_features(data, "pca:6")
    with pytest.raises(DataError, match="they vary in 0 directions"):
        with_features(from_arrays(np.full((9, 2), 0.1), np.arange(9) % 2), "pca:1")


def test_blocks_side_by_side():
    data = some_data()
    both = with_features(data, ["pca:3", "random:3"])
    assert both.features == ("pca:3", "random:3")
    for block, name in enumerate(both.features):
        alone = with_features(data, name)
        columns = slice(3 * block, 3 * block + 3)
        np.testing.assert_array_equal(both.inputs[:, columns], alone.inputs)
        np.testing.assert_array_equal(both.test_inputs[:, columns], alone.test_inputs)
    with pytest.raises(DataError, match=r"3 \(pca:3\), 6 \(identity\) columns: expected the same"):
        with_features(data, ["pca:3", "identity"])


@pytest.mark.parametrize("name", ["standardise", "pca:2", "random:2", "threshold", "thermometer:3"])
def test_a_leak_would_be_noticed(name):
    """Outliers that are held out change nothing; fitted with them, features are others."""
    data = some_data(60)
    split = with_features(data, name).split(0.2, seed=3)
    leaky = data.split(0.2, seed=3)
    held = np.isin(data.inputs[:, 0], leaky.test_inputs[:, 0])
    assert held.sum() == 12
    planted = data.inputs.copy()
    planted[held] = 1e4 * np.random.default_rng(1).random((12, 6))
    for test_inputs in (None, 1e6 * data.inputs):
        test_targets = None if test_inputs is None else data.targets
        with_outliers = from_arrays(planted, data.targets, test_inputs, test_targets)
        made = with_features(with_outliers, name)
        np.testing.assert_array_equal(made.split(0.2, seed=3).inputs, split.inputs)
        assert not np.allclose(made.inputs[~held], split.inputs[np.argsort(order(data, split))])
        alone = with_features(from_arrays(planted, data.targets), name)
        np.testing.assert_array_equal(made.inputs, alone.inputs)  # the test set changes nothing


def order(data, split):
    """Where each kept sample stands among the original ones."""
    places = {row.tobytes(): i for i, row in enumerate(data.inputs)}
    return [places[row.tobytes()] for row in split.raw.inputs]


def test_the_source_makes_the_same_features():
    data = datasets.load("gaussian_mixture", n_samples=50, features="random:4:7")
    assert data.source["features"] == ["random:4:7"]
    np.testing.assert_array_equal(again(data).inputs, data.inputs)
    np.testing.assert_array_equal(again(data).test_inputs, data.test_inputs)
    two = datasets.load("mnist", features=["pca:16", "random:16"])
    assert two.n_inputs == 32
    assert two.image_shape is None
    assert datasets.load("mnist", features="threshold").image_shape == (8, 8)
    np.testing.assert_array_equal(again(two).inputs, two.inputs)


@pytest.mark.parametrize(
    "name", ["pca", "pca:0", "pca:2.5", "pca:99999", "pca:-1", "random:2:x", "threshold:nan", 3, ""]
)
def test_unknown_maps(name):
    with pytest.raises(InputError, match=r"unknown features .*: expected one of identity, stand"):
        with_features(some_data(), [name])


def test_what_is_refused():
    data = some_data()
    with pytest.raises(DataError, match=r"'pca:7' of 40 training samples .* in 6 directions"):
        with_features(data, "pca:7")
    with pytest.raises(InputError, match="unknown features 3"):
        datasets.load("mnist", features=3)
    with pytest.raises(InputError, match="expected one or more"):
        with_features(data, [])
    with pytest.raises(DataError, match="features standardise already: give all at once"):
        with_features(with_features(data, "standardise"), "pca:2")


def test_importing_datasets_is_quick():
    code = "import sys, pl_hypernet.datasets; print({'torch', 'sklearn'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
