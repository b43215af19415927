"""Accuracies of the shots, and of those that took each option."""

import numpy as np
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from pl_hypernet.analysis.evaluation import Evaluation
from pl_hypernet.analysis.pictures.style import COLORS, margins, shortened, text_width
from pl_hypernet.analysis.shares import chosen
from pl_hypernet.networks import Network

BINS = 40
WORST_R2 = -1.0  # networks below count as this bad: they may be as bad as they like
MOST_ROWS = 12  # options, those of the largest shares
LABEL_SIZE = 8  # points


def draw_accuracy(figure: FigureBase, evaluation: Evaluation, network: Network) -> None:
    """Histogram of the shots' accuracies (or R^2), and below what those of each option reach.

    A row for each option of the choices that a network makes once: its share, its quartiles as a
    thick line, 5 % to 95 % of its shots as a thin one, its median as a dot. Options that no shot
    took have none.
    """
    accuracy = evaluation.test or evaluation.train
    each, low = accuracy.each, ""
    if evaluation.metric != "accuracy" and each.min() < WORST_R2 < each.max():
        low = f", the worst as {WORST_R2:g}"
        each = each.clip(WORST_R2)
    rows = _rows(evaluation.bits, network)
    left = 0.75
    if rows:
        ratios = 4, max(1, 0.45 * len(rows))
        top, ax = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
        labels = [label for label, *_ in rows]
        left = max(left, 0.2 + text_width(labels, LABEL_SIZE))
        _draw_rows(ax, each, rows)
    else:
        top = ax = figure.subplots()
    margins(figure, left=left, hspace=0.08)
    _draw_histogram(top, each, rows if len(network.choices) == 1 else [])
    word = "mean prediction" if network.is_regression else "vote of all shots"
    top.axvline(accuracy.vote, color="black", ls="--", lw=1, label=f"{word}: {accuracy.vote:.4f}")
    top.set_ylabel("shots")
    top.set_title("Networks", loc="left")
    top.legend(  # beside the title, where no line or bar can cross it
        frameon=False,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0.2,
        handlelength=1.5,
    )
    ax.set_xlabel(f"{evaluation.judging} {evaluation.word}{low}")
    ax.xaxis.set_major_locator(MaxNLocator(6))


def _rows(bits: np.ndarray, network: Network) -> list[tuple[str, str, np.ndarray]]:
    """A label, a colour and bool (S,), the shots, of each option that some shot took."""
    single = {name: choice for name, choice in network.choices.items() if not choice.shape}
    codes = chosen(network, bits)
    rows = []
    for name, choice in single.items():
        about = "" if len(network.choices) == 1 else f"{name}: "
        for code, option in enumerate(choice.names):
            shots = codes[name] == code
            if shots.any():
                label = shortened(f"{about}{option}", 24) + f" ({100 * shots.mean():.1f} %)"
                rows.append((label, COLORS[code % len(COLORS)], shots))
    smallest = sorted((shots.sum() for *_, shots in rows), reverse=True)[:MOST_ROWS][-1:]
    return [row for row in rows if row[2].sum() >= smallest[0]][:MOST_ROWS]


def _draw_rows(ax, each: np.ndarray, rows) -> None:
    for y, (_, color, shots) in enumerate(rows):
        low, first, median, third, high = np.quantile(each[shots], (0.05, 0.25, 0.5, 0.75, 0.95))
        ax.plot((low, high), (y, y), color=color, lw=1)
        ax.plot((first, third), (y, y), color=color, lw=4, alpha=0.6, solid_capstyle="butt")
        ax.plot(median, y, "o", color=color, ms=5)
    ax.set_yticks(range(len(rows)), [label for label, *_ in rows], fontsize=LABEL_SIZE)
    ax.set_ylim(len(rows) - 0.4, -0.6)


def _draw_histogram(ax, each: np.ndarray, rows) -> None:
    """Stacked in the colours of the rows where these are the options of the only choice."""
    low, high = each.min(), each.max()
    margin = 0.05 * (high - low) or 0.02
    bins = np.linspace(low - margin, min(high + margin, max(1.0, high)), BINS + 1)
    groups, colors = [each], [COLORS[0]]
    if rows:
        groups = [each[shots] for *_, shots in rows]
        colors = [color for _, color, _ in rows]
    ax.hist(groups, bins=bins, stacked=True, color=colors)
    ax.set_xlim(bins[0], bins[-1] + 0.02 * (bins[-1] - bins[0]))
