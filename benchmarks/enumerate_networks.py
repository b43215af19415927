"""All networks of two tasks of arXiv:2301.08292, scored: what there is to be found.

    python benchmarks/enumerate_networks.py --root DATA

Digits: 0 against 1 at 4x4 pixels (bilinear), 16 weights and a bias of two values, sigmoid, logit
scale 1, cross-entropy on 12,665 digits, 2^17 networks; published for {-3, 1}: lowest 0.3268526932,
highest 2.5435371902. Needs the MNIST files (--root).
Points: the Gaussian mixture, 2-4-1 with a qubit for the hidden activation, squared error, 2^17
networks of each.

Prints the lowest and the highest loss, how many networks have the lowest, the test accuracy of one
of them, and the best test accuracy of all.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.measurements.expected_loss import bitstrings


def row(name: str, network, data, loss: str, bits: np.ndarray) -> list[str]:
    targets = torch.as_tensor(data.test_targets)

    def right(logits):
        return (network.classify(logits) == targets).double().mean(dim=1)

    losses = plh.NetworkLoss(network, data.inputs, data.targets, loss)(bits)
    accuracies = network.score(bits, data.test_inputs, right)
    return [
        name,
        f"{losses.min():.7f}",
        f"{losses.max():.7f}",
        str(np.sum(losses < losses.min() + 1e-6)),
        f"{accuracies[np.argmin(losses)]:.4f}",
        f"{accuracies.max():.4f}",
    ]


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw; none: no digits.")] = None,
    points: Annotated[int, typer.Option(help="Of the Gaussian mixture.")] = 10_000,
) -> None:
    table = Table(title="All networks", title_justify="left")
    headings = ("task", "lowest loss", "highest", "so low", "its test accuracy", "best of all")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "task" else "right")
    data = plh.datasets.gaussian_mixture(points)
    for hidden in ("relu", "sigmoid"):
        network = plh.BinaryNetwork(2, [4, 1], "sigmoid", scale=1.0, hidden=hidden)
        bits = bitstrings(0, 2**17, 17)
        table.add_row(*row(f"points, hidden {hidden}", network, data, "mse", bits))
    if root is not None:
        data = plh.datasets.mnist(size=4, root=root, resize="bilinear")
        for values in ((1, -3), (1, -1)):
            network = plh.BinaryNetwork(16, [1], "sigmoid", scale=1.0, values=values)
            table.add_row(*row(f"digits, {values}", network, data, "bce", bits))
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
