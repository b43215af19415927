"""The contract that ships, over every device that we name, and its own power."""

import warnings

import numpy as np
import pennylane as qml
import pytest
from pennylane.devices import DefaultQubit

import pl_hypernet as plh
from pl_hypernet.devices.bitstring_device import BitstringDevice
from pl_hypernet.devices.readings import SAMPLES
from pl_hypernet.testing import ContractError, check_device

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("hypernet.mps", {"seedable": True}),
        ("hypernet.mps", {"precision": "double"}),
        ("default.qubit", {"seedable": True}),
        ("lightning.qubit", {"seedable": True}),
        ("default.tensor", {"seedable": True, "method": "mps"}),
        ("default.tensor", {"seedable": True, "method": "tn"}),
        ("default.mixed", {"seedable": True, "n_wires": 4}),
        ("braket.local.qubit", {}),
        ("braket.local.qubit", {"backend": "braket_dm", "n_wires": 3}),
        ("reference.qubit", {"n_wires": 4}),  # one that we know nothing of
    ],
    ids=str,
)
def test_devices_keep_the_contract(name, settings):
    check_device(name, **settings)


def test_qiskit_aer_keeps_the_contract():
    pytest.importorskip("pennylane_qiskit")
    check_device("qiskit.aer")


@pytest.mark.parametrize(
    ("simulation", "noise"),
    [
        ({}, None),
        ({"simulation_type": "MatrixProductState"}, None),
        (
            {"simulation_type": "MatrixProductState", "max_bond_dimension": 64},
            "may truncate its state at max_bond_dimension=64",
        ),
        ({"simulation_type": "DensityMatrix"}, "may have noise"),
    ],
    ids=str,
)
def test_maestro_keeps_the_contract(simulation, noise):
    """Whose samples come sorted, and the same again from the same seed."""
    pytest.importorskip("pennylane_maestro")
    check_device("maestro.qubit", seedable=True, **simulation)
    made = plh.device("maestro.qubit", wires=3, **simulation)
    by_object = plh.device(qml.device("maestro.qubit", wires=3, **simulation))
    assert made.noise == by_object.noise == (noise and f"device 'maestro.qubit' {noise}")
    with pytest.raises(ContractError, match="equal the one before"):
        check_device(
            lambda wires: BitstringDevice(qml.device("maestro.qubit", wires=wires), SAMPLES)
        )


class Spoiled(DefaultQubit):
    """A device made wrong on purpose."""

    def __init__(self, wires, fault):
        super().__init__(wires=wires, seed=0)
        self.fault = fault

    def execute(self, circuits, execution_config=None):
        spoiled = [self._spoil_circuit(circuit) for circuit in circuits]
        results = super().execute(spoiled, execution_config)
        if self.fault != "stuck bit":
            return results
        return tuple(
            tuple(map(self._stick, result)) if isinstance(result, tuple) else self._stick(result)
            for result in results
        )

    def _spoil_circuit(self, circuit):
        wires, extra = self.wires, []
        if self.fault == "flipped wire":
            extra = [qml.PauliX(wires[1])]
        elif self.fault == "rotation off by 0.2":
            extra = [qml.RY(0.2, wires[2])]
        elif self.fault == "reversed order":
            extra = [qml.SWAP([wires[i], wires[-1 - i]]) for i in range(len(wires) // 2)]
        return circuit.copy(operations=[*circuit.operations, *extra])

    @staticmethod
    def _stick(bits):
        bits = np.array(bits)
        bits[..., 1] = 0
        return bits


def test_the_spoiled_device_without_a_fault_keeps_the_contract():
    check_device(lambda wires: Spoiled(wires, None))


@pytest.mark.parametrize(
    "fault", ["flipped wire", "reversed order", "stuck bit", "rotation off by 0.2"]
)
def test_the_contract_catches(fault):
    with pytest.raises(ContractError):
        check_device(lambda wires: Spoiled(wires, fault))


def test_the_contract_catches_repeated_bits():
    class Repeating(DefaultQubit):
        def execute(self, circuits, execution_config=None):
            self._rng = np.random.default_rng(0)
            return super().execute(circuits, execution_config)

    with pytest.raises(ContractError, match="fresh"):
        check_device(lambda wires: Repeating(wires=wires))


def test_the_contract_catches_sorted_bits():
    class Sorting(DefaultQubit):
        def execute(self, circuits, execution_config=None):
            results = super().execute(circuits, execution_config)
            return tuple(
                bits[np.lexsort(bits.T)] if np.ndim(bits) == 2 else bits for bits in results
            )

    with pytest.raises(ContractError, match="equal the one before"):
        check_device(lambda wires: Sorting(wires=wires))


def test_warnings_are_not_part_of_the_contract():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_device("hypernet.mps", n_wires=3, shots=1000)
