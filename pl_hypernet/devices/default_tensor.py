"""``default.tensor`` with finite shots: its states, our sampler."""

from copy import copy
from functools import cached_property

import numpy as np
import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking
from pennylane.operation import Operator
from pennylane.tape import QuantumScript
from pennylane.transforms.core import CompilePipeline
from pennylane.wires import Wires

from pl_hypernet.devices.bitstring_device import BitstringDevice
from pl_hypernet.devices.line_program import acts_on_one_or_two_wires, line_program
from pl_hypernet.devices.parameter_check import check_parameters
from pl_hypernet.devices.state_measurement import measure_all
from pl_hypernet.errors import DeviceError
from pl_hypernet.mps.state import MAX_EXACT_WIRES, MatrixProductState
from pl_hypernet.random_state import generator


@simulator_tracking
class SampledTensorDevice(BitstringDevice):
    """PennyLane's ``default.tensor``, which has no finite shots, made to return bits.

    Circuits run on quimb, and one state is taken, of which all is measured here, as on
    ``hypernet.mps``. With ``method="mps"`` it is the matrix product state of the device's
    ``max_bond_dim`` and ``cutoff``, normalised; its line is the order of the device's wires. With
    ``method="tn"`` quimb keeps an unordered network, which cannot be sampled site by site: Pauli
    words are contracted at any number of wires, all else comes from the state vector, up to 20.

    Args:
        inner: a ``default.tensor`` device.
        seed: None, int or numpy Generator, of the shots.
    """

    def __init__(self, inner: Device, seed=None):
        super().__init__(inner)
        self._rng = generator(seed)

    def _generator(self) -> np.random.Generator:
        return self._rng

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        program = CompilePipeline()
        program.add_transform(check_parameters)
        return program + line_program(
            self.name, self.wires, acts_on_one_or_two_wires, self.record, self.noise
        )

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        self.record.begin(circuits)
        mode = execution_config and execution_config.mcm_config.postselect_mode
        # one by one, since each state is large
        return tuple(
            measure_all(
                [circuit], self.wires, self._states, self._rng, self.record, postselect_mode=mode
            )[0]
            for circuit in circuits
        )

    def _states(self, operations, orders) -> list[MatrixProductState]:
        return [self._state(ops, order) for ops, order in zip(operations, orders, strict=True)]

    def _state(self, operations: list[Operator], order: Wires) -> MatrixProductState:
        """Runs a circuit on the inner device and takes the state that it leaves behind."""
        position = {wire: i for i, wire in enumerate(order)}
        if list(order) != list(range(len(order))):
            operations = [qml.map_wires(operation, position) for operation in operations]
        tape = QuantumScript(operations)
        if tape.batch_size is not None:
            raise DeviceError(
                f"a tape with a batch of {tape.batch_size} parameters: expected one circuit, "
                "expand it with qml.transforms.broadcast_expand"
            )
        runner = copy(self.inner)
        # there is no public way to either: all sites, those of deferred measurements among them
        runner._wires = Wires(range(len(order)))
        runner.simulate(tape)
        self.inner._quimb_circuit = runner._quimb_circuit  # which its user can draw
        if self.inner.method == "tn":
            return NetworkState(runner, order)
        return _line(runner._quimb_circuit.psi, order)


class NetworkState(MatrixProductState):
    """The state that ``default.tensor`` holds with ``method="tn"``: a network without an order.

    Expectation values of products are contracted by quimb. All else makes a line of it, through the
    state vector.

    Args:
        device: that has run a circuit, on the wires 0, 1, ...
        wires: their labels.
    """

    def __init__(self, device: Device, wires: Wires):
        self.__dict__.update(device=device, wires=wires, fidelity=1.0, torch_device="cpu")

    @cached_property
    def line(self) -> MatrixProductState:
        from quimb.tensor import MatrixProductState as QuimbState

        if len(self.wires) > MAX_EXACT_WIRES:
            raise DeviceError(
                f"default.tensor with method='tn' cannot be sampled beyond {MAX_EXACT_WIRES} "
                f"wires, and gives expectation values of Pauli words alone; got "
                f"{len(self.wires)}: use method='mps'"
            )
        dense = self.device._quimb_circuit.psi.to_dense()
        return _line(QuimbState.from_dense(dense, dims=2), self.wires)

    @cached_property
    def tensors(self) -> np.ndarray:
        return self.line.tensors

    @cached_property
    def bond_dims(self) -> np.ndarray:
        return self.line.bond_dims

    def product_expectation(self, operators: dict) -> float:
        if not operators:
            return 1.0
        factors = [qml.Hermitian(operators[wire], self._site_of[wire]) for wire in operators]
        return float(self.device.measurement(qml.expval(qml.prod(*factors))))


def _line(psi, wires: Wires) -> MatrixProductState:
    """A matrix product state of quimb as one of ours, normalised, since truncation loses norm."""
    psi.permute_arrays("lpr")
    sites = [np.asarray(site, dtype=np.complex128) for site in psi.arrays]
    sites[0] = sites[0].reshape(1, 2, -1)
    sites[-1] = sites[-1].reshape(-1, 2, 1)
    state = MatrixProductState.from_sites(sites, wires)
    return MatrixProductState(state.canonical, state.wires, state.bond_dims)
