"""Scores and the vote of networks, in one pass over the samples."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.networks.bits import as_array, as_bits
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.networks.votes import Votes


def scores_and_votes(
    network,
    bits,
    inputs,
    reduce: Callable[[Tensor], Tensor],
    progress: Callable[[float], None] | None,
) -> tuple[np.ndarray, Votes]:
    """What :meth:`Network.score_and_vote` returns, of this network."""
    rows, inverse = unique_bitstrings(as_bits(bits))
    often = torch.as_tensor(np.bincount(inverse), device=network.device)

    def of_part(logits: Tensor, part: slice) -> tuple[np.ndarray, ...]:
        weights = often[part].double()  # single: the order of samples would show in the sums
        sums = torch.einsum("s,smk->mk", weights, network.probabilities(logits).double())
        choosing = _choosing(network, logits, weights)
        return as_array(reduce(logits)), as_array(sums), as_array(choosing)

    scores, total, choosing, done = [], 0.0, 0.0, 0
    for score, sums, chosen in network.in_parts(rows, inputs, of_part):
        scores.append(score)
        done += len(score)
        if progress is not None:
            progress(done / len(rows))
        total = total + sums.astype(np.float64)
        choosing = choosing + chosen.astype(np.float64)
    mean, shares = total / len(inverse), choosing / len(inverse)
    if network.is_regression:
        shares = None
    elif network.n_outputs == 1:
        mean = np.hstack([1 - mean, mean])
    else:
        mean /= mean.sum(axis=1, keepdims=True)  # softmax is of single precision
    return np.concatenate(scores)[inverse], Votes(mean, shares)


def _choosing(network, logits: Tensor, weights: Tensor) -> Tensor:
    """The weight of the networks that choose each class, (M, n_classes)."""
    n_samples = logits.shape[1]
    if network.is_regression:
        return weights.new_zeros(n_samples, 0)
    classes = network.classify(logits)
    found = weights.new_zeros(max(2, network.n_outputs), n_samples)
    return found.scatter_add_(0, classes, weights[:, None].expand(classes.shape)).T
