"""The classifier and the regressor as scikit-learn uses them."""

import pickle

import numpy as np
import pytest
from case_names import name
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    ShuffleSplit,
    StratifiedShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from pl_hypernet import Choice, QuantumHypernetClassifier, QuantumHypernetRegressor
from pl_hypernet.errors import DataError, HypernetError, InputError

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)
QUICK = {"optimizer": "score", "steps": 20, "shots": 100, "n_networks": 100}
BOTH = [QuantumHypernetClassifier, QuantumHypernetRegressor]

both = pytest.mark.parametrize("kind", BOTH)


def quick(kind, **settings):
    return kind(**QUICK | {"random_state": 0} | settings)


@pytest.fixture(scope="module")
def fitted():
    return quick(QuantumHypernetClassifier).fit(*IRIS)


CHECKED = [
    QuantumHypernetClassifier(hidden_layer_sizes=(), steps=20, n_networks=50),
    QuantumHypernetRegressor(hidden_layer_sizes=(), steps=20, n_networks=50),
]


# the entropy and the scale go by the number of samples, and weights are relative: they do not say
# how many samples they stand for
RELATIVE = {
    f"check_sample_weight_equivalence_on_{kind}_data": "weights are relative"
    for kind in ("dense", "sparse")
}


@parametrize_with_checks(CHECKED, expected_failed_checks=lambda estimator: RELATIVE)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def score(kind, X, y):
    """Without hidden layers, on a third of the samples that was held out."""
    made = kind(hidden_layer_sizes=(), random_state=0)
    return cross_val_score(made, X, y, cv=held_out(kind)).mean()


def held_out(kind):
    splitter = StratifiedShuffleSplit if kind is QuantumHypernetClassifier else ShuffleSplit
    return splitter(1, test_size=1 / 3, random_state=0)


# three-fold, five seeds: at least 0.947 and 0.974; the largest class alone: 0.33 and 0.63
@pytest.mark.parametrize(("data", "mark"), [(IRIS, 0.9), (CANCER, 0.95)], ids=["iris", "cancer"])
def test_classifier_is_accurate(data, mark):
    assert score(QuantumHypernetClassifier, *data) > mark


def test_regressor_is_as_good_as_least_squares():
    """Linear too, if with bounded coefficients; five seeds: 0.479 to 0.487."""
    r2 = score(QuantumHypernetRegressor, *DIABETES)
    linear = cross_val_score(LinearRegression(), *DIABETES, cv=held_out(QuantumHypernetRegressor))
    assert abs(r2 - linear.mean()) < 0.03
    assert r2 > 0.4


def test_predictions_are_the_vote(fitted):
    X, y = IRIS
    p = fitted.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    inputs = StandardScaler().fit_transform(X).astype(np.float32)
    vote = fitted.network_.vote(fitted.networks_, inputs).mean
    np.testing.assert_allclose(p, vote, rtol=1e-6)  # whose rows sum to 1 in single precision
    np.testing.assert_array_equal(fitted.predict(X), p.argmax(axis=1))
    assert fitted.score(X, y) == (p.argmax(axis=1) == y).mean()


def test_predictions_are_the_mean_of_the_networks():
    X, y = DIABETES
    regressor = quick(QuantumHypernetRegressor).fit(X, y)
    inputs = StandardScaler().fit_transform(X).astype(np.float32)
    outputs = regressor.network_(regressor.networks_, inputs)[..., 0].double().numpy()
    np.testing.assert_allclose(
        regressor.predict(X), y.mean() + y.std() * outputs.mean(axis=0), rtol=1e-6
    )


def test_several_targets():
    """About as good as one by one; y of one column stays a column."""
    X, y = DIABETES
    both = np.stack([y, 1000 - 5 * X[:, 2]], axis=1)
    regressor = quick(QuantumHypernetRegressor, steps=100).fit(X, both)
    assert regressor.network_.n_outputs == 2
    np.testing.assert_allclose(regressor.target_mean_, both.mean(axis=0))
    inputs = StandardScaler().fit_transform(X).astype(np.float32)
    outputs = regressor.network_(regressor.networks_, inputs).double().numpy().mean(axis=0)
    answers = regressor.predict(X)
    np.testing.assert_allclose(answers, both.mean(axis=0) + both.std(axis=0) * outputs, rtol=1e-6)
    assert regressor.score(X, both) > 0.6
    column = quick(QuantumHypernetRegressor, steps=2).fit(X, y[:, None])
    assert column.network_.n_outputs == 1
    assert column.predict(X).shape == (len(X), 1)


