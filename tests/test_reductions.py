"""Mean and CVaR: values, standard errors, exact values, and training with them."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.measurements.objective import Objective
from pl_hypernet.measurements.reductions import CVaR, Mean, find_reduction, standard_error
from pl_hypernet.testing import standard_deviations


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


@pytest.mark.parametrize(
    ("alpha", "shots"), [(0.1, 10), (0.15, 10), (0.005, 100), (0.1, 50), (0.25, 20), (0.5, 20)]
)
def test_the_gradient_of_a_few_shots_is_not_biased(alpha, shots):
    """Of losses N(theta, 1), whose CVaR has the derivative 1, with grad log p = x - theta."""
    samples = np.random.default_rng(0).normal(size=(8000, shots))
    objective = Objective(CVaR(alpha))
    found = [(objective.score_weights(x, x[:, None]) * x).mean() for x in samples]
    assert standard_deviations(np.array(found), 1.0) < 5


def test_the_quantile_of_the_shots_themselves_would_bias_it(monkeypatch):
    def own_quantile(self, losses):
        below = np.minimum(losses - np.quantile(losses, self.alpha), 0) / self.alpha
        return below - below.mean()

    monkeypatch.setattr(CVaR, "influence", own_quantile)
    with pytest.raises(AssertionError):
        test_the_gradient_of_a_few_shots_is_not_biased(0.1, 10)


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
