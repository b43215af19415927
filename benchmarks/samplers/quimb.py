"""quimb, and PennyLane's ``default.tensor`` on top of it: one shot after the other."""

import numpy as np
import pennylane as qml
import quimb.tensor as qtn
from ansatz_circuit import ansatz_gates
from pennylane.tape import QuantumScript

from samplers.sampler import SEED, Sampler, canonical_sites


def sampler(theta, state) -> Sampler:
    """``MatrixProductState.sample`` of quimb."""
    arrays = canonical_sites(state)
    arrays[0], arrays[-1] = arrays[0][0], arrays[-1][:, :, 0]
    psi = qtn.MatrixProductState(arrays, shape="lpr")
    rng = np.random.default_rng(SEED)

    def draw(shots):
        return [bits for bits, _ in psi.sample(shots, seed=rng, info={"cur_orthog": (0, 0)})]

    return Sampler(draw, most=2)


def default_tensor(theta, state) -> Sampler:
    """The state that PennyLane's ``default.tensor`` leaves behind: a circuit of quimb's.

    The device has no finite shots. What its state can be sampled with is the function that
    :func:`sampler` times.
    """
    device = qml.device("default.tensor", wires=len(state.wires), method="mps")
    device.simulate(QuantumScript(ansatz_gates(theta)))
    circuit = device._quimb_circuit  # there is no public way to it
    rng = np.random.default_rng(SEED)
    return Sampler(lambda shots: [list(bits) for bits in circuit.sample(shots, seed=rng)], _digits)


def _digits(strings) -> np.ndarray:
    return np.array(strings).astype(np.int8)
