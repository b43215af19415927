"""``hypernet.mps``: a PennyLane device that samples matrix product states."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from pennylane.devices import ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.transforms.core import CompilePipeline

from pl_hypernet.devices.adjoint import (
    check_differentiable,
    is_differentiable,
    is_leaf,
    jacobian,
    jvp,
    vjp,
)
from pl_hypernet.devices.exact_log_p import TRUNCATION_LIMIT
from pl_hypernet.devices.hypernet_device import HypernetDevice
from pl_hypernet.devices.line_program import acts_on_one_or_two_wires, line_program
from pl_hypernet.devices.shift_rules import check_shifts
from pl_hypernet.devices.state_measurement import measure_all
from pl_hypernet.errors import InputError, TruncationWarning, unknown_name
from pl_hypernet.measurements.capture import check_no_capture
from pl_hypernet.mps.closed_form import has_closed_form
from pl_hypernet.mps.evolution import evolve
from pl_hypernet.mps.operator_gates import is_wide_gate
from pl_hypernet.mps.state import DTYPES, MatrixProductState
from pl_hypernet.random_state import generator
from pl_hypernet.torch_device import checked_torch_device


@simulator_tracking
@single_tape_support
class HypernetMPS(HypernetDevice):
    """Matrix product states with finite shots, for PennyLane.

    ``qml.device("hypernet.mps", wires=66)`` works wherever pl_hypernet is installed. The
    hardware-efficient ansatz is one native operation whose exact state is written down in closed
    form; other gates of one or two wires act one by one, between any wires, with truncation.
    Matrices on up to five wires, controlled gates with any number of controls, and turns about
    Pauli words act whole, as matrix product operators; wider ones are decomposed. Shots are
    independent draws from ``|<x|psi>|^2``, at a cost of
    O(shots wires bond_dim^2), of which any PennyLane measurement is computed.

    Without shots, at any number of wires: overlaps (:class:`ZeroProbability`), expectation values
    of sums of Pauli words and of small matrices, their variances, projectors on basis states, and
    ``qml.probs`` of up to 12 wires. Up to 20 wires also ``qml.state``, ``qml.probs``, sparse
    Hamiltonians and an expected loss. With shots, samples, counts and variances are of sums of
    Pauli words that commute on each wire, or of any observable on up to 10 wires, and classical
    shadows at any number of wires. Mid-circuit measurements are deferred to wires of their own,
    with postselection: ``postselect_mode="fill-shots"`` of a QNode, or as on hardware. Those of
    one circuit need not commute: it is measured in as many bases as they take, with all shots in
    each, and ``qml.Tracker`` and ``.counts`` count them so.

    Gradients of expectation values, and of probabilities of up to 6 wires, without shots are its
    own, ``diff_method="adjoint"``: one pass back for all parameters, of the circuit without
    truncation (:func:`vjp`). ``"best"`` is that, and parameter shift for all else.

    Args:
        wires: number of wires, or their labels; the order is that of the line.
        shots: as of PennyLane's devices; deprecated there in favour of ``qml.set_shots``.
        max_bond_dim (int): largest bond dimension kept; None: no limit.
        cutoff (float): Schmidt coefficients below this are dropped; None: only those that are
            rounding (1e-12).
        seed: None, int, numpy Generator or a key of JAX. The same seed repeats; successive calls
            differ.
        precision (str): ``"single"`` or ``"double"`` for the arithmetic of the sampling. States
            are always complex128.
        torch_device (str): where gates are applied and states are sampled: ``"cpu"``, or a GPU as
            ``"cuda"``, which pays for bond dimensions of hundreds.

    Attributes:
        bond_dim (int): largest bond dimension of the circuits executed last.
        truncation_error (float): ``1 - fidelity``. Above 1e-3 a TruncationWarning is given.
        counts (Counts): circuits, overlaps among them, and shots executed so far.
        fidelity (float): smallest fidelity with the exact state among the circuits executed last,
            the product of 1 - discarded weight: exact for an ansatz truncated from its closed
            form, and for shallow circuits; an estimate for others.
        estimates (list[Estimate]): the expected losses of the last execution, with their errors.

    Bond dimension, truncation error and fidelity also stand in the history of ``qml.Tracker``.
    """

    config_filepath = str(Path(__file__).with_name("hypernet_mps.toml"))
    compiles = True

    def __init__(
        self,
        wires=None,
        shots=None,
        max_bond_dim: int | None = None,
        cutoff: float | None = None,
        seed=None,
        precision: str = "single",
        torch_device: str = "cpu",
    ):
        numeric = isinstance(max_bond_dim, int | float | np.number)
        if max_bond_dim is not None and not (numeric and max_bond_dim % 1 == 0 < max_bond_dim):
            raise InputError(f"max_bond_dim={max_bond_dim}: expected an int of at least 1, or None")
        numeric = isinstance(cutoff, int | float | np.number)
        if cutoff is not None and not (numeric and 0 <= cutoff < 1):
            raise InputError(
                f"cutoff={cutoff!r}: expected a Schmidt coefficient in [0, 1), or None"
            )
        if precision not in DTYPES:
            raise unknown_name("precision", precision, DTYPES)
        super().__init__(wires=wires, shots=shots)
        self.max_bond_dim = None if max_bond_dim is None else int(max_bond_dim)
        self.cutoff = cutoff
        self.precision = precision
        self.torch_device = checked_torch_device(torch_device)
        self.bond_dim = 1
        self.fidelity = 1.0
        self._rng = generator(seed)

    @property
    def name(self) -> str:
        return "hypernet.mps"

    def _about(self) -> list[str]:
        names = ("max_bond_dim", "cutoff", "precision", "torch_device")
        return [f"{name}={value}" for name in names if (value := getattr(self, name)) is not None]

    def setup_execution_config(self, config: ExecutionConfig | None = None, circuit=None):
        check_no_capture("hypernet.mps")
        config = super().setup_execution_config(config, circuit)
        check_shifts(config, circuit)
        if not self.supports_derivatives(config, circuit):
            return config
        at_once = bool(config.grad_on_execution)  # only where it is asked for
        return replace(
            config,
            gradient_method="adjoint",
            use_device_gradient=True,
            use_device_jacobian_product=not at_once,  # one pass for all measurements
            grad_on_execution=at_once,
        )

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        reverse = execution_config is not None and execution_config.gradient_method == "adjoint"
        if not reverse:
            return line_program(self.name, self.wires, self._is_native, self.record)
        program = CompilePipeline()
        program.add_transform(check_differentiable)
        return program + line_program(
            self.name, self.wires, lambda op: is_leaf(op) and self._is_native(op), self.record
        )

    def supports_derivatives(self, execution_config: ExecutionConfig | None = None, circuit=None):
        """Whether gradients are the device's own: without shots, as :func:`vjp` has them."""
        method = None if execution_config is None else execution_config.gradient_method
        if method == "best":
            once = execution_config.derivative_order == 1
            known = once and circuit is not None and self.cutoff is None
            return known and is_differentiable(circuit, self.max_bond_dim)
        shots = circuit is not None and circuit.shots
        return method in ("adjoint", "device") and not shots

    def overlaps_exactly(self, n_wires: int) -> bool:
        return True

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        return self._measured(circuits, execution_config)

    def _measured(self, circuits, execution_config: ExecutionConfig | None) -> tuple:
        self.record.begin(circuits)
        mode = execution_config and execution_config.mcm_config.postselect_mode
        return measure_all(
            circuits, self.wires, self._states, self._rng, self.record, self.precision, mode
        )

    def compute_vjp(self, circuits, cotangents, execution_config: ExecutionConfig | None = None):
        pairs = zip(circuits, cotangents, strict=True)
        return tuple(vjp(*pair, execution_config) for pair in pairs)

    def compute_derivatives(self, circuits, execution_config: ExecutionConfig | None = None):
        return tuple(jacobian(circuit, execution_config) for circuit in circuits)

    def execute_and_compute_derivatives(
        self, circuits, execution_config: ExecutionConfig | None = None
    ):
        derivatives = tuple(jacobian(circuit, execution_config) for circuit in circuits)
        return self._measured(circuits, execution_config), derivatives

    def compute_jvp(self, circuits, tangents, execution_config: ExecutionConfig | None = None):
        pairs = zip(circuits, tangents, strict=True)
        return tuple(jvp(*pair, execution_config) for pair in pairs)

    def _states(self, operations, wires) -> list[MatrixProductState]:
        states = evolve(operations, wires, self.max_bond_dim, self.cutoff, self.torch_device)
        self._report(states)
        return states

    def _report(self, states: list[MatrixProductState]) -> None:
        self.bond_dim = max((state.bond_dim for state in states), default=1)
        self.fidelity = min((state.fidelity for state in states), default=1.0)
        self.record.truncation_error = 1 - self.fidelity
        if self.tracker.active:  # not through its update, which would sum them up
            for name in ("bond_dim", "truncation_error", "fidelity"):
                self.tracker.history.setdefault(name, []).append(getattr(self, name))
        if self.truncation_error > TRUNCATION_LIMIT:
            warnings.warn(
                f"hypernet.mps truncated a state, to a fidelity of {self.fidelity:.2g} with the "
                f"exact one, at max_bond_dim={self.max_bond_dim}, cutoff={self.cutoff}: results "
                "are of the truncated state; raise max_bond_dim",
                TruncationWarning,
                stacklevel=2,
            )

    def _is_native(self, operation) -> bool:
        small = acts_on_one_or_two_wires(operation)
        return small or has_closed_form(operation) or is_wide_gate(operation)
