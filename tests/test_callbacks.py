"""What looks on while a run is trained, and may end it."""

import csv
import json
import sys

import numpy as np
import pandas
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import pl_hypernet as plh
from pl_hypernet.callbacks import (
    BestAngles,
    CSVLog,
    EarlyStopping,
    JSONLinesLog,
    SaveEvery,
    TensorBoardLog,
)
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.training import checkpoint
from pl_hypernet.training.checkpoint import load_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.history import read_history
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import Trainer


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(Run, "save_pictures", lambda self, folder=None: [])


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(60, 3))
    path = tmp_path_factory.mktemp("data") / "task.npz"
    np.savez(path, inputs=inputs, targets=(inputs[:, 0] > inputs[:, 1]).astype(int))
    return plh.datasets.load(path)


def train(task, steps=12, out=None, **options):
    network = plh.BinaryNetwork(3, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, layers=1, shots=10)
    options = {"progress": False, "evaluation_shots": 20, "batch_size": 20} | options
    return plh.train(hypernet, task, "spsa", steps, out=out, **options)


class Killed(BaseException):
    pass


def killed(monkeypatch, step, function, *arguments, **options):
    """Nothing is written after this step, as when the process is killed."""
    real = Trainer.step

    def dies(self):
        if self.n_steps == step:
            raise Killed
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", dies)
        patch.setattr(sys.modules["pl_hypernet.training.session"], "keep", print)
        with pytest.raises(Killed):
            function(*arguments, **options)


def feed(callback, energies, made=()):
    """What a callback answers to steps of these energies, those made before in the history."""
    records = [{"step": k, "energy": energy} for k, energy in enumerate([*made, *energies], 1)]
    seen = plh.callbacks.Training(None, None, records[: len(made)], None, print)
    answers = [callback.on_start(seen)]
    return answers + [callback.on_step(r, np.full(2, r["step"])) for r in records[len(made) :]]


# ------------------------------------------------------------------------------ the interface


class Noting(plh.Callback):
    def __init__(self):
        self.seen = []

    def on_start(self, training):
        self.seen.append(("start", len(training.history), training.settings.steps))

    def on_step(self, record, theta):
        self.seen.append((record["step"], theta.shape))
        return record["step"] == 2

    def on_end(self, stop_reason):
        self.seen.append(("end", stop_reason))


def test_a_callback_sees_start_steps_and_end(task):
    noting = Noting()
    run = train(task, callbacks=[lambda record, theta: None, noting])
    assert run.stop_reason == "Noting"
    assert noting.seen == [("start", 0, 12), (1, (3, 5)), (2, (3, 5)), ("end", "Noting")]


def test_the_end_is_seen_after_an_error(task):
    def fail(record, theta):
        raise ValueError("mine")

    noting = Noting()
    with pytest.raises(InputError, match="callback 'fail' raised ValueError: mine") as caught:
        train(task, callbacks=[fail, noting])
    assert caught.value.theta.shape == (3, 5)
    assert noting.seen[-1] == ("end", "failed")


def test_a_function_that_says_true_is_named(task):
    def enough(record, theta):
        return np.bool(record["step"] == 3)

    run = train(task, callbacks=[enough])
    assert (run.stop_reason, len(run.history)) == ("enough", 3)


def test_an_error_at_the_end_costs_nothing(task, tmp_path):
    class Bad(plh.Callback):
        def on_end(self, stop_reason):
            raise OSError("no mail server")

    with pytest.warns(UserWarning, match=r"callback 'Bad.on_end' raised OSError: no mail server"):
        run = train(task, 2, tmp_path / "run", callbacks=[Bad()])
    assert plh.load(tmp_path / "run").summary == run.summary


def test_an_error_at_the_start_leaves_no_folder(task, tmp_path):
    class Bad(plh.Callback):
        def on_start(self, training):
            return training.nothing

    with pytest.raises(InputError, match=r"callback 'Bad.on_start' raised AttributeError"):
        train(task, out=tmp_path / "run", callbacks=[Bad()])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([3], "callback int: expected a function"),
        ([EarlyStopping], "callback EarlyStopping: .* made already"),
        (BestAngles(), "callbacks BestAngles: expected a list"),
    ],
    ids=["number", "class", "alone"],
)
def test_what_is_no_callback_is_refused(given, said, task):
    with pytest.raises(InputError, match=said):
        train(task, callbacks=given)


class Counting(plh.Callback):
    """Counts its steps, over all that a run was stopped."""

    steps = 0

    def on_step(self, record, theta):
        self.steps += 1

    def state(self):
        return {"steps": self.steps}

    def restore(self, arrays):
        self.steps = arrays["steps"].item()


