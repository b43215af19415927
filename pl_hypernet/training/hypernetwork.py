"""A circuit, a device and a network: what a theta means."""

import math
from collections.abc import Callable
from copy import copy, deepcopy
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp
from pennylane.devices import Device
from pennylane.operation import Operator

from pl_hypernet.circuits import HardwareEfficientAnsatz, start_angles
from pl_hypernet.circuits.angles import METHODS
from pl_hypernet.circuits.ansatz import rotation_names
from pl_hypernet.devices import device as make_device
from pl_hypernet.devices import takes_seed
from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.measurements import Estimate, expected_loss
from pl_hypernet.mps.evolution import evolve
from pl_hypernet.mps.log_probability import circuit_log_probability
from pl_hypernet.networks import Network
from pl_hypernet.settings import CUSTOM, CircuitSettings
from pl_hypernet.training.own_ansatz import OwnAnsatz, OwnCircuit
from pl_hypernet.training.sizes import check_sizes
from pl_hypernet.words import counted

# each its own random stream, by its place here
PURPOSES = ("angles", "device", "optimizer", "batches", "validation", "flips")
ANSATZ_OPTIONS = ("rotations", "entangler", "pattern")


def check_ansatz_options(options: dict) -> dict:
    """Options of the hardware-efficient ansatz, as a configuration file holds them.

    Raises:
        InputError: an unknown name.
    """
    options = dict(options)
    for option in options:
        if option not in ANSATZ_OPTIONS:
            raise unknown_name("option of the ansatz", option, ANSATZ_OPTIONS)
    if "rotations" in options:
        options["rotations"] = list(rotation_names(options["rotations"]))
    return options


def check_device_options(options: dict) -> None:
    """Refuses options of the device that other settings decide.

    Raises:
        InputError: there is one.
    """
    reserved = {"wires", *signature(QuantumHypernetwork).parameters} & set(options)
    if reserved:
        raise InputError(
            f"device option {min(reserved)!r}: it follows from the other settings of the run"
        )


