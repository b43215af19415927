"""Tables at the default settings, beside logistic regression and ridge regression.

    OMP_NUM_THREADS=1 python benchmarks/tables.py --seeds 5
    python benchmarks/tables.py --sets moons --seeds 1 --layers 2  # entangled
    python benchmarks/tables.py --small  # to see that it runs

scikit-learn's own sets. Three-fold cross-validation; a seed shuffles the folds and is the
estimator's. The linear model beside it sees standardised columns: LogisticRegression, or Ridge,
with their default settings. Accuracies, of diabetes R^2: means over folds and seeds with the
standard error over the seeds; how often a hidden layer was chosen; processor seconds of a fit,
choice included. No default was chosen by these sets: docs/tables.md says by which.
"""

import time
from typing import Annotated

import numpy as np
import torch
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table
from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pl_hypernet as plh

FOLDS = 3
SETS = {
    "classification": lambda: datasets.make_classification(
        600, 20, n_informative=5, n_redundant=2, random_state=0
    ),
    "two of 20 matter": lambda: two_of_twenty(),
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "moons": lambda: datasets.make_moons(400, noise=0.2, random_state=0),
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
}


def two_of_twenty() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 20))
    return X, (X[:, 0] + X[:, 1] + 0.1 * rng.normal(size=600) > 0).astype(int)


def scores(name: str, seed: int, settings: dict) -> dict:
    """Means over the folds: of both scores, of the share of hidden layers, of seconds."""
    X, y = SETS[name]()
    is_regression = name == "diabetes"
    kind = plh.QuantumHypernetRegressor if is_regression else plh.QuantumHypernetClassifier
    folds = (KFold if is_regression else StratifiedKFold)(FOLDS, shuffle=True, random_state=seed)
    linear = Ridge() if is_regression else LogisticRegression(max_iter=1000)
    begun = time.process_time()
    ours = cross_validate(
        kind(random_state=seed, **settings), X, y, cv=folds, return_estimator=True
    )
    seconds = (time.process_time() - begun) / FOLDS
    theirs = cross_validate(make_pipeline(StandardScaler(), linear), X, y, cv=folds)
    hidden = [len(each.network_.sizes) > 1 for each in ours["estimator"]]
    return {
        "ours": ours["test_score"].mean(),
        "linear": theirs["test_score"].mean(),
        "hidden": np.mean(hidden),
        "seconds": seconds,
    }


def main(
    sets: Annotated[str, typer.Option(help="Some of them, with commas.")] = ",".join(SETS),
    seeds: Annotated[int, typer.Option(help="How many.")] = 5,
    layers: Annotated[int | None, typer.Option(help="Entangling ones; none by default.")] = None,
    small: Annotated[bool, typer.Option(help="Few steps on iris, to see that it runs.")] = False,
) -> None:
    torch.set_num_threads(1)
    settings = {} if layers is None else {"layers": layers}
    if small:
        sets, seeds, settings = "iris", 1, {"steps": 2, "n_networks": 10}
    table = Table(title=f"{FOLDS}-fold, {seeds} seeds", title_justify="left")
    for heading in ("set", "ours", "linear", "difference", "hidden layer", "s"):
        table.add_column(heading, justify="left" if heading == "set" else "right")
    for name in sets.split(","):
        found = [scores(name, seed, settings) for seed in range(seeds)]
        ours, linear = ([each[which] for each in found] for which in ("ours", "linear"))
        table.add_row(
            name,
            mean_and_error(ours),
            mean_and_error(linear),
            f"{np.mean(ours) - np.mean(linear):+.4f}",
            f"{np.mean([each['hidden'] for each in found]):.0%}",
            f"{np.mean([each['seconds'] for each in found]):.1f}",
        )
        Console(stderr=True).print(name, [each["ours"] for each in found], soft_wrap=True)
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
