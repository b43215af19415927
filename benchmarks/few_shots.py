"""How far gradients through the network come with few shots, exact and measured.

    python benchmarks/few_shots.py --seeds 10
    python benchmarks/few_shots.py --seeds 3 --size 28 --root DATA

0 against 1 (66 qubits at 8x8, 786 at 28x28), two layers, mini-batches of 500 of all training
digits. Exact: derivatives of <Z> from the circuit's state. Measured: by shifts in parallel, as on
hardware, from which nothing but bits is asked. Prints the energy of 1000 fresh shots and the mean
test accuracy, mean and standard error over the seeds, with the circuits and shots of a training.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

# label, optimizer, shots of a circuit, steps, options
RUNS = (
    ("exact", "pathwise", 5, 60, {"stepsize": 0.2}),
    ("exact", "pathwise", 10, 120, {"stepsize": 0.2}),
    ("exact", "pathwise", 100, 200, {"stepsize": 0.1}),
    ("exact, unbiased", "pathwise", 100, 200, {"stepsize": 0.1, "unbiased": True}),
    ("measured", "pathwise", 10, 70, {"stepsize": 0.2, "derivatives": "measured"}),
    ("measured", "pathwise", 20, 100, {"stepsize": 0.1, "derivatives": "measured"}),
    ("score function", "score", 10, 120, {"stepsize": 0.1}),
    ("score function", "score", 200, 200, {}),
    ("SPSA", "spsa", 20, 700, {}),
)


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    size: Annotated[int, typer.Option(help="Pixels on a side: 8, 16 or 28.")] = 8,
    root: Annotated[Path | None, typer.Option(help="Folder of the MNIST files.")] = None,
    share: Annotated[float, typer.Option(help="Of the steps, for a quick look.")] = 1.0,
) -> None:
    data = plh.datasets.mnist(size=size, **({"root": root} if root else {}))
    choice = plh.Choice("sigmoid", "hard_sigmoid")
    network = plh.BinaryNetwork(size * size, [1], activation=choice, scale=8 / size)
    table = Table(title=f"{network.n_qubits} qubits, two layers", title_justify="left")
    for heading in ("rule", "circuits", "shots", "energy", "test accuracy", "seconds"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for label, optimizer, shots, steps, options in RUNS:
        found = []
        for seed in range(seeds):
            hypernet = plh.QuantumHypernetwork(network, shots=shots, seed=seed)
            steps_made = max(1, round(steps * share))
            run = plh.train(hypernet, data, optimizer, steps_made, progress=False, **options)
            found.append(run.summary)
        table.add_row(
            f"{label}, {shots} shots",
            f"{found[0]['circuits']:,}",
            f"{found[0]['shots']:,}",
            mean_and_error(np.array([one["energy"]["mean"] for one in found])),
            mean_and_error(np.array([one["test_accuracy"]["mean"] for one in found])),
            f"{np.mean([one['seconds'] for one in found]):.1f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
