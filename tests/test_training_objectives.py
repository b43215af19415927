"""Weights that change over a run, penalties of choices, and both from settings and the command."""

import numpy as np
import pytest
import torch
from pennylane import AdamOptimizer

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.settings import TrainingSettings
from pl_hypernet.settings.typed import parse_penalties
from pl_hypernet.settings.weights import find_weight, weight_at
from pl_hypernet.training import trainer
from pl_hypernet.training.config import RunConfig

PENALTIES = {"activation": {"hard_sigmoid": 0.25}}


def data():
    inputs = np.random.default_rng(0).uniform(-1, 1, (80, 3))
    return inputs, (inputs[:, 0] > inputs[:, 1]).astype(int)


def hypernet(**options):
    network = plh.BinaryNetwork(3, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    return plh.QuantumHypernetwork(network, **{"shots": 100} | options)


def train(optimizer="spsa", steps=5, **options):
    return plh.train(hypernet(), data(), optimizer, steps=steps, progress=False, **options)


def test_weights_as_given():
    assert find_weight(0.1) == find_weight("0.1") == 0.1
    assert find_weight("0.02:0") == find_weight([0.02, 0]) == (0.02, 0.0)
    assert [weight_at((0.4, 0.0), step, 5) for step in range(5)] == pytest.approx(
        [0.4, 0.3, 0.2, 0.1, 0.0]
    )
    assert weight_at((0.4, 0.0), 0, 1) == 0.4
    assert weight_at(0.4, 3, 5) == 0.4


@pytest.mark.parametrize("weight", [-1, "a", "1:2:3", "0.1:-1", float("nan"), None, [], "inf"])
def test_bad_weights(weight):
    with pytest.raises(InputError, match="two such numbers as start:stop"):
        find_weight(weight)


@pytest.mark.parametrize("optimizer", ["qnspsa", "spsa", "score"])
def test_a_weight_falls_over_the_steps(optimizer, monkeypatch):
    seen = []
    right = plh.QuantumHypernetwork.energy_qnode

    def spy(self, *args, **options):
        seen.append((options["entropy"], options["mmd"]))
        return right(self, *args, **options)

    monkeypatch.setattr(plh.QuantumHypernetwork, "energy_qnode", spy)
    run = train(optimizer, entropy=(0.4, 0), mmd="0:2")
    assert np.allclose(seen, [(0.4, 0), (0.3, 0.5), (0.2, 1.0), (0.1, 1.5), (0, 2)])
    first = run.history[0]
    assert first["objective"] < first["energy"]  # less 0.4 H
    assert first["objective_stderr"] > 0
    assert run.config.entropy == (0.4, 0.0)


@pytest.mark.parametrize("optimizer", ["qnspsa", "spsa"])
def test_an_objective_that_rises_by_its_weights_is_no_divergence(optimizer):
    """With the guard left on, the angles went back every twenty steps and the steps shrank."""
    run = train(optimizer, 200, entropy="0.3:0", divergence_guard=True)
    assert not any("messages" in record for record in run.history)
    assert run.evaluation.energy < run.history[0]["energy"] - 0.1


def test_settings_are_written_and_read(tmp_path):
    settings = {"entropy": (0.02, 0.0), "mmd": 0.1, "mmd_bandwidth": 2.5, "penalties": PENALTIES}
    run = train(out=tmp_path / "run", **settings)
    config = RunConfig.read(tmp_path / "run" / "config.toml")
    assert config == run.config
    assert {name: getattr(config, name) for name in settings} == settings
    again = plh.load(tmp_path / "run", data=data())
    assert again.evaluation.energy == run.evaluation.energy
    assert again.history == run.history


def test_penalties_of_a_network_loss():
    network = hypernet().network
    bits = np.random.default_rng(0).integers(0, 2, (50, network.n_qubits), dtype=np.int8)
    plain = plh.NetworkLoss(network, *data())(bits)
    loss = plh.NetworkLoss(network, *data(), penalties=PENALTIES)
    np.testing.assert_allclose(loss(bits) - plain, 0.25 * bits[:, -1])  # bit 1: hard_sigmoid
    np.testing.assert_array_equal(loss(torch.from_numpy(bits)), loss(bits))


def test_a_run_is_judged_without_penalties():
    run, plain = train(penalties=PENALTIES), train()
    assert run.history[0]["energy"] > plain.history[0]["energy"]
    losses = plh.NetworkLoss(run.hypernet.network, *data())(run.evaluation.bits)
    np.testing.assert_array_equal(run.evaluation.energy.losses, losses)
    assert run.evaluation.best == losses.argmin()


def test_a_penalty_turns_a_choice():
    shares = [
        train("score", 80, penalties={"activation": {option: 1.0}}).evaluation.choices["activation"]
        for option in ("sigmoid", "hard_sigmoid")
    ]
    assert shares[0]["sigmoid"] < 0.05
    assert shares[1]["hard_sigmoid"] < 0.05


@pytest.mark.parametrize(
    ("penalties", "message"),
    [
        ({"depth": {"2": 1.0}}, "unknown choice with a penalty 'depth'"),
        ({"activation": {"relu": 1.0}}, "unknown option of activation 'relu'"),
        ({"activation": {"sigmoid": float("inf")}}, "expected a finite number"),
    ],
)
def test_bad_penalties(penalties, message):
    with pytest.raises(InputError, match=message):
        train(penalties=penalties)


def test_a_network_without_choices():
    network = plh.BinaryNetwork(3, activation="sigmoid")
    with pytest.raises(InputError, match="leaves no choice to a qubit"):
        plh.NetworkLoss(network, *data(), penalties=PENALTIES)


def test_parameter_shift_is_of_the_mean_alone():
    for settings in ({"entropy": 0.1}, {"mmd": 0.1}, {"reduction": "cvar"}):
        with pytest.raises(InputError, match="parameter shift, which are those of the mean"):
            train(AdamOptimizer(), **settings)


def test_a_run_goes_on_with_its_weights():
    """A trainer that is restored in the middle makes the same steps."""

    def fresh():
        optimizer = plh.SPSAOptimizer(stepsize=0.1, seed=0)
        task = plh.Data(*data())
        return trainer.Trainer(
            hypernet(), task, optimizer, TrainingSettings(entropy=(1.0, 0.0), steps=6)
        )

    whole = fresh()
    for _ in range(3):
        whole.step()
    arrays, plain = whole.state()
    arrays = {name: array.copy() for name, array in arrays.items()}
    other = fresh()
    other.restore(arrays, plain)
    for _ in range(3):
        first, second = whole.step(), other.step()
        assert first["objective"] == second["objective"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"entropy": "x"}, "entropy='x': expected a number from 0 to"),
        ({"mmd": [1, 2, 3]}, "two such numbers as start:stop"),
        ({"mmd_bandwidth": -1}, "mmd_bandwidth=-1"),
        ({"penalties": {"activation": 1}}, "penalties="),
        ({"optimizer": "score", "optimizer_options": {"entropy": 0.1}}, "entropy"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message) as raised:
        RunConfig.checked(settings).build_optimizer(0)
    assert "\n" not in str(raised.value)


def test_penalties_as_typed():
    typed = ["activation.hard_sigmoid=0.01", "activation.sigmoid=1", "block.act.Tanh=2"]
    typed += ["features.threshold:0.5=3", "values.0.1,-3=4"]
    assert parse_penalties(typed, "--penalty") == {
        "activation": {"hard_sigmoid": 0.01, "sigmoid": 1},
        "block.act": {"Tanh": 2},
        "features": {"threshold:0.5": 3},
        "values.0": {"1,-3": 4},
    }
    for wrong in ("activation=0.01", "activation.sigmoid=x", "activation.sigmoid"):
        with pytest.raises(InputError, match="--penalty"):
            parse_penalties([wrong], "--penalty")
