"""How far apart the shots are."""

import numpy as np
from matplotlib.axes import Axes

from pl_hypernet.analysis.evaluation import GOOD, Evaluation
from pl_hypernet.analysis.hamming import mutual_hamming
from pl_hypernet.analysis.pictures.style import COLORS, whole_numbers

MOST_PAIRED = 2000  # shots compared with each other
MOST_BARS = 60


def draw_hamming(ax: Axes, evaluation: Evaluation) -> None:
    """Histogram of the mutual Hamming distances of the shots above 90 % accuracy.

    Of all shots where fewer than two are as good, and of a regression.
    """
    good = evaluation.bits[evaluation.good]
    which = f"Shots above {100 * GOOD:.0f} % accuracy"
    if evaluation.metric != "accuracy" or len(good) < 2:
        good, which = evaluation.bits, "All shots"
    n_bits = evaluation.bits.shape[1]
    distances = mutual_hamming(good[:MOST_PAIRED])
    least, most = distances.min(), distances.max()
    width = -(-(most - least + 1) // MOST_BARS)  # distances that a bar stands for
    edges = np.arange(least, most + width + 1, width) - 0.5
    counts, _ = np.histogram(distances, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    ax.bar(middles, counts / len(distances), width=0.9 * width, color=COLORS[0])
    mean = distances.mean()
    ax.axvline(mean, color="black", ls="--", lw=1, label=f"mean: {mean:.1f}")
    ax.set(
        xlabel=f"Hamming distance (of {n_bits} bits)",
        ylabel="share of pairs",
        title=f"{which}: how far apart",
        xlim=(max(edges[0] - 2, -0.6), min(max(edges[-1] + 2, 4.6), n_bits + 0.6)),
    )
    whole_numbers(ax.xaxis)
    ax.legend(frameon=False)
