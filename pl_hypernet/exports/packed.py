"""Networks as bits: one .npz file, which ``reader.py`` runs with numpy alone."""

import json
from collections.abc import Iterator

import numpy as np

from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError
from pl_hypernet.exports.codes import levels_of, packed
from pl_hypernet.exports.folded import Folding, refused
from pl_hypernet.exports.metadata import metadata_of
from pl_hypernet.exports.plain import Group, Layer, checked_bits, checked_schema, plain_groups
from pl_hypernet.networks import BinaryNetwork, Network, TorchNetwork
from pl_hypernet.networks.choice import option_name
from pl_hypernet.networks.unique import unique_bitstrings


def write_packed(network: Network, bits, file, schema: Schema | None = None) -> None:
    """Writes a chosen network, or the vote of several, with as many bits a weight as it needs.

    A layer whose weights have two values takes 1 bit each, 8 a byte; three or four values 2 bits;
    one of more than 256 values 32 bits. Of a torch module see :mod:`~pl_hypernet.exports.folded`.

    Args:
        network, bits, schema: as of :func:`to_torch`.
        file: a path that ends in ``.npz``, or a file object.

    Raises:
        InputError: bits of another shape, an activation that is a function, or layers of a torch
            module that the reader does not know.
    """
    bits = checked_bits(network, bits)
    schema = checked_schema(network, schema)
    units = [np.asarray(each).tolist() for each in (schema.target_mean, schema.target_scale)]
    groups: dict[str, dict] = {}
    parts: dict[str, list[np.ndarray]] = {}
    find = _dense if isinstance(network, BinaryNetwork) else _of_module
    for about, scale, often, arrays in find(network, np.atleast_2d(bits)):
        key = json.dumps(about)  # networks of the same make go together
        group = groups.setdefault(key, about | {"scale": [], "share": []})
        group["scale"].append(scale)
        group["share"].append(often / len(np.atleast_2d(bits)))
        parts.setdefault(key, []).extend(arrays)
    header = {
        "vote": bits.ndim == 2,
        "regression": units if network.is_regression else None,
        "metadata": metadata_of(schema),
        "groups": list(groups.values()),
    }
    text = json.dumps(header, separators=(",", ":"))
    stream = np.concatenate([part for key in groups for part in parts[key]])
    np.savez(file, header=np.bytes_(text), bits=stream)


# Of each network the header of its group, its scale, how often it was drawn, and what it holds.
Found = Iterator[tuple[dict, float, int, list[np.ndarray]]]


def _of_module(network: Network, bits: np.ndarray) -> Found:
    rows, inverse = unique_bitstrings(bits)
    for row, often in zip(network.bits_on_device(rows), np.bincount(inverse), strict=True):
        folding = folded(network, row)
        about = {
            "columns": [0, network.n_columns],
            "output": "identity",
            "layers": [layer.about for layer in folding.layers],
        }
        scale = network.scale.item() * folding.scale
        yield about, scale, int(often), [x for layer in folding.layers for x in layer.parts]


def folded(network: Network, bits) -> Folding:
    """The layers of one network int8 (n_qubits,) of a torch module.

    Raises:
        InputError: layers that the reader does not know.
    """
    if not isinstance(network, TorchNetwork):
        raise refused("", network)
    return Folding(network.plain_module(bits).module.cpu(), network.input_shape)


def _dense(network: BinaryNetwork, bits: np.ndarray) -> Found:
    for group in plain_groups(network, bits):
        about = _group_header(group)
        for g, often in enumerate(group.often):
            arrays = [
                packed(numbers[g], layer[kind])
                for plain, layer in zip(group.layers, about["layers"], strict=True)
                for kind, numbers in (("weights", plain.weight), ("biases", plain.bias[..., None]))
            ]
            yield about, float(group.scale[g]), int(often), arrays


def _group_header(group: Group) -> dict:
    if not isinstance(group.output, str):
        raise _no_function(group.output)
    return {
        "columns": group.columns,
        "output": group.output,
        "layers": [_layer_header(layer) for layer in group.layers],
    }


def _layer_header(layer: Layer) -> dict:
    if not isinstance(layer.activation, str | None):
        raise _no_function(layer.activation)
    shape, activation = layer.weight.shape[1:], layer.activation
    levels = {"weights": levels_of(layer.weight), "biases": levels_of(layer.bias)}
    return {"kind": "linear", "shape": shape, "activation": activation, **levels}


def _no_function(activation) -> InputError:
    return InputError(
        f"a packed file knows activations by name, not the function {option_name(activation)}: "
        "export as torch or onnx"
    )
