"""MQT YAQS: ``MPS.measure_single_shot``, which its simulator calls shot after shot."""

import numpy as np
from mqt.yaqs import MPS

from samplers.sampler import SEED, Sampler, canonical_sites


def sampler(theta, state) -> Sampler:
    tensors = [site.transpose(1, 0, 2).copy() for site in canonical_sites(state)]
    psi = MPS(len(tensors), tensors=tensors)
    psi.set_center(0)  # or each shot would begin with making it so
    rng = np.random.default_rng(SEED)

    def draw(shots):
        return [psi.measure_single_shot(rng=rng) for _ in range(shots)]

    def bits(outcomes):  # whole numbers, the first wire in the lowest bit
        return np.array([[int(x) >> wire & 1 for wire in range(psi.length)] for x in outcomes])

    return Sampler(draw, bits, most=2)
