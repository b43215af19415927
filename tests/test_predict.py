"""What was trained is used: on raw columns, in the user's labels and units, without the data."""

import csv
import sys

import numpy as np
import pytest

import pl_hypernet as plh
from pl_hypernet.cli import main
from pl_hypernet.errors import DataError, InputError, RunFolderError
from pl_hypernet.exports import read_metadata, run_file
from pl_hypernet.mps.expectations import z_expectations_by_gates
from pl_hypernet.training.config import RunConfig

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)) * [1, 10, 0.1] + [0, 5, 50]
KINDS = np.array(["cat", "dog", "ape"])[np.digitize(X[:, 0], [-0.5, 0.5])]
NUMBERS = np.stack([100 + 20 * X[:, 0], X[:, 1]], axis=1)


def trained(data, neurons, activation=None, layers=1, **options):
    network = plh.BinaryNetwork(data.n_inputs, neurons, activation)
    hypernet = plh.QuantumHypernetwork(network, layers=layers, shots=20, seed=0)
    options = {"steps": 3, "progress": False, "evaluation_shots": 30} | options
    return plh.train(hypernet, data, "score", **options)


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """They take most of the time, and are tested elsewhere."""
    monkeypatch.setattr(plh.Run, "save_pictures", lambda run, folder=None: [])


@pytest.fixture
def no_data(monkeypatch):
    """Data cannot be loaded."""

    def refuse(self):
        raise AssertionError("data were loaded")

    monkeypatch.setattr(RunConfig, "load_data", refuse)


@pytest.mark.parametrize("features", [None, "standardise", "pca:2", "thermometer:2"])
def test_classes_of_raw_columns(features, tmp_path, no_data):
    data = plh.datasets.from_arrays(X, KINDS)
    if features is not None:
        data = plh.datasets.with_features(data, features)
    run = trained(data, [3], validation=0.25, out=tmp_path / "run")
    again = plh.load(tmp_path / "run")
    network = run.hypernet.network
    logits = network(run.bits, again.schema.inputs_of(X)).double()
    labels = np.array(["ape", "cat", "dog"])
    p = logits.softmax(dim=2).mean(dim=0).numpy()
    counts = np.stack([(logits.argmax(dim=2) == k).double().mean(dim=0) for k in range(3)], axis=1)
    losses = run.evaluation.energy.losses
    single = logits[losses.argmin()]
    for each in (run, again):
        np.testing.assert_array_equal(each.predict(X), labels[p.argmax(axis=1)])
        np.testing.assert_allclose(each.predict_proba(X), p, atol=1e-6)
        assert set(each.predict(X, "majority")) <= set(labels)
        np.testing.assert_allclose(each.predict_proba(X, "majority"), counts)
        np.testing.assert_array_equal(each.predict(X, "best"), labels[single.argmax(dim=1)])
        np.testing.assert_allclose(each.predict_proba(X, "best"), single.softmax(dim=1), atol=1e-6)
        np.testing.assert_array_equal(each.best, run.bits[losses.argmin()])


def test_accuracies_of_the_table_are_those_of_predictions():
    data = plh.datasets.from_arrays(X[:40], KINDS[:40], X[40:], KINDS[40:])
    run = trained(plh.datasets.with_features(data, "standardise"), [3])
    for key in ("vote", "majority", "best", "most_likely"):
        for part, slice_ in (("train", slice(40)), ("test", slice(40, None))):
            right = run.predict(X[slice_], key) == KINDS[slice_]
            assert right.mean() == pytest.approx(run.summary[f"{part}_accuracy"][key])


@pytest.mark.parametrize("layers", [0, 1])
def test_the_most_likely_network_has_the_signs_of_z(layers, monkeypatch):
    """Of the circuit where it is known, else of the shots."""
    data = plh.datasets.with_features(plh.datasets.from_arrays(X, KINDS), "standardise")
    run = trained(data, [3], layers=layers, evaluation_shots=3)
    ansatz = plh.HardwareEfficientAnsatz(np.asarray(run.theta), wires=run.hypernet.wires)
    z = z_expectations_by_gates(ansatz.decomposition(), run.hypernet.wires).numpy()
    np.testing.assert_array_equal(run.most_likely, z < 0)
    monkeypatch.setattr(type(run.hypernet.device), "noise", "as of a QPU")
    del run.most_likely
    counted = run.bits.sum(axis=0) >= 2
    np.testing.assert_array_equal(run.most_likely, counted)
    assert (counted != (z < 0)).any()


