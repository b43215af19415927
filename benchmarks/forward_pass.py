"""Networks of several layers and choices: the forward pass against its matrix products alone.

    taskset -c 0 python benchmarks/forward_pass.py

The products are those of float32 numbers that were decoded beforehand, one batched product for each
layer, without biases and activations. A forward pass starts from bits. Medians of calls in turn,
torch on one thread; prints milliseconds and the ratio.
"""

from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh

CASES = {
    "64-1": (64, [1], 1000, {}),
    "64-8-1": (64, [8, 1], 1000, {}),
    "64-8-1, removable neurons": (64, [8, 1], 1000, {"choices": [plh.RemoveNeurons(0)]}),
    "64-64-10": (64, [64, 10], 200, {}),
    "64-64-10, ternary": (64, [64, 10], 200, {"values": "ternary"}),
    "64-64-10, relu or tanh": (64, [64, 10], 200, {"hidden": plh.Choice("relu", "tanh")}),
    "784-10, ternary": (784, [10], 200, {"values": "ternary"}),
    "784-64-10": (784, [64, 10], 100, {}),
    "784-64-10, ternary": (784, [64, 10], 100, {"values": "ternary"}),
    "784-64-64-10": (784, [64, 64, 10], 100, {}),
}


def products(weights: list[torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
    shots, size, _ = weights[0].shape
    h = (weights[0].flatten(0, 1) @ inputs.T).view(shots, size, len(inputs))
    for weight in weights[1:]:
        h = torch.bmm(weight, h)
    return h


def main(
    samples: Annotated[int, typer.Option(min=1, help="Inputs.")] = 500,
    repeats: Annotated[int, typer.Option(min=1, help="Timed calls of each.")] = 9,
) -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    table = Table(title=f"{samples} inputs, medians of {repeats} calls", title_justify="left")
    for heading in ("network", "networks", "forward, ms", "products, ms", "ratio"):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    for name, (n_inputs, layers, shots, arguments) in CASES.items():
        network = plh.BinaryNetwork(n_inputs, layers, **arguments)
        bits = rng.integers(0, 2, (shots, network.n_qubits), dtype=np.int8)
        inputs = torch.rand(samples, n_inputs)
        weights = network.parameters_of(bits).weights
        seconds = median_seconds(
            {
                "forward": lambda network=network, bits=bits, x=inputs: network(bits, x),
                "products": lambda weights=weights, x=inputs: products(weights, x),
            },
            repeats,
        )
        ms = [1e3 * seconds[which] for which in ("forward", "products")]
        table.add_row(name, f"{shots:,}", f"{ms[0]:.2f}", f"{ms[1]:.2f}", f"{ms[0] / ms[1]:.2f}")
    Console(width=90).print(table)


if __name__ == "__main__":
    typer.run(main)
