"""Torch modules as hypernetworks on ten digits of MNIST at 28x28: vote and most likely network.

    OMP_NUM_THREADS=1 python benchmarks/torch_networks.py --root FOLDER_OF_MNIST

A product state (P = 0), gradients through the network, all 60,000 training digits unless
`--validation` holds some out, by which settings are picked. Prints qubits, real parameters,
accuracies of the vote and of the most likely network on the test digits (or those held out), and
seconds of the processor for the training alone.
"""

import time
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from torch_step import MODULES

import pl_hypernet as plh

HEADINGS = ("module", "seed", "qubits", "real", "vote", "most likely", "mean", "seconds")


def main(
    root: Annotated[str, typer.Option(help="Folder of MNIST's files.")] = "data",
    modules: Annotated[str, typer.Option(help="Numbers of the modules.")] = "0,1,2",
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    steps: Annotated[int, typer.Option(help="Steps.")] = 1000,
    shots: Annotated[int, typer.Option(help="Shots of a step.")] = 4,
    batch_size: Annotated[int, typer.Option(help="Samples of a step.")] = 200,
    stepsize: Annotated[float, typer.Option(help="Of the angles, at first.")] = 0.1,
    evaluation_shots: Annotated[int, typer.Option(help="That vote.")] = 10,
    validation: Annotated[float, typer.Option(help="Share held out; 0: the test digits.")] = 0.0,
    small: Annotated[bool, typer.Option(help="On noise, to see that it runs.")] = False,
) -> None:
    if small:
        rng = np.random.default_rng(0)
        data = plh.datasets.as_data((rng.random((500, 784)), np.arange(500) % 10))
    else:
        data = plh.datasets.mnist(digits="all", size=28, root=root)
    table = Table(title="Ten digits at 28x28", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "module" else "right")
    names = [list(MODULES)[int(number)] for number in modules.split(",")]
    for name in names:
        for seed in range(seeds):
            network = plh.TorchNetwork(MODULES[name](), (1, 28, 28), mean_square=data.mean_square)
            hypernet = plh.QuantumHypernetwork(network, layers=0, shots=shots, seed=seed)
            ends: list[float] = []

            def note(record, theta, ends=ends):
                ends.append(time.process_time())

            begun = time.process_time()
            run = plh.train(
                hypernet,
                data,
                "pathwise",
                steps=steps,
                batch_size=batch_size,
                stepsize=stepsize,
                evaluation_shots=evaluation_shots,
                validation=validation or None,
                callbacks=[note],
                progress=False,
            )
            accuracy = run.summary["test_accuracy"] or run.summary["train_accuracy"]
            found = [accuracy[key] for key in ("vote", "most_likely", "mean")]
            table.add_row(
                name,
                f"{seed}",
                f"{network.n_qubits:,}",
                f"{network.n_real}",
                *(f"{value:.4f}" for value in found),
                f"{ends[-1] - begun:.0f}",
            )
            Console(stderr=True).print(name, seed, found, f"{ends[-1] - begun:.0f} s")
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
