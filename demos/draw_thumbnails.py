"""Draws the preview images of the demos into demos/_static, where their metadata say that they are.

A circuit, and the weights of networks that it was measured to be, how the loss of networks changes
with each weight, or kernels of convolutions.

    python demos/draw_thumbnails.py
"""

from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from torch import nn

import pl_hypernet as plh

THUMBNAILS = Path(__file__).parent / "_static" / "demo_thumbnails"
INK, PAPER, GATE = "#1b2a49", "#f6f8fc", "#7aa6da"


def main() -> None:
    for name, images, arrow in (
        ("quantum_hypernetwork.png", trained_weights(9), "-|>"),
        ("gradients_through_the_network.png", derivatives(9), "<|-"),
        ("any_torch_module.png", kernels(9), "-|>"),
    ):
        regular = THUMBNAILS / "regular_demo_thumbnails" / f"thumbnail_{name}"
        large = THUMBNAILS / "large_demo_thumbnails" / f"thumbnail_large_{name}"
        draw(images, arrow, (6, 6), regular)
        draw(images, arrow, (10.24, 5.76), large)


def trained_weights(shots: int):
    """Of the demo's 66 qubits: (shots, 8, 8), +1 or -1."""
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, device="hypernet.mps", layers=2, shots=200, seed=0)
    run = plh.train(hypernet, plh.datasets.mnist(), optimizer="qnspsa", progress=False)
    weights = network.layout.decode(hypernet.sample(run.theta, shots=shots))["layers.0.weight"]
    return weights.reshape(shots, 8, 8)


def derivatives(shots: int):
    """Of the losses of random networks by their weights: (shots, 8, 8), at most 1 in size."""
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    data = plh.datasets.mnist()
    loss = plh.NetworkLoss(network, data.inputs[:500], data.targets[:500])
    bits = np.random.default_rng(0).integers(0, 2, (shots, network.n_qubits), dtype=np.int8)
    _, by_spin = loss.spin_gradients(bits)
    images = by_spin[:, :64].reshape(shots, 8, 8)
    return images / np.abs(images).max(axis=(1, 2), keepdims=True)


def kernels(shots: int):
    """Of a convolution, one of each of some networks: (shots, 5, 5), +1 or -1."""
    module = nn.Sequential(
        nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4), plh.Sign(), nn.Flatten(), nn.Linear(64, 1)
    )
    network = plh.TorchNetwork(module, (1, 8, 8))
    hypernet = plh.QuantumHypernetwork(network, layers=0, shots=10, seed=0)
    options = {"steps": 60, "stepsize": 0.1, "evaluation_shots": 20, "progress": False}
    run = plh.train(hypernet, plh.datasets.mnist(), "pathwise", **options)
    return network.layout.decode(run.bits[:shots])["0.weight"][:, 0, 0]


def draw(images, arrow: str, size: tuple[float, float], path: Path) -> None:
    figure = plt.figure(figsize=size, facecolor=PAPER)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, size[0]), ylim=(0, size[1]))
    ax.axis("off")
    width, height = size
    pad = 0.05 * width
    grid = min(0.54 * width, height - 2 * pad)  # side of the square of images
    left = width - pad - grid
    draw_circuit(ax, pad, left - 1.9 * pad, height / 2, grid)
    look = {"arrowstyle": arrow, "mutation_scale": 30, "lw": 3, "color": INK}
    middle = height / 2
    ax.add_patch(FancyArrowPatch((left - 1.8 * pad, middle), (left - 0.2 * pad, middle), **look))
    side = grid / 3
    for k, image in enumerate(images):
        x, y = left + side * (k % 3), (height + grid) / 2 - side * (k // 3 + 1)
        inside = (x + 0.06 * side, y + 0.06 * side, 0.88 * side, 0.88 * side)
        frame = figure.add_axes(np.divide(inside, (width, height, width, height)))
        frame.imshow(image, cmap="RdBu_r", vmin=-1.3, vmax=1.3)
        frame.set(xticks=[], yticks=[])
        frame.spines[:].set(color=INK, linewidth=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def draw_circuit(ax, left: float, right: float, middle: float, height: float, wires=6) -> None:
    """Rotations, a chain of CZ, and rotations."""
    step = height / wires
    ys = [middle + step * (k - (wires - 1) / 2) for k in range(wires)]
    box = min(0.55 * step, 0.2 * (right - left))
    first, last = left + box, right - box
    for k, y in enumerate(ys):
        ax.plot((left, right), (y, y), color=INK, lw=2, zorder=1)
        for x in (first, last):
            corner = (x - box / 2, y - box / 2)
            style = {"boxstyle": "round,pad=0.04", "fc": GATE, "ec": INK, "lw": 1.5, "zorder": 3}
            ax.add_patch(FancyBboxPatch(corner, box, box, **style))
        if k:
            x = first + (last - first) * (0.38 if k % 2 else 0.62)
            ax.plot((x, x), (ys[k - 1], y), color=INK, lw=2, marker="o", ms=8, zorder=2)


if __name__ == "__main__":
    main()
