"""The command compare: what it writes, goes on with, leaves out and refuses."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from test_baselines import SIGMOIDS, some_data

import pl_hypernet as plh
from pl_hypernet.cli.main import app
from pl_hypernet.console import Console
from pl_hypernet.errors import InputError, RunFolderError

SHORT = {"steps": 2, "batch_size": 20, "evaluation_shots": 20, "progress": False}


def hypernet_of(n_inputs: int = 6, seed: int = 0) -> plh.QuantumHypernetwork:
    network = plh.BinaryNetwork(n_inputs, [1], SIGMOIDS)
    return plh.QuantumHypernetwork(network, shots=20, seed=seed)


def constant(task, seed):
    """Two networks, the worse one of which is the better one on the test samples."""
    bits = np.zeros((2, task.n_qubits), dtype=np.int8)
    bits[1] = 1 - bits[0]
    task.loss(bits)
    return bits


def test_methods_and_a_function_of_ones_own(tmp_path):
    data = some_data(6)
    methods = ["hypernetwork", "annealing", "exhaustive", "float", "branch-and-bound", constant]
    out = tmp_path / "both"
    found = plh.compare(hypernet_of(), data, "score", methods=methods, seeds=2, out=out, **SHORT)
    names = ["hypernetwork", "annealing", "exhaustive", "float", "constant"]
    assert found.methods == names
    assert found.left_out.keys() == {"branch-and-bound"}
    assert found.limits == {"evaluations": pytest.approx(2 * 20 / 3)}
    rows = list(csv.DictReader((out / "results.csv").open()))
    assert [(row["method"], row["seed"]) for row in rows] == [(n, s) for n in names for s in "01"]
    assert (out / "results.png").stat().st_size > 10_000
    own = next(row for row in found.rows if row["method"] == "constant")
    network = hypernet_of().network
    bits = constant(plh.baselines.Task(network, data, plh.training.config.RunConfig()), 0)
    losses = plh.NetworkLoss(network, data.inputs, data.targets)(bits)
    right = (network.classify(network(bits, data.inputs)).numpy() == data.targets).mean(axis=1)
    assert own["evaluations"] == 2
    assert own["loss.best"] == pytest.approx(losses.min(), abs=1e-6)
    assert own["test.best"] == pytest.approx(right[losses.argmin()])
    assert own["test.mean"] == pytest.approx(right.mean())
    best = min(row["loss.best"] for row in found.rows if row["method"] == "exhaustive")
    assert all(r["loss.best"] >= best - 1e-6 for r in found.rows if r["method"] != "float")


def test_the_best_network_is_that_of_training(tmp_path):
    """Test samples with the classes exchanged change scores, and choose nothing."""
    data = some_data(6)
    other = plh.datasets.from_arrays(
        data.inputs, data.targets, data.test_inputs, 1 - data.test_targets
    )
    scores = [
        plh.compare(hypernet_of(), each, "score", methods="annealing", seeds=1, **SHORT).rows[0]
        for each in (data, other)
    ]
    assert scores[0]["loss.best"] == scores[1]["loss.best"]
    assert scores[0]["test.best"] == pytest.approx(1 - scores[1]["test.best"])


def test_what_is_made_is_not_made_again(tmp_path):
    data, out, made = some_data(6), tmp_path / "both", []

    def counted(task, seed):
        made.append(seed)
        if len(made) == 3:
            raise KeyboardInterrupt
        return constant(task, seed)

    def go(**settings):
        settings = SHORT | {"seeds": 4, "methods": [counted], "out": out} | settings
        return plh.compare(hypernet_of(), data, "score", **settings)

    with pytest.raises(KeyboardInterrupt):
        go()
    assert len(list(csv.DictReader((out / "results.csv").open()))) == 2
    found = go()
    assert made == [0, 1, 2, 2, 3]
    assert [row["seed"] for row in found.rows] == [0, 1, 2, 3]
    assert go(seeds=2).rows == found.rows[:2]
    with pytest.raises(RunFolderError, match="steps"):
        go(steps=3)
    with pytest.raises(RunFolderError, match="compare"):
        go(evaluations=50)
    damaged = out / "results" / "counted,seed=1.json"
    damaged.write_text("{")
    with pytest.raises(RunFolderError, match="delete it"):
        go()
    damaged.write_text((out / "results" / "counted,seed=2.json").read_text())
    with pytest.raises(RunFolderError, match=r"no figures of .*'seed': 1"):
        go()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"methods": ["anealing"]}, "choose one of hypernetwork"),
        ({"methods": []}, "no methods"),
        ({"methods": ["random", "random"]}, "comes twice"),
        ({"seeds": 0}, "seeds=0"),
        ({"evaluations": -1}, "evaluations=-1"),
        ({"evaluations": "9"}, "evaluations='9'"),
        ({"seconds": float("inf")}, "seconds=inf"),
        ({"methods": [lambda task, seed: [1, 2]]}, "returned"),
    ],
)
def test_bad_input_is_one_line(settings, said):
    with pytest.raises(InputError, match=said):
        plh.compare(hypernet_of(), some_data(6), "score", **SHORT | {"seeds": 1} | settings)


def test_a_device_that_is_paid_for_is_refused(monkeypatch):
    hypernet = hypernet_of()
    monkeypatch.setattr(type(hypernet.device), "spending", "dollars")
    with pytest.raises(InputError, match=r"'hypernet.mps': compare makes many trainings"):
        plh.compare(hypernet, some_data(6), "score", max_cost=5, **SHORT)


def test_seconds_of_workers_are_not_known():
    hypernet = plh.QuantumHypernetwork(hypernet_of().network, shots=20, workers=2)
    with pytest.raises(InputError, match="seconds=1: those of the device's workers"):
        plh.compare(hypernet, some_data(6), "score", seconds=1, **SHORT)


def left_out(network, methods, **settings):
    hypernet = plh.QuantumHypernetwork(network, shots=20, seed=0, **settings.pop("of", {}))
    settings = SHORT | {"seeds": 1, "evaluations": 20} | settings
    found = plh.compare(hypernet, some_data(6), "score", methods=[*methods, "random"], **settings)
    return found.left_out


def test_what_does_not_apply_is_left_out_and_ends_no_comparison():
    def wrong(outputs, targets):
        return ((outputs[..., 0] > 0) != (targets > 0)).float().mean(-1)

    network = hypernet_of().network
    by_gradients = ["straight-through", "gumbel-softmax", "binarised", "float"]
    gradients = left_out(network, [*by_gradients, "two-loops-straight-through"], loss=wrong)
    assert len(gradients) == 5
    assert set(gradients.values()) == {"for a loss that torch can differentiate"}
    assert "take 27 evaluations" in left_out(network, ["two-loops"])["two-loops"]
    own = {"of": {"device": plh.device("default.qubit", 8)}}
    assert "device" in left_out(network, ["hypernetwork"], **own)["hypernetwork"]
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.BatchNorm1d(2, affine=False))
    assert left_out(plh.TorchNetwork(module, 6), ["annealing", "one-flip", "hypernetwork"]) == {}
    module = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.BatchNorm1d(2))
    real = left_out(plh.TorchNetwork(module, 6), ["annealing", "exhaustive", "hypernetwork"])
    assert real.keys() == {"annealing", "exhaustive", "random"}


def test_seconds_that_are_over_at_once():
    methods = ["random", "annealing", "gumbel-softmax"]
    found = plh.compare(
        hypernet_of(), some_data(6), "score", methods=methods, seeds=1, seconds=1e-9, **SHORT
    )
    assert found.methods == methods


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_their_lines(width):
    methods = ["hypernetwork", "two-loops-straight-through", "branch-and-bound", "random"]
    found = plh.compare(
        hypernet_of(), some_data(6), "score", methods=methods, seeds=2, evaluations=8, **SHORT
    )
    for row in found.rows:  # as long as they come
        row |= {"evaluations": 1_234_567.0, "seconds": 1_234.5, "nll": 10.123, "test.best": 1.0}
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(found.table(width))
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert "hypernetwork" in text
    assert "1.23M" in text
    assert all(part in str(found) for part in ("two loops", "ECE", "Each may spend 8 evaluations"))
    assert text.count("100.00 ±0.00") == (3 if width == 120 else 0)


def test_regressions_have_no_calibration():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)).astype(np.float32)
    y = X @ [1.0, -1.0, 1.0, -1.0] + 0.1 * rng.normal(size=50)
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(4, [1], "identity"), shots=20, seed=0)
    methods = ["hypernetwork", "one-flip", "float"]
    found = plh.compare(
        hypernet, (X, y), "score", methods=methods, seeds=1, evaluations=300, **SHORT
    )
    assert found.judged_on == "train"
    assert not any("ece" in row for row in found.rows)
    scores = {row["method"]: row["train.best"] for row in found.rows}
    assert scores["float"] > 0.9
    assert scores["one-flip"] > 0.8
    assert [c.header for c in found.table().columns][1:4] == ["mean", "best", "vote"]


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = np.hstack([np.random.default_rng(0).normal(size=(40, 3)), np.arange(40)[:, None] % 2])
    np.savetxt("mine.csv", rows, delimiter=",", header="a,b,c,y", comments="")
    words = "compare --data mine.csv --network 1 --optimizer score --steps 2 --shots 10 "
    words += "--evaluation-shots 10 --seeds 1 --method hypernetwork --method random --out there"
    app(words.split(), standalone_mode=False)
    said = capsys.readouterr().out
    assert "random" in said
    assert "Written to there" in said
    row = json.loads((tmp_path / "there/results/random,seed=0.json").read_text())
    assert row["networks"] <= 20
