"""What a training makes of a disk that is full, a folder that goes, and limits that are reached."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.cli import main
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.training import checkpoint, whole_files
from pl_hypernet.training.checkpoint import load_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import Trainer


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(Run, "save_pictures", lambda self, folder=None: [])
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    (tmp_path / "spare").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spare"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def train(out=None, steps=8, optimizer="spsa", **options):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(30, 3))
    data = inputs, (inputs[:, 0] > inputs[:, 1]).astype(int)
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=10)
    options = {"progress": False, "evaluation_shots": 20} | options
    return plh.train(hypernet, data, optimizer, steps, out=out, **options)


def full_disk(monkeypatch, allowed):
    """No space is left where a path holds this text, once so many files were written whole."""
    real, left = whole_files.os.fsync, [allowed]

    class Full:
        def __getattr__(self, name):
            return getattr(os, name)

        def fsync(self, descriptor):
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            if "/spare/" not in path and path.endswith(".part"):
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(28, "No space left on device")
            return real(descriptor)

    monkeypatch.setattr(whole_files, "os", Full())


def kept_in(error):
    (note,) = [note for note in error.__notes__ if "a run folder" in note]
    return Path(note.split(" are in ")[1].removesuffix(", a run folder"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="finds names of files there")
def test_a_full_disk_ends_the_training_in_one_line(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        full_disk(patch, 6)
        with pytest.raises(RunFolderError) as caught:
            train(tmp_path / "run")
    error = caught.value
    assert str(error) == f"{tmp_path / 'run'} cannot be written: No space left on device"
    spare = kept_in(error)
    arrays, plain = load_checkpoint(spare)
    np.testing.assert_array_equal(arrays["theta"], error.theta)
    assert f"the angles after step {plain['n_steps']} are in {spare}" in error.__notes__[0]
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(30, 3))
    data = inputs, (inputs[:, 0] > inputs[:, 1]).astype(int)
    whole = train()
    for folder in (spare, tmp_path / "run"):  # both go on, and end as if nothing had been
        run = plh.resume(folder, data=data, progress=False)
        np.testing.assert_array_equal(run.theta, whole.theta)
        np.testing.assert_array_equal(run.bits, whole.bits)


def test_a_limit_to_the_size_of_files(tmp_path):
    """Of the history, whose last line is cut off; all else is smaller."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    out = tmp_path / "run"
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, before[1]))
    try:
        with pytest.raises(RunFolderError, match="cannot be written: File too large") as caught:
            train(out, 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "theta.npy" in caught.value.__notes__[0]  # nor is there place for a folder elsewhere
    path = Path(caught.value.__notes__[0].split(" are in ")[1])
    np.testing.assert_array_equal(np.load(path), caught.value.theta)
    with open(out / "history.jsonl", "rb") as file:
        assert not file.read().endswith(b"\n")
    assert 3 < len(plh.load(out).history) < 200


def test_a_folder_that_is_removed(tmp_path):
    def remove(record, theta):
        if record["step"] == 4:
            shutil.rmtree(tmp_path / "run")

    with pytest.raises(RunFolderError, match="cannot be written: No such file") as caught:
        train(tmp_path / "run", callbacks=[remove])
    assert len(plh.load(kept_in(caught.value)).history) == 4


def test_a_folder_that_is_removed_before_the_evaluation(tmp_path, monkeypatch):
    def judged(self, *_):
        shutil.rmtree(tmp_path / "run")
        return real(self)

    real = Run.judged
    monkeypatch.setattr(Run, "judged", judged)
    with pytest.raises(RunFolderError, match="cannot be written") as caught:
        train(tmp_path / "run")
    assert len(plh.load(kept_in(caught.value)).history) == 8


def test_ctrl_c_after_the_last_step_keeps_shots_and_summary(tmp_path, monkeypatch):
    def judged(self, *_):
        os.kill(os.getpid(), signal.SIGINT)
        return real(self)

    def draw(self, folder=None):
        raise AssertionError

    real = Run.judged
    monkeypatch.setattr(Run, "judged", judged)
    monkeypatch.setattr(Run, "save_pictures", draw)
    run = train(tmp_path / "run")
    assert run.stop_reason == "steps"
    assert plh.load(tmp_path / "run").summary == run.summary


STEP = 3 * 10  # shots of SPSA's three energies


@pytest.mark.parametrize(
    ("limit", "steps"),
    [
        ({"max_shots": 4 * STEP + 20}, 4),
        ({"max_shots": 5 * STEP + 19}, 4),
        ({"max_circuits": 13}, 4),
        ({"max_circuits": 15}, 4),
        ({"max_circuits": 16}, 5),
    ],
)
def test_a_run_ends_before_the_step_that_would_take_more(limit, steps, tmp_path):
    run = train(tmp_path / "run", **limit)
    (name,) = limit
    assert len(run.history) == steps
    assert run.stop_reason == run.summary["stop_reason"] == name
    spent = run.hypernet.device.counts
    assert (spent.circuits, spent.shots) == (3 * steps + 1, steps * STEP + 20)
    with pytest.warns(UserWarning, match=f"{name} allows no further step"):
        plh.resume(tmp_path / "run", data=run.data, progress=False)
    whole = train()
    more = plh.resume(tmp_path / "run", data=run.data, progress=False, **{name: 10_000})
    np.testing.assert_array_equal(more.theta, whole.theta)
    assert more.stop_reason == "steps"


def test_a_limit_holds_for_optimizers_that_do_not_say_what_they_send():
    run = train(optimizer=qml.SPSAOptimizer(maxiter=9), max_circuits=9)
    assert (len(run.history), run.stop_reason) == (2, "max_circuits")
    assert run.hypernet.device.counts.circuits <= 9


def test_a_limit_without_place_for_a_step_is_refused(tmp_path):
    with pytest.raises(InputError, match="max_shots=49: the first step and the evaluation would"):
        train(tmp_path / "run", max_shots=49)
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match=r"max_cost=inf|Input should be a finite number"):
        train(max_cost=float("inf"))
    with pytest.raises(InputError, match="max_seconds=0"):
        train(max_seconds=0)


