"""What networks cost: bits, memory and operations, counted as libraries of BiNNs count them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from pl_hypernet.analysis.tables import Figures
from pl_hypernet.exports.packed import levels_of
from pl_hypernet.exports.plain import plain_groups
from pl_hypernet.networks import Network

FLOAT = 32  # bits


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


class ExportSummary(Figures):
    """Costs of layers, ``"built"`` and ``"exported"``; printing it gives a table."""

    def table(self) -> Table:
        """The table that the command shows."""
        n = self["networks"]
        table = Table(
            title="1 network" if n == 1 else f"{n} different networks, sums of all",
            title_justify="left",
            caption_justify="left",
        )
        for heading in ("", "layer", "shape"):
            table.add_column(heading)
        for heading in ("numbers", "bits", "kB", "1-bit MACs", "32-bit MACs"):
            table.add_column(heading, justify="right")
        for which in ("built", "exported"):
            for number, cost in self[which].items():
                table.add_row(which, str(number), *_cells(Cost(**cost)))
            table.add_row(which, "all", *_cells(Cost(**self.total(which))), end_section=True)
        built, exported = self.total("built"), self.total("exported")
        ratio = built["numbers"] * FLOAT / exported["memory_bits"]
        table.caption = (
            f"and {n} scale{'s' * (n > 1)} of 32 bits; as float32, built: "
            f"{_kilobytes(built['numbers'] * FLOAT)} kB, {ratio:.0f} times the exported bits"
        )
        return table

    def total(self, which: str) -> dict:
        """The sum over the layers of what was ``"built"`` or ``"exported"``, as a dict."""
        total, *rest = (Cost(**cost) for cost in self[which].values())
        for cost in rest:
            total += cost
        total.shape = ""
        return asdict(total)


def export_summary(network: Network, bits) -> ExportSummary:
    """Sizes and operations of a chosen network, or of all different ones of a vote.

    A multiply-accumulate (MAC) is of 1 bit where a weight of two values meets the output of a sign,
    else of 32 bits, as in Larq's summary. As exported, weights that are 0 are not counted among
    the MACs, though their bits are stored; and a weight takes the bits that its layer's different
    numbers need, 1 for two, 2 for three or four.

    Args:
        network: what a bitstring means.
        bits: int8 (n_qubits,) or (S, n_qubits).

    Returns:
        ``{"networks": int, "built": {layer: cost}, "exported": {layer: cost}}``, each cost the
        attributes of :class:`Cost`.
    """
    built: dict[int, Cost] = {}
    exported: dict[int, Cost] = {}
    groups = plain_groups(network, bits)
    blocks = {block.name: block for block in network.layout.blocks}
    for group in groups:
        n = len(group.often)
        behind = {layer.number: layer.activation for layer in group.layers}
        seen = None  # activation of what a layer sees
        for i in range(len(network.sizes)):
            weight, bias = blocks[f"layers.{i}.weight"], blocks.get(f"layers.{i}.bias")
            n_out, n_in = weight.shape
            n_biases = n_out if bias else 0
            one = _cost((n_out, n_in), n_biases, weight.n_bits, weight.n_bits, n_out * n_in, seen)
            _add(built, i, [one] * n)
            seen = behind.get(i, seen)
        seen = None
        for layer in group.layers:
            bits_of = [max(1, (len(levels_of(x)) - 1).bit_length()) for x in
                       (layer.weight, layer.bias)]  # fmt: skip
            n_biases = layer.bias.shape[1] if layer.bias.any() else 0
            _add(
                exported,
                layer.number,
                (
                    _cost(weight.shape, n_biases, *bits_of, np.count_nonzero(weight), seen)
                    for weight in layer.weight
                ),
            )
            seen = layer.activation
    networks = sum(len(group.often) for group in groups)
    as_dicts = ({i: asdict(c) for i, c in sorted(x.items())} for x in (built, exported))
    return ExportSummary(zip(("networks", "built", "exported"), (networks, *as_dicts), strict=True))


def _cost(shape, n_biases: int, bits: int, bias_bits: int, n_macs: int, seen) -> Cost:
    n_out, n_in = shape
    binary = bits == 1 and seen == "sign"
    return Cost(
        shape=f"{n_in} -> {n_out}",
        numbers=n_out * n_in + n_biases,
        bits=bits,
        memory_bits=n_out * n_in * bits + n_biases * bias_bits,
        binary_macs=int(n_macs) if binary else 0,
        other_macs=0 if binary else int(n_macs),
    )


def _add(costs: dict[int, Cost], number: int, new: Iterable[Cost]) -> None:
    for cost in new:
        costs[number] = costs[number] + cost if number in costs else cost


def _cells(cost: Cost) -> tuple[str, ...]:
    return (
        cost.shape, f"{cost.numbers:,}", str(cost.bits), _kilobytes(cost.memory_bits),
        f"{cost.binary_macs:,}", f"{cost.other_macs:,}",
    )  # fmt: skip


def _kilobytes(bits: int) -> str:
    return f"{bits / 8000:,.3g}" if bits < 8e5 else f"{bits / 8000:,.0f}"
