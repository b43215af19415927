"""Activations of the hidden layers, and of the output as functions from z to the logit of class 1.

The probability of class 1 is p = sigmoid(logit) for all of them; working with logits keeps the
cross-entropy finite where p rounds to 0 or 1.
"""

import torch
from torch import Tensor

HARD_SIGMOID_RANGE = (0.02, 0.98)


def sigmoid(z: Tensor) -> Tensor:
    """p = 1 / (1 + exp(-z)), so the logit is z itself."""
    return z


def hard_sigmoid(z: Tensor) -> Tensor:
    """p = 0.5 + z/4 clipped to [0.02, 0.98], as its logit log(p / (1 - p)).

    Steeper and closer to 0.5 at the ends than torch's ``hardsigmoid``, which is z/6 + 0.5 clipped
    to [0, 1].
    """
    return torch.logit((0.5 + z / 4).clamp(*HARD_SIGMOID_RANGE))


OUTPUT_ACTIVATIONS = {"sigmoid": sigmoid, "hard_sigmoid": hard_sigmoid}


def sign(z: Tensor) -> Tensor:
    """+1 or -1; sign(0) = +1."""
    return (z >= 0).to(z.dtype).mul_(2).sub_(1)


HIDDEN_ACTIVATIONS = {
    "sign": sign,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
