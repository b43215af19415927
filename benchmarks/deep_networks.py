"""Deep networks of tens of thousands of qubits, trained through the network on ten digits.

    python benchmarks/deep_networks.py --root DATA --seeds 3
    python benchmarks/deep_networks.py --root DATA --networks 784-64-10 --layers 1,2 --rules ours
    python benchmarks/deep_networks.py --root DATA --validation  # how the settings were chosen
    python benchmarks/deep_networks.py --share 0.002  # 0 against 1 at 8x8, to try it out

MNIST at 28x28, all 60,000 training digits, product states unless --layers says otherwise. Beside
`pathwise` stand, at as many processor seconds, the straight-through estimator, which trains one
network, and an ensemble of independent bits by Gumbel-softmax
(`pl_hypernet/baselines/gumbel_softmax.py`). Each training is a process of its own on one core.
Settings of `pathwise` were chosen on 5,000 training digits that were held out (--validation), never
by the test digits; those of the others were not searched.

Prints accuracies on the 10,000 test digits: of the vote by mean probability, the mean shot, the
best shot by training loss, and the network of the most likely bits; the expected calibration error
of the vote (15 bins); processor seconds of the training, and the memory of the process at its end,
data included. Mean and standard error over the seeds.
"""

import json
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.analysis.calibration import expected_calibration_error
from pl_hypernet.baselines import straight_through
from pl_hypernet.baselines.gumbel_softmax import BernoulliEnsemble

HELD_OUT = 5000  # training digits
OURS, STRAIGHT, GUMBEL = "ours", "straight", "gumbel"
CONFIDENCE = 0.7  # of the ensemble's start, as of random_signs
TRIAL = 10  # steps that are timed
MEASURED = {  # by their names in a run's numbers
    "vote": "vote",
    "mean shot": "mean",
    "best shot": "best",
    "most likely": "likely",
    "ECE": "ece",
}
LABELS = {OURS: "pathwise", STRAIGHT: "straight-through", GUMBEL: "Gumbel-softmax"}


@dataclass(frozen=True)
class Task:
    """A network, and how each rule trains it.

    Attributes:
        layers: neurons of each layer.
        scale: of the logits.
        start: of the angles.
        shots, batch_size, steps: of the training.
        options: of `pathwise`.
        evaluated: shots that are judged.
        straight: options of the straight-through estimator.
        gumbel: options of the ensemble.
    """

    layers: tuple[int, ...]
    scale: float
    start: str
    shots: int
    batch_size: int
    steps: int
    options: dict
    evaluated: int
    straight: dict = field(default_factory=dict)
    gumbel: dict = field(default_factory=dict)


TASKS = {
    "784-10": Task(
        (10,), 0.4, "near_product", 20, 1000, 1500, {"stepsize": 0.1}, 500,
        straight={"batch_size": 250, "damping": 1.0},
        gumbel={"stepsize": 0.1, "shots": 20, "window": 1.0, "temperature": 1.0},
    ),
    "784-64-10": Task(
        (64, 10), 0.3, "near_product", 10, 250, 1500, {"stepsize": 0.1, "window": 0.5}, 50,
        straight={"batch_size": 250, "width": 0.5},
        gumbel={"stepsize": 0.1, "shots": 5, "window": 0.5, "temperature": 1.0},
    ),
    "784-64-64-64-10": Task(
        (64, 64, 64, 10), 0.15, "random_signs", 10, 250, 2000,
        {"stepsize": 0.1, "window": 0.5}, 50,
        straight={"batch_size": 250, "width": 0.5},
        gumbel={"stepsize": 0.1, "shots": 5, "window": 0.5, "temperature": 1.0},
    ),
    "784-256-256-256-10": Task(
        (256, 256, 256, 10), 0.15, "random_signs", 5, 250, 1600,
        {"stepsize": 0.1, "window": 0.5}, 20,
        straight={"batch_size": 250, "width": 0.5},
        gumbel={"stepsize": 0.1, "shots": 5, "window": 0.5, "temperature": 1.0},
    ),
}  # fmt: skip


def load(root: str | None, validation: bool) -> plh.datasets.Data:
    if root is None:
        return plh.datasets.mnist()
    data = plh.datasets.mnist(digits=range(10), size=28, root=root)
    if not validation:
        return data
    return data.split(HELD_OUT / len(data.inputs), np.random.default_rng(123))


def train(
    name: str, rule: str, layers: int, seed: int, seconds: float, share: float, root, validation
) -> dict:
    """One training, in a process of its own.

    Args:
        name: of the task.
        layers: entangling layers of the circuit.
        seconds: of the processor, for the rules beside `pathwise`.
        share: of the steps.

    Returns:
        The numbers of a row of the table.
    """
    torch.set_num_threads(1)
    task, data = TASKS[name], load(root, validation)
    network = plh.BinaryNetwork(
        data.n_inputs, [*task.layers[:-1], len(data.classes)], "softmax", task.scale
    )
    if rule == OURS:
        bits, likely, clock = _ours(task, network, data, layers, seed, share)
    elif rule == STRAIGHT:
        bits, likely, clock = _straight(task, network, data, seed, seconds)
    else:
        bits, likely, clock = _gumbel(task, network, data, seed, seconds)
    judged = plh.evaluate(network, bits, data, most_likely=likely)
    vote = network.vote(bits, data.test_inputs)
    return {
        "qubits": network.n_qubits,
        "vote": judged.test.vote,
        "mean": judged.test.mean,
        "best": judged.test.best,
        "likely": judged.test.most_likely,
        "ece": expected_calibration_error(vote.mean, data.test_targets),
        "energy": float(judged.energy),
        "seconds": clock.seconds,
        "gigabytes": clock.gigabytes,
    }