@pytest.mark.parametrize("n_targets", [1, 2])
def test_numbers_in_the_units_of_the_targets(n_targets, tmp_path, no_data):
    Y = NUMBERS[:, 0] if n_targets == 1 else NUMBERS
    data = plh.datasets.from_arrays(X, Y, regression=True)
    data = plh.datasets.with_features(data, "standardise")
    run = trained(data, [n_targets], "identity", out=tmp_path / "run")
    again = plh.load(tmp_path / "run")
    outputs = run.hypernet.network(run.bits, data.inputs).double().numpy()
    if n_targets == 1:
        outputs = outputs[..., 0]
    best = run.evaluation.best
    for each in (run, again):
        answers = Y.mean(axis=0) + Y.std(axis=0) * outputs.mean(axis=0)
        np.testing.assert_allclose(each.predict(X), answers, rtol=1e-5, atol=1e-4)
        answers = Y.mean(axis=0) + Y.std(axis=0) * outputs[best]
        np.testing.assert_allclose(each.predict(X, "best"), answers, rtol=1e-5, atol=1e-4)
    with pytest.raises(InputError, match="a regression has no probabilities: use predict"):
        run.predict_proba(X)
    with pytest.raises(InputError, match="a regression has no majority"):
        run.predict(X, "majority")


def test_several_targets_train(tmp_path):
    """Both are learned, and the table names them."""
    data = plh.datasets.from_arrays(
        X, NUMBERS, regression=True, target_names=("price", "weight")
    ).split(0.25, 0)
    data = plh.datasets.with_features(data, "standardise")
    run = trained(data, [2], "identity", steps=60, entropy=0.5, out=tmp_path / "run")
    of_targets = run.summary["validation_r2"]["targets"]
    assert min(of_targets[name]["vote"] for name in ("price", "weight")) > 0.5
    assert "R² of weight, mean prediction" in str(plh.load(tmp_path / "run").summary)
    with pytest.raises(
        InputError, match="data have 2 targets, the network 1 output: make the last"
    ):
        trained(data, [1], "identity")


def test_what_is_refused():
    run = trained(plh.datasets.from_arrays(X, KINDS), [3])
    for wrong, message in (
        (X[:, :2], "inputs have 2 columns: expected 3, as in training"),
        (X * np.nan, "the inputs hold 180 values that are NaN"),
    ):
        with pytest.raises(DataError, match=message):
            run.predict(wrong)
    for function in (run.predict, run.predict_proba):
        with pytest.raises(InputError, match="unknown which 'worst': choose one of vote, majority"):
            function(X, "worst")
    with pytest.raises(InputError, match="unknown which 'majority': choose one of best, most"):
        run.export("it.npz", "majority")


