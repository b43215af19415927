"""Runs that go on: bit for bit as if they had never stopped."""

import json
import os
import shutil
import sys

import numpy as np
import pennylane as qml
import pytest
import torch
from safetensors.numpy import save_file

import pl_hypernet as plh
from pl_hypernet.errors import DataError, InputError, RunFolderError
from pl_hypernet.training import checkpoint
from pl_hypernet.training.checkpoint import load_checkpoint, read_checkpoint
from pl_hypernet.training.history import History, read_history
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import Trainer

STEPS = 12


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(Run, "save_pictures", lambda self, folder=None: [])


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """In so small a training torch's threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(60, 3))
    path = tmp_path_factory.mktemp("data") / "task.npz"
    np.savez(path, inputs=inputs, targets=(inputs[:, 0] > inputs[:, 1]).astype(int))
    return path


def train(table, out=None, steps=STEPS, optimizer="qnspsa", device="hypernet.mps", **options):
    network = plh.BinaryNetwork(3, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, device, layers=1, shots=10)
    data = plh.datasets.load(table) if isinstance(table, os.PathLike) else table
    options = {"progress": False, "evaluation_shots": 20, "batch_size": 20} | options
    return plh.train(hypernet, data, optimizer, steps, out=out, **options)


def same(folder, other):
    """Whether two folders hold the same run, but for its seconds."""
    results = []
    for path in (folder, other):
        arrays, plain = load_checkpoint(path)
        history = [{**line, "seconds": 0} for line in read_history(path)[0]]
        ends = [(path / name).read_bytes() for name in ("shots.npy", "losses.npy")]
        results.append((arrays["theta"].tobytes(), plain["stop_reason"], history, *ends))
    return results[0] == results[1]


class Killed(BaseException):
    pass


def kill_at(monkeypatch, step, in_its_middle=False):
    """Nothing is written after this step, as when the process is killed."""
    real = Trainer.step

    def dies(self):
        if self.n_steps == step:
            if in_its_middle:
                real(self)
            monkeypatch.setattr(sys.modules["pl_hypernet.training.session"], "keep", print)
            raise Killed
        return real(self)

    monkeypatch.setattr(Trainer, "step", dies)


@pytest.mark.parametrize("optimizer", ["qnspsa", "spsa", "pathwise"])
def test_a_killed_run_goes_on_as_if_it_had_not_been(optimizer, table, tmp_path, monkeypatch):
    train(table, tmp_path / "whole", optimizer=optimizer)
    with monkeypatch.context() as patch:
        kill_at(patch, 7, in_its_middle=True)
        with pytest.raises(Killed):
            train(table, tmp_path / "killed", optimizer=optimizer)
    run = plh.load(tmp_path / "killed")
    assert run.how_far == f"killed, or still running, after step 1 of {STEPS}"
    with open(tmp_path / "killed" / "history.jsonl", "a") as file:
        file.write('{"step": 99, "ene')  # torn off
    run = plh.resume(tmp_path / "killed", progress=False)
    assert same(tmp_path / "whole", tmp_path / "killed")
    assert run.summary["steps"] == STEPS
    assert plh.load(tmp_path / "killed").summary == run.summary


@pytest.mark.parametrize("device", ["lightning.qubit", "default.qubit"])
def test_a_run_that_ended_makes_more_steps(device, table, tmp_path):
    train(table, tmp_path / "whole", device=device)
    train(table, tmp_path / "short", 5, device=device)
    plh.resume(tmp_path / "short", STEPS, progress=False)
    assert same(tmp_path / "whole", tmp_path / "short")
    assert plh.load(tmp_path / "short").config.steps == STEPS


def test_a_run_that_was_interrupted_or_failed_goes_on(table, tmp_path, monkeypatch):
    def stop(record, theta):
        return "enough" if record["step"] == 3 else None

    def fail(self):
        if self.n_steps == 6:
            real(self)
            raise InputError("in the middle of a step")
        return real(self)

    whole = train(table, tmp_path / "whole")
    train(table, tmp_path / "run", callbacks=[stop])
    real = Trainer.step
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", fail)
        with pytest.raises(InputError, match="in the middle"):
            plh.resume(tmp_path / "run", progress=False)
    assert plh.load(tmp_path / "run").stop_reason == "failed"
    run = plh.resume(tmp_path / "run", progress=False)
    assert same(tmp_path / "whole", tmp_path / "run")
    assert [line["energy"] for line in run.history] == [line["energy"] for line in whole.history]


def test_an_error_in_the_middle_of_a_step_loses_no_random_numbers(table, tmp_path, monkeypatch):
    """The device has drawn for a step that was not made: it goes on from before that."""
    real = Trainer._advance

    def fail(self):
        moved = real(self)
        if self.n_steps == 6:
            raise InputError("too late")
        return moved

    train(table, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_advance", fail)
        with pytest.raises(InputError, match="too late"):
            train(table, tmp_path / "run")
    assert load_checkpoint(tmp_path / "run")[1]["n_steps"] == 6
    plh.resume(tmp_path / "run", progress=False)
    assert same(tmp_path / "whole", tmp_path / "run")


def test_a_run_with_all_its_steps_is_left_as_it_is(table, tmp_path):
    train(table, tmp_path / "run", 3)
    before = (tmp_path / "run" / "summary.json").read_bytes()
    with pytest.warns(UserWarning, match="has made its 3 steps"):
        plh.resume(tmp_path / "run", progress=False)
    assert (tmp_path / "run" / "summary.json").read_bytes() == before
    with pytest.raises(InputError, match=r"steps=2: the run in .* has made 3"):
        plh.resume(tmp_path / "run", 2, progress=False)


def test_an_end_that_was_cut_off_is_made_from_the_same_shots(table, tmp_path):
    train(table, tmp_path / "run", 3)
    shutil.copytree(tmp_path / "run", tmp_path / "cut")
    for name in ("summary.json", "losses.npy"):
        (tmp_path / "cut" / name).unlink()
    plh.resume(tmp_path / "cut", progress=False)
    assert same(tmp_path / "run", tmp_path / "cut")


def test_a_damaged_checkpoint_has_one_before_it(table, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    train(table, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "run")
    newest = tmp_path / "run" / checkpoint.NAME
    content = bytearray(newest.read_bytes())
    content[-9] ^= 1
    newest.write_bytes(content)
    with pytest.raises(RunFolderError, match="is damaged: it is not as it was written; the check"):
        plh.load(tmp_path / "run")
    with pytest.warns(UserWarning, match="is damaged: .*: this is step"):
        assert len(plh.load(tmp_path / "run", check=False).history) == STEPS
    with pytest.warns(UserWarning, match="going on from step"):
        plh.resume(tmp_path / "run", progress=False)
    assert same(tmp_path / "whole", tmp_path / "run")
    newest.unlink()  # killed between two renames
    assert len(plh.load(tmp_path / "run").history) == STEPS


def test_what_makes_a_difference_is_said(table, tmp_path, capsys):
    train(table, tmp_path / "run", 3, optimizer="score")
    path = tmp_path / "run" / checkpoint.NAME
    arrays, plain = read_checkpoint(path)
    save = sys.modules["pl_hypernet.training.tensor_file"]
    version, save.__version__ = save.__version__, "0.0.1"
    try:
        save.save_tensors(path, arrays, plain | {"device": None})
    finally:
        save.__version__ = version
    plh.resume(tmp_path / "run", 5)
    said = capsys.readouterr().err
    assert "made with pl_hypernet 0.0.1" in said
    assert "hypernet.mps cannot be seeded: its shots are fresh ones" in said
    assert "the learning rate: changes over the steps, from here on over 5 in place of 3" in said
    assert "going on from step 3 of 5" in said


def test_objects_of_a_program_are_handed_over_again(table, tmp_path):
    train(table, tmp_path / "run", 2, optimizer=qml.SPSAOptimizer(maxiter=9))
    with pytest.raises(InputError, match="optimizer object of its own: hand it over"):
        plh.resume(tmp_path / "run", 4, progress=False)
    with pytest.warns(UserWarning, match=r"no state\(\) and restore\(\)"):
        run = plh.resume(
            tmp_path / "run", 4, optimizer=qml.SPSAOptimizer(maxiter=9), progress=False
        )
    assert [line["step"] for line in run.history] == [1, 2, 3, 4]


def test_other_data_are_refused(table, tmp_path):
    own = tmp_path / "own.npz"
    shutil.copy(table, own)
    train(own, tmp_path / "run", 3)
    arrays = dict(np.load(table))
    np.savez(own, **arrays | {"targets": 1 - arrays["targets"]})
    with pytest.raises(DataError, match="the data are not those that the run was trained on"):
        plh.resume(tmp_path / "run", 5, progress=False)
    with pytest.raises(DataError, match="bring those back"):
        _ = plh.load(tmp_path / "run").evaluation
    assert plh.load(tmp_path / "run", check=False).evaluation
    with pytest.raises(DataError, match="the data are not those"):
        plh.load(tmp_path / "run", data=plh.datasets.load(own))
    plh.load(tmp_path / "run", data=plh.datasets.load(table))


def test_one_process_at_a_time(table, tmp_path):
    train(table, tmp_path / "run", 3)
    other = History(tmp_path / "run", 3)
    with pytest.raises(RunFolderError, match="another process is writing this run"):
        plh.resume(tmp_path / "run", 5, progress=False)
    other.close()
    assert len(plh.resume(tmp_path / "run", 5, progress=False).history) == 5


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("config.toml", lambda text: text.replace(b"seed = 0", b"seed = 1"), "seed = 1, and the"),
        ("config.toml", lambda text: text + b"validation = 0.2\n", "validation = 0.2, and"),
        ("history.jsonl", lambda text: b"", "history.jsonl is not as"),
        ("history.jsonl", lambda text: text[: text.index(b"\n") + 1] + text, "history.jsonl is"),
        ("history.jsonl", lambda text: text.replace(b'"seconds": ', b'"seconds": 1'), "history"),
        ("history.jsonl", lambda text: text.replace(b'"seconds": ', b'"seconds": 1e999'), "line 1"),
        ("shots.npy", lambda text: text[:-1] + bytes([1 - text[-1]]), "shots.npy is not as"),
        ("losses.npy", lambda text: text[:-1] + b"\1", "losses.npy is not as"),
        ("summary.json", lambda text: text.replace(b'"mean": 0', b'"mean": 1'), "summary.json is"),
        ("digests.json", lambda text: b"{}", "digests.json is missing or damaged"),
        ("schema.safetensors", lambda text: text.replace(b"0", b"1"), "schema.safetensors is not"),
        ("checkpoint.safetensors", lambda text: text[:-1] + b"\1", "checkpoint.safetensors is dam"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(name, change, said, table, tmp_path):
    train(table, tmp_path / "run", 3)
    path = tmp_path / "run" / name
    whole = path.read_bytes()
    content = change(whole)
    if name == "config.toml" and b"validation" in content:  # before the tables
        content = b"validation = 0.2\n" + whole
    assert content != whole
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match=said) as caught:
        plh.load(tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert plh.load(tmp_path / "run", check=False).summary


@pytest.mark.parametrize(
    ("damage", "left", "said"),
    [
        (lambda lines: [lines[0], b"{}", *lines[2:]], [1, 3, 4], "left out: line 2$"),
        (lambda lines: [b"\xff", lines[1], b"[" * 9999, lines[3]], [2, 4], "left out: line 1, 3$"),
        (lambda lines: [*lines[:3], b"null"], [1, 2, 3], "left out: line 4$"),
        (lambda lines: [b"", *lines], [1, 2, 3], "left out: line 1$"),
        (None, [], "holds no history.jsonl: the steps are left out"),
    ],
    ids=["middle", "several", "last", "empty", "missing"],
)
def test_what_is_whole_of_a_damaged_history_loads_and_goes_on(damage, left, said, table, tmp_path):
    folder, path = tmp_path / "run", tmp_path / "run" / "history.jsonl"
    theta = train(table, folder, 4).theta
    if damage is None:
        path.unlink()
    else:
        lines = path.read_bytes().splitlines()
        path.write_bytes(b"".join(line + b"\n" for line in damage(lines)))
    with pytest.raises(RunFolderError, match=r"is damaged: put it back, or go on|holds no history"):
        plh.load(folder)
    with pytest.warns(UserWarning, match=said):
        run = plh.load(folder, check=False)
    assert [record["step"] for record in run.history] == left
    np.testing.assert_array_equal(run.theta, theta)
    assert run.summary["steps"] == 4  # as its file says
    run.save_pictures()
    with pytest.warns(UserWarning, match=said):
        run = plh.resume(folder, 6, progress=False, check=False)
    assert [record["step"] for record in run.history] == [*left, 5, 6]
    assert run.summary["steps"] == 6
    again = plh.load(folder)  # what was left out is gone
    assert again.history == run.history
    assert len(plh.resume(folder, 7, progress=False).history) == len(left) + 3


def test_steps_and_limits_of_a_config_may_be_edited(table, tmp_path):
    train(table, tmp_path / "run", 3)
    path = tmp_path / "run" / "config.toml"
    path.write_text("max_shots = 100000\n" + path.read_text().replace("steps = 3", "steps = 4"))
    assert len(plh.resume(tmp_path / "run", progress=False).history) == 4


def test_folders_of_old_load(table, tmp_path):
    """Without digests: nothing is known, and nothing is said."""
    run = train(table, tmp_path / "run", 3)
    path = tmp_path / "run" / checkpoint.NAME
    arrays, plain = read_checkpoint(path)
    kept = ("n_steps", "counts", "batches", "device", "optimizer", "stop_reason")
    save_file(arrays, path, metadata={"plain": json.dumps({name: plain[name] for name in kept})})
    (tmp_path / "run" / "digests.json").unlink()
    assert plh.load(tmp_path / "run").summary == run.summary
    assert len(plh.resume(tmp_path / "run", 4, progress=False).history) == 4
