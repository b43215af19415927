"""Pictures of a run: each function draws one subject on axes that it is given."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator, NullFormatter

from pl_hypernet.analysis.evaluation import GOOD, Evaluation
from pl_hypernet.analysis.hamming import mutual_hamming
from pl_hypernet.networks import BinaryNetwork

COLORS = ("#1f6fb4", "#e07b1a", "#3a9a4b", "#9b59b6")
OVERVIEW_SIZE = (11, 7.5)  # inches
MOST_IMAGES = 16  # neurons whose weights are drawn
MOST_PAIRED = 2000  # shots compared with each other in the histogram of distances


def draw_energy(ax: Axes, history: list[dict]) -> None:
    """Energy of each step with a band of one standard error, and its running mean."""
    steps = np.array([record["step"] for record in history])
    energy = np.array([record["energy"] for record in history], dtype=float)
    error = np.array([record["stderr"] or 0.0 for record in history], dtype=float)
    ax.fill_between(steps, energy - error, energy + error, color=COLORS[0], alpha=0.3, lw=0)
    ax.plot(steps, energy, color=COLORS[0], lw=0.6, label="energy ± standard error")
    window = max(1, len(steps) // 20)
    if window > 1:
        smooth = np.convolve(energy, np.ones(window) / window, mode="valid")
        middle = steps[window // 2 :][: len(smooth)]
        ax.plot(middle, smooth, color="black", lw=1.2, label=f"mean of {window} steps")
    full = [record for record in history if "full_energy" in record]
    if full:
        ax.errorbar(
            [record["step"] for record in full],
            [record["full_energy"] for record in full],
            [record["full_stderr"] for record in full],
            fmt="o", ms=4, color=COLORS[1], label="on all training samples",
        )  # fmt: skip
    if (energy > 0).all():
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="step", ylabel="energy (mean loss)", title="Training")
    ax.legend(frameon=False)


def draw_accuracy(ax: Axes, evaluation: Evaluation, network: BinaryNetwork) -> None:
    """Histogram of the shots' accuracies, stacked by what they chose, the activation as a rule."""
    accuracy = evaluation.test or evaluation.train
    groups, labels, title = [accuracy.each], ["shots"], "Networks"
    single = [name for name, choice in network.choices.items() if not choice.shape]
    single = [name for name in single if len(network.choices[name].names) <= len(COLORS)]
    if single:
        name = single[-1]
        title = f"Networks, by {name}"
        chosen = network.layout.decode(evaluation.bits)[f"choice.{name}"]
        options = network.choices[name].names
        groups = [accuracy.each[chosen == code] for code in range(len(options))]
        labels = [
            f"{option} ({100 * len(group) / len(chosen):.1f} %)"
            for option, group in zip(options, groups, strict=True)
        ]
    low = min(0.95, np.floor(20 * accuracy.each.min()) / 20)
    bins = np.linspace(low, 1, 41)
    ax.hist(groups, bins=bins, stacked=True, color=COLORS[: len(groups)], label=labels)
    ax.axvline(accuracy.vote, color="black", ls="--", lw=1, label=f"vote: {accuracy.vote:.4f}")
    which = "test" if evaluation.test else "training"
    ax.set(xlabel=f"{which} {evaluation.word}", ylabel="shots", title=title)
    ax.legend(frameon=False)


def draw_hamming(ax: Axes, evaluation: Evaluation) -> None:
    """Histogram of the mutual Hamming distances of the shots above 90 % accuracy."""
    good = evaluation.bits[evaluation.good][:MOST_PAIRED]
    ax.set(
        xlabel=f"Hamming distance of {evaluation.bits.shape[1]} bits",
        ylabel="share of pairs",
        title=f"Shots above {GOOD:.0%}: how far apart",
    )
    if len(good) < 2:
        ax.text(0.5, 0.5, "fewer than two such shots", ha="center", transform=ax.transAxes)
        return
    distances = mutual_hamming(good)
    values, counts = np.unique(distances, return_counts=True)
    ax.bar(values, counts / len(distances), width=0.9, color=COLORS[0])
    mean = distances.mean()
    ax.axvline(mean, color="black", ls="--", lw=1, label=f"mean: {mean:.1f}")
    ax.legend(frameon=False)


