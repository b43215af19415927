"""A user's own arrays, splits, names, and the Gaussian mixture."""

import numpy as np
import pytest
import torch

from pl_hypernet import datasets
from pl_hypernet.errors import DataError, InputError


def test_own_arrays():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(10, 3))
    data = datasets.as_data((inputs, ["cat", "dog"] * 5))
    assert data.targets.tolist() == [0, 1] * 5
    assert data.classes == ("cat", "dog")
    assert data.inputs.dtype == np.float32
    assert data.test_inputs is None
    both = datasets.as_data((inputs, [-1, 1] * 5, inputs[:4], [1, 1, -1, -1]))
    assert both.test_targets.tolist() == [1, 1, 0, 0]
    tensors = datasets.as_data((torch.as_tensor(inputs), torch.arange(10) % 2))
    assert tensors.inputs.shape == (10, 3)
    assert datasets.as_data(both) is both


def test_split_holds_out_each_sample_once():
    inputs = np.arange(20.0)[:, None]
    data = datasets.as_data((inputs, np.arange(20) % 2)).split(0.25, seed=1)
    assert len(data.test_inputs) == 5
    together = np.concatenate([data.inputs, data.test_inputs]).ravel()
    np.testing.assert_array_equal(np.sort(together), inputs.ravel())
    np.testing.assert_array_equal(data.targets, data.inputs.ravel() % 2)
    for fraction in (0, 1, 0.01):
        with pytest.raises(DataError, match="validation="):
            datasets.as_data((inputs, np.arange(20) % 2)).split(fraction, seed=1)


GOOD = np.ones((4, 2))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((np.full((4, 2), np.nan), [0, 1, 0, 1]), "8 values that are NaN or infinite"),
        ((np.ones((4, 2, 0)), [0, 1, 0, 1]), r"inputs have shape \(4, 2, 0\)"),
        ((np.ones((0, 2)), []), r"inputs have shape \(0, 2\)"),
        ((5.0, [0, 1]), r"inputs have shape \(\)"),
        (([[1, 2], [3]] * 2, [0, 1, 0, 1]), "not an array of numbers"),
        ((GOOD + 1j, [0, 1, 0, 1]), "complex128: expected real numbers"),
        ((GOOD * 1e16, [0, 1, 0, 1]), "8 values that are .* beyond 1e\\+15, the first at row 0"),
        ((GOOD * -1e300, [0, 1, 0, 1]), "8 values that are .* beyond 1e\\+15"),
        ((GOOD, np.array(["a", 2, 3, "b"], object)), "labels of different kinds"),
        ((GOOD, ["a", None, 3, "b"]), "None or masked labels, 1 of them, the first at row 1"),
        ((GOOD, [0, 1, 0]), r"targets have shape \(3,\) for 4 samples"),
        ((GOOD, [[0, 1]] * 4), r"targets have shape \(4, 2\)"),
        ((np.arange(1001)[:, None], np.arange(1001)), "1001 different values .* regression=True"),
        ((np.ones((30, 1)), np.linspace(0, 1, 30)), "at most 20 classes; .* regression=True"),
        ((GOOD, [1, 1, 1, 1]), "1 classes"),
        ((GOOD, [0, 1, np.nan, 1]), "targets hold NaN"),
        (([["a", "b"]] * 4, [0, 1, 0, 1]), "not an array of numbers"),
        ((GOOD, [0, 1, 0, 1], np.ones((2, 3)), [0, 1]), r"test inputs have shape \(2, 3\)"),
        ((GOOD, [0, 1, 0, 1], GOOD, [0, 1, 0, 5]), "no training target is"),
        ((GOOD,), "expected a Data"),
        (np.ones((4, 2)), "expected a Data"),
    ],
)
def test_arrays_that_do_not_fit(arrays, message):
    with pytest.raises(DataError, match=message):
        datasets.as_data(arrays)


def test_files_of_ones_own(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, inputs=GOOD, targets=[0, 1, 0, 1])
    data = datasets.load(str(path))
    assert data.source == {"name": str(path)}
    np.savez(path, X=GOOD, y=[0, 1, 0, 1])
    with pytest.raises(DataError, match="expected inputs and targets"):
        datasets.load(str(path))
    with pytest.raises(InputError, match="no option 'size': choose from"):
        datasets.load(str(path), size=3)
    whole = path.read_bytes()
    for damaged in (b"not a zip", b"", whole[:100]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="cannot be read as npz"):
            datasets.load(str(path))
    with open(path, "wb") as file:
        np.save(file, GOOD)
    with pytest.raises(DataError, match="cannot be read as npz"):
        datasets.load(str(path))


def test_unknown_names():
    with pytest.raises(InputError, match="unknown dataset 'cifar'"):
        datasets.load("cifar")
    with pytest.raises(InputError, match="'mnist': no option 'colour': choose from digits"):
        datasets.load("mnist", colour="red")


def test_the_gaussian_mixture():
    data = datasets.gaussian_mixture(20_000, seed=3)
    assert data.inputs.shape == data.test_inputs.shape == (20_000, 2)
    assert data.targets.mean() == 0.5
    assert not np.array_equal(data.inputs, data.test_inputs)
    zeros, ones = (data.inputs[data.targets == label] for label in (0, 1))
    error = 5 * np.sqrt(0.1 / len(zeros))
    np.testing.assert_allclose(zeros.mean(axis=0), (-1, -2), atol=error)
    np.testing.assert_allclose(np.cov(zeros.T), 0.1 * np.eye(2), atol=5 * 0.1 * np.sqrt(2 / 1e4))
    centres = np.array([(-2, 1), (1, 1), (2, -2)])
    nearest = np.linalg.norm(ones[:, None] - centres, axis=2).argmin(axis=1)
    shares = np.bincount(nearest) / len(ones)
    np.testing.assert_allclose(shares, 1 / 3, atol=5 * np.sqrt(2 / 9 / 1e4))
    for i, centre in enumerate(centres):
        np.testing.assert_allclose(ones[nearest == i].mean(axis=0), centre, atol=2 * error)
    again = datasets.load("gaussian_mixture", n_samples=20_000, seed=3)
    np.testing.assert_array_equal(again.inputs, data.inputs)
    with pytest.raises(DataError, match="n_samples=1: expected a whole number of at least 2"):
        datasets.gaussian_mixture(1)
    for seed in (-1, "a", None):
        with pytest.raises(DataError, match=r"seed=.* expected a whole number of at least 0"):
            datasets.load("gaussian_mixture", seed=seed)
