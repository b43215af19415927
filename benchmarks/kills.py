"""Trainings that are killed at random moments, and go on as if they never had been.

Runs on three simulators with every named optimizer, each made once without a stop. Then they are
killed again and again (SIGKILL), a fifth of the times while a checkpoint is written: half of it
written, not yet on the disk, before, between and after the renames. Each folder is loaded after
each kill, and gone on with. In the end angles, history (but for the seconds) and shots must be
those of the run without a stop, bit for bit. The program ends with an error if anything differs.

    python benchmarks/kills.py                # 200 kills
    python benchmarks/kills.py --kills 12
"""

import itertools
import json
import os

os.environ["OMP_NUM_THREADS"] = "1"  # a forked child has no threads of its parent

import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import torch
import typer

import pl_hypernet as plh
from pl_hypernet.training import checkpoint, whole_files
from pl_hypernet.training.checkpoint import has_checkpoint, load_checkpoint
from pl_hypernet.training.run import Run

DEVICES = ("hypernet.mps", "lightning.qubit", "default.qubit")
OPTIMIZERS = {
    "qnspsa": {},
    "spsa": {"stepsize": "auto"},
    "score": {},
    "pathwise": {},
    "qnspsa, blocking": {"blocking": True, "entropy": (0.02, 0.0)},
    "score, natural": {"natural_gradient": True, "evaluate_every": 7},
}
LATER = ("qnspsa", "spsa")  # nothing in them changes over the steps
STEPS, FIRST, SHOTS = 40, 25, 30  # the run is begun with FIRST, and asked for more later on
STAGES = (
    "half written",
    "before the disk",
    "before the rename",
    "between renames",
    "renamed",
)  # the fourth: checkpoints
CHECKPOINT, OTHER = "in a checkpoint's write", "in another file's write"
WRITES = 7  # of such files, among which one is chosen to die in

Case = tuple[str, str, bool]  # device, optimizer, whether steps are asked for later on


def task(folder: Path) -> Path:
    """A file of small data."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(200, 4))
    path = folder / "task.npz"
    np.savez(path, inputs=inputs, targets=(inputs @ [1, -1, 1, 1] > 1).astype(int))
    return path


def begin(data: Path, out: Path, case: Case, steps: int) -> None:
    device, optimizer, _ = case
    network = plh.BinaryNetwork(4, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, device, layers=1, shots=SHOTS, seed=3)
    plh.train(
        hypernet,
        plh.datasets.load(data),
        optimizer.partition(",")[0],
        steps,
        batch_size=50,
        evaluation_shots=60,
        progress=False,
        out=out,
        **OPTIMIZERS[optimizer],
    )


def go_on(data: Path, out: Path, case: Case, every_step: bool, death: tuple | None) -> None:
    """Begins a run, or goes on with one."""
    if every_step:  # checkpoints, in place of one a second
        checkpoint.SECONDS, checkpoint.SHARE = 0.0, 1e9
    if death is not None:
        die_while_writing(*death)
    first = FIRST if case[2] else STEPS
    if out.exists():
        plh.resume(out, steps=STEPS if case[2] else None, progress=False)
    else:
        begin(data, out, case, first)


def die_while_writing(kind: str, number: int, stage: str) -> None:
    """This process is killed in its write number ``number`` of a checkpoint, or of other files."""
    real_open, seen = open, itertools.count(1)
    now = SimpleNamespace(stage="", renames=0)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def opened(path, mode):
        is_chosen = path.name.startswith("checkpoint") == (kind == CHECKPOINT)
        now.stage = stage if is_chosen and next(seen) == number else ""
        now.renames = 0
        file = real_open(path, mode)
        if now.stage == "half written":
            write = file.write

            def half(content):
                write(content[: len(content) // 2])
                file.flush()
                die()

            return OpenFile(file, half)
        return file

    def fsync(descriptor):
        if now.stage == "before the disk":
            die()
        os.fsync(descriptor)

    def replace(source, target):
        if now.stage == "before the rename":
            die()
        os.replace(source, target)
        now.renames += 1
        last = not target.name.startswith("checkpoint.before")
        if now.stage == "between renames" or (now.stage == "renamed" and last):
            die()

    whole_files.open = opened
    whole_files.os = SimpleNamespace(
        **{name: getattr(os, name) for name in ("open", "close", "O_RDONLY")},
        fsync=fsync,
        replace=replace,
    )


class OpenFile:
    """A file with another ``write``."""

    def __init__(self, file, write):
        self.file, self.write = file, write

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


def in_child(function, *arguments, kill_after: float | None = None) -> str:
    """Runs in a forked process; "", "killed", or what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            function(*arguments)
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode()[:2000])
            os._exit(1)
        os._exit(0)
    os.close(writing)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    said = b"".join(iter(lambda: os.read(reading, 4096), b"")).decode()
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return said if os.WEXITSTATUS(status) else ""


