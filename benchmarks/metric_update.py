"""What one QN-SPSA update costs, tapes aside: an estimate taken in, and the metric solved with.

Synthetic estimates of a metric I/4, of random directions. All sizes in one run, medians:

    taskset -c 0 python benchmarks/metric_update.py

The dense rule beside it keeps the d x d average and solves by eigenvalues, as long as d allows.
"""

import time
from statistics import median
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from pl_hypernet.optimizers.metric import PRIOR, MetricAverage

FLOOR = 0.05


def estimate(d: int, rng) -> tuple:
    first, second = rng.choice([-1, 1], size=(2, d))
    return first, second, PRIOR * (first @ second) / 2


def update_seconds(d: int, n_before: int, repeats: int) -> tuple[float, float]:
    """Median seconds of an update after ``n_before`` others, and how far it is off the dense rule
    (NaN where that is slow)."""
    rng = np.random.default_rng(0)
    average = MetricAverage(d)
    for _ in range(n_before):
        average.add(*estimate(d, rng))
    taken = []
    for _ in range(repeats):
        new, gradient = estimate(d, rng), rng.normal(size=d)
        start = time.perf_counter()
        average.add(*new)
        natural = average.natural(gradient, FLOOR)
        taken.append(time.perf_counter() - start)
    off = np.nan
    if d <= 1000:
        off = np.abs(natural - dense_natural(average, gradient)).max() / np.abs(natural).max()
    return median(taken), off


def dense_natural(average: MetricAverage, gradient: np.ndarray) -> np.ndarray:
    weight = average.weight
    metric = weight * average.dense() + (1 - weight) * PRIOR * np.eye(len(gradient))
    values, vectors = np.linalg.eigh(metric)
    return vectors @ (vectors.T @ gradient / np.maximum(values, FLOOR))


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of angles d.")] = "390,1290,4700,10560,50890",
    estimates: Annotated[int, typer.Option(help="Estimates before the timed one.")] = 150,
    repeats: Annotated[int, typer.Option(help="Timed updates of each size.")] = 25,
) -> None:
    torch.set_num_threads(1)
    update_seconds(100, 5, 2)  # compiles
    table = Table(title=f"One update after {estimates} others", title_justify="left")
    for heading in ("d", "ms", "to the first", "d to the first", "off the dense rule"):
        table.add_column(heading, justify="right")
    ds = [int(size) for size in sizes.split(",")]
    first = None
    for d in ds:
        seconds, off = update_seconds(d, estimates, repeats)
        first = first or seconds
        table.add_row(
            f"{d:,}",
            f"{1000 * seconds:.2f}",
            f"{seconds / first:.1f}",
            f"{d / ds[0]:.1f}",
            "" if np.isnan(off) else f"{off:.0e}",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