def test_data_of_another_kind_are_refused_when_a_run_is_loaded(tmp_path):
    trained(plh.datasets.from_arrays(X, KINDS), [3], out=tmp_path / "run")
    with pytest.raises(InputError, match="data have 2 inputs, the network 3"):
        plh.load(tmp_path / "run", data=(X[:, :2], KINDS))
    (tmp_path / "run" / "schema.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunFolderError, match=r"schema\.safetensors"):
        plh.load(tmp_path / "run")
    with pytest.raises(InputError, match="arrays of its own"):  # which nothing describes now
        plh.load(tmp_path / "run", check=False)


def test_a_run_that_ended_early_predicts_too(tmp_path, no_data):
    """Its shots are drawn again; the best of them needs the data."""
    run = trained(plh.datasets.from_arrays(X, KINDS), [3], out=tmp_path / "run")
    for name in ("shots.npy", "losses.npy", "summary.json"):
        (tmp_path / "run" / name).unlink()
    again = plh.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict(X), run.predict(X))
    with pytest.raises(AssertionError, match="data were loaded"):
        again.predict(X, "best")
    given = plh.load(tmp_path / "run", data=(X, KINDS))
    np.testing.assert_array_equal(given.predict(X, "best"), run.predict(X, "best"))


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["pl-hypernet", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        main.run()
    return exit_.value.code or 0


@pytest.mark.parametrize("which", ["best", "vote"])
def test_exports_without_data(which, tmp_path, no_data, monkeypatch, capfd):
    data = plh.datasets.from_arrays(X, KINDS, feature_names=("a", "b", "c"))
    data = plh.datasets.with_features(data, "standardise")
    run = trained(data, [3], out=tmp_path / "run")
    path = plh.load(tmp_path / "run").export(tmp_path / "it.npz", which)
    metadata = read_metadata(path)
    assert metadata["feature_names"] == ["a", "b", "c"]
    labels = np.array(metadata["classes"])[run_file(path, run.schema.inputs_of(X))["classes"]]
    np.testing.assert_array_equal(labels, run.predict(X, which))
    out = tmp_path / "other.npz"
    assert command(monkeypatch, "export", tmp_path / "run", "--what", which, "--out", out) == 0
    assert "as the network on 1,000 of 1,000 random inputs" in capfd.readouterr().out
    assert read_metadata(out) == metadata


def test_commands_that_need_no_data(tmp_path, no_data, monkeypatch, capfd):
    run = trained(plh.datasets.from_arrays(X, KINDS), [3], out=tmp_path / "run")
    assert command(monkeypatch, "evaluate", tmp_path / "run") == 0
    assert "accuracy, vote by majority" in capfd.readouterr().out
    out = tmp_path / "bits.npy"
    assert command(monkeypatch, "sample", tmp_path / "run", "--shots", 40, "--out", out) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "40 shots on hypernet.mps" in shown
    assert "data or loss are a program's own" in shown
    assert np.load(out).shape == (40, run.hypernet.n_qubits)


def test_new_tables_are_written_as_that_of_the_training(tmp_path, monkeypatch, capfd):
    rows = "".join(
        f"{a};{b};{k}\n".replace(".", ",") for (a, b), k in zip(X[:, :2], KINDS, strict=True)
    )
    (tmp_path / "own.csv").write_text("size;age;kind\n" + rows)
    words = f"train --data {tmp_path}/own.csv --data-option delimiter=; --data-option decimal=,"
    words += " --network 3 --optimizer spsa --steps 1 --shots 5 --layers 0 --evaluation-shots 5"
    assert command(monkeypatch, *words.split(), "--out", tmp_path / "run") == 0
    capfd.readouterr()
    run = plh.load(tmp_path / "run")
    np.testing.assert_allclose(run.data.inputs, X[:, :2], rtol=1e-6)
    assert command(monkeypatch, "predict", tmp_path / "run", tmp_path / "own.csv") == 0
    answers = list(csv.DictReader(capfd.readouterr().out.splitlines()))
    assert [row["kind"] for row in answers] == run.predict(X[:, :2]).tolist()


def test_a_table_from_the_command_to_predictions(tmp_path, monkeypatch, capfd):
    """With names of columns, in any order."""
    rows = "".join(f"{a},{b},{kind}\n" for (a, b), kind in zip(X[:, :2], KINDS, strict=True))
    (tmp_path / "own.csv").write_text("size,age,kind\n" + rows)
    words = f"train --data {tmp_path}/own.csv --data-option features=standardise --network 3"
    words += f" --steps 2 --shots 20 --evaluation-shots 20 --out {tmp_path}/run"
    assert command(monkeypatch, *words.split()) == 0
    capfd.readouterr()
    (tmp_path / "own.csv").unlink()
    run = plh.load(tmp_path / "run")
    assert run.schema.raw_names == ("size", "age")
    assert run.schema.target_names == ("kind",)
    rows = "".join(f"{b!r},?,{a!r}\n" for a, b in X[:, :2].tolist())
    (tmp_path / "new.csv").write_text("age,colour,size\n" + rows)
    out = tmp_path / "answers.csv"
    words = ["predict", tmp_path / "run", tmp_path / "new.csv"]
    assert command(monkeypatch, *words, "--which", "majority", "--out", out) == 0
    with open(out, newline="") as file:
        answers = list(csv.DictReader(file))
    assert [row["kind"] for row in answers] == run.predict(X[:, :2], "majority").tolist()
    p = [[float(row[f"p({kind})"]) for kind in ("ape", "cat", "dog")] for row in answers]
    np.testing.assert_allclose(p, run.predict_proba(X[:, :2], "majority"), atol=1e-6)
    assert command(monkeypatch, *words) == 0
    assert capfd.readouterr().out.splitlines()[0] == "kind,p(ape),p(cat),p(dog)"
    (tmp_path / "less.csv").write_text("age\n1\n")
    for arguments, message in (
        ([*words, "--out", out], "answers.csv exists already"),
        ([*words, "--which", "worst"], "unknown which 'worst'"),
        ([*words[:2], tmp_path / "less.csv"], "has no column 'size', which the training had"),
        ([*words[:2], tmp_path / "less.txt"], "expected a name that ends in .csv or .npz"),
    ):
        assert command(monkeypatch, *arguments) == 2
        assert message in capfd.readouterr().err


def test_numbers_from_the_command(tmp_path, monkeypatch, capfd):
    data = plh.datasets.from_arrays(X, NUMBERS, regression=True)
    run = trained(data, [2], "identity", out=tmp_path / "run")
    np.savez(tmp_path / "new.npz", inputs=X[:5])
    assert command(monkeypatch, "predict", tmp_path / "run", tmp_path / "new.npz") == 0
    head, *rows = capfd.readouterr().out.splitlines()
    assert head == "answer 0,answer 1"
    answers = [list(map(float, row.split(","))) for row in rows]
    np.testing.assert_allclose(answers, run.predict(X[:5]))
