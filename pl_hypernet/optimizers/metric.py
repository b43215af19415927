"""The learned Fubini-Study metric, tamed: an average of rank-2 estimates, shrunk and floored."""

import numpy as np
import torch

PRIOR = 0.25  # metric of one Pauli rotation on an equator state, the largest it can be


def sampled_metric(first, second, second_difference: float, metric_step: float) -> np.ndarray:
    r"""One unbiased estimate of the Fubini-Study metric (2-SPSA, arXiv:2103.09232),

    .. math:: \hat g = -\frac{\delta}{8 \epsilon^2} (h_1 h_2^T + h_2 h_1^T).

    Args:
        first, second: directions :math:`h_1, h_2`, entries +1 or -1, (d,).
        second_difference: :math:`\delta` of log F: of the fidelities of the state with those at
            :math:`\epsilon (h_1 + h_2), \epsilon h_1, \epsilon (h_2 - h_1), -\epsilon h_1`, the
            logarithms with signs + - - +. The logarithm is exactly quadratic where F is a
            Gaussian, which removes most of the bias of a finite step: at 66 qubits a step of 0.05
            shrinks the estimate from F itself to 0.67 of the truth.
        metric_step: :math:`\epsilon`, radians.

    Returns:
        float64 (d, d), symmetric, of rank 2.
    """
    outer = np.outer(first, second)
    return (outer + outer.T) * (-second_difference / (8 * metric_step**2))


def shrunk_metric(average: np.ndarray, n_estimates: int) -> np.ndarray:
    r"""The raw average of the estimates, shrunk towards :math:`I/4` as far as it is noise.

    The average of k rank-2 estimates in d dimensions has a noise radius of about
    :math:`d / (2 \sqrt k)` times the size of the metric, so it says little before k reaches
    :math:`4 d^2`. Its weight here is :math:`k / (k + 4 d^2)`.

    Args:
        average: float64 (d, d), mean of the estimates.
        n_estimates: k, how many there were.
    """
    d = len(average)
    weight = n_estimates / (n_estimates + 4 * d**2)
    shrunk = weight * average
    shrunk[np.diag_indices(d)] += (1 - weight) * PRIOR
    return shrunk


def solve_floored(metric: np.ndarray, gradient: np.ndarray, floor: float) -> np.ndarray:
    """The natural gradient: metric^-1 gradient, with eigenvalues below ``floor`` raised to it.

    The stock rule takes absolute values of the eigenvalues, which turns noise around zero into
    gains of several hundred; a floor bounds the gain by 1 / floor.

    Args:
        metric: float64 (d, d), symmetric.
        gradient: float64 (d,).
        floor: smallest eigenvalue, positive.

    Returns:
        float64 (d,).
    """
    # torch, not scipy: a second pool of BLAS threads beside torch's makes both spin (2.5 x slower)
    metric, gradient = torch.from_numpy(metric), torch.from_numpy(gradient)
    # the common case, and ten times cheaper than eigenvalues: all of them lie above the floor
    shifted = metric - floor * torch.eye(len(metric), dtype=metric.dtype)
    if torch.linalg.cholesky_ex(shifted).info == 0:
        return torch.cholesky_solve(gradient[:, None], torch.linalg.cholesky(metric))[:, 0].numpy()
    values, vectors = torch.linalg.eigh(metric)
    return (vectors @ (vectors.T @ gradient / values.clamp(min=floor))).numpy()
