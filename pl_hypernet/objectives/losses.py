"""Classical losses of one network: outputs on M inputs to one number.

Each averages over the inputs by :func:`mean_over_samples`; ``weights`` are as there.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks import Network


def mean_over_samples(each: Tensor, weights: Tensor | None) -> Tensor:
    """Of numbers (S, M, ...): their mean (S, ...), each times its weight (M,) where there are any.

    Weights have mean 1 over all samples; those of a mini-batch may have another.
    """
    if weights is None:
        return each.mean(dim=1)
    return torch.einsum("sm...,m->s...", each, weights) / len(weights)


def binary_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Mean over inputs of :math:`-y \log p - (1 - y) \log(1 - p)`, in nats.

    Args:
        logits: float32 (S, M, 1), log(p / (1 - p)).
        targets: (M,), the class 0 or 1 of each input.

    Returns:
        float32 (S,), each at least 0.
    """
    logits = logits[..., 0]
    targets = targets.to(logits.dtype)
    ones = targets if weights is None else targets * weights
    return mean_over_samples(softplus(logits), weights) - logits @ ones / len(targets)


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Mean over inputs of :math:`-\log p_y` with p = softmax(logits), in nats.

    Args:
        logits: float32 (S, M, K).
        targets: int64 (M,), the class 0 ... K - 1 of each input.

    Returns:
        float32 (S,), each at least 0.
    """
    of_target = logits.gather(2, targets[None, :, None].expand(len(logits), -1, 1))[..., 0]
    return mean_over_samples(logits.logsumexp(dim=2) - of_target, weights)


def mean_squared_error(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Mean over inputs of :math:`(p - y)^2`, with p the probability of class 1.

    Args:
        logits: float32 (S, M, 1), log(p / (1 - p)).
        targets: (M,), the class 0 or 1 of each input.

    Returns:
        float32 (S,), in [0, 1].
    """
    return mean_over_samples((logits[..., 0].sigmoid() - targets).square(), weights)


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Mean over inputs of :math:`\sum_k (z_k - y_k)^2`, with z the outputs of a regression.

    Args:
        outputs: float32 (S, M, K).
        targets: float32 (M,) for one output, else (M, K).

    Returns:
        float32 (S,), at least 0.
    """
    return squared_errors(outputs, targets, weights).sum(dim=1)


def squared_errors(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Of each output the mean over inputs of :math:`(z_k - y_k)^2`.

    Args:
        outputs, targets: as of :func:`squared_error`.

    Returns:
        float32 (S, K), at least 0.
    """
    return mean_over_samples((outputs - targets.reshape(len(targets), -1)).square(), weights)


def _of_logistic(outputs: Tensor) -> Tensor:
    p = outputs.sigmoid()
    return p * (1 - p)


def _of_softmax(outputs: Tensor) -> Tensor:
    p = outputs.softmax(dim=2)
    return p * (1 - p)


# of the loss of a sample by each output alone, at least 0; of the squared error of a probability
# the part that the probability's own slope makes
SECOND_DERIVATIVES = {
    binary_cross_entropy: _of_logistic,
    cross_entropy: _of_softmax,
    mean_squared_error: lambda outputs: 2 * _of_logistic(outputs).square(),
    squared_error: lambda outputs: torch.full_like(outputs, 2.0),
}


def second_derivatives(
    loss: Callable, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Of a loss of this module by each output alone.

    Args:
        loss: as :func:`find_loss` returns it.
        outputs, targets, weights: as of the loss.

    Returns:
        (S, M, K), at least 0.

    Raises:
        InputError: another loss.
    """
    if loss not in SECOND_DERIVATIVES:
        raise InputError(
            f"curvature=True with the loss {loss!r}: expected one by name, as bce, cross_entropy, "
            "mse; or curvature=False"
        )
    each = SECOND_DERIVATIVES[loss](outputs) / len(targets)
    return each if weights is None else each * weights[:, None]


OF_ONE_OUTPUT = {"bce": binary_cross_entropy, "mse": mean_squared_error}
OF_SEVERAL = {"cross_entropy": cross_entropy}
OF_REGRESSION = {"mse": squared_error}
NAMES = {**OF_ONE_OUTPUT, **OF_SEVERAL}


def default_loss(n_outputs: int, is_regression: bool = False) -> str:
    """``"bce"`` for one output, ``"cross_entropy"`` for several, ``"mse"`` for regression."""
    return "mse" if is_regression else "bce" if n_outputs == 1 else "cross_entropy"


def find_loss(network: Network, name: str | None) -> Callable:
    """The loss of this name for a network; None: the default.

    Raises:
        InputError: an unknown name, or a loss of other networks.
    """
    default = default_loss(network.n_outputs, network.is_regression)
    name = default if name is None else name
    if name not in NAMES:
        raise unknown_name("loss", name, NAMES)
    if network.is_regression:
        which, losses = "a regression", OF_REGRESSION
    elif network.n_outputs == 1:
        which, losses = "1 output", OF_ONE_OUTPUT
    else:
        which, losses = f"{network.n_outputs} outputs", OF_SEVERAL
    if name not in losses:
        raise InputError(f"loss {name!r} does not go with {which}: expected {default!r}")
    return losses[name]
