"""What networks compute with, once every choice is made; and the computation."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pl_hypernet.networks.activations import HIDDEN_ACTIVATIONS, own_activation
from pl_hypernet.networks.curvature import Summed

TIE = 1e-6  # of a sum of absolute values: what a sum may be below 0 by rounding, its sign still +1

Activation = str | Callable[[Tensor], Tensor]


@dataclass
class Chosen:
    """An activation for each of S networks.

    Attributes:
        options: names, or functions, which say by ``is_sign`` whether they are signs.
        codes: int64 (S,), the option of each network; None where there is only one option.
    """

    options: tuple[Activation, ...]
    codes: Tensor | None = None

    def is_sign(self) -> Tensor | bool:
        """Whether the activation is the sign: bool (S,), or one for all."""
        signs = [getattr(option, "is_sign", option == "sign") for option in self.options]
        return signs[0] if self.codes is None else self.codes.new_tensor(signs).bool()[self.codes]

    def apply(self, z: Tensor, functions: dict[str, Callable]) -> Tensor:
        """The activations of z (S, ...), in place where several are mixed."""
        found = [functions[o] if isinstance(o, str) else own_activation(o) for o in self.options]
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
        functions: by the names of hidden activations, what is computed.
        kept: where the sums of each layer are put, if anyone asks for them.
    """

    weights: list[Tensor]
    biases: list[Tensor]
    hidden: list[Chosen]
    skipped: list[Tensor | None]
    removed: list[Tensor | None]
    scale: Tensor
    output: Chosen
    functions: dict[str, Callable] = field(default_factory=lambda: HIDDEN_ACTIVATIONS)
    kept: list[Summed] | None = None

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the numbers that every network has."""
        tensors = {f"weights[{i}]": weight for i, weight in enumerate(self.weights)}
        tensors |= {f"biases[{i}]": bias for i, bias in enumerate(self.biases)}
        return {name: tuple(t.shape) for name, t in (tensors | {"scale": self.scale}).items()}

    def outputs(self, inputs: Tensor) -> Tensor:
        """scale (w h + b) of the last layer, (S, n_out, M), for inputs (M, n_in)."""
        h, whole = inputs.T, False  # whole: of numbers whose sums are exact
        for i in range(len(self.hidden)):
            h, whole = self._layer(i, h, whole)
        weight, bias = self._without_removed(len(self.hidden))
        z = _sums(weight, bias, h)
        if self.kept is None:
            return z.mul_(self.scale[:, None, None])
        self.kept.append(Summed(weight, bias, h, z))
        return z * self.scale[:, None, None]

    def _layer(self, i: int, h: Tensor, whole: bool) -> tuple[Tensor, bool]:
        """What a hidden layer makes of (n_in, M), inputs that all networks see, or (S, n_in, M)."""
        weight, bias = self._without_removed(i)
        skipped = self.skipped[i]
        if skipped is not None and i and self.removed[i - 1] is not None:
            h = h.masked_fill(self.removed[i - 1][..., None], 0)  # as they may be handed on
        signs = self.hidden[i].is_sign()
        some_sign = signs if isinstance(signs, bool) else bool(signs.any())
        if some_sign:
            size = bias.detach().abs()  # it passes no gradient
            if whole:
                size = size + weight.detach().abs().sum(dim=2)
            bias = bias + TIE * _rows(signs, size)
        z = _sums(weight, bias, h)
        if some_sign and not whole:
            z.add_(_rows(signs, _sizes(weight.detach(), h.detach())), alpha=TIE)
        if self.kept is not None:
            self.kept.append(Summed(weight, bias, h, z))
            z = z.clone()  # as activations may be computed in place
        z = self.hidden[i].apply(z, self.functions)
        if skipped is not None:
            z = torch.where(skipped[:, None, None], h, z)
            whole = whole and self.hidden[i].options == ("sign",)
        else:
            whole = self.hidden[i].options == ("sign",)
        return z, whole

    def _without_removed(self, i: int) -> tuple[Tensor, Tensor]:
        """Weights and biases of a layer, with 0 for neurons that are removed before it."""
        removed = self.removed[i - 1] if i else None
        if removed is None:
            return self.weights[i], self.biases[i]
        return self.weights[i].masked_fill(removed[:, None], 0), self.biases[i]


def _sums(weight: Tensor, bias: Tensor, h: Tensor) -> Tensor:
    """w h + b, (S, n_out, M)."""
    if h.ndim == 2:  # all networks see the same inputs: one product
        z = torch.addmm(bias.reshape(-1, 1), weight.flatten(0, 1), h)
        return z.view(*bias.shape, h.shape[1])
    return torch.baddbmm(bias[..., None], weight, h)


def _sizes(weight: Tensor, h: Tensor) -> Tensor:
    """|w| |h|, which the rounding of w h is in proportion to: broadcasts to (S, n_out, M)."""
    weight, h = weight.abs(), h.abs()
    if weight.numel() and weight.min() == weight.max():  # no product is needed
        return weight.flatten()[0] * h.sum(dim=-2).view(-1, 1, h.shape[-1])
    return weight @ h


def _rows(which: Tensor | bool, numbers: Tensor) -> Tensor:
    """Numbers (S, ...) with 0 for networks that are not meant."""
    return (
        numbers if isinstance(which, bool) else numbers * which.view(-1, *[1] * (numbers.ndim - 1))
    )