def test_the_state_of_a_callback_goes_on_with_the_run(task, tmp_path, monkeypatch):
    killed(monkeypatch, 7, train, task, out=tmp_path / "run", callbacks=[Counting(), SaveEvery(3)])
    counting = Counting()
    run = plh.resume(tmp_path / "run", data=task, callbacks=[counting], progress=False)
    assert len(run.history) == counting.steps == 12


def test_a_state_that_is_none_is_left_out(task, tmp_path):
    class Bad(plh.Callback):
        def state(self):
            return {"words": "text"}

    with pytest.warns(UserWarning, match=r"'Bad.state' returned .* expected arrays of numbers"):
        train(task, 2, tmp_path / "run", callbacks=[Bad()])
    assert load_checkpoint(tmp_path / "run")[1]["n_steps"] == 2


def test_checkpoints_of_ones_own_choice(task, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 1e9)
    killed(monkeypatch, 8, train, task, out=tmp_path / "run", callbacks=[SaveEvery(3)])
    assert load_checkpoint(tmp_path / "run")[1]["n_steps"] == 6
    with pytest.raises(InputError, match="steps=0"):
        SaveEvery(0)


# ------------------------------------------------------------------------------ early stopping


def test_early_stopping_knows_the_error():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, 60)
    level = feed(EarlyStopping(20), 1 + noise)
    assert level.index("stop_early") == 40  # the first two windows
    falling = 1 - 0.01 * np.arange(60)  # by 0.2 a window, with an error of 0.03
    assert not any(feed(EarlyStopping(20), falling + noise))
    slowly = 1 - 0.0001 * np.arange(60)  # by 0.002
    assert "stop_early" in feed(EarlyStopping(20), slowly + noise)
    with pytest.raises(InputError, match="window=1: expected"):
        EarlyStopping(1)


def test_early_stopping_stops_where_it_would_have_wherever_the_run_was_cut():
    energies = [*np.linspace(1, 0, 30), *np.zeros(30)]
    energies += np.random.default_rng(2).normal(0, 0.05, 60)
    whole = feed(EarlyStopping(7), energies)
    stop = whole.index("stop_early")
    assert stop % 7 == 0
    for cut in range(60):
        parts = feed(EarlyStopping(7), energies[cut:], energies[:cut])
        assert parts == whole[cut:]


@pytest.mark.parametrize("cut", [4, 6])
def test_a_run_that_stops_early_is_the_same_after_a_kill(cut, task, tmp_path, monkeypatch):
    whole = train(task, 60, tmp_path / "whole", stop_early=3)
    assert whole.stop_reason == "stop_early"
    assert 6 < len(whole.history) < 60
    killed(monkeypatch, cut, train, task, 60, tmp_path / "run", stop_early=3)
    run = plh.resume(tmp_path / "run", data=task, progress=False)
    assert run.stop_reason == "stop_early"
    np.testing.assert_array_equal(run.theta, whole.theta)
    np.testing.assert_array_equal(run.bits, whole.bits)
    again = plh.resume(tmp_path / "run", data=task, progress=False)  # makes no step
    assert again.stop_reason == "stop_early"
    np.testing.assert_array_equal(again.bits, whole.bits)
    made = len(whole.history)
    further = plh.resume(tmp_path / "run", made + 2, data=task, stop_early=0, progress=False)
    assert (further.stop_reason, len(further.history)) == ("steps", made + 2)


# ------------------------------------------------------------------------------ the best angles


def test_the_best_angles_are_those_of_the_lowest_mean():
    best = BestAngles(3)
    feed(best, [5, 4, 3, 0, 9, 2, 2, 2, 6, 1])
    assert (best.step, best.energy) == (8, 2)
    np.testing.assert_array_equal(best.theta, [8, 8])
    few = BestAngles()
    feed(few, [1.0])
    assert (few.theta, few.energy, few.state()) == (None, np.inf, {})


def test_the_best_angles_outlive_a_kill(task, tmp_path, monkeypatch):
    whole, cut = BestAngles(4), BestAngles(4)
    train(task, callbacks=[whole])
    killed(
        monkeypatch, 9, train, task, out=tmp_path / "run", callbacks=[BestAngles(4), SaveEvery(2)]
    )
    plh.resume(tmp_path / "run", data=task, callbacks=[cut], progress=False)
    assert vars(cut).keys() == vars(whole).keys()
    assert (cut.step, cut.energy, cut.stderr) == (whole.step, whole.energy, whole.stderr)
    np.testing.assert_array_equal(cut.theta, whole.theta)


