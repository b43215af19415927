"""``hypernet.mps``: a PennyLane device that samples matrix product states."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.devices.preprocess import decompose, validate_device_wires, validate_measurements
from pennylane.transforms.core import CompilePipeline
from pennylane.wires import Wires

from pl_hypernet.devices.lowering import lower_expected_loss
from pl_hypernet.devices.mps.evolution import evolve, site_order
from pl_hypernet.devices.mps.state import DTYPES, MatrixProductState
from pl_hypernet.errors import InputError, TruncationWarning, unknown_name
from pl_hypernet.measurements import Estimate, ZeroProbability

TRUNCATION_LIMIT = 1e-3  # discarded weight above which results visibly suffer


@simulator_tracking
@single_tape_support
class HypernetMPS(Device):
    """Matrix product states with finite shots, for PennyLane.

    ``qml.device("hypernet.mps", wires=66)`` works wherever pl_hypernet is installed. The
    hardware-efficient ansatz is one native operation whose exact state is written down in closed
    form; other gates of one or two wires act one by one, between any wires, with truncation. Shots
    are independent draws from ``|<x|psi>|^2``, at a cost of O(shots wires bond_dim^2). Overlaps
    (:class:`ZeroProbability` without shots) are exact at any number of wires; ``qml.probs``,
    ``qml.state`` and an expected loss without shots up to 20 wires.

    Args:
        wires: number of wires, or their labels; the order is that of the line.
        shots: as of PennyLane's devices; deprecated there in favour of ``qml.set_shots``.
        max_bond_dim (int): largest bond dimension kept; None: no limit.
        cutoff (float): Schmidt coefficients below this are dropped; None: only those that are
            rounding (1e-12).
        seed: None, int or numpy Generator. The same seed repeats; successive calls differ.
        precision (str): ``"single"`` or ``"double"`` for the arithmetic of the sampling. States
            are always complex128.

    Attributes:
        bond_dim (int): largest bond dimension of the circuits executed last.
        truncation_error (float): largest discarded weight among the circuits executed last. Above
            1e-3 a TruncationWarning is given.
        estimates (list[Estimate]): the expected losses of the last execution, with their errors.

    Bond dimension and truncation error are also recorded by ``qml.Tracker``.
    """

    config_filepath = str(Path(__file__).with_name("device.toml"))

    def __init__(
        self,
        wires=None,
        shots=None,
        max_bond_dim: int | None = None,
        cutoff: float | None = None,
        seed=None,
        precision: str = "single",
    ):
        if max_bond_dim is not None and (max_bond_dim != int(max_bond_dim) or max_bond_dim < 1):
            raise InputError(f"max_bond_dim={max_bond_dim}: expected an int of at least 1, or None")
        if cutoff is not None and not 0 <= cutoff < 1:
            raise InputError(f"cutoff={cutoff}: expected a Schmidt coefficient in [0, 1), or None")
        if precision not in DTYPES:
            raise unknown_name("precision", precision, DTYPES)
        super().__init__(wires=wires, shots=shots)
        self.max_bond_dim = None if max_bond_dim is None else int(max_bond_dim)
        self.cutoff = cutoff
        self.precision = precision
        self.bond_dim = 1
        self.truncation_error = 0.0
        self.estimates: list[Estimate] = []
        self._rng = np.random.default_rng(seed)

    @property
    def name(self) -> str:
        return "hypernet.mps"

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        program = CompilePipeline()
        program.add_transform(validate_device_wires, wires=self.wires, name=self.name)
        program.add_transform(
            lower_expected_loss,
            device_wires=self.wires,
            native=(ZeroProbability,),
            record=self.estimates,
        )
        program.add_transform(qml.defer_measurements, allow_postselect=False)
        program.add_transform(_split_observables)
        program.add_transform(
            decompose,
            stopping_condition=self._is_native,
            skip_initial_state_prep=False,
            name=self.name,
        )
        program.add_transform(
            validate_measurements, analytic_measurements=_is_analytic, name=self.name
        )
        program.add_transform(qml.transforms.broadcast_expand)
        return program

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        self.estimates.clear()
        if self.wires is None:
            circuits = [circuit.map_to_standard_wires() for circuit in circuits]
        operations, orders = [], []
        for circuit in circuits:
            # measured in the eigenbasis of the observables, if there are any
            all_operations = [*circuit.operations, *circuit.diagonalizing_gates]
            order = site_order(all_operations, self._all_wires(circuit))
            halves = _halves(all_operations) if _measures_overlap(circuit) else [all_operations]
            operations += halves
            orders += [order] * len(halves)
        states = evolve(operations, orders, self.max_bond_dim, self.cutoff)
        self._report(states)
        remaining = iter(states)
        return tuple(self._measure(circuit, remaining) for circuit in circuits)

    def _all_wires(self, circuit) -> Wires:
        """The wires of the device, and any that deferred measurements have added to a circuit."""
        given = range(len(circuit.wires)) if self.wires is None else self.wires
        return Wires.all_wires([Wires(given), circuit.wires])

    def _measure(self, circuit, states: Iterator[MatrixProductState]):
        """The results of one circuit, which takes its one or two states from the iterator."""
        state = next(states)
        if _measures_overlap(circuit):
            return state.overlap(next(states))
        wires = self._all_wires(circuit)
        if not circuit.shots:
            vector = state.state_vector(wires)
            results = [m.process_state(vector, wires) for m in circuit.measurements]
            return results[0] if len(results) == 1 else tuple(results)
        bits, _ = state.sample(circuit.shots.total_shots, self._rng, self.precision)
        if state.wires != wires:
            bits = bits[:, state.wires.indices(wires)]
        parts = []
        for start, stop in circuit.shots.bins():
            results = [m.process_samples(bits[start:stop], wires) for m in circuit.measurements]
            parts.append(results[0] if len(results) == 1 else tuple(results))
        return tuple(parts) if circuit.shots.has_partitioned_shots else parts[0]

    def _report(self, states: list[MatrixProductState]) -> None:
        self.bond_dim = max((state.bond_dim for state in states), default=1)
        self.truncation_error = max((state.truncation_error for state in states), default=0.0)
        if self.tracker.active:
            self.tracker.update(bond_dim=self.bond_dim, truncation_error=self.truncation_error)
        if self.truncation_error > TRUNCATION_LIMIT:
            warnings.warn(
                f"hypernet.mps dropped {self.truncation_error:.2g} of the weight of a state at "
                f"max_bond_dim={self.max_bond_dim}, cutoff={self.cutoff}: shots come from a "
                "truncated state; raise max_bond_dim",
                TruncationWarning,
                stacklevel=2,
            )

    def _is_native(self, operation) -> bool:
        name = operation.name
        if "HardwareEfficientAnsatz" in name:
            return name in self.capabilities.gate_set()
        if isinstance(operation, qml.GlobalPhase):
            return True
        return operation.has_matrix and len(operation.wires) <= 2


def _measures_overlap(circuit) -> bool:
    """Whether a circuit without shots asks for the probability of 0...0, and nothing else."""
    return (
        not circuit.shots
        and len(circuit.measurements) == 1
        and isinstance(circuit.measurements[0], ZeroProbability)
    )


def _halves(operations) -> list[list]:
    """Circuits U and V with operations = V^dagger U, so that <0|V^dagger U|0> is an overlap.

    Cut in the middle: for a circuit and its inverse each half then is one of the two states.
    """
    middle = (len(operations) + 1) // 2
    undone = [qml.adjoint(op, lazy=False) for op in reversed(operations[middle:])]
    return [list(operations[:middle]), undone]


def _is_analytic(measurement) -> bool:
    return isinstance(
        measurement, ZeroProbability | qml.measurements.ProbabilityMP | qml.measurements.StateMP
    )


@qml.transform
def _split_observables(tape):
    """One tape for each basis that must be measured; a tape without observables passes freely."""
    if all(measurement.obs is None for measurement in tape.measurements):
        return (tape,), lambda results: results[0]
    return qml.transforms.split_non_commuting(tape)
