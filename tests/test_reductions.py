"""Mean and CVaR: values, standard errors, exact values, and training with them."""

from itertools import product

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.measurements import regularisers
from pl_hypernet.measurements.expected_loss import bitstrings
from pl_hypernet.measurements.objective import Objective
from pl_hypernet.measurements.reductions import CVaR, Mean, find_reduction, standard_error


@pytest.mark.parametrize("alpha", [0.1, 0.25, 0.5, 1.0])
def test_cvar_is_the_mean_of_the_best_share(alpha):
    losses = np.random.default_rng(0).normal(size=400)
    best = np.sort(losses)[: int(alpha * 400)]
    assert CVaR(alpha)(losses) == pytest.approx(best.mean())


def test_a_share_that_is_no_whole_number_of_shots():
    assert CVaR(0.5)(np.array([3.0, 1.0, 2.0])) == pytest.approx((1.0 + 0.5 * 2.0) / 1.5)
    assert CVaR(0.01)(np.array([3.0, 1.0])) == 1.0


@pytest.mark.parametrize("reduction", [Mean(), CVaR(0.1), CVaR(0.5), CVaR(1.0)], ids=str)
def test_standard_errors_are_the_spread_over_many_samples(reduction):
    rng = np.random.default_rng(0)
    samples = rng.exponential(size=(2000, 500))
    spread = np.std([reduction(losses) for losses in samples])
    stated = np.mean([standard_error(reduction, losses) for losses in samples])
    assert stated == pytest.approx(spread, rel=0.1)


def gradients_by_enumeration(objective, n_wires, shots):
    """The mean gradient from shots of independent bits, and the gradient of the mean value.

    Over all that the shots can be; log p = sum of t x - log(1 + e^t) over the bits.
    """
    p_of_one = np.linspace(0.2, 0.6, n_wires)
    bits = bitstrings(0, 2**n_wires, n_wires)
    probabilities = np.where(bits, p_of_one, 1 - p_of_one).prod(axis=1)
    losses = np.array([0.4, -1.0, 0.3, 0.3])[: len(bits)]  # two are the same
    found = expected = 0.0
    for rows in map(list, product(range(len(bits)), repeat=shots)):
        scores, chance = bits[rows] - p_of_one, probabilities[rows].prod()
        given = losses[rows], bits[rows], np.log(probabilities[rows])
        found = found + chance * (objective.score_weights(*given) @ scores) / shots
        expected = expected + chance * float(objective.estimate(*given)) * scores.sum(axis=0)
    return found, expected


@pytest.mark.parametrize("shots", [2, 3, 4])
@pytest.mark.parametrize("reduction", ["mean", *(f"cvar:{a}" for a in (0.1, 0.4, 0.5, 0.8, 1))])
def test_the_gradient_is_that_of_the_mean_value(reduction, shots):
    found, expected = gradients_by_enumeration(Objective(reduction), 2, shots)
    np.testing.assert_allclose(found, expected, atol=1e-13)
    assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("block", [1000, 2])
@pytest.mark.parametrize("weights", [{"entropy": 0.7}, {"mmd": 2.0}], ids=str)
def test_the_gradient_of_what_is_added(weights, block, monkeypatch):
    monkeypatch.setattr(regularisers, "MMD_BLOCK", block)
    np.testing.assert_allclose(*gradients_by_enumeration(Objective(**weights), 2, 4), atol=1e-12)


@pytest.mark.parametrize("alpha", [0.25, 0.95, 1.0])
def test_the_gradient_of_ten_shots(alpha):
    found, expected = gradients_by_enumeration(Objective(CVaR(alpha)), 1, 10)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    if alpha == 1:
        np.testing.assert_allclose(found, (-1.0 - 0.4) * 0.2 * 0.8, rtol=1e-12)


def test_cvar_of_all_shots_has_the_weights_of_the_mean():
    losses = 1e6 + np.random.default_rng(0).normal(size=30)
    np.testing.assert_allclose(
        CVaR(1.0).score_weights(losses), Mean().score_weights(losses), atol=1e-8
    )


def test_its_baseline_makes_the_gradient_less_noisy():
    samples = np.random.default_rng(0).normal(size=(500, 40))
    found = [(CVaR(0.9).score_weights(x) * x).mean() for x in samples]
    without = [(np.minimum(x - np.quantile(x, 0.9), 0) / 0.9 * x).mean() for x in samples]
    assert np.std(found) < 0.8 * np.std(without)


def test_the_quantile_of_the_shots_themselves_would_bias_it(monkeypatch):
    def own_quantile(self, losses):
        below = np.minimum(losses - np.quantile(losses, self.alpha), 0) / self.alpha
        return below - below.mean()

    monkeypatch.setattr(CVaR, "score_weights", own_quantile)
    with pytest.raises(AssertionError):
        test_the_gradient_is_that_of_the_mean_value("cvar:0.5", 4)


def test_a_function_that_gives_no_number():
    losses = np.ones(4)
    for function in (lambda losses: np.nan, lambda losses: losses):
        with pytest.raises(InputError, match="expected a finite number"):
            find_reduction(function)(losses)


def test_too_few_shots_for_a_gradient():
    bits = np.zeros((2, 3), dtype=np.int8)
    with pytest.raises(InputError, match="a gradient from 1 shots: expected at least 2"):
        Objective().score_weights(np.ones(1), bits[:1])
    with pytest.raises(InputError, match="expected at least 3"):
        Objective(mmd=1.0).score_weights(np.ones(2), bits)


@pytest.mark.parametrize("reduction", ["mean", "cvar", "cvar:0.1"])
def test_exact_values_are_those_of_many_shots(reduction):
    dev = plh.device("default.qubit", wires=4, seed=0)
    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(2, 4), seed=1, method="uniform")
    fields = np.array([0.3, -0.9, 1.1, 0.4])

    @qml.qnode(dev, interface=None)
    def energy():
        plh.HardwareEfficientAnsatz(theta, wires=range(4))
        return plh.expected_loss(lambda bits: bits @ fields, reduction=reduction)

    exact, drawn = energy(), qml.set_shots(energy, shots=40_000)()
    assert exact.stderr == 0
    assert abs(drawn - exact) < 5 * drawn.stderr


@pytest.mark.parametrize("optimizer", ["qnspsa", "spsa", "score"])
def test_training_by_cvar(optimizer):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (80, 3))
    data = (inputs, (inputs[:, 0] > inputs[:, 1]).astype(int))
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3, activation="sigmoid"), shots=200)
    settings = {"steps": 30, "progress": False}
    run = plh.train(hypernet, data, optimizer, reduction="cvar:0.2", **settings)
    assert run.config.reduction == "cvar:0.2"
    plain = plh.train(hypernet, data, optimizer, **settings)
    first = run.history[0]
    assert first["energy"] == plain.history[0]["energy"]  # the same shots
    assert first["objective"] < first["energy"]  # the best share of them
    assert "objective" not in plain.history[0]
    reached = np.mean([record["objective"] for record in run.history[-5:]])
    assert reached < first["objective"] - 0.02


@pytest.mark.parametrize(
    ("reduction", "message"),
    [
        ("median", "unknown reduction 'median'"),
        ("cvar:0", "expected a share in"),
        ("cvar:2", "expected a share in"),
        ("cvar:x", "expected mean, cvar or cvar:0.1"),
        ("mean:3", "expected mean, cvar or cvar:0.1"),
    ],
)
def test_bad_reductions(reduction, message):
    with pytest.raises(InputError, match=message):
        find_reduction(reduction)
