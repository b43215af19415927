"""The weights of the first layer: images for images, labelled rows for a table."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import FigureBase

from pl_hypernet.analysis.evaluation import Evaluation
from pl_hypernet.analysis.pictures.style import COLORS, HEIGHT, margins, shortened, text_width
from pl_hypernet.datasets import Data
from pl_hypernet.networks import Network
from pl_hypernet.networks.network import FirstWeights

MOST_IMAGES = 16  # neurons whose weights are drawn
MOST_BARS = 4  # neurons that have axes of their own; more are columns
MOST_ROWS = 30  # inputs of a table
LABEL_SIZE = 8  # points
COLUMNS = "RdBu_r"


@dataclass(frozen=True, eq=False)
class _Shown:
    """Weights that are drawn.

    Attributes:
        mean, best: (n_shown, n_inputs), of all shots and of the best one.
        bound: the largest size of a weight.
        of: how many neurons, or kernels, the layer has.
        are_outputs: whether these are the outputs of the network.
        shape: (height, width) of each as an image; None: they are of a table.
    """

    mean: np.ndarray
    best: np.ndarray
    bound: float
    of: int
    are_outputs: bool
    shape: tuple[int, int] | None


def draw_weights(figure: FigureBase, evaluation: Evaluation, network: Network, data: Data) -> None:
    """Mean weights of all shots and the weights of the best shot.

    Of images an image for each of the first neurons, or kernels, of the first layer. Of a table a
    row for each input, by its name: bars where there are few neurons, else columns of colours.
    Where inputs are many, those of the largest mean weights.
    """
    shown = _shown(network.first_weights(evaluation.bits), evaluation.best, data.image_shape)
    if shown.shape is not None:
        _draw_images(figure, shown, data)
    elif len(shown.mean) <= MOST_BARS:
        _draw_bars(figure, shown, data)
    else:
        _draw_columns(figure, shown, data)


def _shown(first: FirstWeights, best: int, image_shape: tuple[int, int] | None) -> _Shown:
    weights = first.values[:, :MOST_IMAGES]
    shape = weights.shape[2:] if weights.ndim == 4 else image_shape
    weights = weights.reshape(*weights.shape[:2], -1)
    if shape is not None and np.prod(shape) != weights.shape[2]:
        shape = None
    return _Shown(
        mean=weights.mean(axis=0),
        best=weights[best].astype(float),
        bound=float(np.abs(weights).max()) or 1.0,
        of=first.values.shape[1],
        are_outputs=first.are_outputs,
        shape=shape,
    )


def _of_neurons(shown: _Shown, data: Data) -> list[str]:
    """What each neuron of the first layer speaks for, or its number."""
    if shown.are_outputs and shown.of == 1:
        return [""]
    n_shown = len(shown.mean)
    names = data.classes or data.target_names
    if shown.are_outputs and names:
        return [shortened(str(name), 12) for name in names[:n_shown]]
    return [str(i) for i in range(n_shown)]


def _meaning(shown: _Shown, data: Data) -> str:
    """What a positive weight says."""
    if shown.are_outputs and shown.of == 1 and data.classes is not None:
        return f"weight (> 0: for {shortened(str(data.classes[1]), 16)})"
    return "weight"


def _draw_images(figure, shown: _Shown, data) -> None:
    names, shape, bound = _of_neurons(shown, data), shown.shape, shown.bound
    axes = figure.subplots(1, 2)
    margins(figure, left=0.15, right=1.0, top=0.4, bottom=0.4, wspace=0.08)
    for ax, values, title in zip(
        axes,
        (shown.mean, shown.best),
        ("Mean weights of the shots", "Weights of the best shot"),
        strict=True,
    ):
        whole, corners = _side_by_side(values.reshape(-1, *shape))
        image = ax.imshow(whole, cmap=COLUMNS, vmin=-bound, vmax=bound)
        ax.set_title(title, fontsize="medium")
        ax.set_axis_off()
        if len(names) > 1:
            for name, (top, left) in zip(names, corners, strict=True):
                ax.text(left + shape[1] / 2 - 0.5, top - 0.6, name, fontsize=7, ha="center")
    if len(names) < shown.of:
        note = f"the first {len(names)} of {shown.of} neurons"
        figure.text(0.42, 0.04, note, ha="center")
    _color_bar(figure, image, bound, _meaning(shown, data))


def _draw_bars(figure, shown: _Shown, data) -> None:
    mean, best, bound = shown.mean, shown.best, shown.bound
    rows, labels = _inputs(mean, data)
    axes = figure.subplots(1, len(mean), sharey=True, squeeze=False)[0]
    size = _label_size(len(rows))
    top = 0.35 if len(mean) == 1 else 0.6
    margins(figure, left=0.2 + text_width(labels, size), top=top, wspace=0.08)
    y = np.arange(len(rows))
    for ax, name, average, single in zip(
        axes, _of_neurons(shown, data), mean[:, rows], best[:, rows], strict=True
    ):
        ax.barh(y, average, color=COLORS[0], height=0.7, label="mean of the shots")
        ax.plot(single, y, "D", color="black", ms=3, label="best shot")
        ax.axvline(0, color="black", lw=0.6)
        ax.set(xlim=(-1.1 * bound, 1.1 * bound), ylim=(len(rows) - 0.4, -0.6), title=name)
        ax.set_xticks([-bound, 0, bound], [f"{v:g}" for v in (-bound, 0, bound)])
    axes[0].set_yticks(y, labels, fontsize=size)
    axes[len(axes) // 2].set_xlabel(_meaning(shown, data))
    handles, words = axes[0].get_legend_handles_labels()
    figure.legend(
        handles[::-1], words[::-1], frameon=False, loc="upper center", ncols=2, fontsize=LABEL_SIZE
    )


def _draw_columns(figure, shown: _Shown, data) -> None:
    mean, best, bound = shown.mean, shown.best, shown.bound
    rows, labels = _inputs(mean, data)
    axes = figure.subplots(1, 2, sharey=True)
    size = _label_size(len(rows))
    margins(figure, left=0.2 + text_width(labels, size), right=1.0, wspace=0.08)
    names = _of_neurons(shown, data)
    all_of_them = "" if len(mean) == shown.of else f" (of {shown.of})"
    word = "neuron"
    if shown.are_outputs:
        word = "class" if data.classes else "target"
    for ax, values, title in zip(
        axes, (mean, best), ("Mean of the shots", "Best shot"), strict=True
    ):
        image = ax.imshow(values[:, rows].T, cmap=COLUMNS, vmin=-bound, vmax=bound, aspect="auto")
        ax.set_title(title, fontsize="medium")
        ax.set_xticks(range(len(names)), names, fontsize=7)
        ax.set_xlabel(f"{word}{all_of_them}")
    axes[0].set_yticks(range(len(rows)), labels, fontsize=size)
    _color_bar(figure, image, bound, _meaning(shown, data))


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
