"""TeNPy's ``MPS.sample_measurements``: one shot after the other."""

import numpy as np
from tenpy.networks.mps import MPS
from tenpy.networks.site import SpinHalfSite

from samplers.sampler import SEED, Sampler, canonical_sites


def sampler(theta, state) -> Sampler:
    arrays = [site.transpose(1, 0, 2) for site in canonical_sites(state)]
    sites = [SpinHalfSite(conserve=None)] * len(arrays)
    psi = MPS.from_Bflat(sites, arrays, form="B", unit_cell_width=len(sites))
    rng = np.random.default_rng(SEED)

    def draw(shots):
        return [psi.sample_measurements(rng=rng)[0] for _ in range(shots)]

    return Sampler(draw, most=2)
