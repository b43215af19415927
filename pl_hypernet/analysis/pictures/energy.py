"""Energy against step."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from pl_hypernet.analysis.pictures.style import COLORS, whole_numbers

DECADE = 8.0  # largest energy by smallest: a logarithmic axis with three ticks a decade
LOGARITHMIC = 4.0  # below, a linear axis says more


def draw_energy(ax: Axes, history: list[dict]) -> None:
    """Energy of each step with a band of one standard error, and its running mean."""
    steps = np.array([record["step"] for record in history])
    energy = np.array([record["energy"] for record in history], dtype=float)
    error = np.array([record["stderr"] or 0.0 for record in history], dtype=float)
    ax.fill_between(steps, energy - error, energy + error, color=COLORS[0], alpha=0.3, lw=0)
    marker = "o" if len(steps) == 1 else None
    ax.plot(steps, energy, color=COLORS[0], lw=0.6, marker=marker, label="energy ± standard error")
    window = max(1, len(steps) // 20)
    if window > 1:
        smooth = np.convolve(energy, np.ones(window) / window, mode="valid")
        middle = steps[window // 2 :][: len(smooth)]
        ax.plot(middle, smooth, color="black", lw=1.2, label=f"mean of {window} steps")
    full = [record for record in history if {"full_energy", "full_stderr"} <= record.keys()]
    if full:
        ax.errorbar(
            [record["step"] for record in full],
            [record["full_energy"] for record in full],
            [record["full_stderr"] for record in full],
            fmt="o", ms=4, color=COLORS[1], label="on all training samples",
        )  # fmt: skip
    if energy.size and (energy > 0).all() and energy.max() > LOGARITHMIC * energy.min():
        subs = (1, 2, 5) if energy.max() > DECADE * energy.min() else (1, 1.5, 2, 3, 5, 7)
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=subs))
        ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    whole_numbers(ax.xaxis)
    ax.set(xlabel="step", ylabel="energy: mean loss of the shots", title="Training")
    ax.legend(frameon=False)
