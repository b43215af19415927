"""Qoro's maestro, the simulator under pennylane-maestro: its MPS, sampled without a collapse.

``SampleCountsMany`` of a state that was evolved beforehand. Not a QNode of ``maestro.qubit``:
PennyLane's part, the evolution and the counts made into samples would come on top
(benchmarks/gate_by_gate.py times these).
"""

import maestro
from ansatz_circuit import ansatz_gates

from samplers.sampler import SEED, Sampler, counted_bits

GATES = {"RY": "ApplyRy", "RZ": "ApplyRz", "CZ": "ApplyCZ"}  # PennyLane's name: maestro's


def sampler(theta, state) -> Sampler:
    wires = range(len(state.wires))
    simulators = maestro.Maestro()
    psi = simulators.get_simulator(simulators.create_simulator())  # QCSim's, an MPS
    psi.AllocateQubits(len(wires))
    psi.Initialize()
    psi.set_seed(SEED)
    for gate in ansatz_gates(theta):
        getattr(psi, GATES[gate.name])(*gate.wires, *map(float, gate.data))
    psi.Flush()

    def draw(shots, _alive=simulators):  # psi ends with what made it
        return psi.SampleCountsMany(list(wires), shots)

    return Sampler(draw, counted_bits)
