"""The weights of the first layer: images for images, labelled rows for a table."""

import numpy as np
from matplotlib.figure import FigureBase

from pl_hypernet.analysis.evaluation import Evaluation
from pl_hypernet.analysis.pictures.style import COLORS, HEIGHT, margins, shortened, text_width
from pl_hypernet.datasets import Data
from pl_hypernet.networks import BinaryNetwork

MOST_IMAGES = 16  # neurons whose weights are drawn
MOST_BARS = 4  # neurons that have axes of their own; more are columns
MOST_ROWS = 30  # inputs of a table
LABEL_SIZE = 8  # points
COLUMNS = "RdBu_r"


def draw_weights(
    figure: FigureBase, evaluation: Evaluation, network: BinaryNetwork, data: Data
) -> None:
    """Mean weights of all shots and the weights of the best shot.

    Of images an image for each of the first neurons of the first layer. Of a table a row for each
    input, by its name: bars where there are few neurons, else columns of colours. Where inputs are
    many, those of the largest mean weights.
    """
    parameters = network.parameters_of(evaluation.bits)
    weights = parameters.weights[0]
    if len(network.layers) > 1 and parameters.removed[0] is not None:
        weights = weights.masked_fill(parameters.removed[0][..., None], 0)  # not in the network
    weights = weights[:, :MOST_IMAGES].numpy(force=True)
    mean, best = weights.mean(axis=0), weights[evaluation.best].astype(float)
    bound = float(np.abs(weights).max()) or 1.0
    shape = data.image_shape
    if shape is not None and np.prod(shape) == mean.shape[1]:
        _draw_images(figure, mean, best, bound, shape, network, data)
    elif len(mean) <= MOST_BARS:
        _draw_bars(figure, mean, best, bound, network, data)
    else:
        _draw_columns(figure, mean, best, bound, network, data)


def _of_neurons(n_shown: int, network: BinaryNetwork, data: Data) -> list[str]:
    """What each neuron of the first layer speaks for, or its number."""
    if network.layers == (1,):
        return [""]
    names = data.classes or data.target_names
    if len(network.layers) == 1 and names:
        return [shortened(str(name), 12) for name in names[:n_shown]]
    return [str(i) for i in range(n_shown)]


def _meaning(network: BinaryNetwork, data: Data) -> str:
    """What a positive weight says."""
    if network.layers == (1,) and data.classes is not None:
        return f"weight (> 0: for {shortened(str(data.classes[1]), 16)})"
    return "weight"


def _draw_images(figure, mean, best, bound, shape, network, data) -> None:
    names = _of_neurons(len(mean), network, data)
    axes = figure.subplots(1, 2)
    margins(figure, left=0.15, right=1.0, top=0.4, bottom=0.4, wspace=0.08)
    for ax, values, title in zip(
        axes, (mean, best), ("Mean weights of the shots", "Weights of the best shot"), strict=True
    ):
        whole, corners = _side_by_side(values.reshape(-1, *shape))
        image = ax.imshow(whole, cmap=COLUMNS, vmin=-bound, vmax=bound)
        ax.set_title(title, fontsize="medium")
        ax.set_axis_off()
        if len(names) > 1:
            for name, (top, left) in zip(names, corners, strict=True):
                ax.text(left + shape[1] / 2 - 0.5, top - 0.6, name, fontsize=7, ha="center")
    if len(mean) < network.layers[0]:
        note = f"the first {len(mean)} of {network.layers[0]} neurons"
        figure.text(0.42, 0.04, note, ha="center")
    _color_bar(figure, image, bound, _meaning(network, data))


