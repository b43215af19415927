"""The circuit of the benchmarks: the hardware-efficient ansatz at random angles."""

import numpy as np
from pennylane.wires import Wires

import pl_hypernet as plh
from pl_hypernet.mps.evolution import evolve
from pl_hypernet.mps.state import MatrixProductState


def angles(n_layers: int, n_wires: int) -> np.ndarray:
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires)
    return np.asarray(plh.start_angles(shape, seed=0, method="uniform"))


def ansatz_gates(theta) -> list:
    return plh.HardwareEfficientAnsatz(theta, wires=range(theta.shape[1])).decomposition()


def ansatz_state(theta) -> MatrixProductState:
    wires = range(theta.shape[1])
    (state,) = evolve([[plh.HardwareEfficientAnsatz(theta, wires=wires)]], [Wires(wires)])
    return state
