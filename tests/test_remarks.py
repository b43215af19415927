"""A run that learned nothing says so, and one that learned does not."""

import dataclasses
import json

import numpy as np
import pytest

import pl_hypernet as plh
from pl_hypernet.training.remarks import WINDOW, _standardised, remarks


@pytest.fixture(scope="module")
def learned():
    """A short run that learned its task."""
    rng = np.random.default_rng(0)
    inputs = rng.choice([-1.0, 1.0], size=(300, 3))
    data = plh.datasets.as_data((inputs, (inputs.sum(axis=1) > 0).astype(int)))
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), seed=0, shots=50)
    return plh.train(hypernet, data, "score", steps=60, progress=False, evaluation_shots=50)


def remarked(run, history=None, vote=None, **settings) -> list[str]:
    evaluation = run.evaluation
    if vote is not None:
        train = dataclasses.replace(evaluation.train, vote=vote, majority=vote)
        evaluation = dataclasses.replace(evaluation, train=train)
    config = run.config.model_copy(update=settings)
    return remarks(history or run.history, evaluation, run.data, config, run.hypernet)


def history(energies, stderr=0.01, name="energy"):
    return [{"step": k + 1, name: e, "stderr": stderr} for k, e in enumerate(energies)]


def test_a_run_that_learned_has_none(learned):
    assert learned.summary["remarks"] == []
    assert "Try" not in str(learned.summary)


def test_a_vote_like_the_most_frequent_class(learned):
    share = np.bincount(learned.data.targets).max() / len(learned.data.targets)
    (remark,) = remarked(learned, vote=share, optimizer="qnspsa")
    assert f"no better than the most frequent class, {100 * share:.2f} %" in remark
    for tried in ("optimizer pathwise", "more steps", "another scale", "ternary weights"):
        assert tried in remark
    (remark,) = remarked(learned, vote=share - 0.2, optimizer="pathwise")
    assert "optimizer" not in remark  # it was taken
    assert remarked(learned, vote=share + 0.1) == []


def test_an_energy_that_rose(learned):
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal(100)
    rising = history(1 + 0.01 * np.arange(100) + noise)
    (remark,) = remarked(learned, rising)
    assert "The energy rose, from 1.077 at the start to 1.887 at the end. Try" in remark
    assert "smaller step" in remark
    assert remarked(learned, history(1 - 0.01 * np.arange(100) + noise)) == []
    assert remarked(learned, rising, entropy=(0.1, 0.0)) == []  # what is lowered changes


@pytest.mark.parametrize(("last", "said"), [(1.05, False), (1.2, True), (0.8, False)])
def test_of_few_steps_the_standard_errors_decide(learned, last, said):
    assert bool(remarked(learned, history([1.0, last], stderr=0.02))) == said
    assert remarked(learned, history([1.0])) == []


def test_noise_alone_says_nothing(learned):
    """Of 300 flat trainings none or few: the limit is three standard errors, one-sided."""
    rng = np.random.default_rng(1)
    said = [bool(remarked(learned, history(rng.normal(1, 0.1, 4 * WINDOW)))) for _ in range(300)]
    assert sum(said) <= 5


def test_what_is_lowered_counts_where_it_is_not_the_energy(learned):
    records = [
        record | {"objective": 1 - 0.01 * k, "objective_stderr": 0.01}
        for k, record in enumerate(history(1 + 0.01 * np.arange(100)))
    ]
    assert remarked(learned, records) == []


def test_a_regression_like_the_mean(learned):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(50, 3))
    network = plh.BinaryNetwork(3, activation="identity", scale=5.0)  # far too large
    hypernet = plh.QuantumHypernetwork(network, seed=0, shots=20)
    run = plh.train(
        hypernet, (inputs, rng.normal(size=50)), steps=2, progress=False, evaluation_shots=20
    )
    assert any(
        "mean prediction of the shots is no better" in text for text in run.summary["remarks"]
    )


def test_it_is_said_in_the_table_and_in_the_summary(tmp_path):
    """What docs said to type once: QN-SPSA on 1186 qubits, relu units, outputs scaled by 2.83."""
    network = plh.BinaryNetwork(64, [16, 8, 1], hidden=["sign", "relu"], scale=8**0.5)
    hypernet = plh.QuantumHypernetwork(network, seed=0, shots=50)
    data = plh.datasets.mnist()
    few = plh.Data(data.inputs[:300], data.targets[:300])
    run = plh.train(
        hypernet, few, steps=3, progress=False, evaluation_shots=100, out=tmp_path / "run"
    )
    (remark,) = json.loads((tmp_path / "run" / "summary.json").read_text())["remarks"]
    assert "another hidden activation" in remark
    shown = " ".join(str(run.summary).split())
    assert remark in shown
    assert plh.load(tmp_path / "run", data=few).summary == run.summary


def test_columns_as_they_were_measured_are_to_be_standardised():
    rng = np.random.default_rng(0)
    inputs = rng.normal([170, 70, 40], [10, 12, 15], (100, 3)).astype(np.float32)
    data = plh.Data(inputs, (inputs[:, 0] > 170).astype(int))
    assert "features=standardise" in _standardised(data)
    assert not _standardised(plh.datasets.mnist())
