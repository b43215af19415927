"""Activations of the hidden layers, and of the output as functions from z to the logit of class 1.

The probability of class 1 is p = sigmoid(logit) for all of them; working with logits keeps the
cross-entropy finite where p rounds to 0 or 1.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from pl_hypernet.user_code import UserCode

HARD_SIGMOID_RANGE = (0.02, 0.98)


def identity(z: Tensor) -> Tensor:
    """z itself: as the logit of p = 1 / (1 + exp(-z)), or as an output of a regression."""
    return z


def hard_sigmoid(z: Tensor) -> Tensor:
    """p = 0.5 + z/4 clipped to [0.02, 0.98].

    Steeper and closer to 0.5 at the ends than torch's ``hardsigmoid``, which is z/6 + 0.5 clipped
    to [0, 1].
    """
    return (0.5 + z / 4).clamp(*HARD_SIGMOID_RANGE)


def hard_sigmoid_logit(z: Tensor) -> Tensor:
    """The logit log(p / (1 - p)) of the hard sigmoid p."""
    return torch.logit(hard_sigmoid(z))


def sign(z: Tensor) -> Tensor:
    """+1 or -1, in place unless a gradient is asked for; sign(0) = +1, and sign(-0) = -1."""
    return torch.copysign(z.new_ones(()), z, out=None if z.requires_grad else z)


OUTPUT_ACTIVATIONS = {"sigmoid": identity, "hard_sigmoid": hard_sigmoid_logit}
REGRESSION = "identity"
SOFTMAX = "softmax"

HIDDEN_ACTIVATIONS = {
    "sign": sign,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
    "tanh": torch.tanh_,
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": torch.nn.functional.hardtanh_,
    "identity": identity,
}


def sign_with_gradient(z: Tensor, window: float) -> Tensor:
    r"""sign(z), with the gradient of clip(z / w, -1, 1) (arXiv:1602.02830, eq. 4).

    There z is batch-normalised and w = 1; here w is window times the root mean square of all z, as
    a sum of n integers grows as sqrt(n).
    """
    rms = torch.linalg.vector_norm(z.detach()) / math.sqrt(max(1, z.numel()))
    return _SignInWindow.apply(z, window * rms.clamp(min=torch.finfo(z.dtype).tiny))


class _SignInWindow(torch.autograd.Function):
    """sign(z), with the gradient of clip(z / w, -1, 1)."""

    @staticmethod
    def forward(ctx, z, w):
        ctx.save_for_backward(z, w)
        return torch.copysign(z.new_ones(()), z)

    @staticmethod
    def backward(ctx, gradient):
        z, w = ctx.saved_tensors
        return gradient * (z.abs() <= w) / w, None


def hidden_with_gradient(window: float) -> dict:
    """The hidden activations, with a gradient of the sign too."""
    return HIDDEN_ACTIVATIONS | {"sign": partial(sign_with_gradient, window=window)}


def as_if(value: Tensor, other: Tensor) -> Tensor:
    """The value, exactly, with the gradient of the other."""
    return value.detach() + (other - other.detach())


# A clipped logit has no gradient where a sample is most wrong. That of z itself is the same at 0.
OUTPUTS_WITH_GRADIENT = {
    name: lambda z, activation=activation: as_if(activation(z), identity(z))
    for name, activation in OUTPUT_ACTIVATIONS.items()
}


def own_activation(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A function of a user's own, checked whenever it is called."""
    code = UserCode("activation", function, "a tensor of the shape and dtype of z")

    def apply(z: Tensor) -> Tensor:
        activated = code(z=z)
        if not isinstance(activated, Tensor) or activated.shape != z.shape:
            raise code.refused(activated, z=z)
        return activated

    return apply
