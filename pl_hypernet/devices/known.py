"""What each device can do for us: the only table of device names."""

import inspect
from dataclasses import dataclass
from importlib.metadata import entry_points

from pl_hypernet.devices.mps.state import MAX_EXACT_WIRES

PLUGINS = "pennylane.plugins"


@dataclass(frozen=True)
class KnownDevice:
    """What is known of a device by its name.

    Attributes:
        samples: whether it returns the bits of single shots (``qml.sample`` over wires).
        exact_overlap_wires: up to how many wires its overlaps are exact (None: any number; 0: they
            must be measured with shots).
        most_wires: how many wires are practical; None: no limit that we know.
        remark: one short line for people.
    """

    samples: bool
    exact_overlap_wires: int | None
    most_wires: int | None
    remark: str


KNOWN = {
    "hypernet.mps": KnownDevice(True, None, None, "matrix product states; thousands of qubits"),
    "default.qubit": KnownDevice(True, MAX_EXACT_WIRES, 24, "PennyLane's state vector"),
    "lightning.qubit": KnownDevice(True, MAX_EXACT_WIRES, 30, "PennyLane's fast state vector"),
}


@dataclass(frozen=True)
class InstalledDevice:
    """A PennyLane device that is installed here.

    Attributes:
        name: the string for ``device=``.
        package: distribution that brings it, with its version.
        known: what it can do for us; None for a device that we have not tried.
        seedable: whether it takes a ``seed``; None where its plugin does not load.
    """

    name: str
    package: str
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
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        seedable = _takes_seed(point) if check_seed and point.name in KNOWN else None
        found.append(InstalledDevice(point.name, package, KNOWN.get(point.name), seedable))
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
