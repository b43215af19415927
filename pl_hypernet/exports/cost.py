"""What the layers of networks hold and compute, counted; of torch modules by running them."""

from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from pl_hypernet.errors import InputError
from pl_hypernet.exports.codes import bits_a_number
from pl_hypernet.exports.packed import folded
from pl_hypernet.networks import Network
from pl_hypernet.networks.plain_module import PlainModule
from pl_hypernet.networks.unique import unique_bitstrings

FLOAT = 32  # bits
SAMPLES = 2


@dataclass
class Cost:
    """Of one layer; of several networks the sum.

    Attributes:
        shape: ``"784 -> 64"``; ``"various"`` where networks differ.
        numbers: weights and biases.
        bits: of each weight, the most there are.
        memory_bits: of all weights and biases.
        binary_macs: multiply-accumulates of two values +-1, which are XNOR and counting.
        other_macs: all others; additions alone where weights are +-1.
    """

    shape: str
    numbers: int
    bits: int
    memory_bits: int
    binary_macs: int
    other_macs: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.shape if self.shape == other.shape else "various",
            self.numbers + other.numbers,
            max(self.bits, other.bits),
            self.memory_bits + other.memory_bits,
            self.binary_macs + other.binary_macs,
            self.other_macs + other.other_macs,
        )


def costs_of_modules(
    network: Network, bits: np.ndarray
) -> tuple[int, dict[str, Cost], dict[str, Cost]]:
    """How many different networks, and of each layer the cost as built and as exported.

    Args:
        network: of a class that gives ``plain_module``.
        bits: int8 (n_qubits,) or (S, n_qubits).
    """
    rows = network.bits_on_device(unique_bitstrings(np.atleast_2d(bits))[0])
    built: dict[str, Cost] = {}
    exported: dict[str, Cost] = {}
    for row in rows:
        of_this = _built(network, network.plain_module(row))
        _add(built, of_this)
        try:
            _add(exported, _packed(network, row))
        except InputError:  # no packed file holds it
            _add(exported, {name: _as_floats(cost) for name, cost in of_this.items()})
    return len(rows), built, exported


def _built(network: Network, plain: nn.Module) -> dict[str, Cost]:
    """Of layers that hold numbers, by their names; multiplications of one sample of noise."""
    module = plain.module if isinstance(plain, PlainModule) else plain
    of_bits = {block.name: block.n_bits for block in network.layout.blocks}
    costs: dict[str, Cost] = {}
    hooks = []
    for name, layer in module.named_modules():
        held = dict(layer.named_parameters(name, recurse=False))
        if not held:
            continue
        first = next(iter(held.values()))
        bits = {key: _bits_of(key, of_bits) for key in held}
        costs[name] = Cost(
            shape=_shape(first),
            numbers=sum(parameter.numel() for parameter in held.values()),
            bits=max(bits.values()),
            memory_bits=sum(bits[key] * parameter.numel() for key, parameter in held.items()),
            binary_macs=0,
            other_macs=0,
        )
        if isinstance(layer, nn.Linear | _ConvNd):
            hooks.append(layer.register_forward_hook(partial(_count, costs[name])))
    try:
        with torch.no_grad():
            generator = torch.Generator().manual_seed(0)
            plain(torch.rand(SAMPLES, network.n_columns, generator=generator).to(network.device))
    finally:
        for hook in hooks:
            hook.remove()
    return costs


def _bits_of(name: str, of_bits: dict[str, int]) -> int:
    """Of each number of a parameter; ``1.weight`` may have been ``1.layer.weight`` in a choice."""
    layer, _, last = name.rpartition(".")
    inside = [n for key, n in of_bits.items() if key.startswith(f"{layer}.") and key.endswith(last)]
    return of_bits.get(name, max(inside, default=FLOAT))


def _count(cost: Cost, layer, inputs: tuple[Tensor, ...], outputs: Tensor) -> None:
    """Adds the multiplications of a linear or convolution layer."""
    (x,) = inputs
    places = x if getattr(layer, "transposed", False) else outputs
    n = places.numel() * layer.weight[0].numel() // SAMPLES
    if cost.bits == 1 and ((x == 0) | (x.abs() == 1)).all():
        cost.binary_macs += n
    else:
        cost.other_macs += n


def _packed(network: Network, row: Tensor) -> dict[str, Cost]:
    """Of the layers of a packed file that hold numbers."""
    costs: dict[str, Cost] = {}
    for layer in folded(network, row).layers:
        about = layer.about
        if not layer.parts:
            continue
        if "shape" in about:
            weight, bias = (bits_a_number(about[kind]) for kind in ("weights", "biases"))
            n_biases = about["shape"][0] if about["biases"] != [0] else 0
            numbers = prod(about["shape"])
            binary = layer.signs and weight == 1
            _add(costs, {layer.name: Cost(
                shape=_shape(torch.empty(about["shape"], device="meta")),
                numbers=numbers + n_biases,
                bits=weight,
                memory_bits=numbers * weight + n_biases * bias,
                binary_macs=layer.n_macs if binary else 0,
                other_macs=0 if binary else layer.n_macs,
            )})  # fmt: skip
            continue
        memory = 8 * sum(part.nbytes for part in layer.parts)
        thresholds = about["kind"] == "threshold"
        numbers = about["n"] * (1 if thresholds else 2)
        what = "thresholds" if thresholds else "scales, shifts"
        _add(costs, {layer.name: Cost(what, numbers, memory // numbers, memory, 0, 0)})
    return costs


def _shape(weight: Tensor) -> str:
    """As 784 -> 64, or 16 -> 32, 5 x 5."""
    if weight.ndim < 2:
        return str(weight.numel())
    space = "x".join(str(n) for n in weight.shape[2:])
    return f"{weight.shape[1]} -> {weight.shape[0]}" + (f", {space}" if space else "")


def _as_floats(cost: Cost) -> Cost:
    return replace(cost, bits=FLOAT, memory_bits=FLOAT * cost.numbers)


def _add(costs: dict[str, Cost], new: dict[str, Cost]) -> None:
    for name, cost in new.items():
        costs[name] = costs[name] + cost if name in costs else cost
