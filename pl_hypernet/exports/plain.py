"""Networks as plain arrays: every choice made, and what nothing uses left out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError
from pl_hypernet.networks import BinaryNetwork, Network
from pl_hypernet.networks.parameters import Activation, Chosen, Parameters
from pl_hypernet.networks.unique import unique_bitstrings


@dataclass
class Layer:
    """One layer of G networks.

    Attributes:
        number: of the layer in the network as built; skipped ones are left out.
        weight: float32 (G, n_out, n_in).
        bias: float32 (G, n_out).
        activation: a name or a function; None behind the last layer.
    """

    number: int
    weight: np.ndarray
    bias: np.ndarray
    activation: Activation | None


@dataclass
class Group:
    """G networks that differ only in their numbers.

    Attributes:
        layers: at least one.
        columns: (start, stop) of the inputs that the networks see.
        scale: float32 (G,), factor of the outputs of the last layer.
        output: from these to logits: ``"sigmoid"``, ``"hard_sigmoid"``, ``"softmax"`` or a
            function; ``"identity"`` for a regression.
        often: int64 (G,), how often each network was drawn.
    """

    layers: list[Layer]
    columns: tuple[int, int]
    scale: np.ndarray
    output: str | Callable
    often: np.ndarray

    @property
    def key(self) -> tuple:
        """Groups with the same key can be stacked."""
        layers = [(x.number, x.weight.shape[1:], x.activation) for x in self.layers]
        return self.columns, self.output, *layers


def checked_bits(network: Network, bits) -> np.ndarray:
    """Bits int8 of one network, (n_qubits,), or of several, (S, n_qubits).

    Raises:
        InputError: another shape, or no network.
    """
    bits = np.asarray(bits)
    if bits.ndim not in (1, 2) or not bits.size or bits.shape[-1] != network.n_qubits:
        n = network.n_qubits
        raise InputError(
            f"bits have shape {bits.shape}: expected ({n},) for one network or (S, {n}) for several"
        )
    return bits


def checked_schema(network: Network, schema: Schema | None) -> Schema:
    """A schema that goes with a network; for None one that knows no names and units.

    Raises:
        InputError: it is of other data.
    """
    if schema is None:
        classes = None if network.is_regression else tuple(range(max(2, network.n_outputs)))
        return Schema(network.n_columns, classes=classes)
    if schema.n_inputs != network.n_columns:
        raise InputError(
            f"schema of {schema.n_inputs} inputs, the network has {network.n_columns}: give that "
            "of its data"
        )
    return schema


def plain_groups(network: Network, bits) -> list[Group]:
    """The different networks among some, those of the same structure stacked.

    Neurons that are removed, or that every neuron behind them weighs with 0, are left out (unless
    their activation is a function, which might look at all neurons), as are skipped layers and
    feature maps that were not chosen.

    Args:
        network: what a bitstring means.
        bits: int8 (n_qubits,) or (S, n_qubits).
    """
    if not isinstance(network, BinaryNetwork):
        raise InputError(
            f"network is a {type(network).__name__}: expected the dense layers of BinaryNetwork"
        )
    bits = np.atleast_2d(checked_bits(network, bits))
    rows, inverse = unique_bitstrings(bits)
    often = np.bincount(inverse)
    parameters = network.parameters_of(rows)
    stacks: dict[tuple, list[Group]] = {}
    for s in range(len(rows)):
        one = _one_network(network, parameters, s, often[s : s + 1])
        stacks.setdefault(one.key, []).append(one)
    return [_stacked(groups) for groups in stacks.values()]


def _one_network(network, parameters: Parameters, s: int, often) -> Group:
    layers: list[Layer] = []
    removed: np.ndarray | bool = False  # inputs of the layer that are 0
    for i, (weight, bias) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
        hidden = parameters.hidden[i] if i < len(parameters.hidden) else None
        skipped = None if hidden is None else parameters.skipped[i]
        is_skipped = skipped is not None and bool(skipped[s])
        if not is_skipped:
            numbers = np.where(removed, 0, weight[s].cpu().numpy()).astype(np.float32)
            activation = None if hidden is None else _option(hidden, s)
            offsets = bias[s].cpu().numpy().astype(np.float32)
            layers.append(Layer(i, numbers[None], offsets[None], activation))
            removed = False
        if hidden is not None and parameters.removed[i] is not None:
            removed = removed | parameters.removed[i][s].cpu().numpy()
    _drop_unused(layers)
    scale = parameters.scale[s : s + 1].cpu().numpy().astype(np.float32)
    columns = _cut_columns(network, layers[0])
    return Group(layers, columns, scale, _option(parameters.output, s), often)


def _option(chosen: Chosen, s: int) -> Activation:
    return chosen.options[0 if chosen.codes is None else int(chosen.codes[s])]


def _drop_unused(layers: list[Layer]) -> None:
    """Neurons whose output meets only weights of 0."""
    for before, behind in zip(layers[-2::-1], layers[:0:-1], strict=True):
        if not isinstance(before.activation, str):
            continue
        used = (behind.weight[0] != 0).any(axis=0)
        used[0] |= not used.any()  # one stays, for programs that know no empty arrays
        behind.weight = behind.weight[:, :, used]
        before.weight, before.bias = before.weight[:, used], before.bias[:, used]


def _cut_columns(network: Network, first: Layer) -> tuple[int, int]:
    """The columns of the chosen feature map, to which the first weights are cut."""
    n_inputs, n_columns = network.n_inputs, first.weight.shape[2]
    if n_columns == n_inputs:
        return 0, n_inputs
    used = (first.weight[0] != 0).any(axis=0)
    start = int(used.argmax()) // n_inputs * n_inputs
    first.weight = first.weight[:, :, start : start + n_inputs]
    return start, start + n_inputs


def _stacked(groups: list[Group]) -> Group:
    first = groups[0]
    layers = [
        Layer(
            same[0].number,
            np.concatenate([layer.weight for layer in same]),
            np.concatenate([layer.bias for layer in same]),
            same[0].activation,
        )
        for same in zip(*(group.layers for group in groups), strict=True)
    ]
    scale = np.concatenate([group.scale for group in groups])
    often = np.concatenate([group.often for group in groups])
    return Group(layers, first.columns, scale, first.output, often)
