"""Postselection: outcomes of mid-circuit measurements that are wanted, taken at a circuit's end."""

import numpy as np
from pennylane.measurements import Shots
from pennylane.operation import Operation
from pennylane.tape import QuantumScript

from pl_hypernet.devices.kinds import holds
from pl_hypernet.devices.observable_forms import Projection
from pl_hypernet.errors import DeviceError
from pl_hypernet.mps.state import MatrixProductState

NEVER = 1e-12  # a probability that is rounding
FILL = "fill-shots"


class Postselect(Operation):
    """Says that a wire is wanted in a bit; after all gates.

    Args:
        bit: 0 or 1.
        wires: one.
    """

    num_wires = 1
    num_params = 0

    def __init__(self, bit: int, wires):
        super().__init__(wires=wires)
        self._hyperparameters = {"bit": bit}

    @property
    def bit(self) -> int:
        return self._hyperparameters["bit"]

    def _flatten(self):
        return (), (self.bit, self.wires)

    @classmethod
    def _unflatten(cls, _, metadata):
        return cls(*metadata)


def postselect(
    circuit: QuantumScript,
    state: MatrixProductState,
    mode: str | None,
    rng: np.random.Generator,
) -> tuple[QuantumScript, MatrixProductState]:
    """A circuit with the shots that are left, and its state with the wanted outcomes.

    Args:
        circuit: as it was preprocessed.
        state: of its gates, without postselection.
        mode: ``"fill-shots"``: all shots have the outcomes; else, as on hardware, each shot has
            them with their probability, and the others are left out.
        rng: of how many are left.

    Raises:
        DeviceError: the outcomes never come, or came in none of the shots.
    """
    if not holds(circuit.operations, Postselect):
        return circuit, state
    wanted = [operation for operation in circuit.operations if isinstance(operation, Postselect)]
    probability, projectors = 0.0, {}
    bits = {operation.wires[0]: operation.bit for operation in wanted}
    if all(bits[operation.wires[0]] == operation.bit for operation in wanted):
        probability = Projection(bits).mean(state)
        projectors = {wire: np.diag([1.0 - bit, bit]) for wire, bit in bits.items()}
    if probability < NEVER:
        raise DeviceError(f"the postselected outcomes {bits} have probability 0: select others")
    if circuit.shots and mode != FILL:
        left = rng.binomial(list(circuit.shots), min(1.0, probability))
        if not left.all():
            raise DeviceError(
                f"none of {min(circuit.shots)} shots has the postselected outcomes {bits}, whose "
                f'probability is {probability:.2g}: raise shots, or use postselect_mode="{FILL}"'
            )
        several = circuit.shots.has_partitioned_shots
        circuit = circuit.copy(shots=Shots(left.tolist() if several else int(left[0])))
    projected = state.rotated(projectors)
    normalised = MatrixProductState(
        projected.canonical,
        state.wires,
        state.bond_dims,
        state.fidelity,
        state.torch_device,
    )
    return circuit, normalised
