"""What networks compute with, once every choice is made; and the computation."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pl_hypernet.networks.activations import BOUNDED, HIDDEN_ACTIVATIONS

TIE = 1e-6  # of the largest sum that there can be: less is the rounding of 0

Activation = str | Callable[[Tensor], Tensor]


@dataclass
class Chosen:
    """An activation for each of S networks.

    Attributes:
        options: names or functions.
        codes: int64 (S,), the option of each network; None where there is only one option.
    """

    options: tuple[Activation, ...]
    codes: Tensor | None = None

    def is_sign(self) -> Tensor | bool:
        """Whether the activation is the sign: bool (S,), or one for all."""
        signs = [option == "sign" for option in self.options]
        return signs[0] if self.codes is None else self.codes.new_tensor(signs).bool()[self.codes]

    def apply(self, z: Tensor, functions: dict[str, Callable]) -> Tensor:
        """The activations of z (S, ...), in place where several are mixed."""
        found = [functions[o] if isinstance(o, str) else o for o in self.options]
        if self.codes is None:
            return found[0](z)
        for code, function in enumerate(found):
            rows = (self.codes == code).nonzero()[:, 0]
            z[rows] = function(z[rows])
        return z


@dataclass
class Parameters:
    """S networks, with every choice made.

    Attributes:
        weights: of each layer, float (S, n_out, n_in).
        biases: of each layer, float (S, n_out).
        hidden: the activation behind each layer but the last.
        skipped: for each layer None, or bool (S,): the layer hands on its inputs.
        removed: for each layer None, or bool (S, n_out): neurons whose output is 0.
        scale: float (S,), factor of the outputs.
        output: the activation of one output.
    """

    weights: list[Tensor]
    biases: list[Tensor]
    hidden: list[Chosen]
    skipped: list[Tensor | None]
    removed: list[Tensor | None]
    scale: Tensor
    output: Chosen

    def outputs(self, inputs: Tensor, largest: float) -> Tensor:
        """scale (w h + b) of the last layer, (S, n_out, M), for inputs (M, n_in).

        A sum that is less than 0 by no more than the rounding of real inputs has the sign +1.

        Args:
            inputs: float (M, n_in).
            largest: that weights and biases can be, for that margin.
        """
        h, bound = inputs.T, 0.0
        if self.hidden and inputs.numel():
            bound = inputs.abs().max().item()
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = self.hidden[i] if i < len(self.hidden) else None
            removed = self.removed[i - 1] if i else None
            if removed is not None and hidden is not None and self.skipped[i] is not None:
                h = h.masked_fill(removed[..., None], 0)
            elif removed is not None:  # the same, of fewer numbers
                weight = weight.masked_fill(removed[:, None], 0)
            if hidden is not None:
                tie = TIE * largest * (1 + weight.shape[2] * bound)
                sign = hidden.is_sign()
                bias = bias + tie * (sign if isinstance(sign, bool) else sign[:, None])
            if h.ndim == 2:  # all networks see the same inputs: one product
                z = torch.addmm(bias.reshape(-1, 1), weight.flatten(0, 1), h)
                z = z.view(*bias.shape, h.shape[1])
            else:
                z = torch.baddbmm(bias[..., None], weight, h)
            if hidden is None:
                return z.mul_(self.scale[:, None, None])
            z = hidden.apply(z, HIDDEN_ACTIVATIONS)
            if self.skipped[i] is not None:
                z = torch.where(self.skipped[i][:, None, None], h, z)
            h = z
            if all(option in BOUNDED for option in hidden.options) and self.skipped[i] is None:
                bound = 1.0
            elif i + 1 < len(self.hidden):
                bound = h.abs().max().item() if h.numel() else 0.0
        raise AssertionError("a network has a last layer")