def _ours(task: Task, network, data, layers: int, seed: int, share: float):
    hypernet = plh.QuantumHypernetwork(
        network, layers=layers, shots=task.shots, seed=seed, start=task.start
    )
    clock = Clock()
    run = plh.train(
        hypernet,
        data,
        "pathwise",
        steps=max(2, round(share * task.steps)),
        batch_size=task.batch_size,
        evaluation_shots=2,
        callbacks=[lambda record, theta: clock.note()],
        progress=False,
        **task.options,
    )
    return hypernet.sample(run.theta, task.evaluated), run.most_likely, clock


def _straight(task: Task, network, data, seed: int, seconds: float):
    """As many epochs as the seconds allow, by the time of one."""
    clock = Clock()
    straight_through(network, data, epochs=1, seed=seed, **task.straight)
    clock.note()
    epochs = max(1, round(seconds / clock.seconds))
    clock = Clock()
    trained = straight_through(network, data, epochs=epochs, seed=seed, **task.straight)
    clock.note()
    return trained.bits[None].repeat(2, axis=0), trained.bits, clock


def _gumbel(task: Task, network, data, seed: int, seconds: float):
    """As many steps as the seconds allow, by the time of ten."""

    def trained(steps: int) -> tuple[BernoulliEnsemble, Clock]:
        clock = Clock()
        ensemble = BernoulliEnsemble(network, CONFIDENCE, np.random.default_rng(seed))
        loss = plh.NetworkLoss(network, data.inputs, data.targets)
        shares = iter(np.arange(steps + 1) / steps)
        ensemble.train(loss, lambda: next(shares), batch_size=task.batch_size, **task.gumbel)
        clock.note()
        return ensemble, clock

    trained(2)
    _, clock = trained(TRIAL)
    ensemble, clock = trained(max(TRIAL, round(TRIAL * seconds / clock.seconds)))
    return ensemble.sample(task.evaluated), ensemble.most_likely, clock


class Clock:
    """Processor seconds and peak memory since it was made, up to the last note."""

    def __init__(self):
        self._began = time.process_time()
        self.note()

    def note(self) -> None:
        self.seconds = time.process_time() - self._began
        self.gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def in_a_process(function, *arguments):
    """What a function returns in a fresh process, whose memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main(
    seeds: Annotated[int, typer.Option(help="How many.")] = 1,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    root: Annotated[Path | None, typer.Option(help="Folder of the MNIST files.")] = None,
    networks: Annotated[str, typer.Option(help="Some of them, with commas.")] = ",".join(TASKS),
    layers: Annotated[str, typer.Option(help="Entangling layers of pathwise, with commas.")] = "0",
    rules: Annotated[str, typer.Option(help="Some of them, with commas.")] = ",".join(LABELS),
    validation: Annotated[bool, typer.Option(help="Judge on held-out training digits.")] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Of the other rules; without: those of pathwise.")
    ] = None,
    share: Annotated[float, typer.Option(help="Of the steps, for a quick look.")] = 1.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Add each run to it.")] = None,
) -> None:
    table = Table(title_justify="left")
    headings = "network", "rule", *MEASURED, "s", "GB"
    for heading in headings:
        table.add_column(heading, justify="left" if heading in headings[:2] else "right")
    for name in networks.split(","):
        rows: dict[str, list[dict]] = {}
        for seed in range(first, first + seeds):
            allowed = seconds
            for rule in rules.split(","):
                for p in map(int, layers.split(",")) if rule == OURS else (0,):
                    found = in_a_process(
                        train, name, rule, p, seed, allowed, share, root, validation
                    )
                    if rule == OURS and allowed is None:
                        allowed = found["seconds"]
                    rows.setdefault(LABELS[rule] + (f", P = {p}" if p else ""), []).append(found)
                    if json_file is not None:
                        about = {"network": name, "rule": rule, "layers": p, "seed": seed}
                        with open(json_file, "a") as file:
                            file.write(json.dumps(about | found) + "\n")
        for label, found in rows.items():
            numbers = [mean_and_error([one[key] for one in found]) for key in MEASURED.values()]
            took = f"{np.mean([one['seconds'] for one in found]):.0f}"
            memory = f"{max(one['gigabytes'] for one in found):.1f}"
            table.add_row(name, label, *numbers, took, memory)
    Console(width=150).print(table)


if __name__ == "__main__":
    typer.run(main)
