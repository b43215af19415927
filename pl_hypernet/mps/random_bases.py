"""Shots of which each is measured in a basis of its own."""

import numpy as np

from pl_hypernet.mps.state import MatrixProductState


def sample_in_bases(
    state: MatrixProductState, unitaries: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Independent shots, site by site, as of :meth:`MatrixProductState.sample`.

    Args:
        state: any.
        unitaries: complex128 (shots, n_sites, 2, 2), into the basis of each shot and site: the rows
            are bras.
        rng: source of a random number for each shot and site.

    Returns:
        bits int8 (shots, n_sites).
    """
    shots, n_sites = unitaries.shape[:2]
    bits = np.empty((shots, n_sites), dtype=np.int8)
    left = np.zeros((shots, state.canonical.shape[2]), dtype=complex)
    left[:, 0] = 1
    for site, tensor in enumerate(state.canonical):
        branches = np.einsum("sxy,ysc->sxc", unitaries[:, site], left @ tensor)
        weights = np.sum(np.abs(branches) ** 2, axis=2)
        ones = rng.random(shots) * weights.sum(axis=1) >= weights[:, 0]
        bits[:, site] = ones
        left = branches[np.arange(shots), bits[:, site]]
        left /= np.linalg.norm(left, axis=1, keepdims=True)
    return bits
