"""Samplers of this package."""

import numpy as np

from pl_hypernet.mps.state import MatrixProductState
from samplers.sampler import SEED, Sampler


def light_cones(theta, state) -> Sampler:
    """The state's own sampler: for a chain of CZ, its light cones in single precision."""
    rng = np.random.default_rng(SEED)
    return Sampler(lambda shots: state.sample(shots, rng)[0])


def general_tensors(theta, state) -> Sampler:
    """Our sampler of any matrix product state, which knows nothing of the circuit."""
    plain = MatrixProductState(state.canonical, state.wires, state.bond_dims)
    rng = np.random.default_rng(SEED)
    return Sampler(lambda shots: plain.sample(shots, rng)[0])
