"""Accuracies, Hamming distances and pictures."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score

import pl_hypernet as plh
from pl_hypernet.analysis.hamming import mean_mutual_hamming, mutual_hamming
from pl_hypernet.analysis.summary import summarise


@pytest.fixture
def task():
    """Three inputs, labels that one binary network gets right, and random networks."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(400, 3))
    targets = (inputs @ [1, -1, 1] > 1).astype(int)  # weights +, -, + and bias -
    data = plh.datasets.as_data((inputs[:300], targets[:300], inputs[300:], targets[300:]))
    network = plh.BinaryNetwork(3, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    bits = rng.integers(0, 2, (200, network.n_qubits)).astype(np.int8)
    return network, bits, data


def test_mutual_hamming_equals_a_plain_loop():
    bits = np.random.default_rng(0).integers(0, 2, (12, 7)).astype(np.int8)
    pairs = [(a != b).sum() for a, b in itertools.combinations(bits, 2)]
    np.testing.assert_array_equal(mutual_hamming(bits), pairs)
    assert mean_mutual_hamming(bits) == pytest.approx(np.mean(pairs))
    assert mean_mutual_hamming(bits[:1]) is None


def test_evaluation_equals_a_plain_loop(task):
    network, bits, data = task
    evaluation = plh.evaluate(network, bits, data)
    p_train = torch.sigmoid(network(bits, data.inputs))[..., 0].numpy().astype(float)
    p_test = torch.sigmoid(network(bits, data.test_inputs))[..., 0].numpy().astype(float)
    y = data.targets
    logits = network(bits, data.inputs)[..., 0].numpy().astype(float)
    losses = (np.logaddexp(0, logits) - y * logits).mean(axis=1)
    np.testing.assert_allclose(evaluation.energy.losses, losses, rtol=1e-4)
    assert evaluation.best == losses.argmin()
    np.testing.assert_allclose(evaluation.train.each, ((p_train > 0.5) == y).mean(axis=1))
    accuracies = ((p_test > 0.5) == data.test_targets).mean(axis=1)
    np.testing.assert_allclose(evaluation.test.each, accuracies)
    assert evaluation.test.mean == pytest.approx(accuracies.mean())
    assert evaluation.test.best == accuracies[losses.argmin()]
    vote = ((p_test.mean(axis=0) > 0.5) == data.test_targets).mean()
    assert evaluation.test.vote == pytest.approx(vote)
    np.testing.assert_array_equal(evaluation.good, accuracies > 0.9)
    shares = evaluation.choices["activation"]
    assert shares["hard_sigmoid"] == bits[:, -1].mean()
    assert shares["sigmoid"] + shares["hard_sigmoid"] == pytest.approx(1)


def test_best_is_picked_on_training_data(task):
    """Test labels turned round change nothing about which shot is the best."""
    network, bits, data = task
    turned = plh.Data(data.inputs, data.targets, data.test_inputs, 1 - data.test_targets)
    one, other = plh.evaluate(network, bits, data), plh.evaluate(network, bits, turned)
    assert one.best == other.best
    assert one.test.best == pytest.approx(1 - other.test.best)


def test_vote_in_parts_equals_the_vote_at_once(task, monkeypatch):
    network, bits, data = task
    whole = network.vote(bits, data.inputs)
    assert len(whole.mean) == len(whole.shares)
    monkeypatch.setattr("pl_hypernet.networks.network.CHUNK", 1000)
    for parts, at_once in zip(network.vote(bits, data.inputs), whole, strict=True):
        np.testing.assert_allclose(parts, at_once, rtol=1e-6)


def test_r2_of_each_target():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    Y = X @ rng.normal(size=(3, 2)) * [1, 100] + rng.normal(size=(50, 2))
    data = plh.datasets.from_arrays(X[:40], Y[:40], X[40:], Y[40:], regression=True)
    network = plh.BinaryNetwork(3, [2], "identity")
    bits = rng.integers(0, 2, (30, network.n_qubits)).astype(np.int8)
    evaluation = plh.evaluate(network, bits, data)
    outputs = network(bits, data.test_inputs).numpy().astype(float)
    losses = np.square(network(bits, data.inputs).numpy() - data.targets).mean(axis=1).sum(axis=1)
    np.testing.assert_allclose(evaluation.energy.losses, losses, rtol=1e-5)

    def r2(z):
        return [r2_score(data.test_targets[:, k], z[:, k]) for k in range(2)]

    each = np.array([r2(z) for z in outputs])
    np.testing.assert_allclose(evaluation.test.each, each.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(evaluation.test.best_of, each[losses.argmin()], rtol=1e-5)
    np.testing.assert_allclose(evaluation.test.vote_of, r2(outputs.mean(axis=0)), rtol=1e-5)
    assert evaluation.test.vote == pytest.approx(np.mean(r2(outputs.mean(axis=0))), rel=1e-5)
    assert evaluation.targets == ("target 0", "target 1")
    summary = summarise(evaluation, ABOUT, SPENT)
    assert summary["test_r2"]["targets"]["target 1"]["vote"] == evaluation.test.vote_of[1]
    assert "majority" not in summary["test_r2"]
    assert "R² of target 1, mean prediction" in str(summary)
    assert "vote" not in str(summary)


ABOUT = {
    "n_qubits": 5,
    "n_angles": 25,
    "device": "hypernet.mps",
    "optimizer": "qnspsa",
    "steps": 3,
    "seed": 0,
    "stop_reason": "steps",
}
SPENT = {"circuits": 21, "shots": 600, "seconds": 0.1}


def test_summary_has_the_keys_that_others_rely_on(task):
    network, bits, data = task
    summary = summarise(plh.evaluate(network, bits, data), ABOUT, SPENT)
    assert {
        "n_qubits", "n_angles", "device", "optimizer", "steps", "seed", "energy", "train_accuracy",
        "test_accuracy", "fraction_above_90", "mutual_hamming", "choices", "circuits", "shots",
        "seconds",
    } <= set(summary)  # fmt: skip
    assert set(summary["energy"]) == {"mean", "stderr", "best_shot"}
    assert set(summary["test_accuracy"]) == {"mean", "best", "vote", "majority"}
    assert "most likely" not in str(summary)
    likely = plh.evaluate(network, bits, data, most_likely=bits[2])
    assert likely.test.most_likely == likely.test.each[2]
    assert likely.test.vote == summary["test_accuracy"]["vote"]
    assert "accuracy, most likely network" in str(summarise(likely, ABOUT, SPENT))
    shown = str(summary)
    assert "5 qubits on hypernet.mps" in shown
    assert "activation = hard_sigmoid" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_summary_without_a_test_set_or_good_shots(task):
    network, _, data = task
    bits = np.zeros((4, network.n_qubits), np.int8)  # all weights +1: no good shot
    alone = plh.Data(data.inputs, data.targets)
    evaluation = plh.evaluate(network, bits, alone)
    summary = summarise(evaluation, ABOUT, SPENT)
    assert summary["test_accuracy"] is None
    assert summary["mutual_hamming"] is None
    shown = str(summary)
    assert "shots above 90 % accuracy" in shown
    assert "Hamming" not in shown
    assert "test" not in shown
    assert "activation = sigmoid" in shown


def test_held_out_samples_are_validation_samples(task):
    network, bits, data = task
    held_out = plh.Data(data.inputs, data.targets).split(0.25, 0)
    assert (data.judging, held_out.judging) == ("test", "validation")
    assert plh.Data(data.inputs, data.targets).judging == "training"
    summary = summarise(plh.evaluate(network, bits, held_out), ABOUT, SPENT)
    assert "validation_accuracy" in summary
    assert "test_accuracy" not in summary
    shown = str(summary)
    assert "validation" in shown
    assert "test" not in shown


def test_what_is_printed_is_one_line(task):
    network, bits, data = task
    hypernet = plh.QuantumHypernetwork(network, shots=20, max_bond_dim=4)
    evaluation = plh.evaluate(network, bits, data)
    said = [
        (hypernet, f"{network.n_qubits} qubits on hypernet.mps, "),
        (hypernet.device, f"(wires={network.n_qubits}, max_bond_dim=4, precision=single, "),
        (network.layout, "of layers.0.weight, layers.0.bias, choice.activation"),
        (data, f"{len(data.inputs):,} training and {len(data.test_inputs):,} test samples"),
        (evaluation, f"{len(bits)} shots, E = {evaluation.energy}, test accuracy of their vote "),
        (plh.NetworkLoss(network, data.inputs, data.targets), f"{len(data.inputs):,} samples"),
        (plh.SPSAOptimizer(0.3, seed=1), "SPSAOptimizer(stepsize=0.3, finite_diff_step=0.2"),
        (plh.device("default.qubit", wires=1), "<default.qubit device (wires=1)>"),
    ]
    for what, part in said:
        assert part in repr(what)
        assert len(repr(what)) < 200
        assert "\n" not in repr(what)


def test_shares_of_neurons_are_not_named_shares_of_shots(task):
    _, _, data = task
    network = plh.BinaryNetwork(data.n_inputs, [3, 1], choices=[plh.RemoveNeurons(0)])
    bits = np.zeros((4, network.n_qubits), np.int8)
    summary = summarise(plh.evaluate(network, bits, data), ABOUT, SPENT)
    assert summary["decisions"] == {"neurons.0": 3}
    assert "neurons.0 = kept, of 3 in each shot" in str(summary)
    assert "shots with" not in str(summary)
    del summary["decisions"]  # as of an old file
    assert "neurons.0 = kept " in str(summary)


def test_the_table_of_a_regression_speaks_of_a_regression():
    """No vote, no share of good shots, and R² as the number that it is."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(50, 3))
    data = plh.datasets.as_data((inputs, inputs @ [1, -1, 2]), regression=True)
    network = plh.BinaryNetwork(3, [1], activation="identity")
    bits = rng.integers(0, 2, (20, network.n_qubits)).astype(np.int8)
    evaluation = plh.evaluate(network, bits, data)
    shown = str(summarise(evaluation, ABOUT, SPENT))
    assert "R², mean prediction of the shots" in shown
    assert f"{evaluation.train.best:.4f}" in shown
    for word in ("vote", "accuracy", "90 %", "%"):
        assert word not in shown