def test_attributes(fitted):
    n_qubits = 3 * (4 + 1)
    assert fitted.network_.n_qubits == n_qubits
    assert fitted.networks_.shape == (100, n_qubits)
    assert fitted.networks_.dtype == fitted.best_network_.dtype == np.int8
    assert fitted.theta_.shape == (5, n_qubits)
    assert fitted.n_iter_ == len(fitted.history_) == 20


def test_the_best_network_has_the_lowest_training_loss(fitted):
    X, y = IRIS
    inputs = StandardScaler().fit_transform(X).astype(np.float32)
    logits = fitted.network_(fitted.networks_, inputs).double()
    losses = -logits.log_softmax(dim=2).numpy()[:, np.arange(len(y)), y].mean(axis=1)
    best = fitted.networks_[losses.argmin()]
    np.testing.assert_array_equal(fitted.best_network_, best)


def test_two_classes_make_one_output_and_labels_may_be_text():
    X, y = CANCER
    labels = np.array(["malignant", "benign"])[y]
    classifier = quick(QuantumHypernetClassifier).fit(X, labels)
    assert classifier.network_.n_outputs == 1
    assert classifier.network_.activation == "sigmoid"
    assert list(classifier.classes_) == ["benign", "malignant"]
    assert classifier.score(X, labels) > 0.9


@both
def test_hidden_layers_and_choices(kind):
    X, y = CANCER
    choice = Choice("sign", "tanh")
    estimator = quick(kind, hidden_layer_sizes=3, hidden=choice, steps=2).fit(X, y)
    assert estimator.network_.sizes == (3, 1)
    assert estimator.network_.n_qubits == 3 * 31 + 4 + 1
    assert clone(estimator).hidden == choice


def test_activation_may_be_a_choice():
    activation = Choice("sigmoid", "hard_sigmoid")
    classifier = quick(QuantumHypernetClassifier, activation=activation, steps=2).fit(*CANCER)
    assert classifier.network_.n_qubits == 32


def test_pipeline_and_grid_search():
    """numpy's numbers come out of grids; a scaler outside changes next to nothing inside."""
    X, y = IRIS
    pipeline = make_pipeline(StandardScaler(), quick(QuantumHypernetClassifier))
    plain = quick(QuantumHypernetClassifier).fit(X, y)
    np.testing.assert_allclose(
        pipeline.fit(X, y).predict_proba(X), plain.predict_proba(X), atol=1e-6
    )
    name = "quantumhypernetclassifier"
    grid = {f"{name}__layers": np.arange(2), f"{name}__shots": np.array([50])}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_[f"{name}__layers"] in (0, 1)
    assert search.best_score_ > 0.6


@both
def test_clone_and_pickle(kind):
    X, y = CANCER
    estimator = quick(kind).fit(X, y)
    again = clone(estimator)
    assert again.get_params() == estimator.get_params()
    assert not hasattr(again, "theta_")
    loaded = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
    np.testing.assert_array_equal(again.fit(X, y).networks_, estimator.networks_)


def test_random_state():
    def networks(seed):
        return quick(QuantumHypernetClassifier, random_state=seed).fit(*IRIS).networks_

    np.testing.assert_array_equal(networks(1), networks(np.random.RandomState(1)))
    assert (networks(1) != networks(2)).any()
    assert (networks(None) != networks(None)).any()


@both
def test_a_constant_column_does_no_harm(kind):
    X, y = CANCER
    X = np.column_stack([X, np.full(len(X), 7.0)])
    estimator = quick(kind).fit(X, y)
    assert np.isfinite(estimator.predict(X)).all()
    assert estimator.score(X, y) > 0.5


def test_a_constant_target_is_predicted():
    X, _ = DIABETES
    regressor = quick(QuantumHypernetRegressor, steps=100).fit(X, np.full(len(X), 152.0))
    assert np.abs(regressor.predict(X) - 152).max() < 1


