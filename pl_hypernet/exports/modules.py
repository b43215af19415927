"""Chosen networks as plain torch modules, without bits, and as exported programs."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError
from pl_hypernet.exports.plain import Group, Layer, checked_bits, checked_schema, plain_groups
from pl_hypernet.networks import BinaryNetwork, Network
from pl_hypernet.networks.activations import (
    HIDDEN_ACTIVATIONS,
    OUTPUT_ACTIVATIONS,
    REGRESSION,
    SOFTMAX,
)
from pl_hypernet.networks.parameters import TIE
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.networks.votes import EQUAL, first_of_largest

MOST_BITS = 2**27  # of a vote of modules, 32 bits each as a file


class Units(torch.nn.Module):
    """Outputs (M, n_outputs) of a regression in the units of the targets."""

    def __init__(self, schema: Schema):
        super().__init__()
        for name in ("mean", "scale"):
            values = getattr(schema, f"target_{name}")
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32))

    def forward(self, outputs: Tensor) -> Tensor:
        return self.mean + self.scale * outputs


class DenseLayer(torch.nn.Module):
    """activation(h W + b): of one network, W (n_in, n_out), or of G, W (G, n_in, n_out)."""

    def __init__(self, layer: Layer, columns: tuple[int, int] | None, one: bool):
        super().__init__()
        weight = torch.tensor(layer.weight).mT.contiguous()
        bias = torch.tensor(layer.bias)[:, None]
        self.register_buffer("weight", weight[0] if one else weight)
        self.register_buffer("bias", bias[0, 0] if one else bias)
        self.activation = layer.activation
        self.columns = columns

    def forward(self, h: Tensor) -> Tensor:
        if self.columns is not None:
            h = h[:, slice(*self.columns)]
        z = h @ self.weight + self.bias
        if self.activation is None:
            return z
        if self.activation == "sign":  # what rounding makes a little less than 0 has the sign +1
            z = z + TIE * (h.abs() @ self.weight.abs() + self.bias.abs())
            return torch.where(z >= 0, 1.0, -1.0)  # ONNX knows no copysign
        if isinstance(self.activation, str):
            return HIDDEN_ACTIVATIONS[self.activation](z)
        # a user's function sees (networks, neurons, samples), as in BinaryNetwork
        return self.activation(z.mT.reshape(-1, z.shape[-1], z.shape[-2])).mT.reshape(z.shape)

    def extra_repr(self) -> str:
        n_in, n_out = self.weight.shape[-2:]
        return f"{n_in} -> {n_out}, activation={self.activation}"


class Logits(torch.nn.Module):
    """Inputs float32 (M, n_columns) to the logits (M, n_outputs) of one network, or (G, M, ...)."""

    def __init__(self, group: Group, n_columns: int, one: bool):
        super().__init__()
        cuts = [None if group.columns == (0, n_columns) else group.columns]
        cuts += [None] * (len(group.layers) - 1)
        layers = zip(group.layers, cuts, strict=True)
        self.layers = torch.nn.Sequential(*(DenseLayer(layer, cut, one) for layer, cut in layers))
        scale = torch.tensor(group.scale)
        self.register_buffer("scale", scale[0] if one else scale[:, None, None])
        output = group.output
        self.output = None if output in (REGRESSION, SOFTMAX) else output

    def forward(self, inputs: Tensor) -> Tensor:
        z = self.layers(inputs) * self.scale
        if self.output is None:
            return z
        return (OUTPUT_ACTIVATIONS[self.output] if isinstance(self.output, str) else self.output)(z)


class OneNetwork(torch.nn.Module):
    """A chosen network; see :func:`to_torch`."""

    def __init__(self, logits: torch.nn.Module, network: Network, schema: Schema):
        super().__init__()
        self.units = Units(schema) if network.is_regression else None
        self.logits = logits

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        logits = self.logits(inputs)
        if self.units is not None:
            return {"outputs": self.units(logits)}
        one = logits.shape[1] == 1
        return {
            "classes": (logits[:, 0] > EQUAL).long() if one else first_of_largest(logits),
            "probabilities": _probabilities(logits),
            "logits": logits,
        }


class Vote(torch.nn.Module):
    """The vote of several networks; see :func:`to_torch`."""

    def __init__(self, parts: list["Part"], network: Network, schema: Schema):
        super().__init__()
        self.units = Units(schema) if network.is_regression else None
        self.groups = torch.nn.ModuleList(part.logits for part in parts)
        n_drawn = sum(int(part.often.sum()) for part in parts)
        for i, part in enumerate(parts):
            self.register_buffer(f"share_{i}", torch.tensor(part.often / n_drawn).float())

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        total = 0
        for i, group in enumerate(self.groups):
            outputs = group(inputs)
            if self.units is None:
                outputs = _probabilities(outputs)
            share = self.get_buffer(f"share_{i}")
            total = total + (share[:, None, None] * outputs).sum(dim=0)
        if self.units is not None:
            return {"outputs": self.units(total)}
        return {"classes": first_of_largest(total), "probabilities": total}


def _probabilities(logits: Tensor) -> Tensor:
    """Those of all classes: (..., n_classes)."""
    if logits.shape[-1] > 1:
        return logits.softmax(dim=-1)
    p = logits.sigmoid()
    return torch.cat([1 - p, p], dim=-1)


def to_torch(network: Network, bits, schema: Schema | None = None) -> torch.nn.Module:
    """A chosen network, or the vote of several, as a torch module without bits.

    What was not chosen, removed or skipped is not in it. Its numbers are buffers, float32.

    Args:
        network: what a bitstring means.
        bits: int8 (n_qubits,), one network; or (S, n_qubits), a vote of S, in which equal ones are
            computed once.
        schema: of the data, ``run.schema`` or ``data.schema``, for the units of the targets of a
            regression; None: outputs are those of the network, in standard deviations.

    Returns:
        A module from inputs float32 (M, n_columns), at least one, features where there are any
        (``schema.inputs_of`` makes them), to a dict:

        - ``"classes"``: int64 (M,), of a tie the first;
        - ``"probabilities"``: float32 (M, n_classes); of a vote the mean of the networks';
        - ``"logits"``: float32 (M, n_outputs), those of ``network(bits, inputs)``; not of a vote;
        - or of a regression only ``"outputs"``: float32 (M, n_outputs), target_mean + target_scale
          z; of a vote the mean.

    Raises:
        InputError: bits of another shape.

    >>> plh.to_torch(network, run.evaluation.bits[run.evaluation.best])(inputs)["classes"]
    """
    bits = checked_bits(network, bits)
    schema = checked_schema(network, schema)
    one = bits.ndim == 1
    parts = _parts(network, np.atleast_2d(bits), one)
    return OneNetwork(parts[0].logits, network, schema) if one else Vote(parts, network, schema)


class Part(NamedTuple):
    """Networks of a vote that are computed together.

    Attributes:
        logits: from inputs to (G, M, n_outputs); of one chosen network to (M, n_outputs).
        often: int64 (G,), how often each was drawn.
    """

    logits: torch.nn.Module
    often: np.ndarray


class Stacked(torch.nn.Module):
    """One network as the only one of a group."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        self.module = module

    def forward(self, inputs: Tensor) -> Tensor:
        return self.module(inputs)[None]


def _parts(network: Network, bits: np.ndarray, one: bool) -> list[Part]:
    if isinstance(network, BinaryNetwork):
        groups = plain_groups(network, bits)
        return [Part(Logits(group, network.n_columns, one), group.often) for group in groups]
    rows, inverse = unique_bitstrings(bits)
    if rows.size > MOST_BITS:
        raise InputError(
            f"a vote of {len(rows)} networks of {network.n_qubits} bits is too large to export: "
            "give fewer of them, or one"
        )
    modules = [network.plain_module(row) for row in network.bits_on_device(rows)]
    modules = [module.cpu() if one else Stacked(module.cpu()) for module in modules]
    often = np.bincount(inverse)
    return [Part(module, often[i : i + 1]) for i, module in enumerate(modules)]


def program_of(network: Network, bits, schema: Schema | None) -> torch.export.ExportedProgram:
    """:func:`to_torch` as a program for any number of samples, which needs nothing but torch."""
    samples = torch.export.Dim("samples", min=1)
    example = torch.zeros(2, network.n_columns)
    return torch.export.export(
        to_torch(network, bits, schema), (example,), dynamic_shapes={"inputs": {0: samples}}
    )