def _draw_bars(figure, mean, best, bound, network, data) -> None:
    rows, labels = _inputs(mean, data)
    axes = figure.subplots(1, len(mean), sharey=True, squeeze=False)[0]
    size = _label_size(len(rows))
    top = 0.35 if len(mean) == 1 else 0.6
    margins(figure, left=0.2 + text_width(labels, size), top=top, wspace=0.08)
    y = np.arange(len(rows))
    for ax, name, average, single in zip(
        axes, _of_neurons(len(mean), network, data), mean[:, rows], best[:, rows], strict=True
    ):
        ax.barh(y, average, color=COLORS[0], height=0.7, label="mean of the shots")
        ax.plot(single, y, "D", color="black", ms=3, label="best shot")
        ax.axvline(0, color="black", lw=0.6)
        ax.set(xlim=(-1.1 * bound, 1.1 * bound), ylim=(len(rows) - 0.4, -0.6), title=name)
        ax.set_xticks([-bound, 0, bound], [f"{v:g}" for v in (-bound, 0, bound)])
    axes[0].set_yticks(y, labels, fontsize=size)
    axes[len(axes) // 2].set_xlabel(_meaning(network, data))
    handles, words = axes[0].get_legend_handles_labels()
    figure.legend(
        handles[::-1], words[::-1], frameon=False, loc="upper center", ncols=2, fontsize=LABEL_SIZE
    )


def _draw_columns(figure, mean, best, bound, network, data) -> None:
    rows, labels = _inputs(mean, data)
    axes = figure.subplots(1, 2, sharey=True)
    size = _label_size(len(rows))
    margins(figure, left=0.2 + text_width(labels, size), right=1.0, wspace=0.08)
    names = _of_neurons(len(mean), network, data)
    shown = "" if len(mean) == network.layers[0] else f" (of {network.layers[0]})"
    word = "neuron"
    if len(network.layers) == 1:
        word = "class" if data.classes else "target"
    for ax, values, title in zip(
        axes, (mean, best), ("Mean of the shots", "Best shot"), strict=True
    ):
        image = ax.imshow(values[:, rows].T, cmap=COLUMNS, vmin=-bound, vmax=bound, aspect="auto")
        ax.set_title(title, fontsize="medium")
        ax.set_xticks(range(len(names)), names, fontsize=7)
        ax.set_xlabel(f"{word}{shown}")
    axes[0].set_yticks(range(len(rows)), labels, fontsize=size)
    _color_bar(figure, image, bound, _meaning(network, data))


def _inputs(mean: np.ndarray, data: Data) -> tuple[np.ndarray, list[str]]:
    """The columns that are drawn, in order, and their names."""
    n_inputs = mean.shape[1]
    names = data.feature_names
    if names is None:
        names = [f"input {i}" for i in range(n_inputs)]
        maps = len(data.features)
        if maps:
            each = n_inputs // maps
            names = [f"{data.features[i // each]}: {i % each}" for i in range(n_inputs)]
    largest = np.argsort(-np.abs(mean).mean(axis=0), kind="stable")[:MOST_ROWS]
    rows = np.sort(largest)
    labels = [shortened(str(names[i]), 24) for i in rows]
    return rows, labels


def _label_size(n_rows: int) -> float:
    """Points, so that rows do not run into each other."""
    return min(LABEL_SIZE, 0.9 * 72 * (HEIGHT - 1) / n_rows)


def _color_bar(figure, image, bound: float, label: str) -> None:
    ax = figure.add_axes((0.86, 0.2, 0.025, 0.6))
    bar = figure.colorbar(image, cax=ax)
    bar.set_ticks([-bound, 0, bound], labels=[f"{v:g}" for v in (-bound, 0, bound)])
    bar.set_label(label, fontsize=LABEL_SIZE)


def _side_by_side(images: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Images (n, height, width) as one, about as high as wide, and the corner of each.

    Several have empty lines between them, with room for a name above each.
    """
    n, height, width = images.shape
    across = min(n, max(1, round(np.sqrt(n * height / width))))
    rows = -(-n // across)
    gap, head = (0, 0) if n == 1 else (max(1, width // 14), max(2, height // 4))
    whole = np.full((rows * (height + head), across * (width + gap) - gap), np.nan)
    corners = []
    for i, image in enumerate(images):
        top, left = i // across * (height + head) + head, i % across * (width + gap)
        whole[top : top + height, left : left + width] = image
        corners.append((top, left))
    return whole, corners
