"""Networks of several kinds, trained by the command and by the straight-through estimator.

    python benchmarks/few_bits.py --seeds 3 --root DATA --picture docs/choices/bits.png
    python benchmarks/few_bits.py --seeds 3 --root DATA --rule pathwise

0 against 1 at 8x8: one layer of weights +-1, ternary, of two bits; 64-8-1 with a qubit for each
hidden neuron, which can remove it. With --root (the MNIST files), all ten digits from 16 principal
components: one layer of the three kinds, and 16-64-10. Each is trained by ``pl-hypernet train``
in a process of its own, and the same network, with the same logit scale, by
``pl_hypernet.baselines.straight_through``, which has no choices: all neurons stay. Their settings
were chosen by training loss with seeds 0 and 100; these are others. With --rule pathwise networks
of one layer are trained through the network instead, with 10 shots a step.

Prints test accuracies: of the best shot by training loss, of the vote of 1000 shots, and of the
straight-through network; training losses; neurons kept by the best shot; seconds of training.
"""

import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter
from rich.console import Console

import pl_hypernet as plh
from pl_hypernet.analysis.pictures import COLORS
from pl_hypernet.baselines import straight_through

SCORE = "--optimizer score --activation sigmoid"
NATURAL = f"{SCORE} --optimizer-option natural_gradient=true --steps 100"
PCA = "--data-option digits=all --data-option size=28 --data-option features=pca:16"
TEN = f"{PCA} --optimizer score --batch-size 1000"
TASKS = {
    "64-1, binary": (NATURAL, {}),
    "64-1, ternary": (f"{NATURAL} --values ternary", {}),
    "64-1, 2-bit": (f"{NATURAL} --values 2-bit", {}),
    "64-8-1, removable": (
        f"{SCORE} --steps 400 --entropy 0.0005:0 --network 8-1 --choice neurons.0 "
        f"--scale {8 / 8**0.5}",  # for networks of few neurons; at the default, 0.7, five stay
        {"damping": 0.0},
    ),
}
LONG = "--steps 2000 --entropy 0.003:0 --optimizer-option stepsize=0.05"
OF_TEN_CLASSES = {
    "16-10, binary": (
        f"{TEN} --network 10 --scale 0.5 {LONG}",
        {"batch_size": 1000, "damping": 1.0},
    ),
    "16-10, ternary": (
        f"{TEN} --network 10 --scale 1 --values ternary {LONG}",
        {"batch_size": 1000, "damping": 1.0},
    ),
    "16-10, 2-bit": (
        f"{TEN} --network 10 --scale 1 --values 2-bit {LONG}",
        {"batch_size": 1000, "damping": 1.0},
    ),
    "16-64-10, binary": (
        f"{TEN} --network 64-10 --scale 0.3 --steps 3000 --entropy 0.0003:0",
        {"epochs": 25, "batch_size": 500, "width": 0.6},
    ),
}
THROUGH = "--optimizer pathwise --shots 10"
PATHWISE = dict.fromkeys(
    ("64-1, binary", "64-1, ternary", "64-1, 2-bit"),
    f"{THROUGH} --steps 120 --optimizer-option stepsize=0.2 --activation sigmoid",
) | dict.fromkeys(
    ("16-10, binary", "16-10, ternary", "16-10, 2-bit"),
    f"{PCA} {THROUGH} --steps 300 --optimizer-option stepsize=0.1 --network 10",
)
HEADINGS = ("network", "qubits", "best", "vote", "STE", "loss", "STE", "neurons", "seconds", "STE")
WIDTHS = (18, 8, 9, 9, 9, 9, 9, 9, 9, 9)


