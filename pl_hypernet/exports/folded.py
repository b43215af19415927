"""Sequences of torch's layers as those of a packed file: batch norms are folded.

Behind a linear or convolution layer numbers y are known as scale h + shift for each channel, where
h is what the reader computes: whole numbers, if inputs are signs and weights +1 and -1. A batch
norm changes scale and shift alone. A sign, y >= -4e-6, becomes a threshold of h, from below where
the scale is positive, else from above; of whole numbers it is rounded to the whole number that
decides, so that no rounding of sums can change a sign. Before other layers h becomes y, if need be.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from pl_hypernet.errors import InputError
from pl_hypernet.exports.codes import as_bytes, levels_of, packed
from pl_hypernet.exports.windows import convolution_windows, pooling_windows
from pl_hypernet.networks.batch_norm import NetworkBatchNorm
from pl_hypernet.networks.module_choices import RemoveChannels
from pl_hypernet.networks.sign import MARGIN, Sign

WHOLE = 2**23  # beyond, sums of float32 are not exact
SHORT = 2**15 - 2
MOST_OF_UNIT = 2**16  # times a common unit, of the largest number
ACTIVATIONS = {nn.ReLU: "relu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.Hardtanh: "hard_tanh"}
NOTHING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
KNOWN = (
    "linear and convolution layers, batch norms, max, average and adaptive pooling, Flatten, "
    "plh.Sign, ReLU, Sigmoid, Tanh and Hardtanh"
)


@dataclass
class PackedLayer:
    """A layer of a packed file.

    Attributes:
        about: its line of the header.
        parts: uint8, what it holds.
        numbers: of weights and biases, or of other numbers that it holds.
        name: of the torch layer; of batch norms folded into thresholds that of the sign.
        n_macs: multiplications of one sample.
        signs: whether its inputs are -1, 0 and 1.
    """

    about: dict
    parts: list[np.ndarray] = field(default_factory=list)
    name: str = ""
    n_macs: int = 0
    signs: bool = False


class Folding:
    """Layers of one network, made one after the other.

    Args:
        module: an ``nn.Sequential``, or one of its layers.
        input_shape: of a sample.

    Attributes:
        layers (list[PackedLayer]): for the reader.
        scale (float): factor of what comes last.

    Raises:
        InputError: layers that a packed file does not know.
    """

    def __init__(self, module: nn.Module, input_shape: tuple[int, ...]):
        self.layers = [PackedLayer({"kind": "shape", "shape": list(input_shape)})]
        self.y = torch.zeros(1, *input_shape)  # of which the shapes are known
        self.h_scale, self.h_shift = np.ones(1), np.zeros(1)  # of y, for each channel or for all
        self.most = np.inf  # |h| of whole numbers; inf: they are not whole
        self.signs = False
        for name, layer in in_order(module):
            self._add(name, layer)
        if not self._has_unit():
            self._write_out("output")
        self.scale = float(self.h_scale[0])

    @torch.no_grad()
    def _add(self, name: str, layer: nn.Module) -> None:
        kind = type(layer)
        if kind in (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d):
            about = {"kind": "linear", "activation": None}
            if kind is not nn.Linear:
                about = convolution_windows(layer)
            if about is None:
                raise refused(name, layer)
            self._sums(name, layer, about)
        elif isinstance(layer, _BatchNorm | NetworkBatchNorm):
            self._fold(name, layer)
        elif kind is Sign:
            self._threshold(name)
        elif kind in ACTIVATIONS:
            if kind is nn.Hardtanh and (layer.min_val, layer.max_val) != (-1, 1):
                raise refused(name, layer)
            if kind is not nn.ReLU or not self._has_unit():
                self._write_out(name)
                self.most = self.most if kind is nn.ReLU else np.inf
            self.signs = self.signs and kind is nn.ReLU
            self._append(name, {"kind": "activation", "name": ACTIVATIONS[kind]})
        elif kind is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1):
            if not self._has_unit():
                self._write_out(name)
            self._append(name, {"kind": "shape", "shape": [-1]})
        elif pooling := pooling_windows(layer, self.y.shape):
            if not self._has_unit():
                self._write_out(name)
            if pooling["mean"]:
                self.most, self.signs = np.inf, False
            self._append(name, pooling)
        elif kind is RemoveChannels:
            self._remove(name, layer.chosen.numpy(force=True) == 0)
        elif kind not in NOTHING:
            raise refused(name, layer)
        self.y = layer(self.y)

    def _append(self, name: str, about: dict, *parts: np.ndarray) -> None:
        self.layers.append(PackedLayer(about, list(parts), name))

    def _has_unit(self) -> bool:
        """Whether y is h times one positive number."""
        return len(self.h_scale) == 1 and self.h_scale[0] > 0 and not self.h_shift.any()

    def _write_out(self, name: str) -> None:
        """From now on h is y."""
        if (self.h_scale == 1).all() and not self.h_shift.any():
            return
        n = max(len(self.h_scale), len(self.h_shift))
        numbers = np.stack(np.broadcast_arrays(self.h_scale, self.h_shift))
        self._append(name, {"kind": "affine", "n": n}, as_bytes(numbers, "<f4"))
        self.h_scale, self.h_shift, self.most, self.signs = np.ones(1), np.zeros(1), np.inf, False

    def _sums(self, name: str, layer, about: dict) -> None:
        weight = layer.weight.numpy(force=True).astype(np.float64)
        if self.y.ndim != (2 if about["kind"] == "linear" else weight.ndim):
            raise refused(name, layer)
        if not self._has_unit():
            self._write_out(name)
        unit = common_unit(weight)
        rows = weight.reshape(len(weight), -1) / unit
        self.h_scale = self.h_scale * unit
        bias = np.zeros(len(rows))
        if layer.bias is not None:
            bias = layer.bias.numpy(force=True).astype(np.float64) / self.h_scale
        levels = {"weights": levels_of(rows), "biases": levels_of(bias)}
        most = np.inf
        if self.most < np.inf and (bias == bias.round()).all() and (rows == rows.round()).all():
            most = (np.abs(rows).sum(axis=1) * self.most + np.abs(bias)).max()
        parts = [packed(rows, levels["weights"]), packed(bias[:, None], levels["biases"])]
        about |= {"shape": list(weight.shape), **levels}
        self._append(name, about, *parts)
        positions = layer(self.y).numel() // len(rows)
        self.layers[-1].n_macs = positions * int(np.count_nonzero(rows))
        self.layers[-1].signs = self.signs
        self.most = most if most < WHOLE else np.inf
        self.signs = False

    def _fold(self, name: str, layer) -> None:
        if layer.running_mean is None:
            raise refused(name, layer)
        mean, variance = (x.numpy(force=True).astype(np.float64) for x in
                          (layer.running_mean, layer.running_var))  # fmt: skip
        scale, shift = 1 / np.sqrt(variance + layer.eps), 0.0
        if layer.weight is not None:
            scale = scale * layer.weight.numpy(force=True).astype(np.float64)
        if layer.bias is not None:
            shift = layer.bias.numpy(force=True).astype(np.float64)
        self.h_shift = shift + scale * (self.h_shift - mean)
        self.h_scale = scale * self.h_scale

    def _remove(self, name: str, kept: np.ndarray) -> None:
        if self._has_unit():
            self._append(name, {"kind": "kept", "n": len(kept)}, np.packbits(kept))
        else:
            self.h_scale, self.h_shift = self.h_scale * kept, self.h_shift * kept

    def _threshold(self, name: str) -> None:
        """y >= -margin as h >= least, or as -h >= least where the scale is negative."""
        scale, shift = np.broadcast_arrays(self.h_scale, self.h_shift)
        up = scale >= 0
        with np.errstate(divide="ignore"):
            least = (-MARGIN - shift) / np.abs(scale)
        least[scale == 0] = np.where(shift >= -MARGIN, -np.inf, np.inf)[scale == 0]
        numbers = "<f4"
        if self.most <= WHOLE:
            least = np.clip(np.ceil(least), -self.most, self.most + 1)
            numbers = "<i2" if self.most <= SHORT else "<f4"
        about = {"kind": "threshold", "n": len(up), "numbers": numbers}
        self._append(name, about, np.packbits(up), as_bytes(least, numbers))
        self.h_scale, self.h_shift, self.most, self.signs = np.ones(1), np.zeros(1), 1, True


def in_order(module: nn.Module, name: str = "") -> list[tuple[str, nn.Module]]:
    """The layers of nested Sequentials, with their names."""
    if type(module).forward is not nn.Sequential.forward:
        return [(name, module)]
    prefix = f"{name}." if name else ""
    return [
        found for key, layer in module._modules.items() for found in in_order(layer, prefix + key)
    ]


def common_unit(numbers: np.ndarray) -> float:
    """The largest power of 2 of which all are whole multiples; 1 where these would be large."""
    mantissa, exponent = np.frexp(numbers[numbers != 0])
    if not len(mantissa):
        return 1.0
    whole = np.abs(mantissa * 2**24).astype(np.int64)
    unit = np.ldexp((whole & -whole).astype(float), exponent - 24).min()
    return float(unit) if np.abs(numbers).max() / unit < MOST_OF_UNIT else 1.0


def refused(name: str, layer: nn.Module) -> InputError:
    """Of a layer that packed files do not know."""
    what = f"the layer {name!r}, {layer}" if name else f"a {type(layer).__name__}"
    return InputError(
        f"a packed file holds a Sequential of {KNOWN}, not {' '.join(what.split())[:100]}: export "
        "as torch or onnx, which take any module"
    )
