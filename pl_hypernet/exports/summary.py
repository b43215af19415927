"""What networks cost: bits, memory and operations, counted as libraries of BiNNs count them."""

from collections.abc import Iterable
from dataclasses import asdict

import numpy as np
from rich.table import Table

from pl_hypernet.analysis.tables import Figures, in_words
from pl_hypernet.exports.codes import bits_a_number, levels_of
from pl_hypernet.exports.cost import FLOAT, Cost, costs_of_modules
from pl_hypernet.exports.plain import checked_bits, plain_groups
from pl_hypernet.networks import BinaryNetwork, Network


class ExportSummary(Figures):
    """Costs of layers, ``"built"`` and ``"exported"``; printing it gives a table."""

    def table(self) -> Table:
        """The table that the command shows."""
        n, size = self["networks"], in_words(self["n_qubits"], self["n_real"])
        several = f"{n} different networks, each of {size}, sums of all"
        table = Table(
            title=f"1 network of {size}" if n == 1 else several,
            title_justify="left",
            caption_justify="left",
        )
        for heading in ("", "layer", "shape"):
            table.add_column(heading, overflow="fold")
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

    Bits are what qubits decide; real parameters, as those of batch norms, have 32 of them.
    "Exported" is what a packed file holds, with batch norms folded; of a module that no packed file
    can hold it is what torch and ONNX hold, 32 bits a number.

    A multiply-accumulate (MAC) is of 1 bit where a weight of two values meets the output of a sign,
    else of 32 bits, as in Larq's summary. As exported, weights that are 0 are not counted among
    the MACs, though their bits are stored; and a weight takes the bits that its layer's different
    numbers need, 1 for two, 2 for three or four.

    Args:
        network: what a bitstring means.
        bits: int8 (n_qubits,) or (S, n_qubits).

    Returns:
        ``{"networks": int, "n_qubits": int, "n_real": int, "built": {layer: cost}, "exported":
        {layer: cost}}``, each cost the attributes of :class:`Cost`; layers by number, of a torch
        module by name.
    """
    if isinstance(network, BinaryNetwork):
        networks, *costs = _of_dense(network, bits)
    else:
        networks, *costs = costs_of_modules(network, checked_bits(network, bits))
    built, exported = ({i: asdict(c) for i, c in each.items()} for each in costs)
    return ExportSummary(
        networks=networks,
        n_qubits=network.n_qubits,
        n_real=network.n_real,
        built=built,
        exported=exported,
    )


def _of_dense(network: BinaryNetwork, bits) -> tuple[int, dict[int, Cost], dict[int, Cost]]:
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
            n_biases, bias_bits = (n_out, bias.n_bits) if bias else (0, 0)
            one = _cost((n_out, n_in), n_biases, weight.n_bits, bias_bits, n_out * n_in, seen)
            _add(built, i, [one] * n)
            seen = behind.get(i, seen)
        seen = None
        for layer in group.layers:
            bits_of = [bits_a_number(levels_of(x)) for x in (layer.weight, layer.bias)]
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
    return networks, dict(sorted(built.items())), dict(sorted(exported.items()))


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
