"""The natural gradient in the space of the shots, which are fewer than the angles."""

import numpy as np


def natural_step(scores: np.ndarray, weights: np.ndarray, damping: float, kl: float) -> np.ndarray:
    r"""A step along the natural gradient (Amari 1998) that changes the distribution by so much.

    With O the centred score vectors of n shots, the Fisher matrix is :math:`F = O^T O / n` and the
    gradient :math:`g = O^T w / n`. Solved in the space of the shots, O(n^2 d), as in stochastic
    reconfiguration of many parameters (arXiv:2302.01941):

    .. math:: v = (F + \lambda)^{-1} g = O^T (O O^T / n + \lambda)^{-1} w / n,

    and :math:`-s v` has the Kullback-Leibler divergence :math:`s^2 v^T (F + \lambda) v / 2 =
    s^2 v^T g / 2`, the damping as part of the metric, so that s is bounded where F vanishes.

    Args:
        scores: float64 (n, d), d log p / d theta of each shot.
        weights: float64 (n,), of the shots in the gradient.
        damping: :math:`\lambda > 0`.
        kl: the divergence, in nats.

    Returns:
        float64 (d,), what is added to the angles; 0 if the gradient is 0.
    """
    n, d = scores.shape
    centred = scores - scores.mean(axis=0)
    gradient = centred.T @ weights / n
    if d < n:  # fewer angles than shots: solved in the space of the angles
        natural = np.linalg.solve(centred.T @ centred / n + damping * np.eye(d), gradient)
    else:
        gram = centred @ centred.T / n
        natural = centred.T @ np.linalg.solve(gram + damping * np.eye(n), weights) / n
    slope = natural @ gradient
    return -np.sqrt(2 * kl / slope) * natural if slope > 0 else np.zeros_like(natural)
