"""All 2^17 networks of the 4x4 task of arXiv:2301.08292, scored: what there is to be found.

    python benchmarks/enumerate_networks.py --root DATA

0 against 1 at 4x4 pixels (bilinear), 16 weights and a bias of two values, sigmoid, logit scale 1,
all 12,665 digits. Prints for {-3, 1} and {-1, 1} the lowest and the highest loss, the test accuracy
of the network with the lowest, and the best test accuracy of all. Published for {-3, 1}:
0.3268526932 and 2.5435371902.
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


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw.")] = None,
    last: Annotated[int, typer.Option(help="Networks scored, from bitstring 0 on.")] = 2**17,
) -> None:
    data = plh.datasets.mnist(size=4, root=root, resize="bilinear")
    targets = torch.as_tensor(data.test_targets)
    bits = bitstrings(0, last, 17)
    table = Table(title=f"{last:,} networks", title_justify="left")
    for heading in ("values", "lowest loss", "highest", "its test accuracy", "best test accuracy"):
        table.add_column(heading, justify="left" if heading == "values" else "right")
    for values in ((1, -3), (1, -1)):
        network = plh.BinaryNetwork(16, [1], "sigmoid", scale=1.0, values=values)

        def accuracy(rows, network=network):
            def right(logits):
                return (network.classify(logits) == targets).double().mean(dim=1)

            return network.score(rows, data.test_inputs, right)

        losses = plh.NetworkLoss(network, data.inputs, data.targets)(bits)
        accuracies = accuracy(bits)
        table.add_row(
            str(values),
            f"{losses.min():.7f}",
            f"{losses.max():.7f}",
            f"{accuracies[np.argmin(losses)]:.4f}",
            f"{accuracies.max():.4f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
