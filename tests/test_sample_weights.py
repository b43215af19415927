"""Weights of samples: in losses, in gradients, in trainings and in scikit-learn's words."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import AdaBoostClassifier

import pl_hypernet as plh
from pl_hypernet import QuantumHypernetClassifier, QuantumHypernetRegressor
from pl_hypernet.baselines import straight_through
from pl_hypernet.datasets import Data
from pl_hypernet.errors import DataError

RNG = np.random.default_rng(0)
TIMES = np.array([0, 1, 2, 3, 1, 0, 2, 5])
INPUTS = RNG.normal(size=(8, 3)).astype(np.float32)
BITS = RNG.integers(0, 2, (5, 12)).astype(np.int8)
QUICK = {"optimizer": "score", "steps": 5, "shots": 50, "n_networks": 50, "random_state": 0}
ESTIMATORS = [
    (QuantumHypernetClassifier, load_breast_cancer(return_X_y=True)),
    (QuantumHypernetRegressor, load_diabetes(return_X_y=True)),
]
both = pytest.mark.parametrize(("kind", "table"), ESTIMATORS)


def module():
    return plh.TorchNetwork(torch.nn.Linear(3, 1), 3)


# network, loss, targets
LOSSES = {
    "bce": (plh.BinaryNetwork(3), "bce", np.arange(8) % 2),
    "mse of a probability": (plh.BinaryNetwork(3), "mse", np.arange(8) % 2),
    "cross_entropy": (plh.BinaryNetwork(3, [3]), None, np.arange(8) % 3),
    "mse": (plh.BinaryNetwork(3, activation="identity"), None, RNG.normal(size=8)),
    "mse of several": (
        plh.BinaryNetwork(3, [2], activation="identity"),
        None,
        RNG.normal(size=(8, 2)),
    ),
    "hidden layer": (plh.BinaryNetwork(3, [2, 1], hidden="tanh"), None, np.arange(8) % 2),
    "torch": (module(), None, np.arange(8) % 2),
}


def weighted_and_repeated(network, loss, targets, **options):
    """The same mean, once by weights and once by copies of the samples."""
    weighted = plh.NetworkLoss(network, INPUTS, targets, loss, weights=TIMES * 0.7, **options)
    often = np.repeat(np.arange(8), TIMES)
    return weighted, plh.NetworkLoss(network, INPUTS[often], targets[often], loss, **options)


@pytest.mark.parametrize("which", LOSSES)
def test_whole_weights_are_copies(which, monkeypatch):
    network, loss, targets = LOSSES[which]
    bits = RNG.integers(0, 2, (5, network.n_qubits)).astype(np.int8)
    weighted, repeated = weighted_and_repeated(network, loss, targets)
    np.testing.assert_allclose(weighted(bits), repeated(bits), rtol=1e-5)
    for work in (2**32, 0):  # by flips, and by a backward pass
        monkeypatch.setattr("pl_hypernet.objectives.network_loss.FLIP_WORK", work)
        found, expected = weighted.spin_gradients(bits), repeated.spin_gradients(bits)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=1e-6)


def test_a_mini_batch_takes_its_rows():
    """Divided by the size of the batch: the mean over all batches is the loss of all samples."""
    network, loss, targets = LOSSES["hidden layer"]
    bits = RNG.integers(0, 2, (5, network.n_qubits)).astype(np.int8)
    weighted, _ = weighted_and_repeated(network, loss, targets)
    parts = []
    for rows in np.arange(8).reshape(4, 2):
        weighted.select(rows)
        parts.append(weighted(bits))
    weighted.select(None)
    np.testing.assert_allclose(np.mean(parts, axis=0), weighted(bits), rtol=1e-5)


def test_a_loss_of_ones_own_is_handed_the_weights():
    network = plh.BinaryNetwork(3)

    def loss(outputs, targets, weights):
        return ((outputs[..., 0] - targets) ** 2 * weights).mean(dim=1)

    weights = torch.tensor(TIMES / TIMES.mean(), dtype=torch.float32)
    found = plh.NetworkLoss(network, INPUTS, np.arange(8) % 2, loss, weights=TIMES)(BITS[:, :4])
    expected = loss(network(BITS[:, :4], INPUTS), torch.arange(8) % 2, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["score", "pathwise", "spsa", "qnspsa"])
def test_every_optimizer_and_the_evaluation(optimizer):
    """The same training by copies as by weights, and exactly the same as none by equal ones."""

    def history(data):
        network = plh.BinaryNetwork(3, activation="sigmoid")
        hypernet = plh.QuantumHypernetwork(network, layers=1, shots=20, seed=0)
        run = plh.train(hypernet, data, optimizer, steps=3, evaluation_shots=20, progress=False)
        return [*(step["energy"] for step in run.history), float(run.evaluation.energy)]

    data = Data(INPUTS, np.arange(8) % 2)
    often = np.repeat(np.arange(8), TIMES)
    repeated = Data(INPUTS[often], (np.arange(8) % 2)[often])
    np.testing.assert_allclose(history(replace(data, weights=TIMES)), history(repeated), rtol=1e-4)
    assert history(replace(data, weights=np.full(8, 0.3))) == history(data)


def test_straight_through_follows_the_weights():
    data = Data(INPUTS, np.arange(8) % 2)
    network = plh.BinaryNetwork(3, activation="sigmoid")
    weighted = straight_through(network, replace(data, weights=TIMES), epochs=3)
    expected = plh.NetworkLoss(network, INPUTS, data.targets, weights=TIMES)(weighted.bits[None])
    np.testing.assert_allclose(weighted.losses.min(), expected)


def test_data_keep_weights_where_they_are_split():
    targets = RNG.normal(size=8).astype(np.float32)
    data = Data(INPUTS, targets, classes=None, weights=TIMES + 1).with_standard_targets()
    assert abs(np.average(data.targets, weights=TIMES + 1)) < 1e-6
    part = data.split(0.25, 0)
    kept = [np.flatnonzero((row == INPUTS).all(axis=1))[0] for row in part.inputs]
    expected = (TIMES + 1)[kept] / (TIMES + 1)[kept].mean()
    np.testing.assert_allclose(part.weights, expected)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(7), r"sample weights have shape \(7,\): expected \(8,\)"),
        (np.arange(8) - 1.0, r"sample weights hold -1.0 in row 0: expected finite numbers"),
        (np.full(8, np.nan), "sample weights hold nan in row 0"),
        (np.zeros(8), "sample weights are all 0: expected one above 0"),
        (["a"] * 8, "sample weights are not an array of numbers"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    targets = np.arange(8) % 2
    with pytest.raises(DataError, match=message):
        Data(INPUTS, targets, weights=weights)
    with pytest.raises(DataError, match=message):
        plh.NetworkLoss(plh.BinaryNetwork(3), INPUTS, targets, weights=weights)


def test_large_weights():
    loss = plh.NetworkLoss(plh.BinaryNetwork(3), INPUTS, np.arange(8) % 2, weights=TIMES * 3e307)
    small = plh.NetworkLoss(plh.BinaryNetwork(3), INPUTS, np.arange(8) % 2, weights=TIMES)
    np.testing.assert_allclose(loss(BITS[:, :4]), small(BITS[:, :4]))


@both
def test_equal_weights_change_nothing_and_0_leaves_out(kind, table):
    X, y = table[0][:100], table[1][:100]
    history = kind(**QUICK).fit(X, y).history_
    weighted = kind(**QUICK).fit(X, y, sample_weight=np.full(100, 0.2)).history_
    energies = [step["energy"] for step in history]
    assert [step["energy"] for step in weighted] == energies
    weights = (np.arange(100) < 60) * 1.0
    without = kind(**QUICK | {"batch_size": 30}).fit(X[:60], y[:60])
    zeros = kind(**QUICK | {"batch_size": 30}).fit(X, y, weights)
    np.testing.assert_array_equal(zeros.theta_, without.theta_)
    assert zeros.score(X, y, weights) == pytest.approx(without.score(X[:60], y[:60]))


def test_class_weights_are_weights_of_samples():
    X, y = load_breast_cancer(return_X_y=True)
    labels = np.array(["malignant", "benign"])[y]

    def theta(sample_weight=None, **settings):
        return QuantumHypernetClassifier(**QUICK | settings).fit(X, labels, sample_weight).theta_

    by_label = theta(class_weight={"malignant": 3.0})
    np.testing.assert_array_equal(by_label, theta(np.where(y == 0, 3.0, 1.0)))
    balanced = theta(class_weight="balanced")
    counts = np.bincount(y)
    np.testing.assert_allclose(balanced, theta(len(y) / (2 * counts)[y]), atol=1e-4)


def test_balanced_classes_find_a_rare_class():
    """One of twenty samples: without weights the vote says that there is none."""
    rng = np.random.default_rng(1)
    y = np.arange(400) % 20 == 0
    X = rng.normal(size=(400, 4)) + 1.2 * y[:, None]
    settings = QUICK | {"steps": 40, "hidden_layer_sizes": 4}
    found = {
        weight: QuantumHypernetClassifier(class_weight=weight, **settings).fit(X, y).predict(X)
        for weight in (None, "balanced")
    }
    assert found["balanced"][y].mean() > 0.7  # 0.8
    assert found[None][y].mean() < 0.3  # 0.1


def test_ada_boost():
    X, y = load_breast_cancer(return_X_y=True)
    boosted = AdaBoostClassifier(QuantumHypernetClassifier(**QUICK), n_estimators=2, random_state=0)
    assert boosted.fit(X, y).score(X, y) > 0.85


@both
def test_bad_weights_of_an_estimator_are_refused(kind, table):
    with pytest.raises(ValueError, match=r"at least one non-zero|are all 0"):
        kind(**QUICK).fit(*table, sample_weight=np.zeros(len(table[1])))


@pytest.mark.parametrize("weight", ["unbalanced", {"no such label": 2.0}, {0: -1.0}])
def test_bad_class_weights_are_refused(weight):
    with pytest.raises(ValueError, match=r"class_weight|weight"):
        QuantumHypernetClassifier(class_weight=weight, **QUICK).fit(INPUTS, np.arange(8) % 2)