def test_inputs_may_be_left_as_they_are():
    X, y = IRIS
    classifier = quick(QuantumHypernetClassifier, standardise=False).fit(X, y)
    assert classifier.scaler_ is None
    expected = classifier.network_.vote(classifier.networks_, X.astype(np.float32)).mean
    np.testing.assert_allclose(classifier.predict_proba(X), expected, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["spsa", "qnspsa", "auto"])
@both
def test_other_optimizers_and_devices(kind, optimizer):
    X, y = IRIS
    estimator = quick(
        kind,
        device="default.qubit",
        optimizer=optimizer,
        steps=3,
        entropy=0,
        n_networks=10,
    ).fit(X, y == 0)
    assert estimator.n_iter_ == 3


@both
def test_nothing_is_written_or_shown(kind, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    quick(kind, steps=2).fit(*IRIS)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
    quick(kind, steps=2, verbose=True).fit(*IRIS)
    assert any(capfd.readouterr())


@both
def test_sparse_inputs_are_made_dense(kind):
    X, y = IRIS
    estimator = quick(kind, steps=2).fit(csr_array(X), y)
    np.testing.assert_array_equal(estimator.theta_, quick(kind, steps=2).fit(X, y).theta_)
    np.testing.assert_array_equal(estimator.predict(csr_array(X)), estimator.predict(X))
    with pytest.raises(InputError, match=r"dense inputs of shape \(1000000, 100000000\) take"):
        quick(kind).fit(csr_array((10**6, 10**8)), y)


def test_one_class_is_refused():
    X, _ = IRIS
    with pytest.raises(DataError, match="y holds one class, cat: expected at least 2"):
        quick(QuantumHypernetClassifier).fit(X, ["cat"] * len(X))


@both
def test_missing_values_and_other_numbers_of_features_are_refused(kind):
    X, y = IRIS
    holes = np.where(X > 7, np.nan, X)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        quick(kind).fit(holes, y)
    estimator = quick(kind, steps=2).fit(X, y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        estimator.predict(holes)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 4"):
        estimator.predict(X[:, :3])


@both
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"steps": 0}, "steps=0: "),
        ({"steps": "many"}, "steps='many': "),
        ({"shots": 1}, "shots=1: "),
        ({"layers": -1}, "layers=-1: "),
        ({"batch_size": 0}, "batch_size=0: "),
        ({"entropy": -1}, "entropy=-1: "),
        ({"scale": -1.0}, "scale=-1.0: "),
        ({"scale": "big"}, "scale="),
        ({"values": (1, 1)}, r"values=\(1, 1\): "),
        ({"n_networks": 1}, "n_networks=1: expected an int of at least 2"),
        ({"n_networks": 5.5}, "n_networks=5.5: "),
        ({"hidden": "step"}, "unknown hidden activation 'step': "),
        ({"hidden_layer_sizes": (0,)}, r"hidden_layer_sizes=\(0,\): expected"),
        ({"hidden_layer_sizes": None}, "hidden_layer_sizes=None: "),
        ({"hidden_layer_sizes": ("x",)}, "hidden_layer_sizes="),
        ({"standardise": "no"}, "standardise=no: "),
        ({"device": "no.such"}, "no.such"),
        ({"device_options": {"shots": 3}}, "device option 'shots': "),
        ({"optimizer": "adam"}, "unknown optimizer 'adam': "),
        ({"optimizer": object()}, "optimizer="),
        ({"optimizer_options": {"stepsize": -1}}, "stepsize=-1: "),
        ({"optimizer_options": {"momentum": 1}}, "optimizer 'score': "),
        ({"optimizer_options": 3}, "optimizer_options=3: "),
    ],
    ids=name,
)
def test_bad_settings_are_refused_in_one_line(kind, setting, message):
    with pytest.raises(HypernetError, match=message) as caught:
        quick(kind, **setting).fit(*IRIS)
    assert "\n" not in str(caught.value)


def test_bad_activation_is_refused():
    with pytest.raises(InputError, match="unknown activation 'sigmoid': choose one of softmax"):
        quick(QuantumHypernetClassifier, activation="sigmoid").fit(*IRIS)
