"""A metric against what differs, with error bars over seeds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from pl_hypernet.analysis.pictures.style import COLORS, HEIGHT, WIDTH, shortened, whole_numbers
from pl_hypernet.studies.values import Point

LINES = len(COLORS)  # at most: one for each point of the other parameters
DECADE = 10.0  # largest value by smallest: a logarithmic axis
LONGEST = 24  # letters of a label
LABEL_SIZE = 8  # points


@dataclass(frozen=True)
class PointResult:
    """What the runs of one point reached.

    Attributes:
        point: a value for each parameter.
        mean: of the metric, over its runs; None: no run has it.
        error: standard error of the mean; None of a single run.
        n: runs that have it.
    """

    point: Point
    mean: float | None
    error: float | None
    n: int


def draw_metric(
    figure: FigureBase, points: list[PointResult], parameters: Sequence[str], metric: str
) -> None:
    """A picture for each parameter, beside each other.

    Points that differ in this parameter alone are joined by a line. Where that makes more lines
    than there are colours, as in a random search, points stand alone.
    """
    points = [each for each in points if each.mean is not None]
    axes = figure.subplots(1, len(parameters), squeeze=False)[0]
    width = WIDTH * len(parameters)
    figure.subplots_adjust(
        0.75 / width, 0.55 / HEIGHT, 1 - 0.15 / width, 1 - 0.35 / HEIGHT,
        wspace=0.9 * len(parameters) / (width - 0.9 * len(parameters)),
    )  # fmt: skip
    for ax, name in zip(axes, parameters, strict=True):
        _draw(ax, points, name, [other for other in parameters if other != name])
        ax.set(xlabel=name, ylabel=metric)
    one = max((each.n for each in points), default=0) < 2
    axes[0].set_title("single runs" if one else "mean ± standard error over seeds")


def _draw(ax: Axes, points: list[PointResult], name: str, others: list[str]) -> None:
    values = [each.point[name] for each in points]
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    words = list(dict.fromkeys(_label(value) for value in values))
    lines: dict[str, list[PointResult]] = {}
    for each in points:
        label = ", ".join(f"{_last(other)} {_label(each.point[other])}" for other in others)
        lines.setdefault(label, []).append(each)
    joined = len(lines) <= LINES and max(map(len, lines.values()), default=0) > 1
    groups = lines if joined else {"": points}
    for color, (label, group) in zip(COLORS, groups.items(), strict=False):
        x = [
            each.point[name] if numeric else words.index(_label(each.point[name])) for each in group
        ]
        order = np.argsort(x, kind="stable")
        ax.errorbar(
            np.asarray(x, dtype=float)[order],
            np.array([each.mean for each in group])[order],
            np.array([each.error or 0.0 for each in group])[order],
            fmt="o-" if joined else "o",
            ms=4, lw=1, capsize=2, color=color, label=shortened(label, LONGEST) or None,
        )  # fmt: skip
    if not numeric:
        ax.set_xticks(range(len(words)), words, fontsize=LABEL_SIZE)
    elif min(values) > 0 and max(values) > DECADE * min(values):
        ax.set_xscale("log")
    elif all(isinstance(value, int) for value in values):
        whole_numbers(ax.xaxis)
    if joined and len(groups) > 1:
        ax.legend(frameon=False, fontsize=LABEL_SIZE)


def _label(value) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return shortened(text, LONGEST)


def _last(name: str) -> str:
    """Of a setting in tables."""
    return name.rpartition(".")[2]