# ------------------------------------------------------------------------------ logs


def test_csv_json_lines_and_frame_hold_the_history(task, tmp_path):
    logs = [CSVLog(tmp_path / "log.csv"), JSONLinesLog(tmp_path / "log.jsonl")]
    run = train(task, 6, callbacks=logs, evaluate_every=3)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == run.history
    frame = run.history_frame()
    assert list(frame.index) == [1, 2, 3, 4, 5, 6]
    assert frame["choices.activation.sigmoid"].between(0, 1).all()
    assert frame["full_energy"].notna().tolist() == [False, False, True] * 2
    table = pandas.read_csv(tmp_path / "log.csv", index_col="step")
    assert table.pop("messages").isna().all()
    pandas.testing.assert_frame_equal(table[frame.columns], frame, rtol=1e-12)
    assert Run.history_frame(plh.callbacks.Training(None, None, [], None, print)).empty


def test_messages_are_a_column(tmp_path):
    log = CSVLog(tmp_path / "log.csv")
    settings = plh.training.config.RunConfig()
    log.on_start(plh.callbacks.Training(None, settings, [], None, print))
    log.on_step({"step": 1, "energy": 0.5, "stderr": None}, None)
    log.on_step({"step": 2, "energy": 0.4, "stderr": None, "messages": ["a, b", "c"]}, None)
    log.on_end("steps")
    rows = list(csv.reader((tmp_path / "log.csv").open()))
    assert rows[1:] == [["1", "0.5", "", ""], ["2", "0.4", "", "a, b; c"]]


def scalars(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


def test_logs_of_a_run_that_goes_on_are_whole(task, tmp_path, monkeypatch):
    folder, log = tmp_path / "run", ("csv", "tensorboard")
    killed(monkeypatch, 5, train, task, out=folder, log=log)
    run = plh.resume(folder, data=task, progress=False)
    assert [record["step"] for record in read_history(folder)[0]] == list(range(1, 13))
    frame = run.history_frame()
    table = pandas.read_csv(folder / "history.csv", index_col="step")
    pandas.testing.assert_frame_equal(table[frame.columns], frame, rtol=1e-12)
    curves = scalars(folder / "tensorboard")
    assert curves.keys() == {name.replace(".", "/") for name in frame.columns}
    assert [step for step, _ in curves["energy"]] == list(frame.index)
    assert [value for _, value in curves["energy"]] == pytest.approx(list(frame["energy"]))


def test_long_curves_have_fewer_points(tmp_path):
    settings = plh.training.config.RunConfig(steps=1000)
    log = TensorBoardLog(tmp_path)
    log.on_start(plh.callbacks.Training(None, settings, [], None, print))
    for step in range(1, 1001):
        record = {"step": step, "energy": 1.0, "stderr": None, "messages": ["no number"]}
        log.on_step(record | ({"full_energy": 2.0} if step == 501 else {}), None)
    log.on_end("steps")
    curves = scalars(tmp_path)
    assert curves.keys() == {"energy", "full_energy"}
    assert [step for step, _ in curves["energy"]] == sorted([501, *range(5, 1001, 5)])


def test_a_log_without_a_place(task, tmp_path):
    with pytest.raises(InputError, match="log='csv' is a file of the run's folder: give out"):
        train(task, log="csv")
    with pytest.raises(InputError, match=r"log.jsonl has no place: .* give out, or a path"):
        train(task, callbacks=[JSONLinesLog()])
    with pytest.raises(RunFolderError, match="cannot be written: No such file"):
        train(task, callbacks=[CSVLog(tmp_path / "none" / "log.csv")])
    with pytest.raises(InputError, match=r"log=.*Input should be 'csv' or 'tensorboard'"):
        train(task, log="xls")


@pytest.mark.parametrize(
    ("module", "wanted"),
    [
        ("torch.utils.tensorboard", lambda task: train(task, log="tensorboard", out="never")),
        ("pandas", lambda task: train(task, 1).history_frame()),
    ],
    ids=["tensorboard", "pandas"],
)
def test_what_is_not_installed_is_one_line(module, wanted, task, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"is not installed: pip install 'pl_hypernet\[logs\]'"):
        wanted(task)


def test_one_step_says_nothing_of_a_fall():
    with pytest.raises(InputError, match=r"stop_early.*expected 0 or at least 2 steps"):
        RunConfig.checked({"stop_early": 1})
