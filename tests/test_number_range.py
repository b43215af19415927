"""Data at the ends of the number range: finite answers, or one line that says what to mend."""

import warnings
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from pl_hypernet import QuantumHypernetClassifier, QuantumHypernetRegressor
from pl_hypernet.datasets import from_arrays, with_features
from pl_hypernet.errors import DataError

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3))
Y = X @ [1, -1, 0.5]
LABELS = Y > 0
QUICK = {
    "optimizer": "score",
    "steps": 1,
    "shots": 4,
    "n_networks": 4,
    "layers": 1,
    "random_state": 0,
}
quick = settings(max_examples=25, deadline=None, derandomize=True)
any_scale = st.floats(-330, 308).map(lambda power: 10.0**power)  # 0 below
scales = st.lists(any_scale | st.just(1.0), min_size=3, max_size=3)
offsets = st.sampled_from([0.0, 1e9, -1e20, 1e200])
n_rows = st.integers(0, len(X))


def answers(make):
    """What it returns; or None where it ends in one line of ours or of scikit-learn's checks."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of numpy: divisions by zero, overflows
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.filterwarnings("ignore", module="sklearn")
        try:
            return make()
        except ValueError as error:
            line = str(error)
            own = isinstance(error, DataError) and "\n" not in line
            assert own or "minimum of 1 is required" in line or "contains infinity" in line, line
            return None


@quick
@given(scales, offsets, any_scale | st.just(0.0), n_rows, n_rows, st.integers(1, 3), st.booleans())
def test_estimators(scales, offset, target_scale, n, m, columns, standardise):
    inputs = (X * scales + offset)[:, :columns]
    settings = QUICK | {"standardise": standardise}

    def regressed():
        fitted = QuantumHypernetRegressor(**settings).fit(inputs[:n], target_scale * Y[:n])
        return fitted.predict(inputs), fitted.predict(X[:, :columns])

    def classified():
        fitted = QuantumHypernetClassifier(**settings).fit(inputs[:n], LABELS[:n])
        return fitted.predict_proba(inputs[-m:]), fitted.predict_proba(X[:, :columns])

    for found in (answers(regressed), answers(classified)):
        assert found is None or all(np.isfinite(each).all() for each in found)


@quick
@given(
    scales,
    offsets,
    any_scale | st.just(0.0),
    n_rows,
    st.sampled_from(["identity", "standardise", "pca:2", "random:2", "threshold", "thermometer:2"]),
    st.booleans(),
)
def test_arrays(scales, offset, target_scale, n, features, regression):
    inputs, targets = X * scales + offset, target_scale * Y if regression else LABELS

    def made():
        data = from_arrays(inputs[:n], targets[:n], X, targets, regression=regression)
        data = with_features(data, features)
        return [
            data.inputs,
            data.test_inputs,
            data.schema.inputs_of(X),
            data.schema.in_units(data.test_targets),
        ]

    found = answers(made)
    assert found is None or all(np.isfinite(each).all() for each in found)


@pytest.mark.parametrize("scale", [1e-140, 1e-30, 1e30, 1e140])
def test_units_change_nothing(scale):
    plain = QuantumHypernetRegressor(**QUICK).fit(X, Y)
    other = QuantumHypernetRegressor(**QUICK).fit(X * scale, Y * scale)
    np.testing.assert_allclose(other.predict(X * scale) / scale, plain.predict(X), rtol=1e-5)
    assert other.score(X * scale, Y * scale) == pytest.approx(plain.score(X, Y), abs=1e-5)


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (X, Y * 1e155, r"training targets are NaN or infinite or beyond 1e\+150: .* rescale"),
        (X, Y * 1e-300, "training targets differ by 5e-300 at most, which is below 1e-150"),
        (X * [1, 1e200, 1], Y, "training inputs in column 1 are NaN or infinite or beyond"),
        (X * [1, 1, 1e-200], Y, "training inputs in column 2 differ by .*e-200 at most"),
    ],
)
def test_a_regressor_refuses(inputs, targets, message):
    with pytest.raises(DataError, match=message):
        QuantumHypernetRegressor(**QUICK).fit(inputs, targets)


def test_far_from_the_training():
    for kind, targets in ((QuantumHypernetRegressor, Y), (QuantumHypernetClassifier, LABELS)):
        fitted = kind(**QUICK).fit(X, targets)
        with pytest.raises(DataError, match="the standardised inputs hold 24 values that are NaN"):
            fitted.predict(X * 1e40)


@pytest.mark.parametrize("size", [1e-14, 1e14])
def test_networks_of_inputs_as_they_are(size):
    for kind, targets in ((QuantumHypernetRegressor, Y), (QuantumHypernetClassifier, LABELS)):
        fitted = kind(**QUICK, standardise=False).fit(X * size, targets)
        assert np.isfinite(fitted.predict(X * size)).all()
        with pytest.raises(
            DataError, match=r"inputs are of size .*e-31, .* features='standardise'"
        ):
            kind(**QUICK, standardise=False).fit(X * 1e-30, targets)


def test_a_constant_target_is_predicted():
    fitted = QuantumHypernetRegressor(**QUICK).fit(X, np.full(len(X), 0.1))
    assert fitted.target_mean_ == 0.1
    assert fitted.target_scale_ == 1


@pytest.mark.parametrize("inputs", [X + 1e9, X * 1e-60])
def test_what_float32_cannot_tell_apart(inputs):
    with pytest.raises(DataError, match="column 0 differ by less than float32 can tell"):
        from_arrays(inputs, LABELS)
    with pytest.raises(DataError, match="column 0 differ by less than float32 can tell"):
        QuantumHypernetClassifier(**QUICK, standardise=False).fit(inputs, LABELS)
    QuantumHypernetClassifier(**QUICK).fit(inputs, LABELS)  # standardised in double precision


def objects(*labels):
    return np.array([*labels, 0, 1, 0, 1, 0, 1, 0][:8], object)


@pytest.mark.parametrize(
    "labels",
    [
        objects(np.nan),
        objects(None),
        objects(np.inf),
        objects(np.float32("nan")),
        np.ma.masked_equal([2, 0, 1, 0, 1, 0, 1, 0], 2),
        np.ma.masked_equal([2.0, 0, 1, 0, 1, 0, 1, 0], 2),
        np.ma.masked_equal(["c", "a", "b", "a", "b", "a", "b", "a"], "c"),
        np.array(["NaT", *[date(2020, 1, 1), date(2021, 1, 1)] * 4][:8], "M8[D]"),
    ],
    ids=str,
)
def test_labels_that_are_missing(labels):
    with pytest.raises(DataError, match="None or masked labels, 1 of them, the first at row 0"):
        from_arrays(X, labels)
    with pytest.raises(DataError, match=r"test targets hold .* the first at row 0"):
        from_arrays(X, np.roll(LABELS, 1), X, labels)
    with pytest.raises(ValueError, match=r"NaN|masked labels"):
        QuantumHypernetClassifier(**QUICK).fit(X, labels)


def test_masked_numbers_are_missing():
    masked = np.ma.masked_greater(X, 1)
    data = from_arrays(masked, LABELS, missing="mean")
    np.testing.assert_array_equal(data.was_missing, masked.mask)
    for refused in (
        lambda: from_arrays(masked, LABELS),
        lambda: from_arrays(X, np.ma.masked_less(Y, 0), regression=True),
        lambda: from_arrays(X, np.ma.masked_equal(np.arange(8), 3), regression=True),
        lambda: QuantumHypernetClassifier(**QUICK).fit(masked, LABELS),
        lambda: QuantumHypernetRegressor(**QUICK).fit(X, np.ma.masked_less(Y, 0)),
        lambda: QuantumHypernetRegressor(**QUICK).fit(X, np.ma.masked_equal(np.arange(8), 3)),
        lambda: QuantumHypernetRegressor(**QUICK).fit(X, Y).predict(masked),
    ):
        with pytest.raises(ValueError, match="NaN"):
            refused()
