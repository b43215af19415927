"""What several networks say together: by mean probability, and by majority.

    python benchmarks/votes.py --seeds 3

Small tables with inputs of real numbers and of +1 and -1, where the sums of two classes are often
equal. "teacher" is a network of three outputs and twelve inputs that labels random patterns by its
largest sum; where sums tie, "first" takes the first class, as a network does, and "fair" any. One
layer is trained, with the entropy of the networks in the loss or without, and one with six hidden
signs.

Prints the share of the most frequent of 1000 shots, and test accuracies: mean of the shots, best
shot by training loss, vote by mean probability and by majority. Where two classes tie in most
shots, the few others decide the mean probability: where the first class is right by construction
("first"), that is a loss.
"""

from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split

import pl_hypernet as plh
from pl_hypernet.networks.unique import unique_bitstrings

KINDS = {"one layer": ([], 0.0), "entropy": ([], 0.02), "6 hidden": ([6], 0.0)}
SCORE = {"natural_gradient": True, "damping": 1.0, "kl_step": 0.02}


def table(load, features):
    def make(seed: int) -> plh.Data:
        X, y = load(return_X_y=True)
        train, test, y_train, y_test = train_test_split(
            X, y, random_state=seed, stratify=y, test_size=0.4
        )
        data = plh.datasets.from_arrays(train, y_train, test, y_test)
        return plh.datasets.with_features(data, features)

    return make


def teacher(is_fair: bool):
    def make(seed: int) -> plh.Data:
        rng = np.random.default_rng(seed)
        X = rng.choice([-1.0, 1.0], (1500, 12))
        sums = X @ rng.choice([-1.0, 1.0], (12, 3))
        y = (sums + is_fair * 1e-3 * rng.random(sums.shape)).argmax(axis=1)
        return plh.datasets.from_arrays(X[:750], y[:750], X[750:], y[750:])

    return make


TASKS = {
    "iris, standardise": table(load_iris, "standardise"),
    "iris, threshold": table(load_iris, "threshold"),
    "wine, standardise": table(load_wine, "standardise"),
    "wine, threshold": table(load_wine, "threshold"),
    "cancer, standardise": table(load_breast_cancer, "standardise"),
    "cancer, threshold": table(load_breast_cancer, "threshold"),
    "10 digits, pca:16": table(load_digits, "pca:16"),
    "10 digits, threshold": table(load_digits, "threshold"),
    "teacher, first": teacher(is_fair=False),
    "teacher, fair": teacher(is_fair=True),
}


def measure(make, hidden: list[int], entropy: float, seed: int, steps: int) -> list[float]:
    data = make(seed)
    n_outputs = 1 if len(data.classes) == 2 else len(data.classes)
    network = plh.BinaryNetwork(data.n_inputs, [*hidden, n_outputs])
    hypernet = plh.QuantumHypernetwork(network, shots=200, seed=seed)
    run = plh.train(hypernet, data, "score", steps, entropy=entropy, progress=False, **SCORE)
    _, inverse = unique_bitstrings(run.evaluation.bits)
    found = run.evaluation.test
    return [np.bincount(inverse).max() / 1000, found.mean, found.best, found.vote, found.majority]


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1, also of the data.")] = 3,
    steps: Annotated[int, typer.Option(help="Of each training.")] = 100,
) -> None:
    console = Console(highlight=False, width=120)
    heads = "task", "network", "most frequent", "mean", "best", "vote", "majority"
    console.print(
        "".join(f"{head:>22}" if i < 2 else f"{head:>14}" for i, head in enumerate(heads))
    )
    for name, make in TASKS.items():
        for kind, (hidden, entropy) in KINDS.items():
            rows = [measure(make, hidden, entropy, seed, steps) for seed in range(seeds)]
            numbers = "".join(f"{number:14.4f}" for number in np.mean(rows, axis=0))
            console.print(f"{name:>22}{kind:>22}{numbers}")


if __name__ == "__main__":
    typer.run(main)
