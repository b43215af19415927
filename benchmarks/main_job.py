"""The main job of the README for many seeds: 0 against 1 at 8x8, 66 qubits, on hypernet.mps.

    python benchmarks/main_job.py --seeds 10 --json main_job.json
    python benchmarks/main_job.py --seeds 10 --optimizer score --steps 200 --entropy 0.01
    python benchmarks/main_job.py --seeds 10 --optimizer spsa --mmd 0.3

Prints a row for each seed as it ends: energy of 1000 fresh shots, test accuracy of the shots (mean,
best by training loss, vote), share of shots above 90 %, their mutual Hamming distance, the share of
each activation, and seconds of the training; then the means over the seeds.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

import pl_hypernet as plh

HEADINGS = ("seed", "energy", "mean", "best", "vote", "above 90 %", "Hamming", "sigmoid", "seconds")


def row(summary: dict) -> list[str]:
    accuracy = summary["test_accuracy"]
    return [
        str(summary["seed"]),
        f"{summary['energy']['mean']:.4f}",
        f"{accuracy['mean']:.4f}",
        f"{accuracy['best']:.4f}",
        f"{accuracy['vote']:.4f}",
        f"{summary['fraction_above_90']:.3f}",
        "none" if summary["mutual_hamming"] is None else f"{summary['mutual_hamming']:.1f}",
        f"{summary['choices']['activation']['sigmoid']:.3f}",
        f"{summary['seconds']:.1f}",
    ]


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    steps: Annotated[int, typer.Option(help="Steps of the optimizer.")] = 1000,
    optimizer: Annotated[str, typer.Option(help="qnspsa, spsa or score.")] = "qnspsa",
    entropy: Annotated[str, typer.Option(help="Weight of the entropy; 0.02:0 falls.")] = "0",
    mmd: Annotated[str, typer.Option(help="Weight of the MMD^2 from uniform bits.")] = "0",
    as_json: Annotated[Path | None, typer.Option("--json", help="Write summaries here.")] = None,
) -> None:
    console = Console(highlight=False, width=100)
    console.print("".join(f"{heading:>11}" for heading in HEADINGS))
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    options = {"entropy": entropy, "mmd": mmd}
    summaries = []
    for seed in range(seeds):
        hypernet = plh.QuantumHypernetwork(network, seed=seed)
        run = plh.train(hypernet, data, optimizer, steps=steps, progress=False, **options)
        summaries.append(run.summary)
        console.print("".join(f"{cell:>11}" for cell in row(run.summary)))
    energies = [summary["energy"]["mean"] for summary in summaries]
    if seeds > 1:
        error = np.std(energies, ddof=1) / np.sqrt(seeds)
        console.print(f"energy {np.mean(energies):.4f} ± {error:.4f}, over the seeds")
    if as_json is not None:
        as_json.write_text(json.dumps(summaries, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
