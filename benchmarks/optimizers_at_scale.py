"""Which rules train the job, and which collapse, from 66 to 786 qubits.

The job: 0 against 1 at 8x8 (66 qubits), 16x16 (258), 28x28 (786); logits z = w.x + b, sigmoid or
hard sigmoid by a qubit; 1000 training digits drawn anew for each seed; 200 shots, but 10 through
the network, and 20 where its derivatives are measured as on hardware; the same settings at all
sizes, no blocking, no guard against divergence. Sizes above 8 need the MNIST files. Rules that
follow gradients take fewer steps. So does the stock one, as its dense algebra is slow: 207 s for
100 at 258 qubits.

    python benchmarks/optimizers_at_scale.py --sizes 8,16,28 --seeds 10 --root DATA --out docs
    python benchmarks/optimizers_at_scale.py --rules stock --steps 5000 --seeds 10
    python benchmarks/optimizers_at_scale.py --seeds 10 --no-entangled    # the control: no CZ
    python benchmarks/optimizers_at_scale.py --seeds 10 --layers 0        # and no layers at all
    python benchmarks/optimizers_at_scale.py --seeds 0 --out docs        # draws what is stored

All runs, with their curves, are added to a JSON file as they end (--json).

Prints for each rule and size the energy of 1000 fresh shots (mean and standard error over the
seeds), how many runs diverged (ended more than 0.1 above their best), mean test accuracy, circuits
and the weight that the learned metric ended with; draws energy against shots and against circuits.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.optimizers.metric import PRIOR

WINDOW = 20  # steps whose energies are averaged
DIVERGED = 0.1


class WithoutMetric(plh.QNSPSAOptimizer):
    """QN-SPSA whose learned metric has the weight zero: the prior alone."""

    def _natural(self, gradient):
        return gradient / PRIOR

    @property
    def metric_weight(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Rule:
    label: str
    build: type
    options: dict
    steps: float = 1.0  # of those asked for
    shots: int = 200

    def optimizer(self, seed, steps: int):
        if self.build in (plh.ScoreFunctionOptimizer, plh.PathwiseOptimizer):
            return self.build(decay_steps=steps, **self.options)
        return self.build(seed=seed, divergence_guard=False, **self.options)


STOCK = {"stock": True, "stepsize": 0.05, "regularization": 1e-3, "finite_diff_step": 0.05}
RULES = {
    "qnspsa": Rule("QN-SPSA", plh.QNSPSAOptimizer, {}),
    "stock": Rule("QN-SPSA, stock rule", plh.QNSPSAOptimizer, STOCK, steps=0.2),
    "without": Rule("QN-SPSA, weight of the metric 0", WithoutMetric, {}),
    "spsa": Rule("SPSA", plh.SPSAOptimizer, {}),
    "score": Rule("score function", plh.ScoreFunctionOptimizer, {}, steps=0.2),
    "natural": Rule(
        "score function, natural gradient",
        plh.ScoreFunctionOptimizer,
        {"natural_gradient": True},
        steps=0.2,
    ),
    "pathwise": Rule(
        "through the network", plh.PathwiseOptimizer, {"stepsize": 0.2}, steps=0.12, shots=10
    ),
    "measured": Rule(
        "through the network, measured",
        plh.PathwiseOptimizer,
        {"stepsize": 0.1, "derivatives": "measured"},
        steps=0.1,
        shots=20,
    ),
}


def subset(data: plh.Data, seed: int, n: int = 1000) -> plh.Data:
    chosen = np.random.default_rng(seed).choice(len(data.inputs), n, replace=False)
    return plh.Data(data.inputs[chosen], data.targets[chosen], data.test_inputs, data.test_targets)


def one_run(task: tuple) -> dict:
    name, size, seed, steps, layers, entangled, root = task
    torch.set_num_threads(1)
    data = subset(plh.datasets.mnist(size=size, root=root if size > 8 else None), seed)
    choice = plh.Choice("sigmoid", "hard_sigmoid")
    network = plh.BinaryNetwork(size**2, [1], activation=choice, scale=1.0)
    rule = RULES[name]
    hypernet = plh.QuantumHypernetwork(
        network,
        layers=layers,
        shots=rule.shots,
        seed=seed,
        ansatz_options={} if entangled else {"pattern": "none"},
    )
    steps = max(1, round(rule.steps * steps))
    optimizer = rule.optimizer(hypernet.generator("optimizer"), steps)
    run = plh.train(hypernet, data, optimizer, steps=steps, batch_size=1000, progress=False)
    energies = np.array([record["energy"] for record in run.history])
    window = min(WINDOW, len(energies))
    means = np.convolve(energies, np.ones(window) / window, mode="valid")
    summary = run.summary
    return {
        "rule": name, "size": size, "n_qubits": network.n_qubits, "seed": seed,
        "layers": layers, "entangled": entangled, "steps": steps,
        "energy": summary["energy"]["mean"], "best": float(means.min()),
        "test_accuracy": summary["test_accuracy"]["mean"], "hamming": summary["mutual_hamming"],
        "circuits": summary["circuits"], "shots": summary["shots"],
        "weight": getattr(optimizer, "metric_weight", None),
        "seconds": summary["seconds"],
        "curve": {"shots": [r["shots"] for r in run.history][window - 1 :: 5],
                  "circuits": [r["circuits"] for r in run.history][window - 1 :: 5],
                  "energy": means[::5].round(5).tolist()},
    }  # fmt: skip


def mean_and_error(values) -> str:
    values = np.array(values, dtype=float)
    if len(values) == 1:
        return f"{values.mean():.4f}"
    return f"{values.mean():.4f} ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


def table(runs: list[dict]) -> Table:
    made = Table(title="1000 digits, mean ± standard error over the seeds", title_justify="left")
    for heading in ("rule", "qubits", "ansatz", "energy", "diverged", "test accuracy", "Hamming",
                    "circuits", "shots", "weight of metric", "seconds"):  # fmt: skip
        made.add_column(heading, justify="left" if heading in ("rule", "ansatz") else "right")
    groups: dict[tuple, list[dict]] = {}
    for run in runs:
        key = (run["size"], run["rule"], run["layers"], run["entangled"])
        groups.setdefault(key, []).append(run)
    for (_, name, layers, entangled), group in groups.items():
        diverged = sum(run["energy"] > run["best"] + DIVERGED for run in group)
        hammings = [run["hamming"] for run in group if run["hamming"] is not None]
        weights = [run["weight"] for run in group if run["weight"] is not None]
        made.add_row(
            RULES[name].label,
            str(group[0]["n_qubits"]),
            f"P = {layers}" + ("" if entangled or not layers else ", no CZ"),
            mean_and_error([run["energy"] for run in group]),
            f"{diverged} of {len(group)}",
            mean_and_error([run["test_accuracy"] for run in group]),
            f"{np.mean(hammings):.1f}" if hammings else "",
            f"{group[0]['circuits']:,}",
            f"{group[0]['shots']:,}",
            f"{np.mean(weights):.2%}" if weights else "",
            f"{np.mean([run['seconds'] for run in group]):.1f}",
        )
    return made


def draw(runs: list[dict]) -> Figure:
    """Mean energy of the runs of each rule against shots and against circuits; a column a size."""
    sizes = sorted({run["size"] for run in runs})
    figure = Figure(figsize=(1.5 + 4.5 * len(sizes), 8), layout="constrained")
    grid = figure.subplots(2, len(sizes), squeeze=False, sharex="row", sharey=True)
    for row, spent in zip(grid, ("shots", "circuits"), strict=True):
        for ax, size in zip(row, sizes, strict=True):
            draw_panel(ax, [run for run in runs if run["size"] == size], spent)
        row[0].set_ylabel("energy (cross-entropy, nats)")
    for ax, size in zip(grid[0], sizes, strict=True):
        ax.set_title(f"{next(run['n_qubits'] for run in runs if run['size'] == size)} qubits")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncols=4, loc="outside lower center")
    return figure


def draw_panel(ax, runs: list[dict], spent: str) -> None:
    """One size: energies against "shots" or "circuits"."""
    for i, (name, rule) in enumerate(RULES.items()):
        group = [run for run in runs if run["rule"] == name]
        if not group:
            continue
        curves = np.array([run["curve"]["energy"] for run in group])
        mean, error = curves.mean(axis=0), curves.std(axis=0) / np.sqrt(max(len(group) - 1, 1))
        # a thin dashed line over a thick pale one: the two are equal, and both are seen
        style = {"qnspsa": {"lw": 4, "alpha": 0.5}, "without": {"lw": 1.2, "ls": "--"}}
        look = {"lw": 1.4} | style.get(name, {})
        at = group[0]["curve"][spent]
        ax.plot(at, mean, color=f"C{i}", label=rule.label, **look)
        ax.fill_between(at, mean - error, mean + error, color=f"C{i}", alpha=0.25, lw=0)
    ax.set(xscale="log", yscale="log", xlabel=spent)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(alpha=0.3)


def main(
    sizes: Annotated[str, typer.Option(help="Pixels along an edge.")] = "8",
    rules: Annotated[str, typer.Option(help="Of " + ", ".join(RULES) + ".")] = ",".join(RULES),
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    steps: Annotated[int, typer.Option(help="Steps; some rules make a fifth.")] = 1000,
    layers: Annotated[int, typer.Option(help="Entangling layers P.")] = 2,
    entangled: Annotated[bool, typer.Option(help="With CZ, or without any.")] = True,
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw.")] = None,
    workers: Annotated[int, typer.Option(help="Runs at the same time.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where the figure goes.")] = None,
    as_json: Annotated[
        Path, typer.Option("--json", help="All runs: those that it holds are read, new ones added.")
    ] = Path("optimizers_at_scale.json"),
) -> None:
    tasks = [
        (rule, int(size), seed, steps, layers, entangled, None if root is None else str(root))
        for size in sizes.split(",")
        for rule in rules.split(",")
        for seed in range(seeds)
    ]
    runs = json.loads(as_json.read_text()) if as_json.exists() else []
    if not tasks and not runs:
        raise typer.BadParameter(f"no seeds, and no runs in {as_json}")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for run in pool.map(one_run, tasks):
            runs.append(run)
            as_json.write_text(json.dumps(runs) + "\n")
    Console(width=140).print(table(runs))
    if out is not None:
        figure = draw([run for run in runs if run["entangled"] and run["layers"]])
        figure.savefig(out / "optimizers.png", dpi=120)


if __name__ == "__main__":
    typer.run(main)
