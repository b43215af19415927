"""Where the networks lie: near a good one, and among each other."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from pl_hypernet.analysis.hamming import mutual_hamming
from pl_hypernet.analysis.neighbourhood import Neighbourhood
from pl_hypernet.analysis.pictures.style import COLORS, margins

MOST_DRAWN = 500  # shots in the embedding
MOST_JOINED = 200  # and in the dendrogram
MOST_LEAVES = 30  # groups at its bottom


def draw_neighbourhood(ax: Axes, found: dict[str, Neighbourhood]) -> None:
    """Mean accuracy of networks with some bits flipped, each around the one of its name."""
    for color, (name, near) in zip(COLORS, found.items(), strict=False):
        distances = np.concatenate([[0], near.distances])
        mean = np.concatenate([[near.own], near.accuracy])
        error = np.concatenate([[0.0], near.stderr])
        ax.fill_between(distances, mean - error, mean + error, color=color, alpha=0.3, lw=0)
        ax.plot(distances, mean, "o-", ms=4, color=color, label=f"around the {name}")
    ax.set_xscale("symlog", base=2, linthresh=1)
    ax.set(xlabel="bits flipped", ylabel="accuracy ± standard error", title="Neighbours")
    ax.legend(frameon=False)


def draw_clusters(figure: FigureBase, bits: np.ndarray, losses: np.ndarray) -> None:
    """Shots as points, as far apart as two dimensions allow, and their dendrogram.

    The points are the two main components of the spins, found from their mutual distances
    (classical scaling): of all planes the one in which distances are kept best, whose squares are
    Hamming's.

    Args:
        figure: where.
        bits: int8 (S, n_qubits), at least 2.
        losses: float64 (S,), on training samples.
    """
    from scipy.cluster.hierarchy import dendrogram, linkage
    from scipy.spatial.distance import squareform

    left, right = figure.subplots(1, 2)
    squares = squareform(mutual_hamming(bits[:MOST_DRAWN]).astype(float))
    squares -= squares.mean(axis=0)
    squares -= squares.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(-squares / 2)
    points = vectors[:, -2:] * np.sqrt(values[-2:].clip(0))
    drawn = left.scatter(*points.T[::-1], c=losses[:MOST_DRAWN], s=12, cmap="viridis", lw=0)
    figure.colorbar(drawn, ax=left, location="top", label="training loss", aspect=30)
    left.set(xlabel="first component", ylabel="second component")
    joined = linkage(mutual_hamming(bits[:MOST_JOINED]).astype(float), method="average")
    dendrogram(
        joined,
        p=MOST_LEAVES,
        truncate_mode="lastp",
        ax=right,
        no_labels=True,
        color_threshold=0,
        above_threshold_color=COLORS[0],
    )
    right.set(ylabel="mean Hamming distance", title="Groups of shots")
    margins(figure, wspace=0.35)
