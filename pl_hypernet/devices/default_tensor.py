"""``default.tensor`` with finite shots: its states, our sampler."""

import numpy as np
import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking
from pennylane.measurements import ExpectationMP, VarianceMP
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.devices.bitstring_device import BitstringDevice
from pl_hypernet.devices.line_program import acts_on_one_or_two_wires, line_program
from pl_hypernet.devices.state_measurement import measure_all
from pl_hypernet.errors import DeviceError
from pl_hypernet.mps.state import MAX_EXACT_WIRES, MatrixProductState

ITS_OWN = (ExpectationMP, VarianceMP)  # what default.tensor computes itself


@simulator_tracking
class SampledTensorDevice(BitstringDevice):
    """PennyLane's ``default.tensor``, which has no finite shots, made to return bits.

    With ``method="mps"`` circuits run on quimb, with the device's ``max_bond_dim`` and ``cutoff``;
    then the matrix product state is taken and sampled, at any number of wires, and overlaps are
    those of the states. With ``method="tn"`` quimb keeps an unordered network, which cannot be
    sampled site by site: shots come from the state vector, up to 20 wires, and expectation values
    without shots remain what that method is good for.

    Args:
        inner: a ``default.tensor`` device.
        seed: None, int or numpy Generator, of the shots.
    """

    def __init__(self, inner: Device, seed=None):
        super().__init__(inner)
        self._rng = np.random.default_rng(seed)

    def _generator(self) -> np.random.Generator:
        return self._rng

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        return line_program(
            self.name, self.wires, acts_on_one_or_two_wires, self.record, self.noise
        )

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        self.record.begin(circuits)
        return tuple(map(self._execute_one, circuits))

    def _execute_one(self, circuit: QuantumScript):
        if not circuit.shots and all(isinstance(m, ITS_OWN) for m in circuit.measurements):
            return self.inner.simulate(circuit.map_to_standard_wires())  # tracked here, not there
        given = range(len(circuit.wires)) if self.wires is None else self.wires
        wires = Wires.all_wires([Wires(given), circuit.wires])
        return measure_all([circuit], [wires], self._states, self._rng)[0]

    def _states(self, operations, orders) -> list[MatrixProductState]:
        return [self._state(ops, order) for ops, order in zip(operations, orders, strict=True)]

    def _state(self, operations, order: Wires) -> MatrixProductState:
        """Runs a circuit on the inner device and takes the state that it leaves behind."""
        position = {wire: i for i, wire in enumerate(order)}
        numbered = list(operations)
        if list(order) != list(range(len(order))):
            numbered = [qml.map_wires(operation, position) for operation in operations]
        touched = Wires.all_wires([operation.wires for operation in numbered])
        # so that no site is missing
        numbered += [qml.Identity(i) for i in range(len(order)) if i not in touched]
        self.inner.simulate(QuantumScript(numbered))
        psi = self.inner._quimb_circuit.psi  # there is no public way to it
        if self.inner.method == "tn":
            psi = self._line(psi, len(order))
        psi.permute_arrays("lpr")
        sites = [np.asarray(site, dtype=np.complex128) for site in psi.arrays]
        sites[0] = sites[0].reshape(1, 2, -1)
        sites[-1] = sites[-1].reshape(-1, 2, 1)
        state = MatrixProductState.from_sites(sites, order)
        # truncation loses some of the norm
        return MatrixProductState(state.canonical, state.wires, state.bond_dims)

    def _line(self, psi, n_wires: int):
        """An unordered network as a matrix product state, through the state vector."""
        from quimb.tensor import MatrixProductState as QuimbState

        if n_wires > MAX_EXACT_WIRES:
            raise DeviceError(
                f"default.tensor with method='tn' cannot be sampled beyond {MAX_EXACT_WIRES} "
                f"wires; got {n_wires}: use method='mps'"
            )
        return QuimbState.from_dense(psi.to_dense(), dims=2)
