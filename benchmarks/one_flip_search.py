"""How far from the best network: the score function against one-flip search, all 12,665 digits.

    python benchmarks/one_flip_search.py --seeds 10

One-flip search goes from a random bitstring to the best of its neighbours until none is better.
Each is scored on all training digits; the lowest loss of 20 starts is the mark. The score function
sees mini-batches of 500 digits, 200 shots a step: 200 steps by Adam, 100 by the natural gradient.
Prints the energy of 1000 fresh shots on all training digits (mean and standard error over the
seeds, and the largest), its distance from the mark, shots and seconds of the training.
"""

import time
from typing import Annotated

import numpy as np
import torch
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

RULES = {"score": ({}, 200), "score, natural gradient": ({"natural_gradient": True}, 100)}


def one_flip(loss, start: np.ndarray) -> tuple[float, int]:
    """The loss at the end of the search, and how many networks were scored."""
    bits, scored = start, 1
    best = loss(bits[None])[0]
    while True:
        neighbours = bits ^ np.eye(len(bits), dtype=np.int8)
        losses = loss(neighbours)
        scored += len(losses)
        if losses.min() >= best:
            return best, scored
        bits, best = neighbours[losses.argmin()], losses.min()


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1 of the trainings.")] = 1,
    starts: Annotated[int, typer.Option(help="Starts of the search.")] = 20,
    steps: Annotated[float, typer.Option(help="Of the steps; below 1 for a quick look.")] = 1.0,
) -> None:
    torch.set_num_threads(1)
    data = plh.datasets.mnist()
    choice = plh.Choice("sigmoid", "hard_sigmoid")
    network = plh.BinaryNetwork(64, [1], activation=choice)
    loss = plh.NetworkLoss(network, data.inputs, data.targets)
    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    found = [
        one_flip(loss, rng.integers(0, 2, network.n_qubits, dtype=np.int8)) for _ in range(starts)
    ]
    seconds = time.perf_counter() - begin
    ends = np.array([end for end, _ in found])
    mark = ends.min()
    console = Console(width=110)
    console.print(
        f"One-flip search, {starts} starts: best {mark:.4f}, mean {mean_and_error(ends)}, "
        f"{sum(scored for _, scored in found):,} networks scored on {len(data.inputs):,} digits, "
        f"{seconds:.1f} s"
    )
    table = Table(title="Score function, mini-batches of 500", title_justify="left")
    for heading in ("rule", "energy", "largest", "above the mark", "shots", "seconds"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for label, (options, whole) in RULES.items():
        summaries = []
        for seed in range(seeds):
            hypernet = plh.QuantumHypernetwork(network, seed=seed)
            run = plh.train(
                hypernet, data, "score", steps=round(steps * whole), progress=False, **options
            )
            summaries.append(run.summary)
        energies = np.array([summary["energy"]["mean"] for summary in summaries])
        table.add_row(
            label,
            mean_and_error(energies),
            f"{energies.max():.4f}",
            f"{energies.mean() - mark:.4f}",
            f"{summaries[0]['shots']:,}",
            f"{np.median([summary['seconds'] for summary in summaries]):.1f}",
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
