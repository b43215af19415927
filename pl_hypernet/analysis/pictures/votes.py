"""Votes: how good by how many networks, and how calibrated."""

import numpy as np
from matplotlib.axes import Axes

from pl_hypernet.analysis.calibration import expected_calibration_error, reliability
from pl_hypernet.analysis.ensembles import Ensembles
from pl_hypernet.analysis.pictures.style import COLORS


def draw_ensembles(ax: Axes, ensembles: Ensembles) -> None:
    """Accuracy of the vote against its size: networks at random, and those of lowest loss."""
    sizes = ensembles.sizes
    low, high = ensembles.random - ensembles.spread, ensembles.random + ensembles.spread
    ax.fill_between(sizes, low, high, color=COLORS[0], alpha=0.3, lw=0)
    ax.plot(sizes, ensembles.random, "o-", ms=4, color=COLORS[0], label="at random ± spread")
    ax.plot(sizes, ensembles.top, "s-", ms=4, color=COLORS[1], label="of the lowest training loss")
    ax.axhline(
        ensembles.weighted, color=COLORS[2], ls="--", lw=1, label="all, weighted by training loss"
    )
    ax.set_xscale("log")
    ax.set(xlabel="networks that vote", ylabel="accuracy", title="Votes")
    ax.legend(frameon=False)


def draw_reliability(ax: Axes, probabilities: np.ndarray, targets: np.ndarray) -> None:
    """Accuracy against confidence in bins; on the diagonal is what is calibrated.

    Args:
        ax: where.
        probabilities: float (M, n_classes), of the vote.
        targets: int (M,).
    """
    found = reliability(probabilities, targets)
    error = expected_calibration_error(probabilities, targets)
    ax.plot((0, 1), (0, 1), color="black", ls="--", lw=1)
    ax.scatter(
        found.confidence,
        found.accuracy,
        s=15 + 300 * found.share,
        color=COLORS[0],
        alpha=0.7,
        lw=0,
    )
    said = f"of the vote; expected\ncalibration error {error:.4f}"
    ax.text(0.97, 0.05, said, ha="right", va="bottom", transform=ax.transAxes)
    low = max(0.0, min(found.confidence.min(), found.accuracy.min()) - 0.05)
    ax.set(
        xlabel="mean confidence (area: share of the samples)",
        ylabel="accuracy",
        title="Calibration",
        xlim=(low, 1.03),
        ylim=(low, 1.03),
    )