class QuantumHypernetwork:
    """A parameterised circuit whose shots are binary neural networks.

    Args:
        network: what a bitstring means; it sets the number of qubits.
        device: name of a PennyLane device, or a device object with ``network.n_qubits`` wires.
        layers: number P of entangling layers of the hardware-efficient ansatz.
        shots: shots of each energy, at least 2.
        seed: of everything random: start angles, shots, directions, mini-batches. None: one is
            drawn, and stands in ``.seed``.
        ansatz: a quantum function ``f(theta, wires)`` in place of the hardware-efficient ansatz, or
            a QNode of one, whose device and measurements are left out.
        n_angles: number of angles of ``ansatz``; theta then has the shape ``(n_angles,)``.
        ansatz_options: ``rotations``, ``entangler``, ``pattern`` of the hardware-efficient ansatz.
        start: how :meth:`start_angles` draws: ``"uniform"``, ``"small"``, ``"near_product"``,
            ``"random_signs"``;
            None: near_product, or uniform for an ``ansatz`` of one's own.
        **device_options: handed to the device, as ``max_bond_dim``.

    Attributes:
        theta_shape (tuple): shape of the angles.
        n_angles (int): how many there are.

    Raises:
        InputError, DeviceError: what does not fit together.
    """

    def __init__(
        self,
        network: Network,
        device: str | Device = "hypernet.mps",
        layers: int = 2,
        shots: int = 200,
        seed: int | None = 0,
        ansatz: Callable | None = None,
        n_angles: int | None = None,
        ansatz_options: dict | None = None,
        start: str | None = None,
        **device_options,
    ):
        if not isinstance(network, Network):
            raise InputError(
                f"network {type(network).__name__}: expected plh.BinaryNetwork; of a torch module "
                "write plh.TorchNetwork(module, input_shape), the shape of one sample, as "
                "(1, 28, 28) or 784"
            )
        if not isinstance(shots, int) or isinstance(shots, bool) or shots < 2:
            raise InputError(
                f"shots={shots}: expected an int of at least 2; an energy with its standard error "
                "needs that many"
            )
        if (ansatz is None) != (n_angles is None):
            raise InputError("ansatz and n_angles go together: give both or neither")
        if n_angles is not None and (n_angles != int(n_angles) or n_angles < 1):
            raise InputError(f"n_angles={n_angles}: expected a whole number of at least 1")
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        if seed != int(seed) or seed < 0:
            raise InputError(f"seed={seed}: expected a whole number of at least 0, or None")
        if start is not None and start not in METHODS:
            raise unknown_name("start", start, METHODS)
        self.network = network
        self.shots = shots
        self.seed = seed
        self.start = start or ("near_product" if ansatz is None else "uniform")
        self.layers = layers
        self.device_name = device if isinstance(device, str) else CUSTOM
        self.ansatz_options = check_ansatz_options(ansatz_options or {})
        self.custom_ansatz = None if ansatz is None else OwnAnsatz(ansatz, n_angles)
        self.device_options = device_options
        n_qubits = network.n_qubits
        if ansatz is None:
            rotations = self.ansatz_options.get("rotations", ("RY", "RZ"))
            self.theta_shape = HardwareEfficientAnsatz.shape(layers, n_qubits, rotations)
        else:
            self.theta_shape = (n_angles,)
        self.n_angles = math.prod(self.theta_shape)
        check_sizes(n_qubits, self.n_angles, shots)
        seeds = np.random.SeedSequence(seed).spawn(len(PURPOSES))
        self._seeds = dict(zip(PURPOSES, seeds, strict=True))
        options = dict(device_options)
        if isinstance(device, str) and takes_seed(device):
            options.setdefault("seed", np.random.default_rng(self._seeds["device"]))
        wires = n_qubits if isinstance(device, str) else None
        self.device = make_device(device, wires=wires, **options)
        self._fresh = self.device.random_state if isinstance(device, str) else None
        self.wires = self.device.wires or qml.wires.Wires(range(n_qubits))
        if len(self.wires) != n_qubits:
            raise InputError(
                f"the device has {len(self.wires)} wires but the network needs {n_qubits} qubits: "
                f"make the device with wires={n_qubits}"
            )
        if self.custom_ansatz is not None:
            self.custom_ansatz.check(np.asarray(self.start_angles()), self.wires)

    def __repr__(self) -> str:
        ansatz = counted(self.layers, "layer") if self.custom_ansatz is None else "an own ansatz"
        return (
            f"<QuantumHypernetwork: {counted(self.n_qubits, 'qubit')} on {self.device.name}, "
            f"{counted(self.n_angles, 'angle')} of {ansatz}, {self.shots:,} shots, "
            f"seed {self.seed}>"
        )

    @classmethod
    def of(cls, network: Network, settings: CircuitSettings) -> "QuantumHypernetwork":
        """The hypernetwork that settings describe.

        Raises:
            InputError: they stand for an object that only a program can hold, or an option of the
                device is decided by another setting.
            DeviceError: see the class.
        """
        given = settings.part(CircuitSettings)
        options = given.pop("device_options")
        if CUSTOM in (given.pop("ansatz"), settings.device):
            raise InputError(
                "this run has an ansatz or a device object of its own: hand over its "
                "QuantumHypernetwork as hypernet"
            )
        check_device_options(options)
        if settings.start == CUSTOM:
            given["start"] = None
        return cls(network, **given, **options)

    @property
    def settings(self) -> dict[str, Any]:
        """The circuit's, as :class:`CircuitSettings` hold them; ``"custom"`` for an object."""
        return {
            "device": self.device_name,
            "device_options": {
                name: str(value) if isinstance(value, Path) else value
                for name, value in self.device_options.items()
            },
            "ansatz": "hardware_efficient" if self.custom_ansatz is None else CUSTOM,
            "ansatz_options": self.ansatz_options,
            "layers": self.layers,
            "start": self.start,
            "shots": self.shots,
            "seed": self.seed,
        }

    @property
    def n_qubits(self) -> int:
        return self.network.n_qubits

    def generator(self, purpose: str) -> np.random.Generator:
        """A fresh random generator for one of the ``PURPOSES``."""
        return np.random.default_rng(self._seeds[purpose])

    def start_angles(self):
        """Start angles from the seed: pennylane.numpy float64, shape ``theta_shape``, radians."""
        return start_angles(self.theta_shape, self.generator("angles"), self.start)

    def reseed(self) -> None:
        """Makes a device that was made here draw its shots from the start again.

        A training begins so, and depends on the seed and not on what was sampled before.
        """
        self.device.random_state = self._fresh

    def check_theta(self, theta):
        """Angles of the right shape as a trainable pennylane.numpy array.

        Raises:
            InputError: wrong shape, NaN or infinite.
        """
        theta = pnp.array(theta, dtype=float, requires_grad=True)
        if theta.shape != self.theta_shape:
            raise InputError(f"theta has shape {theta.shape}: expected {self.theta_shape}")
        if not np.isfinite(theta).all():
            raise InputError("theta holds NaN or infinite angles: expected finite radians")
        return theta

    def with_own_network(self) -> "QuantumHypernetwork":
        """This, with a copy of the network if a training leaves something in it."""
        if not self.network.learns:
            return self
        own = copy(self)
        own.network = deepcopy(self.network)
        return own

    def circuit(self, theta) -> None:
        """The quantum function: queues the operations."""
        if self.custom_ansatz is None:
            HardwareEfficientAnsatz(theta, wires=self.wires, **self.ansatz_options)
        else:
            self.custom_ansatz(theta, self.wires)

    def energy_qnode(
        self,
        loss: Callable,
        shots: int | None = None,
        reduction: str | Callable = "mean",
        diff_method: str | None = None,
        **regularisers,
    ) -> qml.QNode:
        """The energy as a QNode of theta, for any PennyLane optimizer.

        Args:
            loss: bits int8 (S, n_qubits) -> losses (S,).
            shots: at least 1; None: the hypernetwork's.
            reduction: of the losses, see :func:`expected_loss`.
            diff_method: ``"parameter-shift"`` for an optimizer that asks for gradients: two
                circuits for each angle.
            **regularisers: ``entropy``, ``mmd``, ``mmd_bandwidth`` of :func:`expected_loss`.
        """

        def energy(theta):
            self.circuit(theta)
            return expected_loss(loss, wires=self.wires, reduction=reduction, **regularisers)

        return self._qnode(energy, shots, diff_method)

    def energy(self, theta, loss: Callable, shots: int | None = None) -> Estimate:
        """The energy at theta with its standard error, from fresh shots."""
        return self.energy_qnode(loss, shots)(np.asarray(self.check_theta(theta)))

    def sample(self, theta, shots: int | None = None) -> np.ndarray:
        """Fresh shots at theta: int8 (shots, n_qubits) in {0, 1}, each a network."""

        def bits(theta):
            self.circuit(theta)
            return qml.sample(wires=self.wires, dtype="int8")

        theta = np.asarray(self.check_theta(theta))
        return np.ascontiguousarray(self._qnode(bits, shots)(theta), dtype=np.int8)

    def log_probability(self, theta, bits):
        """log |<x|psi(theta)>|^2 of bitstrings, in torch, whatever device they come from.

        Exact: see :func:`circuit_log_probability`.

        Args:
            theta: angles, or a torch tensor of them to differentiate by.
            bits: (shots, n_qubits) in {0, 1}.
        """
        if np.shape(theta) != self.theta_shape:
            raise InputError(
                f"theta has shape {tuple(np.shape(theta))}: expected {self.theta_shape}"
            )
        return circuit_log_probability(self.operations(theta), bits, self.wires)

    def entanglement_entropies(self, theta) -> np.ndarray:
        """Von Neumann entropy of each cut of the line of qubits, in nats: float64 (n_qubits - 1,).

        Of the exact state, whatever the device; within the ``max_bond_dim`` of hypernet.mps, if it
        is the device and has one.

        Raises:
            DeviceError: the bond dimension of the exact state is too large.
        """
        operations = self.operations(np.asarray(self.check_theta(theta)))
        (state,) = evolve([operations], [self.wires], getattr(self.device, "max_bond_dim", None))
        return state.entanglement_entropies()

    def operator(self, theta) -> Operator:
        """The circuit as one operation of one array of angles: to be counted, not to be run."""
        if self.custom_ansatz is not None:
            return OwnCircuit(theta, self.wires, self.custom_ansatz)
        return HardwareEfficientAnsatz(theta, wires=self.wires, **self.ansatz_options)

    def operations(self, theta) -> list:
        """The operations of the circuit, in the order in which they act."""
        return qml.tape.make_qscript(self.circuit)(theta).operations

    def _qnode(self, function: Callable, shots: int | None, diff_method=None) -> qml.QNode:
        if shots is None:
            shots = self.shots
        elif not isinstance(shots, int | np.integer) or isinstance(shots, bool) or shots < 1:
            raise InputError(f"shots={shots}: expected an int of at least 1, or None")
        else:
            check_sizes(self.n_qubits, self.n_angles, shots)
        # no interface and no gradient: Estimates come back as they are, and nothing is expanded
        interface = None if diff_method is None else "auto"
        qnode = qml.QNode(function, self.device, interface=interface, diff_method=diff_method)
        return qml.set_shots(qnode, shots=int(shots))
