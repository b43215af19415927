"""Pasqal's emu-mps: ``MPS.sample``, 32 shots at once."""

import torch
from emu_mps import MPS

from samplers.sampler import SEED, Sampler, canonical_sites, counted_bits

BATCH = 32  # emu-mps's own


def sampler(theta, state) -> Sampler:
    factors = [torch.from_numpy(site.copy()) for site in canonical_sites(state)]
    psi = MPS(factors, orthogonality_center=0, eigenstates=("0", "1"), gpu=False)
    torch.manual_seed(SEED)  # it has no generator of its own
    return Sampler(lambda shots: psi.sample(num_shots=shots), counted_bits, most=3 * BATCH)
