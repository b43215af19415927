"""The score function with bits from another device: the same training, within error.

    python benchmarks/score_elsewhere.py --seeds 10

0 against 1, ten of 4x4 pixels, a bias and an activation qubit: N = 12. Each device gives the bits
of 200 steps of 200 shots; log p and its gradient come from the matrix product state of the circuit.
Prints the energy of 1000 fresh shots of each device, mean and standard error over the seeds, and
its distance from that of the first device, in standard errors.
"""

from typing import Annotated

import numpy as np
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh


def ten_pixels(inputs):
    """Of 4x4, which are means of 8x8."""
    return inputs.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)[:, 3:13]


def main(
    devices: Annotated[str, typer.Option(help="PennyLane devices.")] = (
        "hypernet.mps,braket.local.qubit"
    ),
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    steps: Annotated[int, typer.Option(help="Steps of the score function.")] = 200,
) -> None:
    digits = plh.datasets.mnist()
    data = plh.Data(
        ten_pixels(digits.inputs),
        digits.targets,
        ten_pixels(digits.test_inputs),
        digits.test_targets,
    )
    choice = plh.Choice("sigmoid", "hard_sigmoid")
    network = plh.BinaryNetwork(10, [1], activation=choice, scale=1.0)
    table = Table(title="Score function at N = 12", title_justify="left")
    for heading in ("bits from", "energy", "test accuracy", "off the first (standard errors)"):
        table.add_column(heading, justify="left" if heading == "bits from" else "right")
    first = None
    for name in devices.split(","):
        energies, accuracies = [], []
        for seed in range(seeds):
            hypernet = plh.QuantumHypernetwork(network, name, seed=seed)
            run = plh.train(hypernet, data, "score", steps=steps, progress=False)
            energies.append(run.summary["energy"]["mean"])
            accuracies.append(run.summary["test_accuracy"]["mean"])
        energies, off = np.array(energies), ""
        first = energies if first is None else first
        if first is not energies and seeds > 1:
            error = np.sqrt((energies.var(ddof=1) + first.var(ddof=1)) / seeds)
            off = f"{(energies.mean() - first.mean()) / error:+.2f}"
        table.add_row(name, mean_and_error(energies), mean_and_error(accuracies), off)
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
