"""The talk's 66-qubit run: good networks of both activations, about 22 bits apart.

    python benchmarks/reproductions/talk.py

Torta, Lami, Carrasquilla, Collura, Inack, "Quantum optimization of Binary Neural Networks" (2023):
0 against 1 at 8x8 pixels, two layers; in the end both activations are among the shots, which are
above 90 % and differ in about 22 bits. With the mean loss the distance falls as the energy falls
and the activation is decided; here QN-SPSA is stopped early, and the score function is trained to
the end with a weight of the entropy. Means over the seeds.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.figure import Figure
from rich import print
from shared import mean_and_error, means_over_seeds, run_66_qubits, save

import pl_hypernet as plh

PUBLISHED = 22  # bits, mutual Hamming distance
ALIVE = 0.02  # share of the rarer activation
RULES = {  # optimizer, steps, objective
    "QN-SPSA, 200 steps": ("qnspsa", 200, {}),
    "score function, mean loss": ("score", 200, {}),
    "entropy, weight 0.006": ("score", 200, {"entropy": 0.006}),
    "entropy, weight 0.01": ("score", 200, {"entropy": 0.01}),
    "entropy, weight 0.02": ("score", 200, {"entropy": 0.02}),
}


def draw(results: dict) -> Figure:
    rows = results["rows"]
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    panels = {
        "hamming": "mutual Hamming distance (bits)",
        "above_90": "share of shots above 90 %",
        "minority": "share of the rarer activation",
    }
    for ax, (key, title) in zip(axes, panels.items(), strict=True):
        for i, row in enumerate(rows.values()):
            value, error = row[key]
            ax.errorbar(value, i, xerr=error, fmt="o", color=f"C{i}", capsize=3)
        ax.set(xlabel=title, yticks=range(len(rows)), yticklabels=list(rows))
        ax.grid(alpha=0.3)
    axes[0].axvline(PUBLISHED, color="k", ls=":", lw=1, label="the talk")
    axes[0].legend(frameon=False)
    axes[0].invert_yaxis()
    return figure


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 3,
    small: Annotated[bool, typer.Option(help="2 seeds, 3 steps.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go.")] = None,
) -> None:
    data = plh.datasets.mnist()
    seeds = 2 if small else seeds
    rows = {}
    for name, (optimizer, steps, objective) in RULES.items():
        steps = 3 if small else steps
        runs = [run_66_qubits(data, optimizer, steps, seed, **objective) for seed in range(seeds)]
        rows[name] = means_over_seeds(runs)
        rows[name]["both_alive"] = mean_and_error([run["minority"] > ALIVE for run in runs])
        print(name, {key: tuple(np.round(value, 4)) for key, value in rows[name].items()})
    results = {"seeds": seeds, "published_hamming": PUBLISHED, "rows": rows}
    save("talk", results, draw(results), out)


if __name__ == "__main__":
    typer.run(main)
