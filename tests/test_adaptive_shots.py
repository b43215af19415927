"""AdaptiveShots: the shots of the largest expected gain a shot, and what optimizers say of them."""

import dataclasses
import sys

import numpy as np
import pennylane as qp
import pytest
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.cli import main
from pl_hypernet.errors import InputError
from pl_hypernet.measurements import Estimate
from pl_hypernet.optimizers import AdaptiveShots, GradientNoise, adaptive_shots
from pl_hypernet.optimizers.shot_gradient import ShotGradientOptimizer
from pl_hypernet.testing import MOST_ERRORS, standard_deviations

SQUARE, OF_ONE = 0.5, 12.0  # |g|^2, and the variance of the gradient from one shot


def settled(rule, square, of_one, curvature, steps=3000):
    for _ in range(steps):
        shots = rule.shots
        rule.learn(GradientNoise(square, of_one / shots, shots, curvature))
    return rule.shots


def best_by_search(square, of_one, curvature):
    """Of the expected gain a shot itself, in units of the step size."""
    shots = np.arange(1, 5000)
    gains = square - curvature / 2 * (square + of_one / shots)
    return shots[np.argmax(gains / shots)]


class Wrong(AdaptiveShots):
    """With 2 - lambda where 2 lambda / (2 - lambda) belongs."""

    def learn(self, noise):
        wrong = 2 * (2 - noise.curvature) / (4 - noise.curvature)  # of which that is made
        super().learn(dataclasses.replace(noise, curvature=wrong))


@pytest.mark.parametrize("curvature", [0.3, 0.9, 1.6])
def test_no_other_number_gains_more_a_shot(curvature):
    best = best_by_search(SQUARE, OF_ONE, curvature)
    assert abs(settled(AdaptiveShots(2, 5000), SQUARE, OF_ONE, curvature) - best) <= 1
    assert abs(settled(Wrong(2, 5000), SQUARE, OF_ONE, curvature) - best) > 1


@pytest.mark.parametrize(
    ("square", "of_one", "curvature", "shots"),
    [
        (1e9, 1.0, 1.0, 4),  # nothing but signal
        (0.5, 0.0, 1.0, 4),  # no noise at all
        (0.5, 10.0, -1.0, 4),  # no second order to fear
        (0.5, 10.0, 2.5, 64),  # it takes back more than the first gains
        (0.0, 10.0, 1.0, 64),  # nothing but noise
        (-0.1, 10.0, 1.0, 64),
    ],
)
def test_bounds(square, of_one, curvature, shots):
    assert settled(AdaptiveShots(4, 64), square, of_one, curvature) == shots


def test_the_first_steps_take_few():
    """One estimate that is 0 by chance does not ask for all shots."""
    rule = AdaptiveShots(4, 1000)
    assert rule.shots == 4
    rule.learn(GradientNoise(-1.0, 1.0, 4, 1.9))
    assert rule.shots < 10


H = np.array([1.0, 0.6, 0.2, 0.1])
THETA = np.array([0.5, -0.3, 0.8, 0.1])


def quadratic(shots, of_one=0.3, rng=None):
    """A function with a Hessian, whose values have the noise of so many shots."""
    rng = np.random.default_rng(5) if rng is None else rng
    error = np.sqrt(of_one / shots)

    def value(theta):
        return Estimate(H @ np.square(theta) / 2 + error * rng.normal(), error, shots)

    return value


@pytest.mark.parametrize("resamplings", [1, 3])
def test_spsa_knows_the_noise_of_a_quadratic(resamplings):
    c, of_one, shots = 0.2, 0.3, 20
    optimizer = plh.SPSAOptimizer(1e-3, c, seed=0, resamplings=resamplings, divergence_guard=False)
    optimizer.watch_noise()
    cost, theta = quadratic(shots, of_one), pnp.array(THETA, requires_grad=True)
    seen = []
    for _ in range(800):
        optimizer.step_and_cost(cost, theta)
        seen.append(optimizer.gradient_noise)
    square = 4 * c**2 * np.sum((H * THETA) ** 2)  # over directions, of the difference squared
    assert standard_deviations(np.array([s.square for s in seen]), square) < MOST_ERRORS
    curvature = 1e-3 * H.sum() / resamplings
    assert standard_deviations(np.array([s.curvature for s in seen]), curvature) < MOST_ERRORS
    assert {(round(s.variance, 12), s.shots) for s in seen} == {(2 * of_one / shots, shots)}


