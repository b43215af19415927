"""All networks of three tasks of arXiv:2301.08292, scored: what there is to be found.

    python benchmarks/enumerate_networks.py --root DATA

Points: the Gaussian mixture, 2-4-1 with a qubit for the hidden activation, squared error, 2^18
networks.
Digits 0 and 1 at 4x4 pixels (bilinear), 16 weights and a bias of two values, sigmoid, logit scale
1, cross-entropy on 12,665 digits, 2^17 networks; published for {-3, 1}: lowest 0.3268526932,
highest 2.5435371902.
Digits 3 and 7 likewise, with two qubits that choose the values, 2^19 networks; published: lowest
0.60363895, its test accuracy 0.7551521.
Digits need the MNIST files (--root).

Prints the lowest and the highest loss in double precision, how many networks have the lowest, the
test accuracy of the first of them, and the best test accuracy of all.
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

ENCODINGS = plh.Choice((-1, 1), (0, 1), (-2, 1), (-3, 1))


def row(name: str, network, data, loss: str, only: str | None = None) -> list[str]:
    """Of all networks, or of those that chose this option.

    Losses in double precision; accuracies in single precision, as everywhere, since four test
    digits lie exactly on the border of the published optimum, which double precision would see on
    both sides of it: the pixels are rounded to single precision.
    """
    bits = bitstrings(0, 2**network.n_qubits, network.n_qubits)
    if only is not None:
        ((choice, options),) = network.choices.items()
        code = options.names.index(only)
        bits = bits[network.layout.decode(bits)[f"choice.{choice}"] == code]
    targets = torch.as_tensor(data.test_targets)

    def right(logits):
        return (network.classify(logits) == targets).double().mean(dim=1)

    accuracies = network.score(bits, data.test_inputs, right)
    losses = plh.NetworkLoss(network.double(), data.inputs, data.targets, loss)(bits)
    network.float()
    return [
        name,
        f"{losses.min():.10f}",
        f"{losses.max():.10f}",
        str(np.sum(losses < losses.min() + 1e-9)),
        f"{accuracies[np.argmin(losses)]:.7f}",
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
    hidden = plh.Choice("sigmoid", "relu")
    network = plh.BinaryNetwork(2, [4, 1], "sigmoid", scale=1.0, hidden=hidden)
    for option in (None, *hidden.names):
        table.add_row(*row(f"points, hidden {option or 'any'}", network, data, "mse", option))
    if root is not None:
        data = plh.datasets.mnist(size=4, root=root, resize="bilinear")
        for values in ((1, -3), (1, -1)):
            network = plh.BinaryNetwork(16, [1], "sigmoid", scale=1.0, values=values)
            table.add_row(*row(f"0 and 1, {values}", network, data, "bce"))
        data = plh.datasets.mnist((3, 7), size=4, root=root, resize="bilinear")
        network = plh.BinaryNetwork(16, [1], "sigmoid", scale=1.0, values=ENCODINGS)
        for option in (None, *ENCODINGS.names):
            table.add_row(*row(f"3 and 7, {option or 'any values'}", network, data, "bce", option))
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
