"""What each device can do for us: the only table of device names."""

import inspect
import os
from dataclasses import dataclass
from importlib.metadata import entry_points

from pl_hypernet.devices.mps.state import MAX_EXACT_WIRES

PLUGINS = "pennylane.plugins"
AMPLITUDE_BYTES = 16


@dataclass(frozen=True)
class KnownDevice:
    """What is known of a device by its name.

    Attributes:
        exact_overlap_wires: up to how many wires its overlaps are exact; None: any number.
        state_vector: whether it holds all 2^n amplitudes, which limits its wires by memory.
        remark: one short line for people.
    """

    exact_overlap_wires: int | None
    state_vector: bool
    remark: str


KNOWN = {
    "hypernet.mps": KnownDevice(None, False, "matrix product state"),
    "default.qubit": KnownDevice(MAX_EXACT_WIRES, True, "state vector"),
    "lightning.qubit": KnownDevice(MAX_EXACT_WIRES, True, "fast state vector"),
}
WITHOUT_BITS = {  # devices that cannot return the bits of single shots by themselves
    "braket.aws.qubit",
    "braket.local.qubit",
    "default.tensor",
}


def most_state_vector_wires() -> int:
    """Wires whose 2^n complex128 amplitudes fit into this machine's memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # not a POSIX system
        memory = 2**34
    return (memory // AMPLITUDE_BYTES).bit_length() - 1


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
        seedable = _takes_seed(point) if check_seed and point.name in KNOWN else None
        found.append(InstalledDevice(point.name, KNOWN.get(point.name), seedable))
    return sorted(found, key=lambda device: (order.get(device.name, len(order)), device.name))


def _takes_seed(point) -> bool | None:
    try:
        return "seed" in inspect.signature(point.load()).parameters
    except Exception:  # a plugin that does not import is none of our business
        return None


def can_overlap_exactly(device, n_wires: int) -> bool:
    """Whether a device gives |<a|b>|^2 without shots at this number of wires."""
    known = KNOWN.get(device.name)
    if known is None:
        return False
    return known.exact_overlap_wires is None or n_wires <= known.exact_overlap_wires