class Multiplied(plh.SPSAOptimizer):
    def _natural(self, gradient):
        return 4 * gradient


def test_what_multiplies_the_gradient_counts():
    """As the prior metric I/4 of QN-SPSA does."""
    seen = []
    for kind in (plh.SPSAOptimizer, Multiplied):
        optimizer = kind(0.1, seed=0)
        optimizer.watch_noise()
        optimizer.step_and_cost(quadratic(20), pnp.array(THETA, requires_grad=True))
        seen.append(optimizer.gradient_noise)
    plain, multiplied = seen
    assert multiplied.curvature == pytest.approx(4 * plain.curvature)
    assert multiplied.square == plain.square


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (plh.ScoreFunctionOptimizer, {}),
        (plh.ScoreFunctionOptimizer, {"natural_gradient": True}),
        (plh.PathwiseOptimizer, {"derivatives": "exact"}),
        (plh.PathwiseOptimizer, {"derivatives": "measured"}),
    ],
    ids=["score", "natural", "exact", "measured"],
)
def test_gradients_of_shots_know_their_noise(kind, options, monkeypatch):
    """Against the scatter of many gradients at the same angles."""
    gradients = []
    real = GradientNoise.of_part.__func__

    def keep(cls, gradient, *others):
        gradients.append(np.array(gradient))
        return real(cls, gradient, *others)

    monkeypatch.setattr(GradientNoise, "of_part", classmethod(keep))
    dev = plh.device("hypernet.mps", wires=3, seed=2)

    @qp.set_shots(15)
    @qp.qnode(dev, interface=None)
    def cost(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(
            lambda bits: np.prod(bits + np.arange(1.0, 4.0), axis=1), wires=dev.wires
        )

    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(0, 3), seed=1, method="uniform")
    seen = []
    for _ in range(120):
        optimizer = kind(**options)
        optimizer.watch_noise()
        optimizer.step_and_cost(cost, theta)
        seen.append(optimizer.gradient_noise)
    gradients = np.array(gradients)
    mean = gradients.mean(axis=0)
    scatter = np.sum((gradients - mean) ** 2, axis=1) * len(seen) / (len(seen) - 1)
    variance = np.array([s.variance for s in seen])
    assert standard_deviations(variance - scatter, 0.0) < MOST_ERRORS
    square = mean @ mean - scatter.mean() / len(seen)
    assert standard_deviations(np.array([s.square for s in seen]), square) < MOST_ERRORS


RNG = np.random.default_rng(0)
TASK = RNG.uniform(size=(60, 3)), RNG.integers(2, size=60)  # little to learn: much noise


def train(optimizer, steps=16, shots=40, least=3, **options):
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=shots)
    options = {"progress": False, "evaluation_shots": 20, "batch_size": 20} | options
    return plh.train(hypernet, TASK, optimizer, steps, adaptive_shots=least, **options)


@pytest.mark.parametrize(
    ("optimizer", "energies", "options"),
    [
        ("spsa", 3, {"stepsize": 2.0}),
        ("qnspsa", 3, {"stepsize": 0.5}),
        ("score", 1, {"decay_steps": 20}),
        ("pathwise", 1, {"decay_steps": 20}),
    ],
)
def test_a_training_counts_its_steps_and_goes_on(
    optimizer, energies, options, tmp_path, monkeypatch
):
    monkeypatch.setattr(plh.Run, "save_pictures", lambda self, folder=None: [])
    monkeypatch.setattr(adaptive_shots, "UNKNOWN", 1)  # at once
    monkeypatch.setattr(ShotGradientOptimizer, "step_curvature", 1.9)
    whole = train(optimizer, out=tmp_path / "whole", **options)
    taken = [record["step_shots"] for record in whole.history]
    assert taken[0] == 3
    assert len(set(taken)) > 1
    assert min(taken) >= 3
    assert max(taken) <= 40
    spent = energies * np.cumsum(taken)
    assert [record["shots"] for record in whole.history] == spent.tolist()
    train(optimizer, 5, out=tmp_path / "run", **options)
    going_on = plh.resume(tmp_path / "run", 16, progress=False, data=TASK)
    assert [r["energy"] for r in going_on.history] == [r["energy"] for r in whole.history]
    assert [r["step_shots"] for r in going_on.history] == taken


