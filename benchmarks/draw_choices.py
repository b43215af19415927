"""The pictures of docs/choices: what qubits choose while a hypernetwork trains.

    python benchmarks/draw_choices.py --out docs/choices

Each choice is trained once, by the score function, on data that ships or that is drawn. Left: the
share of the shots that take each option, against the step; of a choice about several neurons or
groups a line for each. Right: accuracies on the test samples of the last shots, and of those that
took each option; or how often each neuron or group was taken out in the end.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from matplotlib.figure import Figure

import pl_hypernet as plh
from pl_hypernet.analysis.pictures import COLORS, draw_accuracy
from pl_hypernet.analysis.pictures.style import HEIGHT, WIDTH, margins

SHOTS = 1000


class Temperature(plh.ArchitectureChoice):
    """How sure the outputs are."""

    name = "temperature"
    options = ("sharp", "soft")

    def apply(self, parameters, chosen):
        parameters.scale = torch.where(chosen == 1, parameters.scale / 4, parameters.scale)


def digits(features=None):
    return plh.datasets.load("mnist", features=features)


def network_of(*layers: int, **arguments) -> plh.BinaryNetwork:
    return plh.BinaryNetwork(64, layers, "sigmoid", **arguments)


ENCODINGS = plh.Choice((-1, 1), (0, 1), (-2, 1), (-3, 1))
FEATURES = ("pca:16", "random:16")
HIDDEN = plh.Choice("sigmoid", "relu")


def cases() -> dict[str, Callable[[], tuple]]:
    """By the name of the page: the choice, the network, the data and how it is trained."""
    keep = {"penalties": {"neurons.0": {"kept": 0.002}}}
    return {
        "activation": lambda: (
            "activation",
            plh.BinaryNetwork(64, [1], plh.Choice("sigmoid", "hard_sigmoid")),
            digits(),
            {"entropy": 0.01},
        ),
        "hidden": lambda: (
            "hidden",
            plh.BinaryNetwork(2, [4, 1], "sigmoid", scale=1.0, hidden=HIDDEN),
            plh.datasets.gaussian_mixture(),
            {"loss": "mse", "reduction": "cvar:0.05", "batch_size": 2000, "shots": 4000},
        ),
        "values": lambda: ("values", network_of(1, values=ENCODINGS), digits(), {"entropy": 0.005}),
        "dropout": lambda: (
            "dropout.0",
            network_of(1, choices=[plh.DropWeights(0, groups=8)]),
            digits(),
            {"entropy": 0.005},
        ),
        "neurons": lambda: (
            "neurons.0", network_of(8, 1, scale=3.0, choices=[plh.RemoveNeurons(0)]), digits(), keep
        ),
        "skip": lambda: (
            "skip.1", network_of(8, 8, 1, choices=[plh.SkipLayer(1)]), digits(), {"entropy": 0.0002}
        ),
        "features": lambda: (
            "features",
            plh.BinaryNetwork(16, [1], "sigmoid", scale=0.5, features=plh.Choice(*FEATURES)),
            digits(FEATURES),
            {"entropy": 0.02},
        ),
        "own": lambda: (
            "temperature", network_of(1, choices=[Temperature()]), digits(), {"entropy": 0.005}
        ),
    }  # fmt: skip


def draw(page: str, name: str, network, data, options: dict, steps: int | None) -> Figure:
    options = {"steps": 300} | options | ({"steps": steps} if steps else {})
    hypernet = plh.QuantumHypernetwork(network, shots=options.pop("shots", 500), seed=0)
    at = {int(s) for s in np.unique(np.geomspace(1, options["steps"], 40).round())}
    seen: list[tuple[int, np.ndarray]] = []

    def look(record, theta):
        if record["step"] in at:
            bits = hypernet.sample(theta, SHOTS)
            seen.append((record["step"], network.layout.decode(bits)[f"choice.{name}"]))

    run = plh.train(hypernet, data, "score", callbacks=[look], progress=False, **options)
    choice = network.choices[name]
    figure = Figure(figsize=(2 * WIDTH, HEIGHT))
    parts = figure.subfigures(1, 2)
    left = parts[0].subplots()
    margins(parts[0])
    numbers = [step for step, _ in seen]
    if choice.shape:
        shares = np.array([(codes == 1).mean(axis=0) for _, codes in seen])
        left.plot(numbers, shares, color=COLORS[0], lw=0.9)
        left.set_ylabel(f"share {choice.names[1]}, each of {choice.shape[0]}")
        right = parts[1].subplots()
        margins(parts[1])
        right.bar(np.arange(choice.shape[0]), shares[-1], color=COLORS[0])
        right.set(xlabel=name, ylabel=f"share {choice.names[1]} in the end", ylim=(0, 1))
        accuracy = run.summary["test_accuracy"]["best"]
        right.set_title(f"best network: {100 * accuracy:.2f} % of the test samples")
    else:
        for code, option in enumerate(choice.names):
            shares = [(codes == code).mean() for _, codes in seen]
            left.plot(numbers, shares, color=COLORS[code], lw=1.4, label=option)
        left.set_ylabel("share of the shots")
        left.legend(frameon=False, loc="upper center", ncols=len(choice.names), fontsize=8)
        draw_accuracy(parts[1], run.evaluation, network)
    left.set(xlabel="step", xscale="log", ylim=(-0.02, 1.15), title=f"Choice: {name}")
    print(f"{page}: {network.n_qubits} qubits, {run.summary['choices'][name]}, "
          f"E {run.evaluation.energy}, test accuracy {run.summary['test_accuracy']}")  # fmt: skip
    return figure


def main(
    out: Annotated[Path, typer.Option(help="Folder of the pictures.")],
    steps: Annotated[int | None, typer.Option(help="Fewer, to try it out.")] = None,
    only: Annotated[str | None, typer.Option(help="One page.")] = None,
) -> None:
    for page, case in cases().items():
        if only in (None, page):
            draw(page, *case(), steps).savefig(out / f"{page}.png", dpi=110)


if __name__ == "__main__":
    typer.run(main)
