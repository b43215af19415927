"""What checkpoints, logs and callbacks add to a step of the main job, and to its memory.

The main job is trained twice in one process: without a folder, and with checkpoints, all logs and
all callbacks that there are. A step is what the thread takes that makes it; all else that the
process does while steps are made, as in the thread that writes TensorBoard's events, stands beside
it. Then a training with all of them of many steps, each of few shots and samples: the resident set
on its way, and how much of it is the history, which is kept.

    taskset -c 0 python benchmarks/overhead.py
    taskset -c 0 python benchmarks/overhead.py --small
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import torch
import typer

import pl_hypernet as plh
from pl_hypernet.callbacks import BestAngles, EarlyStopping, JSONLinesLog, SaveEvery
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import Trainer

WARM_UP = 10  # steps that compile, and open files
TENTHS = 10


class Watch:
    """Seconds of a processor: of the steps, and of the process meanwhile; MB at each tenth."""

    def __init__(self, steps: int):
        self.marks = {steps * tenth // TENTHS for tenth in range(1, TENTHS)}
        self.memory: dict[int, float] = {}
        self.made = 0
        self.of_steps = self.began = self.ended = self.last = 0.0

    def step(self, real, trainer) -> dict:
        if self.made == WARM_UP:
            self.of_steps, self.began = 0.0, time.process_time()
        if self.made in self.marks:
            self.memory[self.made] = resident()
        self.ended = time.process_time()  # of all steps but this one
        start = time.thread_time()
        record = real(trainer)
        self.last = time.thread_time() - start
        self.of_steps += self.last
        self.made += 1
        return record

    @property
    def each(self) -> tuple[float, float]:
        """Milliseconds of a step, and beside it."""
        steps, counted = self.of_steps - self.last, self.made - WARM_UP - 1
        return 1e3 * steps / counted, 1e3 * (self.ended - self.began - steps) / counted


def resident() -> float:
    """MB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size(value) -> int:
    """Bytes of a dict with all that is in it, but for its names, which are shared."""
    inner = sum(map(size, value.values())) if isinstance(value, dict) else 0
    return sys.getsizeof(value) + inner


def watched(steps: int, shots: int = 200, **options) -> tuple[Watch, Run]:
    """A training of the main job."""
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, shots=shots, seed=0)
    watch, real = Watch(steps), Trainer.step
    Trainer.step = lambda trainer: watch.step(real, trainer)
    try:
        data = plh.datasets.mnist()
        run = plh.train(hypernet, data, steps=steps, progress=False, **options)
    finally:
        Trainer.step = real
    return watch, run


def everything(out: Path, steps: int) -> dict:
    """All that looks on; early stopping looks, and stops nothing."""
    ready = [BestAngles(), EarlyStopping(10 * steps), SaveEvery(100), JSONLinesLog()]
    callbacks = [*ready, lambda record, theta: None]
    return {"out": out, "log": ("csv", "tensorboard"), "callbacks": callbacks}


def main(
    steps: Annotated[int, typer.Option(min=100, help="Of the main job.")] = 1000,
    long: Annotated[int, typer.Option(min=100, help="Of the training of small steps.")] = 20_000,
    small: Annotated[bool, typer.Option("--small", help="100 and 400 of them.")] = False,
) -> None:
    """What checkpoints, logs and callbacks add."""
    torch.set_num_threads(1)
    Run.save_pictures = lambda self, folder=None: []
    if small:
        steps, long = 100, 400
    with tempfile.TemporaryDirectory() as folder:
        watch, _ = watched(steps)
        step, bare = watch.each
        print(f"without   : a step {step:.2f} ms of a processor, beside it {bare:.3f} ms")
        watch, _ = watched(steps, **everything(Path(folder) / "run", steps))
        step, beside = watch.each
        print(f"with them : a step {step:.2f} ms of a processor, beside it {beside:.3f} ms")
        print(f"they add {(beside - bare) / step:.2%}")
        options = everything(Path(folder) / "long", long) | {"batch_size": 20}
        watch, run = watched(long, shots=10, **options)
        first, last = min(watch.memory), max(watch.memory)
        history = sum(map(size, run.history[first:last])) / 1e6
        before, after = watch.memory[first], watch.memory[last]
        print(
            f"{before:.0f} MB after {first:,} steps, {after:.0f} MB after {last:,}; of the history "
            f"{history:.1f} MB"
        )


if __name__ == "__main__":
    typer.run(main)
