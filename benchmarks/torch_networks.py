"""Torch modules as hypernetworks on ten digits of MNIST at 28x28, beside straight-through training.

    OMP_NUM_THREADS=1 python benchmarks/torch_networks.py --root FOLDER_OF_MNIST --seeds 3
    python benchmarks/torch_networks.py --root FOLDER --networks conv_bn --layers 0,1
    python benchmarks/torch_networks.py --root FOLDER --share 0.3 --validation  # to find settings
    python benchmarks/torch_networks.py --small  # on noise, to see that it runs

All 60,000 training digits; the task `cifar` takes CIFAR-10 in colours, where ROOT holds
`cifar-10-batches-py` (`--networks cifar`). `pathwise` is the hypernetwork, gradients through the
network, product states unless --layers says otherwise; `straight` one network of bits trained by
the straight-through estimator for as many processor seconds; `five` an ensemble of five such
networks for as many seconds in all; `brevitas`, on request, one network of Brevitas' layers (`pip
install brevitas`, and BREVITAS_JIT=1), for modules with batch norms. Settings were chosen on 5,000
training digits that were held out (--validation), never by the test digits.

Each training is a process of its own. Prints qubits, real parameters, accuracies on the 10,000 test
digits of the vote, of the most likely network (of `straight` the one network, of `five` their
mean), of the mean shot; the expected calibration error of the vote (15 bins), processor seconds of
the training alone and the memory of the process at its end, data included. Mean and standard error
over the seeds.
"""

import json
import math
import resource
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from deep_networks import HELD_OUT, in_a_process
from latent_module import LatentModule
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table
from torch import nn
from torch_step import convolutions, dense
from torchvision.datasets import CIFAR10

import pl_hypernet as plh
from pl_hypernet.analysis.calibration import expected_calibration_error

WINDOW = 0.5  # of signs
METHODS = ("pathwise", "straight", "five")
MEMBERS = {"straight": 1, "five": 5}
MEASURED = ("vote", "likely", "mean", "ece")


@dataclass(frozen=True)
class Task:
    """A module, and how it is trained.

    Attributes:
        make: the module.
        shots, batch_size, steps: of the hypernetwork's training.
        evaluated: shots that vote.
        stepsize: of the angles, at first.
        latent_stepsize: of the straight-through estimator.
        lr: of the real parameters.
        input_shape: of a sample: digits of MNIST, or with three colours images of CIFAR-10.
    """

    make: partial
    shots: int
    batch_size: int
    steps: int
    evaluated: int = 30
    stepsize: float = 0.1
    latent_stepsize: float = 0.01
    lr: float = 0.01
    input_shape: tuple[int, ...] = (1, 28, 28)


def in_colours() -> nn.Module:
    """Three convolutions of 32x32 pixels, 175,178 bits with the layer behind them."""
    layers, channels = [], 3
    for wider, pooling in (32, []), (64, [nn.MaxPool2d(2)]), (128, [nn.MaxPool2d(2)]):
        layers += [nn.Conv2d(channels, wider, 3, padding=1), *pooling]
        layers += [nn.BatchNorm2d(wider), plh.Sign()]
        channels = wider
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 64, 10), nn.BatchNorm1d(10))


TASKS = {
    "conv": Task(partial(convolutions, norms=False), 2, 100, 10000),
    "conv_bn": Task(partial(convolutions, norms=True), 2, 100, 10500),
    "tfc": Task(partial(dense, 64, 64, 64), 4, 250, 6000),
    "sfc": Task(partial(dense, 256, 256, 256), 2, 250, 8000),
    "lfc": Task(partial(dense, 1024, 1024, 1024), 2, 250, 2800),
    "cifar": Task(in_colours, 2, 100, 20000, input_shape=(3, 32, 32)),  # settings of conv_bn
}
DIGITS = [name for name, task in TASKS.items() if task.input_shape[0] == 1]


def load(name: str, root: str, validation: bool, small: bool) -> plh.datasets.Data:
    """The data of a task."""
    shape = TASKS[name].input_shape
    if small:
        rng = np.random.default_rng(0)
        return plh.datasets.as_data((rng.random((50, math.prod(shape))), np.arange(50) % 10))
    if shape[0] == 1:
        data = plh.datasets.mnist(digits="all", size=28, root=root)
    else:
        parts = [CIFAR10(root, train) for train in (True, False)]
        inputs, test_inputs = (
            np.moveaxis(part.data, -1, 1).reshape(len(part.data), -1) / np.float32(255)
            for part in parts
        )
        targets, test_targets = (np.array(part.targets) for part in parts)
        data = plh.datasets.Data(inputs, targets, test_inputs, test_targets, tuple(range(10)))
    if not validation:
        return data
    return data.split(HELD_OUT / len(data.inputs), np.random.default_rng(123))


def train(
    name: str, method: str, layers: int, seed: int, seconds: float | None, steps: int | None, *where
) -> dict:
    """One training, in a process of its own.

    Args:
        name: of the task.
        layers: entangling layers of the circuit.
        seconds: of the processor, for the methods beside `pathwise`.
        steps: of `pathwise`; None: the task's.
        where: the data: arguments of :func:`load`.

    Returns:
        The numbers of a row of the table.
    """
    torch.set_num_threads(1)
    task, data = TASKS[name], load(name, *where)
    network = plh.TorchNetwork(
        task.make(),
        task.input_shape,
        mean_square=data.mean_square,
        torch_optimizer=partial(torch.optim.Adam, lr=task.lr),
    )
    if method == "pathwise":
        found = _hypernetwork(task, network, data, layers, seed, steps or task.steps)
    elif method == "brevitas":
        found = _brevitas(task, data, seed, seconds)
    else:
        found = _straight(task, network, data, MEMBERS[method], seed, seconds)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sizes = {"qubits": network.n_qubits, "real": network.n_real}
    return sizes | found | {"gigabytes": gigabytes}


