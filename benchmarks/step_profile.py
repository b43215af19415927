"""Where the time of one QN-SPSA step goes, at 66 qubits on the main job.

The job: which of 0 and 1 a digit of 8x8 pixels is, mini-batches of 500, ``step_and_cost`` of
``QNSPSAOptimizer`` on hypernet.mps. Functions are wrapped with timers that count exclusive time:
while an inner one runs, the outer one stands still, so the parts of a step add up to its total
(and so do their means; medians need not). The first steps, which compile, are not counted.

On a noisy machine pin it to one core and read the shares:

    taskset -c 1 python benchmarks/step_profile.py
"""

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import fmean, median
from typing import Annotated
from unittest.mock import patch

import pennylane as qml
import torch
import typer
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.devices import hypernet_mps as mps_device
from pl_hypernet.devices import state_measurement as measurement
from pl_hypernet.mps.cones import Cones
from pl_hypernet.optimizers import cost_function, qnspsa
from pl_hypernet.training.minibatches import MiniBatches

SEED = 0
BATCH_SIZE = 500
WARM_UP = 5
TIMED = {  # the first three are PennyLane's handling of tapes
    "tape construction (construct_tape)": [(cost_function, "construct_tape")],
    "overlap circuits (overlap_tape)": [(qnspsa, "overlap_tape")],
    "preprocessing and wrapping (qml.execute)": [(qml, "execute")],
    "state building (evolve)": [(mps_device, "evolve")],
    "sampling (Cones.draw)": [(Cones, "draw")],
    "overlaps (overlap_all)": [(measurement, "overlap_all")],
    "rest of device.execute": [(mps_device.HypernetMPS, "execute")],
    "scoring (NetworkLoss)": [(plh.NetworkLoss, "__call__")],
    "metric update and solve": [
        (plh.QNSPSAOptimizer, "_learn"),
        (plh.QNSPSAOptimizer, "_natural"),
    ],
    "rest of step_and_cost": [(plh.QNSPSAOptimizer, "step_and_cost")],
}
TAPE_HANDLING = list(TIMED)[:3]


class Stopwatch:
    """Exclusive seconds of each part: time goes to the innermost function that is running."""

    def __init__(self):
        self.seconds = dict.fromkeys(TIMED, 0.0)
        self._running: list[str] = []
        self._since = 0.0

    def _count(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, function, part: str):
        """The function, its time counted to the part; so is a function that it returns."""

        def wrapper(*args, **kwargs):
            self._count()
            self._running.append(part)
            try:
                result = function(*args, **kwargs)
            finally:
                self._count()
                self._running.pop()
            return self.timed(result, part) if callable(result) else result

        return wrapper

    def take(self) -> dict[str, float]:
        """Milliseconds of each part since the last time; starts again from zero."""
        taken = {part: 1e3 * seconds for part, seconds in self.seconds.items()}
        self.seconds = dict.fromkeys(TIMED, 0.0)
        return taken


def profile(steps: int, shots: int) -> tuple[list[dict[str, float]], list[float]]:
    """Milliseconds of each part, and of the whole, for each step."""
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, [1], plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, shots=shots, seed=SEED)
    loss = plh.NetworkLoss(network, data.inputs, data.targets)
    batches = MiniBatches(len(data.inputs), BATCH_SIZE, hypernet.generator("batches"))
    optimizer = plh.QNSPSAOptimizer(seed=hypernet.generator("optimizer"))
    energy = hypernet.energy_qnode(loss)
    theta = hypernet.start_angles()
    watch = Stopwatch()
    parts, totals = [], []
    with ExitStack() as patches:
        for part, functions in TIMED.items():
            for owner, name in functions:
                timed = watch.timed(getattr(owner, name), part)
                patches.enter_context(patch.object(owner, name, timed))
        for _ in range(WARM_UP + steps):
            loss.select(batches.next())
            start = time.perf_counter()
            theta, _ = optimizer.step_and_cost(energy, theta)
            totals.append(1e3 * (time.perf_counter() - start))
            parts.append(watch.take())
    return parts[WARM_UP:], totals[WARM_UP:]


def main(
    steps: Annotated[int, typer.Option(min=1, help="Steps that count.")] = 100,
    shots: Annotated[int, typer.Option(min=2, help="Shots of each energy.")] = 1000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    """Where the time of one QN-SPSA step goes at 66 qubits."""
    parts, totals = profile(steps, shots)
    medians = {part: median(taken[part] for taken in parts) for part in TIMED}
    means = {part: fmean(taken[part] for taken in parts) for part in TIMED}
    total, mean = median(totals), fmean(totals)
    if abs(sum(means.values()) / mean - 1) > 0.01:
        sys.exit("the parts do not add up to the total")
    handling = median(sum(taken[part] for part in TAPE_HANDLING) for taken in parts)
    threads = torch.get_num_threads()
    table = Table("", title=f"Medians of {steps} steps, {shots} shots, {threads} thread(s)")
    for column in ("median ms", "mean ms", "share"):
        table.add_column(column, justify="right")
    rows = [(part, medians[part], means[part]) for part in TIMED]
    for name, *values in [*sorted(rows, key=lambda row: -row[2]), ("step_and_cost", total, mean)]:
        table.add_row(name, *(f"{value:.2f}" for value in values), f"{values[1] / mean:.1%}")
    Console().print(table)
    print(f"PennyLane tape handling (construction, preprocessing, wrapping): {handling:.2f} ms")
    if json_file:
        settings = {"steps": steps, "shots": shots, "threads": threads}
        figures = {"total_ms": total, "tape_handling_ms": handling, "parts_ms": medians}
        figures |= settings | {"mean_total_ms": mean, "mean_parts_ms": means}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
