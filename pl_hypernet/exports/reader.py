"""Reads and runs networks that pl_hypernet packed. It needs numpy alone: copy it where you like.

The file is an .npz of a JSON ``header`` and of ``bits`` (uint8): of each network and layer the
weights, then the biases. A matrix of k-bit codes is k planes, the least significant first, 8 codes
a byte, the first in the highest bit, each row from a new byte; code c stands for ``levels[c]``.
Behind a sign, weights +1 and -1 meet only bits: XOR and counting. Other sums are of float32.
"""

import io
import json

import numpy as np

TIE = 1e-6  # of a sum of absolute values: what rounding may take from 0, whose sign is +1
EQUAL = 1e-5  # what differs by less is a tie, which goes to the first class
ACTIVATIONS = {
    "sign": lambda z: np.where(z >= 0, np.float32(1), np.float32(-1)),
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: np.exp(-np.logaddexp(0, -z)),
    "tanh": np.tanh,
    "hard_sigmoid": lambda z: np.clip(0.5 + z / 4, 0.02, 0.98),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "identity": lambda z: z,
}


def read_planes(stream, levels, rows, n):
    shape = (len(levels) - 1).bit_length(), rows, -(-n // 8)
    return np.frombuffer(stream.read(int(np.prod(shape))), np.uint8).reshape(shape)


def unpack(planes, levels, n):
    codes = np.zeros((planes.shape[1], n), int)
    for k, plane in enumerate(planes):
        codes += np.unpackbits(plane, axis=1, count=n).astype(int) << k
    return np.float32(levels)[codes]


def run_network(group, scale, stream, inputs):
    h, behind = inputs[:, slice(*group["columns"])], None
    for layer in group["layers"]:
        n_out, n_in = layer["shape"]
        weights = read_planes(stream, layer["weights"], n_out, n_in)
        biases = read_planes(stream, layer["biases"], n_out, 1)
        biases, sizes = unpack(biases, layer["biases"], 1)[:, 0], 0
        if behind == "sign" and layer["weights"] == [-1, 1]:
            different = np.packbits(h > 0, axis=1)[:, None] ^ weights[0]
            z = n_in - 2 * np.bitwise_count(different).sum(axis=2, dtype=np.int32)
        else:
            weights = unpack(weights, layer["weights"], n_in).T
            z, sizes = h @ weights, np.abs(h) @ np.abs(weights) + np.abs(biases)
        z = np.float32(z) + biases
        if layer["activation"] == "sign":
            z += np.float32(TIE) * sizes
        behind = layer["activation"]
        h = z if behind is None else ACTIVATIONS[behind](z)
    z = h * np.float32(scale)
    p = ACTIVATIONS["hard_sigmoid"](z)
    return np.log(p / (1 - p)) if group["output"] == "hard_sigmoid" else z


def probabilities(logits):
    if logits.shape[1] == 1:
        logits = np.concatenate([0 * logits, logits], axis=1)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def first_of_largest(numbers):
    return (numbers >= numbers.max(axis=1, keepdims=True) - EQUAL).argmax(axis=1)


def run_packed(path, inputs):
    """Inputs (M, n_columns) to {"classes", "probabilities", "logits"}, or to {"outputs"}."""
    with np.load(path) as file:
        header, stream = json.loads(file["header"].item()), io.BytesIO(file["bits"].tobytes())
    inputs, total = np.asarray(inputs, np.float32), 0
    for group in header["groups"]:
        for scale, share in zip(group["scale"], group["share"], strict=True):
            logits = run_network(group, scale, stream, inputs)
            outputs = logits if header["regression"] else probabilities(logits)
            total = total + np.float32(share) * outputs
    if header["regression"]:
        mean, scale = header["regression"]
        return {"outputs": np.float32(mean) + np.float32(scale) * total}
    if header["vote"]:
        return {"classes": first_of_largest(total), "probabilities": total}
    classes = logits[:, 0] > EQUAL if logits.shape[1] == 1 else first_of_largest(logits)
    return {"classes": classes.astype(int), "probabilities": total, "logits": logits}
