"""What each device can do for us: the only table of device names."""

import functools
import inspect
import math
import os
from dataclasses import dataclass
from importlib.metadata import entry_points

from pl_hypernet.devices.readings import EACH_WIRE, SAMPLES, Reading
from pl_hypernet.errors import DeviceError
from pl_hypernet.mps.state import MAX_EXACT_WIRES

PLUGINS = "pennylane.plugins"
NUMBER_BYTES = 16  # of a complex128


@dataclass(frozen=True)
class KnownDevice:
    """What is known of a device by its name.

    Attributes:
        remark: what it is, in a few words.
        shots: whether it has finite shots, or how they come about, in a word or two.
        exact_overlap_wires: up to how many wires its overlaps are exact; None: any number; 0: they
            are measured with shots, as on hardware or where there may be noise.
        reading: how bits are read from it; None: it samples them itself, in every respect.
        exact: whether its results without shots are exact.
        growth: numbers that it holds are growth^n for n wires; 1: no such limit.
        most_wires: wires that it can have at most; None: as memory allows.
        pure: whether its shots are those of the circuit's pure state, without noise.
    """

    remark: str
    shots: str = "yes"
    exact_overlap_wires: int | None = 0
    reading: Reading | None = None
    exact: bool = True
    growth: int = 2
    most_wires: int | None = None
    pure: bool = True

    def growth_with(self, options: dict) -> int:
        """``growth`` under options: Braket's local simulator may hold a density matrix."""
        return 4 if options.get("backend") == "braket_dm" else self.growth

    def pure_with(self, options: dict) -> bool:
        """``pure`` under options, which may bring noise in."""
        own = options.get("backend") not in (None, "default", "braket_sv")
        return self.pure and not own and "noise_model" not in options

    def wires_here(self, options: dict | None = None) -> int | None:
        """Wires that it can have on this machine; None: no limit that we know."""
        limits = [] if self.most_wires is None else [self.most_wires]
        growth = self.growth_with(options or {})
        if growth > 1:
            limits.append(int(math.log(memory_here() / NUMBER_BYTES, growth)))
        return min(limits, default=None)


KNOWN = {
    "hypernet.mps": KnownDevice("MPS", exact_overlap_wires=None, growth=1),
    "default.qubit": KnownDevice("state vector", exact_overlap_wires=MAX_EXACT_WIRES),
    "lightning.qubit": KnownDevice("state vector", exact_overlap_wires=MAX_EXACT_WIRES),
    "default.tensor": KnownDevice("quimb: MPS, TN", "ours", exact_overlap_wires=None, growth=1),
    "default.mixed": KnownDevice("density matrix", growth=4, pure=False),
    "braket.local.qubit": KnownDevice("Braket, local", "by wire", reading=EACH_WIRE),
    "braket.aws.qubit": KnownDevice(
        "Braket's QPUs", "by wire", reading=EACH_WIRE, exact=False, growth=1, pure=False
    ),
    "qiskit.aer": KnownDevice("Qiskit Aer", reading=SAMPLES, exact=False, growth=1, most_wires=63),
}

PACKAGES = {  # start of a device's name -> what to install
    "braket.": "amazon-braket-pennylane-plugin",
    "qiskit.aer": "pennylane-qiskit qiskit-aer",
    "qiskit.": "pennylane-qiskit",
    "cirq.": "pennylane-cirq",
    "ionq.": "pennylane-ionq",
    "qulacs.": "pennylane-qulacs",
    "lightning.gpu": "pennylane-lightning-gpu",
    "lightning.kokkos": "pennylane-lightning-kokkos",
    "lightning.amdgpu": "pennylane-lightning-amdgpu",
    "lightning.": "pennylane-lightning",
}


def memory_here() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # not a POSIX system
        return 2**34


@dataclass(frozen=True)
class InstalledDevice:
    """A PennyLane device that is installed here.

    Attributes:
        name: the string for ``device=``.
        known: what it can do for us; None for a device that we have not tried.
        seedable: whether it takes a ``seed``; None where its plugin does not load.
    """

    name: str
    known: KnownDevice | None
    seedable: bool | None


def installed_devices(check_seed: bool = True) -> list[InstalledDevice]:
    """All PennyLane devices installed here, those that we know first.

    Args:
        check_seed: import each plugin to see whether it takes a ``seed`` (slow for some).
    """
    order = {name: i for i, name in enumerate(KNOWN)}
    found = []
    for point in entry_points(group=PLUGINS):
        seedable = takes_seed(point.name) if check_seed else None
        found.append(InstalledDevice(point.name, KNOWN.get(point.name), seedable))
    return sorted(found, key=lambda device: (order.get(device.name, len(order)), device.name))


@functools.cache
def takes_seed(name: str) -> bool | None:
    """Whether the device of this name takes a ``seed``; None where we do not know.

    Imports its plugin, which takes seconds for some.
    """
    if name not in KNOWN:
        return None
    if name == "default.tensor":  # the shots are ours
        return True
    try:
        (point,) = entry_points(group=PLUGINS, name=name)
        return "seed" in inspect.signature(point.load()).parameters
    except Exception:  # not installed, or a plugin that does not import: none of our business
        return None


def can_overlap_exactly(device, n_wires: int) -> bool:
    """Whether a device gives |<a|b>|^2 without shots at this number of wires."""
    method = getattr(getattr(device, "inner", None), "method", None)
    return overlaps_exactly(device.name, n_wires, method)


def overlaps_exactly(name: str, n_wires: int, method: str | None = None) -> bool:
    """As :func:`can_overlap_exactly`, by name; ``method`` is that of default.tensor."""
    known = KNOWN.get(name)
    if known is None:
        return False
    if method == "tn":
        return n_wires <= MAX_EXACT_WIRES
    return known.exact_overlap_wires is None or n_wires <= known.exact_overlap_wires


def check_installed(name: str) -> None:
    """Refuses a device that is not installed.

    Raises:
        DeviceError: with what to install.
    """
    installed = [entry.name for entry in installed_devices(check_seed=False)]
    if name not in installed:
        package = next((p for prefix, p in PACKAGES.items() if name.startswith(prefix)), None)
        install = f"pip install {package}" if package else "install the PennyLane plugin it is in"
        raise DeviceError(
            f"device {name!r} is not installed: {install}, or choose one of {', '.join(installed)}"
        )


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
