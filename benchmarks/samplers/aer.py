"""Qiskit Aer's ``matrix_product_state``, with both of its algorithms."""

from aer import aer, aer_bits
from ansatz_circuit import ansatz_gates

from samplers.sampler import Sampler


def probabilities(theta, state) -> Sampler:
    run = aer(ansatz_gates(theta), len(state.wires), "mps_probabilities")
    return Sampler(run, aer_bits, least=1000, evolves=True)


def apply_measure(theta, state) -> Sampler:
    run = aer(ansatz_gates(theta), len(state.wires), "mps_apply_measure")
    return Sampler(run, aer_bits, least=100, most=100, evolves=True)