def test_a_step_size_is_calibrated_with_all_shots():
    run = train("spsa", 3, stepsize="auto", max_shots=40 * 23 + 20 + 2 * 3 * 40)
    assert run.history[0]["step_shots"] == 40
    assert max(record["step_shots"] for record in run.history[1:]) < 40
    assert (
        run.history[0]["messages"]
        == train("spsa", 1, least=40, stepsize="auto").history[0]["messages"]
    )
    with pytest.raises(InputError, match="the first step and the evaluation would take 940"):
        train("spsa", stepsize="auto", max_shots=939)


def test_a_limit_of_shots_allows_for_those_of_the_next_step(monkeypatch):
    monkeypatch.setattr(adaptive_shots, "UNKNOWN", 1)
    free = train("spsa", 30, stepsize=2.0)
    spent = np.array([record["shots"] for record in free.history])
    most = int(spent[9]) + 20 + 1  # ten steps and the evaluation, and one shot
    run = train("spsa", 30, max_shots=most, stepsize=2.0)
    assert len({record["step_shots"] for record in run.history}) > 1
    assert run.stop_reason == "max_shots"
    assert len(run.history) == 10
    with pytest.raises(InputError, match="the first step and the evaluation would take 29"):
        train("spsa", max_shots=28)


@pytest.mark.parametrize(
    ("optimizer", "options", "message"),
    [
        ("spsa", {"least": 50}, "adaptive_shots=50, shots=40: expected at least as many shots"),
        (qp.AdamOptimizer(), {}, "adaptive_shots with AdamOptimizer, which does not say how noisy"),
        ("pathwise", {"unbiased": True}, "adaptive_shots with unbiased=True, whose noise"),
    ],
    ids=["least", "pennylane", "unbiased"],
)
def test_refused_in_one_line(optimizer, options, message):
    with pytest.raises(InputError, match=message):
        train(optimizer, **options)


def test_a_step_without_its_energy_knows_its_noise():
    optimizer, theta = plh.SPSAOptimizer(0.1, seed=0), pnp.array(THETA, requires_grad=True)
    optimizer.watch_noise()
    optimizer.step(quadratic(20), theta)
    assert optimizer.gradient_noise.shots == 20


def test_noise_that_cannot_be_known_is_refused():
    with pytest.raises(InputError, match="adaptive_shots=1: expected at least 2"):
        AdaptiveShots(1, 5)
    spsa = plh.SPSAOptimizer(0.1)
    spsa.watch_noise()
    with pytest.raises(InputError, match="plain numbers"):
        spsa.step(lambda theta: float(theta @ theta), pnp.array(THETA, requires_grad=True))
    pathwise = plh.PathwiseOptimizer()
    pathwise.watch_noise()
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=0, shots=5)
    cost = hypernet.energy_qnode(lambda bits: bits.sum(axis=1), 1)
    with pytest.raises(InputError, match="from 1 shot: expected at least 2"):
        pathwise.step(cost, hypernet.start_angles())


def test_a_plan_leaves_the_optimizer_as_it_is():
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=40)
    optimizer = plh.PathwiseOptimizer()
    plh.plan(hypernet, TASK, optimizer, adaptive_shots=3)
    plh.train(hypernet, TASK, optimizer, 1, progress=False, evaluation_shots=20)
    assert optimizer.gradient_noise is None
    with pytest.raises(InputError, match="unbiased=True, whose noise"):
        plh.plan(hypernet, TASK, plh.PathwiseOptimizer(unbiased=True), adaptive_shots=3)


def test_a_comparison_counts_the_shots_that_were_taken():
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=40)
    (row,) = plh.compare(
        hypernet, TASK, "spsa", methods="hypernetwork", seeds=1, steps=4, adaptive_shots=3,
        batch_size=30, evaluation_shots=20, progress=False,
    ).rows  # fmt: skip
    assert row["evaluations"] == 4 * 3 * 3 * 0.5  # steps, energies, shots, share of the samples


def test_the_command_refuses_and_the_plan_says_so(capsys, monkeypatch):
    assert plh.plan(adaptive_shots=5)["remarks"].count("shots adapt, from 5 on: these are the most")
    monkeypatch.setattr(sys, "argv", ["pl-hypernet", "train", "--adaptive-shots", "500"])
    with pytest.raises(SystemExit) as exit_:
        main.run()
    assert exit_.value.code == 2
    said = capsys.readouterr()
    assert not said.out  # refused before anything is said of the run
    (line,) = said.err.splitlines()
    assert "adaptive_shots=500, shots=200" in line
