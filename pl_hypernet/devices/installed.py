"""The PennyLane devices that are installed here."""

import functools
import inspect
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points

from pl_hypernet.devices.known import KNOWN, KnownDevice
from pl_hypernet.errors import DeviceError, check_options

PLUGINS = "pennylane.plugins"
BRAKET = "braket.aws.qubit"
OURS = ("call_timeout", "workers", "scheduler")  # options of plh.device itself
PACKAGES = {  # start of a device's name -> what to install
    "braket.": "amazon-braket-pennylane-plugin",
    "qiskit.aer": "pennylane-qiskit qiskit-aer",
    "qiskit.": "pennylane-qiskit",
    "cirq.": "pennylane-cirq",
    "ionq.": "pennylane-ionq",
    "qulacs.": "pennylane-qulacs",
    "maestro.": "pennylane-maestro",
    "lightning.gpu": "pennylane-lightning-gpu",
    "lightning.kokkos": "pennylane-lightning-kokkos",
    "lightning.amdgpu": "pennylane-lightning-amdgpu",
    "lightning.": "pennylane-lightning",
}


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
    if KNOWN[name].shots == "ours":
        return True
    try:
        (point,) = entry_points(group=PLUGINS, name=name)
        return "seed" in inspect.signature(point.load()).parameters
    except Exception:  # not installed, or a plugin that does not import: none of our business
        return None


def options_taken(name: str) -> list[str] | None:
    """Names of the options of a device, beside its wires; None where we do not know.

    Imports its plugin, as :func:`takes_seed`.
    """
    try:
        (point,) = entry_points(group=PLUGINS, name=name)
        kind = point.load()
        takes = inspect.signature(kind).parameters
    except Exception:  # as above
        return None
    names = [option for option in takes if option not in ("wires", "shots")]
    if any(each.kind is each.VAR_KEYWORD for each in takes.values()):
        further = getattr(kind, "_device_options", None)  # where PennyLane's own name them
        return None if further is None else list(dict.fromkeys([*names[:-1], *further]))
    return names


def check_option_names(name: str, options: Collection[str]) -> None:
    """Refuses options that an installed device does not have.

    Args:
        name: of the device.
        options: by name; those that :func:`plh.device` takes itself are fine.

    Raises:
        InputError: with those that it has.
    """
    taken = options_taken(name) if options and name != BRAKET else None  # which checks its own
    if taken is not None:
        seed = [] if takes_seed(name) is False else ["seed"]
        check_options(f"device {name!r}", options, dict.fromkeys([*taken, *seed, *OURS]))


def check_installed(name: str) -> None:
    """Refuses a device that is not installed.

    Raises:
        DeviceError: with what to install.
    """
    installed = [entry.name for entry in installed_devices(check_seed=False)]
    if name not in installed:
        package = next((p for prefix, p in PACKAGES.items() if name.startswith(prefix)), None)
        install = f"pip install {package}" if package else "install the PennyLane plugin it is in"
        near = get_close_matches(name, installed, n=1)
        meant = f"did you mean {near[0]!r}? Otherwise " if near else ""
        ours = [one for one in installed if one in KNOWN]
        raise DeviceError(
            f"device {name!r} is not installed: {meant}{install}, or choose one of "
            f"{', '.join(ours)}; pl-hypernet devices lists all"
        )
