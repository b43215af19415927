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


LOSSES = {"bce": binary_cross_entropy}