def compare(options: str, others: dict, seed: int, shorter: int | None) -> list:
    """A row without its name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        words = [*options.split(), "--seed", str(seed), "--out", str(out)]
        words += ["--steps", str(shorter)] if shorter else []
        command = [Path(sys.executable).with_name("pl-hypernet"), "train", *words]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            sys.exit(result.stderr)
        summary = json.loads((out / "summary.json").read_text())
        run = plh.load(out)
    choices = {name: c for name, c in run.hypernet.network.choices.items() if c.shape}
    kept = "all"
    if choices:
        best = run.hypernet.network.layout.decode(run.evaluation.bits[run.evaluation.best][None])
        kept = f"{np.sum(best['choice.neurons.0'] == 0)} of {best['choice.neurons.0'].size}"
    if shorter:
        others = others | {"epochs": 1}
    start = time.perf_counter()
    network, data = run.hypernet.network, run.data
    trained = straight_through(network, data, seed=seed, **others)
    seconds = time.perf_counter() - start
    theirs = plh.evaluate(network, trained.bits[None].repeat(2, axis=0), data)
    accuracy = summary["test_accuracy"]
    return [
        summary["n_qubits"],
        accuracy["best"],
        accuracy["vote"],
        theirs.test.best,
        summary["energy"]["best_shot"],
        theirs.energy.losses[0],
        kept,
        summary["seconds"],
        seconds,
    ]


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 1 ... seeds.")] = 3,
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw: ten classes too.")] = None,
    steps: Annotated[int | None, typer.Option(help="Fewer, to try it out.")] = None,
    rule: Annotated[str, typer.Option(help="score or pathwise.")] = "score",
    picture: Annotated[Path | None, typer.Option(help="Draw the accuracies.")] = None,
) -> None:
    console = Console(highlight=False, width=110)
    console.print("".join(f"{h:>{w}}" for h, w in zip(HEADINGS, WIDTHS, strict=True)))
    tasks = dict(TASKS)
    if root is not None:
        tasks |= {
            name: (f"{options} --data-option root={root}", others)
            for name, (options, others) in OF_TEN_CLASSES.items()
        }
    if rule == "pathwise":
        tasks = {
            name: (_through(name, options), others)
            for name, (options, others) in tasks.items()
            if name in PATHWISE
        }
    accuracies = {}
    for name, (options, others) in tasks.items():
        rows = [compare(options, others, seed, steps) for seed in range(1, seeds + 1)]
        accuracies[name] = np.array([row[1:4] for row in rows])
        for row in [*rows, _mean(rows)] if seeds > 1 else rows:
            cells = [name if len(row[6]) else "mean", f"{row[0]}"]
            cells += [f"{value:.4f}" for value in row[1:6]]
            cells += [row[6], f"{row[7]:.1f}", f"{row[8]:.1f}"]
            console.print("".join(f"{c:>{w}}" for c, w in zip(cells, WIDTHS, strict=True)))
    if picture is not None:
        draw(accuracies).savefig(picture, dpi=110)


def draw(accuracies: dict[str, np.ndarray]) -> Figure:
    """Error rates (seeds, 3) of each network: best shot, vote, straight-through."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    ax = figure.subplots()
    places = np.arange(len(accuracies))
    for k, label in enumerate(("best shot", "vote of 1000 shots", "straight-through estimator")):
        errors = [100 * (1 - each[:, k].mean()) for each in accuracies.values()]
        ax.bar(places + 0.27 * (k - 1), errors, 0.25, color=COLORS[k], label=label)
    ax.set(yscale="log", ylabel="test error (%)", title="Networks of few bits")
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.set_xticks(places, [name.replace(", ", "\n") for name in accuracies])
    ax.legend(frameon=False)
    return figure


def _through(name: str, options: str) -> str:
    """The options of a training through the network, with the same values, scale and data."""
    words = options.split()
    kept = [
        word
        for option, value in pairwise(words)
        if option in ("--values", "--scale") or value.startswith("root=")
        for word in (option, value)
    ]
    return " ".join([PATHWISE[name], *kept])


def _mean(rows: list[list]) -> list:
    means = [np.mean([row[i] for row in rows]) for i in (1, 2, 3, 4, 5, 7, 8)]
    return [rows[0][0], *means[:5], "", *means[5:]]


if __name__ == "__main__":
    typer.run(main)
