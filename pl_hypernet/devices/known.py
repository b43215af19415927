"""What each device can do for us: the only table of device names."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pennylane.devices import Device

from pl_hypernet.devices.readings import COUNTS, EACH_WIRE, SAMPLES, Reading
from pl_hypernet.devices.timing import Effort, hypernet_mps_seconds
from pl_hypernet.errors import DeviceError
from pl_hypernet.memory import memory_here
from pl_hypernet.mps.state import MAX_EXACT_WIRES

NUMBER_BYTES = 16  # of a complex128
PURE_BACKENDS = (None, "default", "braket_sv")  # what a simulator may be told to use
PURE_SIMULATIONS = (None, "Statevector", "MatrixProductState", "TensorNetwork")
CUTS = ("max_bond_dim", "max_bond_dimension", "singular_value_threshold")


@dataclass(frozen=True)
class KnownDevice:
    """What is known of a device by its name, and by the options that it was made with.

    Attributes:
        remark: what it is, in a few words.
        shots: whether it has finite shots, or how they come about, in a word or two.
        exact_overlap_wires: up to how many wires its overlaps are exact; None: any number; 0: they
            are measured with shots, as on hardware or where there may be noise.
        reading: how bits are read from it; None: it samples them itself, in every respect.
        exact: whether its results without shots are exact.
        growth: numbers that it holds are growth^n for n wires; 1: no such limit.
        is_mps: whether what it holds is a matrix product state.
        says_truncation: whether it tells how much of a state it has truncated.
        seed_attribute: where the device keeps a seed that every circuit starts from, so that the
            same circuit would give the same bits again: a fresh one is put there for each.
        most_wires: wires that it can have at most; None: as memory allows.
        pure: whether its shots are those of the circuit's pure state, without noise.
        seconds: of one circuit; None: we do not know.
        options_of: the options that decide the above, read from a device that was made elsewhere.
    """

    remark: str
    shots: str = "yes"
    exact_overlap_wires: int | None = 0
    reading: Reading | None = None
    exact: bool = True
    growth: int = 2
    is_mps: bool = False
    says_truncation: bool = False
    seed_attribute: str | None = None
    most_wires: int | None = None
    pure: bool = True
    seconds: Callable[[Effort], float] | None = None
    options_of: Callable[[Device], dict] = lambda device: {}

    def growth_with(self, options: dict) -> int:
        """``growth`` under options: some may hold a density matrix or a network instead."""
        if "DensityMatrix" in (simulation := options.get("simulation_type") or "Statevector"):
            return 4
        if simulation != "Statevector":
            return 1
        return 4 if options.get("backend") == "braket_dm" else self.growth

    def is_mps_with(self, options: dict) -> bool:
        """``is_mps`` under options: default.tensor may hold a network without an order."""
        return self.is_mps and options.get("method") != "tn"

    def noise_with(self, options: dict) -> str | None:
        """Why its shots may not follow the circuit's pure state; None: they do."""
        brought_in = options.get("noise_model") is not None
        simulation, backend = options.get("simulation_type"), options.get("backend")
        is_pure = backend in PURE_BACKENDS and simulation in PURE_SIMULATIONS
        if not self.pure or brought_in or not is_pure:
            return "may have noise"
        cut = next((name for name in CUTS if options.get(name) is not None), None)
        if cut is not None and not self.says_truncation:
            return f"may truncate its state at {cut}={options[cut]}"
        return None

    def overlaps_exactly(self, n_wires: int, options: dict) -> bool:
        """Whether it gives |<a|b>|^2 without shots at this number of wires."""
        most = self.exact_overlap_wires
        if self.is_mps and not self.is_mps_with(options):
            most = MAX_EXACT_WIRES
        return most is None or n_wires <= most

    def wires_here(self, options: dict | None = None) -> int | None:
        """Wires that it can have on this machine; None: no limit that we know."""
        limits = [] if self.most_wires is None else [self.most_wires]
        growth = self.growth_with(options or {})
        if growth > 1:
            limits.append(int(math.log(memory_here() / NUMBER_BYTES, growth)))
        return min(limits, default=None)


def _options_of_tensor(device: Device) -> dict:
    return {"method": device.method, "max_bond_dim": device._max_bond_dim}  # no public way to it