def test_seconds(monkeypatch):
    clock = iter(range(10_000))  # a second each time that somebody looks
    monkeypatch.setattr("pl_hypernet.training.limits.time.monotonic", lambda: next(clock))
    run = train(max_seconds=14)
    assert run.stop_reason == "max_seconds"
    assert 2 <= len(run.history) < 8


def test_a_plan_shows_limits_beside_the_estimate():
    plan = plh.plan(steps=100, max_shots=10_000, max_seconds=60, optimizer="spsa", shots=100)
    assert plan["limits"] == {"max_shots": 10_000, "max_seconds": 60.0}
    assert "max_shots allows 30 of 100 steps" in " ".join(plan["remarks"])
    shown = " ".join(str(plan).split())
    assert "at most" in shown
    assert "10,000" in shown
    assert plh.plan(steps=2, optimizer="spsa")["limits"] == {}


def test_numbers_that_are_words_are_refused():
    for settings, said in (
        ({"steps": True}, "steps=True: expected a number"),
        ({"shots": "7"}, "shots='7': expected a number"),
        ({"max_bond_dim": 3, "steps": 1}, "unknown setting"),
        ({"scale": True}, "scale=True"),
    ):
        with pytest.raises(InputError, match=said):
            RunConfig.checked(settings)
    assert RunConfig.checked({"entropy": "0.02:0"}).entropy == (0.02, 0.0)


def test_a_home_that_the_shell_left_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    run = train("~/here", 2)
    assert (tmp_path / "here" / "summary.json").exists()
    assert plh.load("~/here").summary == run.summary
    monkeypatch.setattr(sys, "argv", ["pl-hypernet", "evaluate", "~/here", "--json"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert not ended.value.code


def test_two_starts_at_one_instant_take_two_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = sys.modules["pl_hypernet.training.folder"]
    first, second = folder.NextRunFolder(), folder.NextRunFolder()
    real = Path.mkdir

    def both(self, *args, **kwargs):
        if self.name == "001" and not self.exists():
            real(self, *args, **kwargs)  # another process was quicker
        real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", both)
    assert folder.make_run_folder(first)[0] == Path("runs/002")
    monkeypatch.setattr(Path, "mkdir", real)
    assert folder.make_run_folder(second)[0] == Path("runs/003")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_nobody_takes_is_one_line():
    code = "import sys; sys.argv = ['pl-hypernet', '--help']; "
    code += "from pl_hypernet.cli.main import run; run()"
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 2
    assert ended.stderr == (
        "pl-hypernet: standard output cannot be written: No space left on device\n"
    )


def test_a_checkpoint_says_what_was_spent(tmp_path):
    train(tmp_path / "run", 3)
    assert load_checkpoint(tmp_path / "run")[1]["dollars"] == 0
    assert hasattr(Trainer, "dollars")


def test_an_out_that_is_no_path_is_refused(tmp_path):
    for out in (False, 3):
        with pytest.raises(RunFolderError, match=f"out={out}: expected the path of a folder, or"):
            train(out)
