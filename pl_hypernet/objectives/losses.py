"""Classical losses of one network: outputs on M inputs to one number."""

from torch import Tensor
from torch.nn.functional import softplus


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    r"""Mean over inputs of :math:`-y \log p - (1 - y) \log(1 - p)`, in nats.

    Args:
        logits: float32 (S, M, 1), log(p / (1 - p)).
        targets: (M,), the class 0 or 1 of each input.

    Returns:
        float32 (S,), each at least 0.
    """
    logits = logits[..., 0]
    return softplus(logits).mean(dim=1) - logits @ targets.to(logits.dtype) / len(targets)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    r"""Mean over inputs of :math:`-\log p_y` with p = softmax(logits), in nats.

    Args:
        logits: float32 (S, M, K).
        targets: int64 (M,), the class 0 ... K - 1 of each input.

    Returns:
        float32 (S,), each at least 0.
    """
    of_target = logits.gather(2, targets[None, :, None].expand(len(logits), -1, 1))[..., 0]
    return (logits.logsumexp(dim=2) - of_target).mean(dim=1)


def mean_squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    r"""Mean over inputs of :math:`(p - y)^2`, with p the probability of class 1.

    Args:
        logits: float32 (S, M, 1), log(p / (1 - p)).
        targets: (M,), the class 0 or 1 of each input.

    Returns:
        float32 (S,), in [0, 1].
    """
    return (logits[..., 0].sigmoid() - targets).square().mean(dim=1)


LOSSES = {"bce": binary_cross_entropy, "mse": mean_squared_error, "cross_entropy": cross_entropy}
OF_ONE_OUTPUT = ("bce", "mse")


def default_loss(n_outputs: int) -> str:
    """``"bce"`` for one output, ``"cross_entropy"`` for several."""
    return "bce" if n_outputs == 1 else "cross_entropy"
