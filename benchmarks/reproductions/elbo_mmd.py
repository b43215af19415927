"""The mean loss against the ELBO and the MMD as objectives, as in arXiv:2506.05888.

    python benchmarks/reproductions/elbo_mmd.py

0 against 1 at 8x8 pixels, 66 qubits, 200 training digits drawn anew for each seed, tested on all
2115. By the score function, 200 shots a step. The ELBO of M samples and a uniform prior is minus
M times the mean cross-entropy plus the entropy of the networks: the weight of the entropy is 1 / M
= 0.005 of it, and is varied. The MMD^2 from uniform bits takes the entropy's place where
probabilities are not known.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.figure import Figure
from rich import print
from shared import means_over_seeds, run_66_qubits, save

import pl_hypernet as plh

OBJECTIVES = {
    "mean loss": {},
    "ELBO": {"entropy": 0.005},
    "entropy, weight 0.02": {"entropy": 0.02},
    "MMD, weight 0.1": {"mmd": 0.1},
    "MMD, weight 0.3": {"mmd": 0.3},
}
PANELS = {
    "mean": "test accuracy: mean shot",
    "vote": "test accuracy: vote",
    "entropy": "entropy (nats)",
    "hamming": "mutual Hamming distance",
}


def draw(results: dict) -> Figure:
    rows = results["rows"]
    figure = Figure(figsize=(12, 3.2), layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharey=True)
    for ax, (key, title) in zip(axes, PANELS.items(), strict=True):
        for i, row in enumerate(rows.values()):
            value, error = row[key]
            ax.errorbar(value, i, xerr=error, fmt="o", color=f"C{i}", capsize=3)
        ax.set(xlabel=title, yticks=range(len(rows)), yticklabels=list(rows))
        ax.locator_params(axis="x", nbins=4)
        ax.grid(alpha=0.3)
    axes[0].invert_yaxis()
    return figure


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 3,
    samples: Annotated[int, typer.Option(help="Training digits.")] = 200,
    steps: Annotated[int, typer.Option(help="Of the score function.")] = 200,
    small: Annotated[bool, typer.Option(help="2 seeds, 3 steps.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go.")] = None,
) -> None:
    seeds, steps = (2, 3) if small else (seeds, steps)
    everything = plh.datasets.mnist()
    test = everything.test_inputs, everything.test_targets
    rows = {}
    for name, objective in OBJECTIVES.items():
        runs = []
        for seed in range(seeds):
            chosen = np.random.default_rng(seed).permutation(len(everything.inputs))[:samples]
            data = plh.Data(everything.inputs[chosen], everything.targets[chosen], *test)
            runs.append(run_66_qubits(data, "score", steps, seed, **objective))
        rows[name] = means_over_seeds(runs)
        print(name, {key: tuple(np.round(value, 4)) for key, value in rows[name].items()})
    results = {"seeds": seeds, "samples": samples, "rows": rows}
    save("elbo_mmd", results, draw(results), out)


if __name__ == "__main__":
    typer.run(main)
