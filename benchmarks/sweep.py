"""24 runs on two processes, one of which is killed half-way, against the same one after the other.

Every other step size, layer and seed is a run of the 66-qubit job. They are made in this process,
in one thread, and then by a sweep; once half of the runs are made, a worker that is in the middle
of one is killed (SIGKILL). Angles, histories (but for the seconds) and shots must be the same, bit
for bit, or the program ends with an error. The seconds of the sweep include the start of its
workers and the killed one's loss.

    python benchmarks/sweep.py
    python benchmarks/sweep.py --small    # 6 short runs
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # as workers

import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from kills import result

import pl_hypernet as plh
from pl_hypernet.studies.study import read_study
from pl_hypernet.training.from_settings import made_of_settings
from pl_hypernet.workers import connected

WORKERS = 2


def study(steps: int, seeds: int) -> dict:
    values = {"layers": [0, 2], "optimizer_options": {"stepsize": [0.05, 0.1, 0.2]}}
    return {
        "optimizer": "score",
        "steps": steps,
        "sweep": {"values": values, "seeds": seeds},
    }


def one_by_one(contents: dict, folder: Path) -> list[str]:
    """Makes all runs here; their names."""
    asked = read_study(contents)
    runs = [run for point in asked.search().ask() for run in asked.runs(point)]
    for run in runs:
        config, data, hypernet, _ = made_of_settings(run.settings)
        plh.train(hypernet, data, out=folder / run.name, progress=False, **config.of_training)
    return [run.name for run in runs]


def kill_half_way(
    client, folder: Path, n_runs: int, at: int, killed: list, over: threading.Event
) -> None:
    """Kills a worker after so many steps of a run, once half of the runs are made."""
    pids = client.run(os.getpid)
    while not (killed or over.is_set()):
        time.sleep(0.02)
        if len(list(folder.glob("*/summary.json"))) < n_runs // 2:
            continue
        for address, keys in client.processing().items():
            name = next(iter(keys), "").rpartition("-")[0]
            history = folder / name / "history.jsonl"
            made = history.read_bytes().count(b"\n") if name and history.exists() else 0
            if made >= at and not (folder / name / "summary.json").exists():
                os.kill(pids[address], signal.SIGKILL)
                killed.append((name, history.read_bytes().count(b"\n")))
                break


def main(
    steps: Annotated[int, typer.Option(help="Of each run.")] = 600,
    small: Annotated[bool, typer.Option(help="6 runs of 30 steps.")] = False,
) -> None:
    """Makes the runs twice, compares them, and prints the ratio of the times."""
    root = Path(tempfile.mkdtemp())
    contents = study(30 if small else steps, 1 if small else 4)
    one_by_one(study(2, 1), root / "first")  # what is compiled is there for both sides
    begun, used = time.perf_counter(), time.process_time()
    names = one_by_one(contents, root / "alone")
    alone, processor = time.perf_counter() - begun, time.process_time() - used
    print(f"{len(names)} runs in one process: {alone:.1f} s, {processor:.1f} s of a processor")
    killed: list[tuple[str, int]] = []
    over = threading.Event()
    begun = time.perf_counter()
    with connected(WORKERS, None) as client:
        started = time.perf_counter() - begun
        runs = root / "study" / "runs"
        at = 1 if small else steps // 2
        arguments = client, runs, len(names), at, killed, over
        killer = threading.Thread(target=kill_half_way, args=arguments)
        killer.start()
        results = plh.sweep(contents, root / "study", scheduler=client)
        over.set()
        killer.join()
        swept = time.perf_counter() - begun
    print(f"on {WORKERS} processes: {swept:.1f} s, of which {started:.1f} s until these are there")
    for name, made in killed:
        print(f"killed: {name}, after step {made}")
    ratio, later = alone / swept, alone / (swept - started)
    print(f"ratio {ratio:.2f}, without their start {later:.2f}")
    differ = [name for name in names if result(root / "alone" / name) != result(runs / name)]
    print(f"{len(names) - len(differ)} of {len(names)} are the same, bit for bit")
    if differ or results.failed or not killed:
        sys.exit(f"differ: {differ}, failed: {results.failed}, killed: {killed}")


if __name__ == "__main__":
    typer.run(main)
