"""Networks as bits: one .npz file, which ``reader.py`` runs with numpy alone."""

import json

import numpy as np

from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError
from pl_hypernet.exports.metadata import metadata_of
from pl_hypernet.exports.plain import Group, Layer, checked_bits, checked_schema, plain_groups
from pl_hypernet.networks import Network
from pl_hypernet.networks.choice import option_name

MOST_LEVELS = 256


def write_packed(network: Network, bits, file, schema: Schema | None = None) -> None:
    """Writes a chosen network, or the vote of several, with as many bits a weight as it needs.

    A layer whose weights have two values takes 1 bit each, 8 a byte; three or four values 2 bits.

    Args:
        network, bits, schema: as of :func:`to_torch`.
        file: a path that ends in ``.npz``, or a file object.

    Raises:
        InputError: bits of another shape, an activation that is a function, or a layer of more
            than 256 different weights.
    """
    bits = checked_bits(network, bits)
    groups = plain_groups(network, bits)
    n_drawn = sum(int(group.often.sum()) for group in groups)
    schema = checked_schema(network, schema)
    units = [np.asarray(each).tolist() for each in (schema.target_mean, schema.target_scale)]
    header = {
        "vote": bits.ndim == 2,
        "regression": units if network.is_regression else None,
        "metadata": metadata_of(schema),
        "groups": [_group_header(group, n_drawn) for group in groups],
    }
    parts = [
        _packed(numbers[g], layer[kind])
        for group, about in zip(groups, header["groups"], strict=True)
        for g in range(len(group.often))
        for plain, layer in zip(group.layers, about["layers"], strict=True)
        for kind, numbers in (("weights", plain.weight), ("biases", plain.bias[..., None]))
    ]
    text = json.dumps(header, separators=(",", ":"))
    np.savez(file, header=np.bytes_(text), bits=np.concatenate(parts))


def levels_of(numbers: np.ndarray) -> list[float]:
    """The different numbers, of which the code of each is the index."""
    return [int(v) if v == int(v) else v for v in np.unique(numbers).tolist()]


def _group_header(group: Group, n_drawn: int) -> dict:
    if not isinstance(group.output, str):
        raise _no_function(group.output)
    return {
        "columns": group.columns,
        "output": group.output,
        "scale": group.scale.tolist(),
        "share": (group.often / n_drawn).tolist(),
        "layers": [_layer_header(layer) for layer in group.layers],
    }


def _layer_header(layer: Layer) -> dict:
    if not isinstance(layer.activation, str | None):
        raise _no_function(layer.activation)
    levels = {"weights": levels_of(layer.weight), "biases": levels_of(layer.bias)}
    for kind, found in levels.items():
        if len(found) > MOST_LEVELS:
            raise InputError(
                f"layer {layer.number} has {len(found)} different {kind}, packed files at most "
                f"{MOST_LEVELS}: export as torch or onnx"
            )
    shape = layer.weight.shape[1:]
    return {"shape": shape, "activation": layer.activation, **levels}


def _no_function(activation) -> InputError:
    return InputError(
        f"a packed file knows activations by name, not the function {option_name(activation)}: "
        "export as torch or onnx"
    )


def _packed(numbers: np.ndarray, levels: list[float]) -> np.ndarray:
    """Numbers (rows, n) as uint8: planes of bits, in rows of whole bytes."""
    codes = np.searchsorted(np.array(levels, numbers.dtype), numbers)
    planes = [codes >> k & 1 for k in range((len(levels) - 1).bit_length())]
    packed = [np.packbits(plane.astype(bool), axis=1).ravel() for plane in planes]
    return np.concatenate([np.zeros(0, np.uint8), *packed])