def _options_of_braket(device: Device) -> dict:
    pure = device._device.name == "StateVectorSimulator"  # no public way to it
    return {"backend": "default" if pure else "braket_dm", "noise_model": device._noise_model}


def _options_of_maestro(device: Device) -> dict:  # no public way to them
    return {
        "simulation_type": device._simulation_type.name,
        "max_bond_dimension": device._max_bond_dimension,
        "singular_value_threshold": device._singular_value_threshold,
    }


def _options_of_aer(device: Device) -> dict:
    standard = device.backend_name.startswith("aer_simulator")
    return {
        "backend": "default" if standard else device.backend_name,
        "noise_model": device.backend.options.get("noise_model"),
    }


KNOWN = {
    "hypernet.mps": KnownDevice(
        "MPS",
        exact_overlap_wires=None,
        growth=1,
        is_mps=True,
        says_truncation=True,
        seconds=hypernet_mps_seconds,
        options_of=lambda device: {"max_bond_dim": device.max_bond_dim, "cutoff": device.cutoff},
    ),
    "default.qubit": KnownDevice(
        "state vector",
        exact_overlap_wires=MAX_EXACT_WIRES,
        seconds=lambda e: 4e-3 + e.gates.total * (8e-5 + 7e-9 * e.numbers),
    ),
    "lightning.qubit": KnownDevice(
        "state vector",
        exact_overlap_wires=MAX_EXACT_WIRES,
        seconds=lambda e: 3e-3 + e.gates.total * (2e-5 + 1e-9 * e.numbers),
    ),
    "default.tensor": KnownDevice(
        "quimb: MPS, TN",
        "ours",
        exact_overlap_wires=None,
        growth=1,
        is_mps=True,
        seconds=lambda e: (
            e.gates.total * (2.7e-4 + 1e-9 * e.bond_dim**3)
            + e.shots * e.n_wires * (2.5e-8 + 2.8e-10 * e.bond_dim**2)
        ),
        options_of=_options_of_tensor,
    ),
    "default.mixed": KnownDevice(
        "density matrix",
        growth=4,
        pure=False,
        seconds=lambda e: 4e-3 + e.gates.total * (1e-4 + 2.3e-8 * e.numbers),
    ),
    "braket.local.qubit": KnownDevice(
        "Braket, local",
        "by wire",
        reading=EACH_WIRE,
        seconds=lambda e: (
            1.5e-2 + e.gates.total * (3.5e-4 + 3e-9 * e.numbers) + 5e-7 * e.shots * e.n_wires
        ),
        options_of=_options_of_braket,
    ),
    "braket.aws.qubit": KnownDevice(
        "Braket's QPUs",
        "by wire",
        reading=EACH_WIRE,
        exact=False,
        growth=1,
        pure=False,
        options_of=lambda device: device.options,
    ),
    "qiskit.aer": KnownDevice(
        "Qiskit Aer",
        reading=SAMPLES,
        exact=False,
        growth=1,
        most_wires=63,
        seconds=lambda e: 2e-2 + e.gates.total * (1.3e-3 + 2e-9 * e.numbers),
        options_of=_options_of_aer,
    ),
    "maestro.qubit": KnownDevice(
        "Qoro's Maestro",
        reading=COUNTS,  # its samples come sorted by their values
        exact_overlap_wires=MAX_EXACT_WIRES,
        seed_attribute="_seed",
        options_of=_options_of_maestro,
    ),
}


def options_of(device: Device) -> dict:
    """The options that decide what a device is, read from the device."""
    inner = getattr(device, "inner", device)
    known = KNOWN.get(inner.name)
    return {} if known is None else known.options_of(inner)


def noise_of(name: str, options: dict) -> str | None:
    """Why shots of a device may not follow the circuit's pure state; None: they do."""
    known = KNOWN.get(name)
    why = "is not known to us" if known is None else known.noise_with(options)
    return None if why is None else f"device {name!r} {why}"


def check_size(name: str, n_wires: int, options: dict) -> None:
    """Refuses more wires than a device can have in the memory of this machine.

    Raises:
        DeviceError: with how many it can have.
    """
    known = KNOWN.get(name)
    most = None if known is None else known.wires_here(options)
    if most is not None and n_wires > most:
        raise DeviceError(
            f"device {name!r} can have {most} wires here, not {n_wires}: use hypernet.mps, or "
            "fewer inputs"
        )
