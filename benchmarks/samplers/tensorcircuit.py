"""tensorcircuit-ng: ``MPSCircuit.measure`` of all wires, with random numbers from outside.

Where JAX is installed, shots are compiled in blocks (``jit`` of ``vmap``, as its documentation
does): a few hundred times faster than on NumPy, its default, where one comes after the other. JAX
unrolls the sites and compiles in a time that grows as their square, 4 s at 66 and 24 s at 264:
beyond that it is left out. In single precision, its default, as long as the probability of a whole
shot stays in its range, 1e-38; else in double.
"""

from functools import cache
from importlib.util import find_spec

import numpy as np
import tensorcircuit as tc

from samplers.sampler import SEED, LeftOut, Sampler, canonical_sites

HAS_JAX = find_spec("jax") is not None
K = tc.set_backend("jax" if HAS_JAX else "numpy")
BLOCK = 1000  # shots that are compiled together
MOST_QUBITS = 264  # that are compiled
MOST_SINGLE = 150  # in single precision


def sampler(theta, state) -> Sampler:
    tc.set_dtype("complex64" if len(state.wires) <= MOST_SINGLE else "complex128")
    tensors = [K.convert_to_tensor(site.astype(tc.dtypestr)) for site in canonical_sites(state)]
    rng = np.random.default_rng(SEED)

    def uniforms(shots):
        return rng.random((shots, len(tensors)), tc.rdtypestr)

    if not HAS_JAX:
        return Sampler(lambda shots: [_shot(tensors, row) for row in uniforms(shots)], most=2)
    if len(tensors) > MOST_QUBITS:
        raise LeftOut("not compiled: it would take JAX minutes")

    def draw(shots):
        blocks = [_compiled()(tensors, uniforms(BLOCK)) for _ in range(0, shots, BLOCK)]
        return np.concatenate(blocks)[:shots]

    return Sampler(draw, least=BLOCK)


def _shot(tensors, uniforms):
    """Bits of one shot, of a uniform random number for each wire."""
    circuit = tc.MPSCircuit(len(tensors), tensors=list(tensors), center_position=0)
    return circuit.measure(*range(len(tensors)), status=uniforms)[0]


@cache
def _compiled():
    """Tensors, uniforms (shots, wires) -> bits (shots, wires); compiled anew for each shape."""
    return K.jit(K.vmap(_shot, vectorized_argnums=1))