def _hypernetwork(task: Task, network, data, layers: int, seed: int, steps: int) -> dict:
    hypernet = plh.QuantumHypernetwork(
        network, layers=layers, shots=task.shots, seed=seed, start="random_signs"
    )
    begun, ends = time.process_time(), []
    run = plh.train(
        hypernet,
        data,
        "pathwise",
        steps=steps,
        batch_size=task.batch_size,
        stepsize=task.stepsize,
        window=WINDOW,
        evaluation_shots=task.evaluated,
        callbacks=[lambda record, theta: ends.append(time.process_time())],
        progress=False,
    )
    judged = run.evaluation.test or run.evaluation.train
    inputs, targets = _judging(data)
    vote = run.hypernet.network.vote(run.bits, inputs)
    return {
        "vote": judged.vote,
        "likely": judged.most_likely,
        "mean": judged.mean,
        "ece": expected_calibration_error(vote.mean, targets),
        "steps": steps,
        "seconds": ends[-1] - begun,
    }


def _straight(task: Task, network, data, members: int, seed: int, seconds: float) -> dict:
    """Some networks, which vote by their mean probability."""
    inputs, targets = _judging(data)
    took, votes = 0.0, []
    for member in range(members):
        model = LatentModule(network, seed * members + member)
        took += model.train(
            data,
            seconds / members,
            task.latent_stepsize,
            task.shots * task.batch_size,
            WINDOW,
            task.lr,
        )
        votes.append(model.network.vote(model.bits[None], inputs).mean)
    each = [np.mean(vote.argmax(axis=1) == targets) for vote in votes]
    mean = np.mean(votes, axis=0)
    return {
        "vote": float(np.mean(mean.argmax(axis=1) == targets)),
        "likely": float(np.mean(each)),
        "mean": float(np.mean(each)),
        "ece": expected_calibration_error(mean, targets),
        "seconds": took,
    }


def _brevitas(task: Task, data, seed: int, seconds: float) -> dict:
    """One network, by another library."""
    from brevitas_module import BrevitasModule  # which not everybody has

    inputs, targets = _judging(data)
    model = BrevitasModule(task.make(), task.input_shape, seed)
    took = model.train(data, seconds, stepsize=0.01, batch_size=250, lr=task.lr)
    found = model.probabilities(inputs)
    accuracy = float(np.mean(found.argmax(axis=1) == targets))
    error = expected_calibration_error(found, targets)
    return {"vote": accuracy, "likely": accuracy, "mean": accuracy, "ece": error, "seconds": took}


def _judging(data) -> tuple:
    """Samples that accuracies are of."""
    if data.test_inputs is None or not len(data.test_inputs):
        return data.inputs, data.targets
    return data.test_inputs, data.test_targets


def main(
    root: Annotated[str, typer.Option(help="Folder of MNIST's files.")] = "data",
    networks: Annotated[str, typer.Option(help="Some of them, with commas.")] = ",".join(DIGITS),
    methods: Annotated[str, typer.Option(help="Some of them, with commas.")] = ",".join(METHODS),
    layers: Annotated[str, typer.Option(help="Entangling layers of pathwise, with commas.")] = "0",
    seeds: Annotated[int, typer.Option(help="How many.")] = 1,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    seconds: Annotated[
        float | None, typer.Option(help="Of the other methods; without: those of pathwise.")
    ] = None,
    share: Annotated[float, typer.Option(help="Of the steps, for a quick look.")] = 1.0,
    validation: Annotated[bool, typer.Option(help="Judge on held-out training digits.")] = False,
    small: Annotated[bool, typer.Option(help="On noise, to see that it runs.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Add each run to it.")] = None,
) -> None:
    where = (root, validation, small)
    table = Table(title="Ten classes of images", title_justify="left")
    headings = "network", "method", "qubits", "real", *MEASURED, "s", "GB"
    for heading in headings:
        table.add_column(heading, justify="left" if heading in headings[:2] else "right")
    for name in networks.split(","):
        rows: dict[str, list[dict]] = {}
        for seed in range(first, first + seeds):
            allowed = seconds
            for method in methods.split(","):
                for p in map(int, layers.split(",")) if method == "pathwise" else (0,):
                    steps = 2 if small else max(2, round(share * TASKS[name].steps))
                    asked = name, method, p, seed, allowed, steps, *where
                    found = train(*asked) if small else in_a_process(train, *asked)
                    if method == "pathwise" and allowed is None:
                        allowed = found["seconds"]
                    rows.setdefault(method + (f", P = {p}" if p else ""), []).append(found)
                    about = {"network": name, "method": method, "layers": p, "seed": seed}
                    Console(stderr=True).print(about | found)
                    if json_file is not None:
                        with open(json_file, "a") as file:
                            file.write(json.dumps(about | found) + "\n")
        for label, found in rows.items():
            numbers = [mean_and_error([one[key] for one in found]) for key in MEASURED]
            took = f"{np.mean([one['seconds'] for one in found]):.0f}"
            memory = f"{max(one['gigabytes'] for one in found):.1f}"
            sizes = f"{found[0]['qubits']:,}", f"{found[0]['real']:,}"
            table.add_row(name, label, *sizes, *numbers, took, memory)
    Console(width=140).print(table)


if __name__ == "__main__":
    typer.run(main)
