"""Which class several numbers speak for, and what several networks say together."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

EQUAL = 1e-5  # logits or probabilities that differ by less are equal: rounding decides nothing


def first_of_largest(numbers: Tensor) -> Tensor:
    """The first class of the largest number, int64 (...), of numbers (..., n_classes).

    Sums of whole numbers tie often. A tie, also one up to rounding, goes to the first class, in
    one network and in a vote, whatever the order in which sums were made.
    """
    n_classes = numbers.shape[-1]
    largest = numbers >= numbers.amax(dim=-1, keepdim=True) - EQUAL
    # the first of them; argmax takes several times as long where classes are not side by side
    order = torch.arange(n_classes, 0, -1, dtype=torch.float32, device=numbers.device)
    return n_classes - (largest * order).amax(dim=-1).long()


class Votes(NamedTuple):
    """What several networks say of M samples.

    Attributes:
        mean: float64 (M, n_classes), the mean of their probabilities, rows that sum to 1; of a
            regression (M, n_outputs), their mean output.
        shares: float64 (M, n_classes), the share of the networks that choose each class; None for
            a regression.
    """

    mean: np.ndarray
    shares: np.ndarray | None

    @property
    def classes(self) -> np.ndarray:
        """int64 (M,), of the largest mean probability."""
        return first_of_largest(torch.as_tensor(self.mean)).numpy()

    @property
    def majority(self) -> np.ndarray:
        """int64 (M,), the class that most networks choose."""
        return first_of_largest(torch.as_tensor(self.shares)).numpy()
