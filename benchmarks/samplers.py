"""Shots of one matrix product state, drawn by this package and by other libraries.

Every builder takes the angles and the state of an ansatz and returns a :class:`Sampler`. Qiskit Aer
evolves the circuit itself, at each call; quimb and TeNPy get our right-canonical tensors, so that
neither has to evolve or to bring anything into a canonical form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pennylane as qml
import quimb.tensor as qtn
from aer import aer, aer_bits
from ansatz_circuit import ansatz_gates
from pennylane.tape import QuantumScript
from tenpy.networks.mps import MPS
from tenpy.networks.site import SpinHalfSite

from pl_hypernet.mps.state import MatrixProductState

SEED = 0


@dataclass(frozen=True)
class Sampler:
    """How to draw shots, and how to time it.

    Attributes:
        draw: shots -> a result of the library's own.
        bits: that result -> bits (shots, wires).
        least: time at least so many shots, because fewer cannot be told from the evolution.
        most: time at most so many shots and go on linearly: each costs the same.
        evolves: a call evolves the circuit too, so that the time of one shot is to be taken off.
    """

    draw: Callable[[int], object]
    bits: Callable[[object], np.ndarray] = np.asarray
    least: int = 1
    most: int = 10**9
    evolves: bool = False

    def timed(self, shots: int) -> int:
        """How many shots are timed for so many that are asked for."""
        return int(np.clip(shots, self.least, self.most))


def ours(theta, state) -> Sampler:
    """The state's own sampler: for a chain of CZ, its light cones in single precision."""
    rng = np.random.default_rng(SEED)
    return Sampler(lambda shots: state.sample(shots, rng)[0])


def ours_of_tensors(theta, state) -> Sampler:
    """Our sampler of any matrix product state, which knows nothing of the circuit."""
    plain = MatrixProductState(state.canonical, state.wires, state.bond_dims)
    rng = np.random.default_rng(SEED)
    return Sampler(lambda shots: plain.sample(shots, rng)[0])


def aer_probabilities(theta, state) -> Sampler:
    run = aer(ansatz_gates(theta), len(state.wires), "mps_probabilities")
    return Sampler(run, aer_bits, least=1000, evolves=True)


def aer_apply_measure(theta, state) -> Sampler:
    run = aer(ansatz_gates(theta), len(state.wires), "mps_apply_measure")
    return Sampler(run, aer_bits, least=100, most=100, evolves=True)


def quimb(theta, state) -> Sampler:
    """``MatrixProductState.sample`` of quimb, one shot after the other."""
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
    :func:`quimb` times.
    """
    device = qml.device("default.tensor", wires=len(state.wires), method="mps")
    device.simulate(QuantumScript(ansatz_gates(theta)))
    circuit = device._quimb_circuit  # there is no public way to it
    rng = np.random.default_rng(SEED)
    return Sampler(lambda shots: [list(bits) for bits in circuit.sample(shots, seed=rng)], _digits)


def tenpy(theta, state) -> Sampler:
    """``MPS.sample_measurements`` of TeNPy, one shot after the other."""
    arrays = [site.transpose(1, 0, 2) for site in canonical_sites(state)]
    sites = [SpinHalfSite(conserve=None)] * len(arrays)
    psi = MPS.from_Bflat(sites, arrays, form="B", unit_cell_width=len(sites))
    rng = np.random.default_rng(SEED)

    def draw(shots):
        return [psi.sample_measurements(rng=rng)[0] for _ in range(shots)]

    return Sampler(draw, most=2)


def canonical_sites(state) -> list[np.ndarray]:
    """Right-canonical tensors, complex128 (chi_left, 2, chi_right) for each site."""
    return MatrixProductState(state.canonical, state.wires, state.bond_dims).to_sites()


def _digits(strings) -> np.ndarray:
    return np.array(strings).astype(np.int8)
