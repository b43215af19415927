"""Estimators that go on where they are: warm_start and partial_fit."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris

from pl_hypernet import QuantumHypernetClassifier, QuantumHypernetRegressor
from pl_hypernet.errors import DataError, InputError

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
QUICK = {"optimizer": "score", "steps": 4, "shots": 50, "n_networks": 50, "random_state": 0}
both = pytest.mark.parametrize(
    ("kind", "table"),
    [(QuantumHypernetClassifier, IRIS), (QuantumHypernetRegressor, DIABETES)],
    ids=["classifier", "regressor"],
)


def energies(estimator):
    return np.array([step["energy"] for step in estimator.history_])


@both
def test_a_warm_start_goes_on(kind, table):
    """No step would leave the angles: they are those before, and the loss begins where it was."""
    estimator = kind(warm_start=True, **QUICK | {"steps": 20}).fit(*table)
    first, theta, networks = energies(estimator), estimator.theta_, estimator.networks_
    estimator.set_params(optimizer_options={"kl_step": 1e-12, "natural_gradient": True}, steps=1)
    estimator.fit(*table)
    np.testing.assert_allclose(estimator.theta_, theta, atol=1e-3)
    assert abs(energies(estimator)[0] - first[-1]) < abs(energies(estimator)[0] - first[0])
    assert (estimator.networks_ != networks).any()  # fresh shots
    cold = clone(estimator).set_params(warm_start=False).fit(*table)
    cold.fit(*table)
    assert energies(cold)[0] == clone(cold).fit(*table).history_[0]["energy"]


@both
def test_partial_fit_keeps_the_standardisation_and_goes_on(kind, table):
    X, y = table
    options = {"classes": np.unique(y)} if kind is QuantumHypernetClassifier else {}
    estimator = kind(**QUICK).partial_fit(X[::2], y[::2], **options)
    whole = kind(**QUICK).fit(X[::2], y[::2])
    np.testing.assert_array_equal(estimator.theta_, whole.theta_)  # the first call is a fit
    mean, theta = estimator.scaler_.mean_, estimator.theta_
    for _ in range(3):
        estimator.partial_fit(X[1::2], y[1::2])
    np.testing.assert_array_equal(estimator.scaler_.mean_, mean)
    assert estimator.theta_.shape == theta.shape
    assert (estimator.theta_ != theta).any()
    assert estimator.n_iter_ == len(estimator.history_) == QUICK["steps"]
    assert energies(estimator).mean() < energies(whole).mean()


def test_batches_may_lack_classes():
    X, y = IRIS
    names = np.array(["setosa", "versicolor", "virginica"])
    classifier = QuantumHypernetClassifier(**QUICK)
    for k in (0, 1, 2):
        classifier.partial_fit(X[y == k], names[y[y == k]], classes=names)
    assert list(classifier.classes_) == sorted(names)
    assert classifier.predict_proba(X).shape == (150, 3)
    with pytest.raises(DataError, match="y holds rose, which is none of the classes"):
        classifier.partial_fit(X, ["rose"] * 150)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        classifier.partial_fit(X, names[y], classes=["setosa", "rose"])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        QuantumHypernetClassifier(**QUICK).partial_fit(X, y)
    with pytest.raises(InputError, match="class_weight='balanced': expected a dict or None"):
        QuantumHypernetClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


@both
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"layers": 1}, "layers: "),
        ({"hidden_layer_sizes": (2,)}, ": another than that of the training"),
    ],
    ids=["layers", "network"],
)
def test_another_network_is_refused(kind, table, setting, message):
    estimator = kind(warm_start=True, **QUICK | {"steps": 1}).fit(*table)
    with pytest.raises(InputError, match=message) as caught:
        estimator.set_params(**setting).fit(*table)
    assert "\n" not in str(caught.value)


def test_other_data_than_before_are_refused():
    X, y = IRIS
    classifier = QuantumHypernetClassifier(warm_start=True, **QUICK | {"steps": 1}).fit(X, y)
    with pytest.raises(DataError, match="warm_start: y holds the classes"):
        classifier.fit(X, y == 0)
    with pytest.raises(InputError, match="the number of features: another than"):
        classifier.fit(X[:, :2], y)
    regressor = QuantumHypernetRegressor(**QUICK | {"steps": 1}).partial_fit(*DIABETES)
    with pytest.raises(DataError, match="y has 2 targets, at the call before 1"):
        regressor.partial_fit(DIABETES[0], np.stack([DIABETES[1]] * 2, axis=1))
