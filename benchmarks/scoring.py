"""Scoring many networks on many images: ours, a plain loop over networks, and a matrix product.

1000 different networks, as early in a training, on 500 images (a mini-batch) and on 12,665 (all
zeros and ones of MNIST), of 8x8 and of 28x28 pixels. The images are random: speed does not depend
on them. Two things are timed, each from bits:

- outputs, ``BinaryNetwork.forward``: a logit for each network and image;
- losses, ``NetworkLoss``: a cross-entropy for each network, as each energy of a training needs.

The plain loop takes one network after the other in numpy, single precision; it is timed with a part
of the networks and continued to all, as its time is proportional to them. The roofline is one
``torch.mm`` of (images, inputs + 1) times (inputs + 1, networks) in single precision: without it
nothing can be scored, and it does neither decoding nor activations nor the loss. First all three
have to give the same numbers, or the program stops with an error.

Medians of calls in turn, torch on one thread. Pin it to one core, for numpy too:

    taskset -c 1 python benchmarks/scoring.py
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh

SEED = 0
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}  # sums of up to 785 terms in single precision


class Case:
    """One size of images, and as many of them.

    Args:
        size: pixels on a side.
        images: how many.
        networks: how many bitstrings.
    """

    def __init__(self, size: int, images: int, networks: int):
        rng = np.random.default_rng(SEED)
        self.name = f"{networks:,} networks, {images:,} images of {size}x{size}"
        self.network = plh.BinaryNetwork(size**2, [1], plh.Choice("sigmoid", "hard_sigmoid"))
        self.inputs = rng.random((images, size**2), dtype=np.float32)
        self.targets = rng.integers(2, size=images)
        self.bits = rng.integers(2, size=(networks, size**2 + 2), dtype=np.int8)
        self.loss = plh.NetworkLoss(self.network, self.inputs, self.targets)
        spins = 1 - 2 * torch.as_tensor(self.bits[:, :-1], dtype=torch.float32)
        self.parameters = spins.T.contiguous()
        self.augmented = torch.hstack([torch.as_tensor(self.inputs), torch.ones(images, 1)])

    def outputs(self) -> np.ndarray:
        return self.network(self.bits, self.inputs)[..., 0].numpy()

    def losses(self) -> np.ndarray:
        return self.loss(self.bits)

    def product(self) -> torch.Tensor:
        return torch.mm(self.augmented, self.parameters)

    def loop_outputs(self, count: int) -> np.ndarray:
        return np.array([self._logits(bits) for bits in self.bits[:count]])

    def loop_losses(self, count: int) -> np.ndarray:
        losses = []
        for bits in self.bits[:count]:
            logits = self._logits(bits)
            losses.append(np.mean(np.logaddexp(0, logits) - self.targets * logits))
        return np.array(losses)

    def _logits(self, bits: np.ndarray) -> np.ndarray:
        """Of one network, as one would write it."""
        spins = (1 - 2 * bits[:-1]).astype(np.float32)
        z = self.network.scale.item() * (self.inputs @ spins[:-1] + spins[-1])
        if bits[-1] == 0:
            return z
        p = np.clip(0.5 + z / 4, 0.02, 0.98)
        return np.log(p / (1 - p))

    def check(self, count: int) -> None:
        """Ends the program where the ways differ."""
        outputs = self.outputs()
        plain = self.bits[:, -1] == 0  # the sigmoid's logit is the product itself
        product = self.network.scale.item() * self.product().T.numpy()
        pairs = {
            "loop and forward": (self.loop_outputs(count), outputs[:count]),
            "loop and NetworkLoss": (self.loop_losses(count), self.losses()[:count]),
            "product and forward": (product[plain], outputs[plain]),
        }
        for name, (ours, other) in pairs.items():
            if not np.allclose(ours, other, **TOLERANCE):
                sys.exit(f"{self.name}: {name} differ by up to {np.abs(ours - other).max():.2g}")

    def times(self, count: int, repeats: int) -> dict[str, float]:
        """Seconds of each way for all networks, the loops continued from ``count`` of them."""
        functions = {
            "outputs": self.outputs,
            "losses": self.losses,
            "matrix product": self.product,
            "loop, outputs": lambda: self.loop_outputs(count),
            "loop, losses": lambda: self.loop_losses(count),
        }
        seconds = median_seconds(functions, repeats)
        factor = len(self.bits) / count
        return {k: v * (factor if "loop" in k else 1) for k, v in seconds.items()}


def main(
    networks: Annotated[int, typer.Option(min=1, help="Networks scored at a time.")] = 1000,
    loop_networks: Annotated[int, typer.Option(min=1, help="Of these in the loop.")] = 100,
    images: Annotated[str, typer.Option(help="Numbers of images.")] = "500,12665",
    sizes: Annotated[str, typer.Option(help="Pixels on a side.")] = "8,28",
    repeats: Annotated[int, typer.Option(min=1, help="Timed calls of each.")] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    """Time to score many networks, against a plain loop and a matrix product."""
    torch.set_num_threads(1)
    count = min(networks, loop_networks)
    title = f"Medians of {repeats} calls, {networks:,} networks, one thread"
    table = Table("", title=title, title_justify="left")
    for column in ("ms", "loop, ms", "loop to ours", "product, ms", "share of roofline"):
        table.add_column(column, justify="right")
    figures = {"networks": networks, "loop_networks": count, "repeats": repeats, "cases": []}
    for size in map(int, sizes.split(",")):
        for n_images in map(int, images.split(",")):
            case = Case(size, n_images, networks)
            case.check(count)
            times = case.times(count, repeats)
            row: dict = {"size": size, "images": n_images, "seconds": times}
            for what in ("outputs", "losses"):
                ratio = times[f"loop, {what}"] / times[what]
                share = times["matrix product"] / times[what]
                row[what] = {"loop_ratio": ratio, "share_of_roofline": share}
                ms = [1e3 * times[way] for way in (what, f"loop, {what}", "matrix product")]
                table.add_row(
                    f"{what}, {n_images:,} of {size}x{size}",
                    *(f"{ms[0]:,.1f}", f"{ms[1]:,.0f}", f"{ratio:.1f}"),
                    *(f"{ms[2]:,.1f}", f"{share:.0%}"),
                )
            figures["cases"].append(row)
    Console(width=100).print(table)
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
