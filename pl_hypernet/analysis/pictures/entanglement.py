"""Entanglement along the line of qubits."""

import numpy as np
from matplotlib.axes import Axes

from pl_hypernet.analysis.pictures.style import COLORS, whole_numbers

MANY = 150  # cuts from which on a running mean is drawn over pale lines


def draw_entanglement(ax: Axes, entropies: dict[str, np.ndarray]) -> None:
    """Entanglement entropy of every cut of the line, for one or more states.

    Args:
        ax: where to draw.
        entropies: nats (n_qubits - 1,) by the name of the state; drawn in bits, of which a layer of
            a chain can make one at each cut.
    """
    highest, about = 0.0, ""
    for color, (name, nats) in zip(COLORS, entropies.items(), strict=False):
        bits = np.asarray(nats) / np.log(2)
        cuts = np.arange(1, len(bits) + 1)
        label = f"{name}: mean {bits.mean():.2f}"
        highest = max(highest, bits.max())
        if len(bits) < MANY:
            ax.plot(cuts, bits, color=color, lw=1.2, marker=".", ms=4, label=label)
            continue
        window = len(bits) // 20
        ax.plot(cuts, bits, color=color, lw=0.4, alpha=0.5)
        smooth = np.convolve(bits, np.ones(window) / window, mode="valid")
        middle = cuts[window // 2 :][: len(smooth)]
        ax.plot(middle, smooth, color=color, lw=1.6, label=label)
        about = f" (thick: mean over {window} cuts)"
    ax.set(
        xlabel=f"cut after qubit{about}",
        ylabel="entanglement entropy (bits)",
        title="Entanglement along the line of qubits",
        ylim=(0, 1.3 * highest or 1.0),  # room for the legend
    )
    whole_numbers(ax.xaxis)
    ax.legend(frameon=False, loc="upper right")
