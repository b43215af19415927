"""The Gaussian task of arXiv:2301.08292: is the most likely network an optimal one?

    python benchmarks/gaussian_task.py --seeds 10

2-4-1 with a qubit that chooses between sigmoid and relu hidden units, 18 qubits, squared error on
10,000 points. All 2^18 networks are scored; then each seed is trained, by the score function on the
mean loss of the best 5 % of the shots, and the most frequent of 1000 fresh shots is compared with
the best network that there is. The same from the command line, for one seed:

    pl-hypernet train --data gaussian_mixture --network 4-1 --activation sigmoid --scale 1 \
        --choice hidden=sigmoid,relu --loss mse --optimizer score --reduction cvar:0.05 \
        --shots 4000 --batch-size 2000 --steps 800
"""

from typing import Annotated

import numpy as np
import typer
from rich.console import Console

import pl_hypernet as plh
from pl_hypernet.measurements.expected_loss import bitstrings
from pl_hypernet.networks.unique import unique_bitstrings

SAME = 1e-6  # single precision
HEADINGS = ("seed", "most likely", "its share", "test accuracy", "hidden", "optimal", "seconds")


def main(
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 10,
    first: Annotated[int, typer.Option(help="The first of them.")] = 0,
    steps: Annotated[int, typer.Option(help="Steps of each training.")] = 800,
    shots: Annotated[int, typer.Option(help="Shots of each energy.")] = 4000,
    reduction: Annotated[str, typer.Option(help="What is lowered: mean, cvar:0.05.")] = "cvar:0.05",
    points: Annotated[int, typer.Option(help="Of the Gaussian mixture.")] = 10_000,
) -> None:
    console = Console(highlight=False, width=100)
    data = plh.datasets.gaussian_mixture(points)
    hidden = plh.Choice("sigmoid", "relu")
    network = plh.BinaryNetwork(2, [4, 1], "sigmoid", scale=1.0, hidden=hidden)
    loss = plh.NetworkLoss(network, data.inputs, data.targets, "mse")
    lowest = loss(bitstrings(0, 2**18, 18)).min()
    console.print(f"lowest loss of all networks: {lowest:.6f}")
    console.print("".join(f"{heading:>14}" for heading in HEADINGS))
    n_optimal = 0
    for seed in range(first, first + seeds):
        hypernet = plh.QuantumHypernetwork(network, shots=shots, seed=seed)
        run = plh.train(
            hypernet, data, "score", steps, loss="mse", reduction=reduction, batch_size=2000,
            progress=False,
        )  # fmt: skip
        rows, inverse = unique_bitstrings(run.evaluation.bits)
        often = np.bincount(inverse)
        likely = inverse == often.argmax()
        found = run.evaluation.energy.losses[likely][0]
        optimal = found < lowest + SAME
        n_optimal += optimal
        cells = (
            f"{seed}",
            f"{found:.6f}",
            f"{often.max() / len(inverse):.2f}",
            f"{run.evaluation.test.each[likely][0]:.4f}",
            hidden.names[network.layout.decode(rows[often.argmax()][None])["choice.hidden"][0]],
            "yes" if optimal else "no",
            f"{run.summary['seconds']:.1f}",
        )
        console.print("".join(f"{cell:>14}" for cell in cells))
    console.print(f"optimal in {n_optimal} of {seeds}")


if __name__ == "__main__":
    typer.run(main)
