"""Reads and runs networks that pl_hypernet packed. It needs numpy alone: copy it where you like.

The file is an .npz of a JSON ``header``, which has the layers of each group of networks, and of
``bits`` (uint8), what these hold, network by network. A matrix of k-bit codes is k planes, the
least significant first, 8 codes a byte, the first in the highest bit, each row from a new byte;
code c stands for ``levels[c]``; without levels there are numbers themselves. Behind a sign weights
+1 and -1 meet only -1, 0 and 1 (int8): XOR and counting. Other sums are of float32.
"""

import io
import json

import numpy as np

TIE = 1e-6  # of a sum of absolute values: what rounding may take from 0, whose sign is +1
EQUAL = 1e-5  # what differs by less is a tie, which goes to the first class
AT_ONCE = 500  # samples
ACTIVATIONS = {
    "sign": lambda z: np.where(z >= 0, np.int8(1), np.int8(-1)),
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: np.exp(-np.logaddexp(0, -z)),
    "tanh": np.tanh,
    "hard_sigmoid": lambda z: np.clip(0.5 + z / 4, 0.02, 0.98),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "identity": lambda z: z,
}


def read_numbers(stream, dtype, n):
    return np.frombuffer(stream.read(n * np.dtype(dtype).itemsize), dtype)


def read_bits(stream, n):
    return np.unpackbits(read_numbers(stream, np.uint8, -(-n // 8)), count=n).astype(np.int8)


def read_planes(stream, levels, rows, n):
    shape = (len(levels) - 1).bit_length(), rows, -(-n // 8)
    return read_numbers(stream, np.uint8, int(np.prod(shape))).reshape(shape)


def unpack(planes, levels, n):
    codes = np.zeros((planes.shape[1], n), int)
    for k, plane in enumerate(planes):
        codes += np.unpackbits(plane, axis=1, count=n).astype(int) << k
    return np.float32(levels)[codes]


def read_matrix(stream, levels, rows, n):
    """Numbers (rows, n), and, of +1 and -1, their signs as words."""
    if levels is None:
        return read_numbers(stream, "<f4", rows * n).reshape(rows, n), None
    planes = read_planes(stream, levels, rows, n)
    return unpack(planes, levels, n), as_words(planes[0]) if levels == [-1, 1] else None


def as_words(packed):
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)


def read_layer(layer, stream):
    """What a layer holds."""
    kind = layer.get("kind", "linear")
    if kind in ("linear", "convolution"):
        n_out, *shape = layer["shape"]
        weights, words = read_matrix(stream, layer["weights"], n_out, int(np.prod(shape)))
        return weights, words, read_matrix(stream, layer["biases"], n_out, 1)[0][:, 0]
    if kind == "kept":
        return read_bits(stream, layer["n"])
    if kind == "threshold":
        up = np.float32(2) * read_bits(stream, layer["n"]) - 1
        return up, read_numbers(stream, layer["numbers"], layer["n"])
    if kind == "affine":
        return read_numbers(stream, "<f4", 2 * layer["n"]).reshape(2, -1)
    return None


def sums(h, weights, words):
    """h (N, n_in) times weights (n_out, n_in)."""
    if words is None or h.dtype != np.int8:
        return h.astype(np.float32) @ weights.T
    plus, there = (as_words(np.packbits(x, axis=1)) for x in (h > 0, h != 0))
    n = np.bitwise_count(there).sum(axis=1, dtype=np.int32)
    z = np.empty((len(h), len(words)), np.float32)
    for j, row in enumerate(words):
        different = np.bitwise_count((plus ^ row) & there).sum(axis=1, dtype=np.int32)
        z[:, j] = n - 2 * different
    return z


def linear(layer, held, h):
    weights, words, biases = held
    name, counted = layer["activation"], words is not None and h.dtype == np.int8
    z = sums(h, weights, words) + biases
    if name == "sign" and not counted:
        z += np.float32(TIE) * (np.abs(h) @ np.abs(weights).T + np.abs(biases))
    return z if name is None else ACTIVATIONS[name](z)


def windows(layer, h, fill):
    """(M, channels, *positions, *size) of (M, channels, *shape)."""
    h = np.pad(h, [(0, 0), (0, 0), *layer["padding"]], constant_values=fill)
    size, dilation = layer["size"], layer["dilation"]
    reach = tuple(d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True))
    found = np.lib.stride_tricks.sliding_window_view(h, reach, tuple(range(2, h.ndim)))
    steps = (slice(None, None, step) for step in (*layer["stride"], *dilation))
    return found[(slice(None), slice(None), *steps)]


def convolution(layer, held, h):
    weights, words, biases = held
    axis, groups = h.ndim - 1, layer["groups"]  # axis: of the channels, behind the positions
    seen = np.split(np.moveaxis(windows(layer, h, 0), 1, axis), groups, axis)
    weights = np.split(weights, groups)
    words = [None] * groups if words is None else np.split(words, groups)
    places = seen[0].shape[:axis]
    rows = (x.reshape(int(np.prod(places)), -1) for x in seen)
    z = np.concatenate([sums(*each) for each in zip(rows, weights, words, strict=True)], axis=1)
    return np.moveaxis((z + biases).reshape(*places, -1), -1, 1)


def of_channels(numbers, h):
    return numbers.reshape(-1, *[1] * (h.ndim - 2))


def threshold(layer, held, h):
    up, least = (of_channels(numbers, h) for numbers in held)
    return np.where(up * h >= least, np.int8(1), np.int8(-1))


def affine(layer, held, h):
    scale, shift = (of_channels(numbers, h) for numbers in held)
    return scale * h.astype(np.float32) + shift


def pool(layer, held, h):
    axes = tuple(range(h.ndim, 2 * h.ndim - 2))
    if layer["mean"]:
        return windows(layer, h, 0).mean(axis=axes, dtype=np.float32)
    lowest = np.iinfo(h.dtype).min if h.dtype.kind == "i" else -np.inf
    return windows(layer, h, lowest).max(axis=axes)


def activation(layer, held, h):
    return ACTIVATIONS[layer["name"]](h if layer["name"] == "relu" else h.astype(np.float32))


LAYERS = {
    "linear": linear,
    "convolution": convolution,
    "threshold": threshold,
    "affine": affine,
    "kept": lambda layer, held, h: h * of_channels(held, h),
    "pool": pool,
    "activation": activation,
    "shape": lambda layer, held, h: h.reshape(len(h), *layer["shape"]),
}


def run_network(group, scale, held, inputs):
    h = inputs[:, slice(*group["columns"])]
    for layer, numbers in zip(group["layers"], held, strict=True):
        h = LAYERS[layer.get("kind", "linear")](layer, numbers, h)
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
    parts = [inputs[i : i + AT_ONCE] for i in range(0, max(1, len(inputs)), AT_ONCE)]
    for group in header["groups"]:
        for scale, share in zip(group["scale"], group["share"], strict=True):
            held = [read_layer(layer, stream) for layer in group["layers"]]
            logits = np.concatenate([run_network(group, scale, held, part) for part in parts])
            outputs = logits if header["regression"] else probabilities(logits)
            total = total + np.float32(share) * outputs
    if header["regression"]:
        mean, scale = header["regression"]
        return {"outputs": np.float32(mean) + np.float32(scale) * total}
    if header["vote"]:
        return {"classes": first_of_largest(total), "probabilities": total}
    classes = logits[:, 0] > EQUAL if logits.shape[1] == 1 else first_of_largest(logits)
    return {"classes": classes.astype(int), "probabilities": total, "logits": logits}