def draw_weights(axes, evaluation: Evaluation, network: BinaryNetwork, image_shape) -> None:
    """Mean weights of all shots and the weights of the best shot, as images, on two axes.

    An image for each of the first neurons of the first layer, where it has several.
    """
    parameters = network.parameters_of(evaluation.bits)
    weights = parameters.weights[0]
    if len(network.layers) > 1 and parameters.removed[0] is not None:
        weights = weights.masked_fill(parameters.removed[0][..., None], 0)  # not in the network
    weights = weights[:, :MOST_IMAGES].numpy(force=True)
    bound = np.abs(weights).max() or 1.0
    if image_shape is None or np.prod(image_shape) != weights.shape[-1]:
        image_shape = None
    shape = image_shape or (1, weights.shape[-1])
    for ax, values, title in (
        (axes[0], weights.mean(axis=0), "Mean weights"),
        (axes[1], weights[evaluation.best].astype(float), "Best shot's weights"),
    ):
        image = ax.imshow(
            _side_by_side(values.reshape(-1, *shape)),
            cmap="RdBu_r",
            vmin=-bound,
            vmax=bound,
            aspect="auto",
        )
        ax.set(title=title, xticks=[], yticks=[])
        if image_shape:
            ax.set_aspect("equal")
    if network.layers[0] > 1:
        last = weights.shape[1] - 1
        axes[0].set_xlabel(f"neurons 0 to {last} of {network.layers[0]}")
    axes[0].figure.colorbar(image, ax=list(axes), shrink=0.8, ticks=[-bound, 0, bound])


def _side_by_side(images: np.ndarray) -> np.ndarray:
    """Images (n, height, width) as one, about as high as wide, with empty lines between them."""
    n, height, width = images.shape
    across = min(n, max(1, round(np.sqrt(n * height / width))))
    rows = -(-n // across)
    gap = 0 if n == 1 else max(1, height // 14)
    whole = np.full((rows * (height + gap) - gap, across * (width + gap) - gap), np.nan)
    for i, image in enumerate(images):
        top, left = i // across * (height + gap), i % across * (width + gap)
        whole[top : top + height, left : left + width] = image
    return whole


def draw_entanglement(ax: Axes, entropies: dict[str, np.ndarray]) -> None:
    """Entanglement entropy of every cut of the line, for one or more states.

    Args:
        ax: where to draw.
        entropies: nats (n_qubits - 1,) by the name of the state; drawn in bits, of which a layer of
            a chain can make one at each cut.
    """
    for color, (name, nats) in zip(COLORS, entropies.items(), strict=False):
        cuts = np.arange(1, len(nats) + 1)
        label = f"{name}: mean {nats.mean() / np.log(2):.2f}"
        ax.plot(cuts, nats / np.log(2), color=color, lw=1.2, marker=".", ms=4, label=label)
    ax.set(
        xlabel="cut after qubit",
        ylabel="entanglement entropy (bits)",
        title="Entanglement along the line",
    )
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(frameon=False)


def draw_overview(
    figure: Figure, history, evaluation: Evaluation, network: BinaryNetwork, image_shape
) -> None:
    """All pictures of a run in one figure, 11 by 7.5 inches or so."""
    rows = figure.subfigures(2, 2)
    draw_energy(rows[0, 0].subplots(), history)
    draw_accuracy(rows[0, 1].subplots(), evaluation, network)
    draw_hamming(rows[1, 0].subplots(), evaluation)
    draw_weights(rows[1, 1].subplots(1, 2), evaluation, network, image_shape)


def save_pictures(
    folder: Path, history, evaluation, network, image_shape, entropies=None
) -> list[Path]:
    """Writes energy.png, accuracy.png, hamming.png, weights.png, overview.png and, if there are
    entropies, entanglement.png."""
    figures = {}
    for name in ("energy", "accuracy", "hamming", "weights"):
        figures[name] = Figure(figsize=(6, 4), layout="constrained")
    draw_energy(figures["energy"].subplots(), history)
    draw_accuracy(figures["accuracy"].subplots(), evaluation, network)
    draw_hamming(figures["hamming"].subplots(), evaluation)
    draw_weights(figures["weights"].subplots(1, 2), evaluation, network, image_shape)
    figures["overview"] = Figure(figsize=OVERVIEW_SIZE, layout="constrained")
    draw_overview(figures["overview"], history, evaluation, network, image_shape)
    if entropies:
        figures["entanglement"] = Figure(figsize=(6, 4), layout="constrained")
        draw_entanglement(figures["entanglement"].subplots(), entropies)
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=120)
    return paths
