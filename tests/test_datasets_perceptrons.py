"""Random patterns, and a teacher with binary weights."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pl_hypernet import datasets
from pl_hypernet.errors import DataError


@given(st.integers(1, 60), st.floats(2, 5), st.integers(0, 2**40))
@settings(max_examples=30, deadline=None)
def test_the_teacher_labels_all_patterns(n_inputs, alpha, seed):
    data = datasets.teacher_student(n_inputs, alpha, 7, seed)
    weights = datasets.teacher_weights(n_inputs, seed)
    assert set(weights.tolist()) <= {-1, 1}
    assert data.inputs.shape == (round(alpha * n_inputs), n_inputs)
    assert data.test_inputs.shape == (7, n_inputs)
    assert (np.abs(data.inputs) == 1).all()
    assert data.classes == (-1, 1)
    for inputs, targets in ((data.inputs, data.targets), (data.test_inputs, data.test_targets)):
        sums = inputs @ weights
        assert n_inputs % 2 == 0 or (sums != 0).all()
        np.testing.assert_array_equal(targets, sums > 0)  # ties are of class -1
    again = datasets.load(data.source["name"], n_inputs=n_inputs, alpha=alpha, n_test=7, seed=seed)
    np.testing.assert_array_equal(again.inputs, data.inputs)
    assert again.source == data.source


def test_patterns_are_random():
    data = datasets.random_patterns(200, 5, seed=1)
    assert data.inputs.shape == (1000, 200)
    assert data.inputs.dtype == np.float32
    assert data.test_inputs is None
    assert abs(data.inputs.mean()) < 5 / np.sqrt(200_000)
    assert abs(data.targets.mean() - 0.5) < 5 * 0.5 / np.sqrt(1000)
    correlations = (2 * data.targets - 1) @ data.inputs / np.sqrt(1000)
    assert abs(np.mean(correlations**2) - 1) < 5 * np.sqrt(2 / 200)
    np.testing.assert_array_equal(datasets.random_patterns(200, 5, seed=1).inputs, data.inputs)
    assert not np.array_equal(datasets.random_patterns(200, 5, seed=2).inputs, data.inputs)


def test_patterns_do_not_tell_the_teacher():
    weights = datasets.teacher_weights(10_001, 0)
    data = datasets.teacher_student(10_001, 0.01, 100)
    overlaps = np.concatenate([data.inputs, data.test_inputs]) @ weights / 10_001**0.5
    assert abs(np.mean(overlaps**2) - 1) < 5 * np.sqrt(2 / 200)


@pytest.mark.parametrize("make", [datasets.random_patterns, datasets.teacher_student])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_inputs": 0}, "n_inputs=0: expected a whole number of at least 1"),
        ({"n_inputs": 2.5}, "n_inputs=2.5"),
        ({"alpha": 0}, "alpha=0: expected a number of patterns per input"),
        ({"alpha": float("inf")}, "alpha=inf"),
        ({"alpha": float("nan")}, "alpha=nan"),
        ({"alpha": "1"}, "alpha='1'"),
        ({"n_inputs": 3, "alpha": 0.1}, "is 0 patterns: expected at least 2"),
        ({"seed": -1}, "seed=-1: expected a whole number of at least 0"),
    ],
)
def test_impossible_patterns(make, options, message):
    with pytest.raises(DataError, match=message):
        make(**options)


@pytest.mark.parametrize(
    "make",
    [
        partial(datasets.teacher_student, n_test=0),
        partial(datasets.teacher_weights, n_inputs=-1),
        partial(datasets.teacher_weights, seed=None),
    ],
)
def test_impossible_teachers(make):
    with pytest.raises(DataError, match="expected a whole number"):
        make()