def result(folder: Path) -> tuple:
    """What must be the same."""
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    for line in lines:
        del line["seconds"]
    arrays, _ = load_checkpoint(folder)
    ends = [(folder / name).read_bytes() for name in ("shots.npy", "losses.npy")]
    return arrays["theta"].tobytes(), lines, *ends


def main(
    kills: Annotated[int, typer.Option(help="How many.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 0,
) -> None:
    """Kills, goes on, compares."""
    torch.set_num_threads(1)
    Run.save_pictures = lambda self, folder=None: []
    rng = np.random.default_rng(seed)
    root = Path(tempfile.mkdtemp())
    data = task(root)
    for name in OPTIMIZERS:  # what is compiled is there in every child
        begin(data, root / name, ("hypernet.mps", name, False), 2)
    names = [*itertools.product(DEVICES, OPTIMIZERS)]
    cases = [(device, name, name in LATER and i % 2 == 0) for i, (device, name) in enumerate(names)]
    cases = [cases[i] for i in rng.permutation(len(cases))][: max(1, kills // 3)]
    expected, seconds = {}, {}
    counts: Counter[str] = Counter()
    bad = 0
    began = time.monotonic()
    for case in cases:
        out = root / "without"
        start = time.monotonic()
        if said := in_child(begin, data, out, case, STEPS):
            sys.exit(f"{case}: {said}")
        seconds[case], expected[case] = time.monotonic() - start, result(out)
        shutil.rmtree(out)
    for number in itertools.count():
        if counts["kills"] >= kills:
            break
        case = cases[number % len(cases)]
        out, every_step = root / f"run {number}", number % 4 < 3
        stops = int(rng.integers(1, 8))  # kills of this run, at most
        begun = False
        while True:
            left = min(stops, kills - counts["kills"])
            death = delay = None
            kind = CHECKPOINT if 5 * counts[CHECKPOINT] <= counts["kills"] else OTHER
            if left > 0 and (kind == CHECKPOINT or 10 * counts[OTHER] < counts["kills"]):
                stage = STAGES[rng.integers(len(STAGES))]
                death = (kind, int(rng.integers(1, WRITES)), stage)
            elif left > 0:
                delay = rng.uniform(0, seconds[case] / 2)
            before = out.exists()
            said = in_child(go_on, data, out, case, every_step, death, kill_after=delay)
            if said == "killed":
                stops -= 1
                counts["kills"] += 1
                if death:
                    counts[death[0]] += 1
                    counts[f"  {death[2]}"] += 1
                if out.exists() and not has_checkpoint(out):
                    counts["before the first checkpoint"] += 1
                    shutil.rmtree(out)  # which the message of load says
                elif out.exists() and (said := in_child(plh.load, out)):
                    print(f"{case}: cannot be loaded: {said}")
                    bad += 1
                    break
                continue
            if said:
                print(f"{case}: {said}")
                bad += 1
                break
            if case[2] and not before and not begun:
                begun = True
                continue  # FIRST steps were made; now the others
            if result(out) != expected[case]:
                print(f"{case}: another result")
                bad += 1
            counts["runs"] += 1
            print(f"{counts['kills']} of {kills} kills, {bad} differ", flush=True)
            break
        shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(root)
    for what, n in counts.items():
        print(f"{n:4d} {what}")
    print(f"{len(cases)} kinds of run, {time.monotonic() - began:.0f} s; {bad} differ")
    if bad:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
