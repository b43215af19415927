"""Success against circuit depth, 17 qubits: the brickwork circuit of arXiv:2301.08292.

    python benchmarks/reproductions/circuit_depth.py --root DATA

0 against 1 at 4x4 pixels with weights {-3, 1}: all 2^17 losses are known, so energies and gradients
are exact. Each depth is trained by L-BFGS from several starts, uniform in [0, 2 pi). A product
state has 0 layers of CNOT; the paper's program counts layers of rotations, one more.

For each depth: how far the energy ends above the lowest loss, the probability of the best network,
and how many starts end with the best network as the most likely one, or within 1e-4 of the lowest
loss. Published runs are those of histogram_entangled_4layers.txt in github.com/carrasqu/binncode.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.figure import Figure
from rich import print
from shared import digits, mean_and_error, save, share_and_error, train

CLOSE = 1e-4  # above the lowest loss, nats
PUBLISHED = 272, 300  # runs of 3 layers of CNOT that end this close, and all


def draw(results: dict) -> Figure:
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = results["rows"]
    layers = [row["layers"] for row in rows]
    for row in rows:
        gaps = np.maximum(row["gaps"], 1e-9)
        left.plot([row["layers"]] * len(gaps), gaps, "o", color="C0", alpha=0.4, mew=0)
    left.axhline(CLOSE, color="k", lw=0.8, ls=":", label="1e-4")
    left.set(yscale="log", ylabel="energy above the lowest loss (nats)")
    for key, marker, label in (
        ("close", "s", "energy within 1e-4"),
        ("best", "o", "most likely network is the best"),
        ("probability", "^", "probability of the best"),
    ):
        means, errors = np.transpose([row[key] for row in rows])
        right.errorbar(layers, means, errors, marker=marker, capsize=3, label=label)
    share, error = share_and_error(*PUBLISHED)
    label = "published, energy within 1e-4"
    right.errorbar(3, share, error, fmt="D", mfc="none", color="k", capsize=3, label=label)
    right.set(ylim=(-0.2, 1.2), ylabel="share of the starts, probability")
    for ax in (left, right):
        ax.legend(frameon=False, ncols=2, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1))
        ax.set(xlabel="layers of CNOT (0: product state)", xticks=layers)
        ax.grid(alpha=0.3)
    return figure


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw.")] = None,
    starts: Annotated[int, typer.Option(help="Of each depth.")] = 10,
    depths: Annotated[str, typer.Option(help="Layers of CNOT.")] = "0,1,2,3",
    small: Annotated[bool, typer.Option(help="5 qubits of digits that ship, 3 starts.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go.")] = None,
) -> None:
    costs, _ = digits(root, small)
    lowest = costs.min()
    starts = 3 if small else starts
    rows, angles = [], {}
    for layers in map(int, depths.split(",")):
        runs = [train(costs, layers, seed, 50 if small else 500) for seed in range(starts)]
        angles[layers] = [theta.round(6).tolist() for _, theta, _ in runs]
        energies = np.array([energy for energy, _, _ in runs])
        best = [p.argmax() == costs.argmin() for _, _, p in runs]
        rows.append({
            "layers": layers,
            "gaps": (energies - lowest).tolist(),
            "close": share_and_error(int(np.sum(energies < lowest + CLOSE)), starts),
            "best": share_and_error(sum(map(int, best)), starts),
            "probability": mean_and_error([p[costs.argmin()] for _, _, p in runs]),
        })  # fmt: skip
        print({**rows[-1], "gaps": [f"{gap:.1e}" for gap in rows[-1]["gaps"]]}, flush=True)
    trained = angles.get(3, angles[max(angles)])
    results = {"lowest": lowest, "starts": starts, "rows": rows, "angles_of_3_layers": trained}
    save("circuit_depth", results, draw(results), out)


if __name__ == "__main__":
    typer.run(main)
