"""The binary perceptron: probability of zero error against load.

    python benchmarks/reproductions/binary_perceptron.py                # the published 21 weights

Random patterns with random labels (arXiv:2112.10219, 2208.14468); the cost is the number of
patterns that are wrong. At each load the first instances are taken that can be stored at all.

QAOA and digitised annealing are exact, on all 2^N amplitudes. QAOA has a linear ramp of four
numbers (both ends of both angles) for each p, digitised annealing one, dt, at the largest p: beta =
(1 - s) dt, gamma = s dt. These numbers are those of the lowest mean cost of 4 instances of 15
weights at load 0.8, and are used unchanged for all others: smooth angles transfer. The
hardware-efficient ansatz is trained on each instance, 100 steps of 200 shots of the score function,
its probability that of 1000 fresh shots. Simulated annealing is 1000 chains of one-flip Metropolis
steps, temperature 1 to 0.1.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.figure import Figure
from perceptrons import ansatz, errors_of_all, qaoa, simulated_annealing
from rich import print
from scipy.optimize import minimize
from shared import mean_and_error, save

import pl_hypernet as plh

BOUNDS = [(0, 3), (0, 3), (0, np.pi / 2), (0, np.pi / 2)]  # radians


def ramp(ends, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Gammas and betas (p,), of (gamma first, last, beta first, last)."""
    s = (np.arange(p) + 0.5) / p
    return ends[0] + (ends[1] - ends[0]) * s, ends[2] + (ends[3] - ends[2]) * s


def smooth_angles(p: int, training: list[np.ndarray], evaluations: int):
    """The best ramp by Nelder and Mead's method, and the best dt of digitised annealing."""

    def mean_cost(ends) -> float:
        return float(np.mean([qaoa(costs, *ramp(ends, p)) @ costs for costs in training]))

    steps = [(0, dt, dt, 0) for dt in np.arange(0.25, 1.6, 0.25).tolist()]
    annealing = min(steps, key=mean_cost)
    start = np.add(annealing, (0.1, 0, 0, 0.1))
    options = {"maxfev": evaluations, "xatol": 1e-3, "fatol": 1e-4}
    start = np.clip(start, *np.transpose(BOUNDS))
    found = minimize(mean_cost, start, method="Nelder-Mead", bounds=BOUNDS, options=options)
    return found.x, annealing


def draw(results: dict) -> Figure:
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    ax = figure.subplots()
    for i, (method, points) in enumerate(results["methods"].items()):
        means, bars = np.transpose(points)
        style = {"ls": "--" if "QAOA" in method else "-", "marker": "os^vDP*X<>"[i]}
        ax.errorbar(results["loads"], means, bars, capsize=3, label=method, **style)
    ax.set(xlabel="load: patterns per weight", ylabel="probability of zero error", yscale="log")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.grid(alpha=0.3)
    return figure


def main(
    weights: Annotated[int, typer.Option(help="Odd; published: 21.")] = 21,
    instances: Annotated[int, typer.Option(help="Of each load.")] = 4,
    loads: Annotated[str, typer.Option(help="Patterns per weight.")] = "0.4,0.8",
    depths: Annotated[
        str, typer.Option(help="p of QAOA; the last also of annealing.")
    ] = "1,5,10,20",
    small: Annotated[bool, typer.Option(help="9 weights, 2 instances.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go.")] = None,
) -> None:
    n, n_small = (9, 7) if small else (weights, 15)
    instances, at_loads = (2, (0.5,)) if small else (instances, tuple(map(float, loads.split(","))))
    at_depths, evaluations, steps = (
        ((1, 3), 10, 5) if small else (tuple(map(int, depths.split(","))), 40, 100)
    )
    patterns = [plh.datasets.random_patterns(n_small, 0.8, seed) for seed in range(100, 104)]
    training = [errors_of_all(data) for data in patterns]
    angles = {p: smooth_angles(p, training, evaluations) for p in at_depths}
    print({p: (found[0].round(3).tolist(), found[1]) for p, found in angles.items()}, flush=True)
    methods: dict[str, list] = {}
    refused = []
    for load in at_loads:
        each: dict[str, list[float]] = {}
        seed = taken = 0
        while taken < instances:
            data = plh.datasets.random_patterns(n, load, seed)
            costs = errors_of_all(data)
            seed += 1
            if costs.min() > 0:
                continue
            taken += 1
            found = {f"QAOA, p = {p}": qaoa(costs, *ramp(angles[p][0], p)) for p in at_depths}
            last = at_depths[-1]
            found[f"digitised annealing, p = {last}"] = qaoa(costs, *ramp(angles[last][1], last))
            shares = {method: float(p[costs == 0].sum()) for method, p in found.items()}
            shares["our ansatz, 2 layers"] = ansatz(data, costs, 2, seed, steps)
            for sweeps in (20, 200):
                rng = np.random.default_rng(seed)
                chains = simulated_annealing(costs, sweeps, 1000, rng)
                shares[f"simulated annealing, {sweeps} sweeps"] = chains
            shares["random"] = float(np.mean(costs == 0))
            for method, share in shares.items():
                each.setdefault(method, []).append(share)
        refused.append(seed - taken)
        for method, values in each.items():
            methods.setdefault(method, []).append(mean_and_error(values))
        print(load, {m: tuple(np.round(v[-1], 4)) for m, v in methods.items()}, flush=True)
    ends = {p: [float(x) for x in found[0]] for p, found in angles.items()}
    results = {
        "n": n,
        "loads": at_loads,
        "instances": instances,
        "refused": refused,
        "angles": ends,
    }
    results |= {"dt": float(angles[at_depths[-1]][1][1]), "methods": methods}
    save("binary_perceptron", results, draw(results), out)


if __name__ == "__main__":
    typer.run(main)
