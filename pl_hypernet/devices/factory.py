"""``plh.device``: a PennyLane device by name, made to return bits."""

from collections.abc import Iterable
from numbers import Integral, Real

import pennylane as qml
from pennylane.devices import Device

from pl_hypernet.devices.bitstring_device import BitstringDevice
from pl_hypernet.devices.default_tensor import SampledTensorDevice
from pl_hypernet.devices.hypernet_device import HypernetDevice
from pl_hypernet.devices.installed import check_installed, check_option_names, takes_seed
from pl_hypernet.devices.known import check_size
from pl_hypernet.devices.spread_device import SpreadDevice
from pl_hypernet.errors import DeviceError, HypernetError, InputError

WRAPPER = "_hypernet_device"  # of a device object: what was made of it


def device(
    name: str | Device,
    wires: int | Iterable | None = None,
    call_timeout: float | None = None,
    workers: int | None = None,
    scheduler=None,
    **options,
) -> HypernetDevice:
    """A device on which ``qml.sample``, ``qml.counts`` and ``expected_loss`` work with shots.

    Mirrors ``qml.device``, for every PennyLane device: those of the table that ``pl-hypernet
    devices`` prints in a way that is known to work, any other one by trying.

    Args:
        name: name of an installed PennyLane device, or a device object. The same object always
            gives the same device, which counts what it executes.
        wires: number of wires or their labels.
        call_timeout: seconds that the device may take to answer, then a training ends with the
            angles reached; None: any time. Not of hypernet.mps and default.tensor, which compute
            here.
        workers: processes of this machine that share the circuits of a call, see
            :class:`SpreadDevice`; None: this one alone.
        scheduler: in their place, the address of a Dask cluster, or a ``distributed.Client``.
        **options: handed to the device, as ``seed`` or ``max_bond_dim``. None leaves one out.

    Returns:
        HypernetDevice: a PennyLane device, with the energies of its last execution in
        ``.estimates``, and all circuits and shots that it executed in ``.counts``.

    Raises:
        InputError: wires that make no sense, or options that the device does not take.
        DeviceError: no such device is installed, or it cannot have so many wires.
    """
    options = {key: value for key, value in options.items() if value is not None}
    spread = workers is not None or scheduler is not None
    if isinstance(name, Device):
        if spread:
            raise InputError("workers make devices of their own: give its name, not a device")
        if wires is not None or options:
            raise InputError(
                f"wires={wires}, options {options} beside a device object: it has its own; give "
                "them where the device is made"
            )
        return _limited(_wrap(name), call_timeout)
    if not isinstance(name, str):
        raise InputError(f"device {name!r}: expected a name or a PennyLane device")
    if isinstance(wires, Integral):
        wires = int(wires)
    elif wires is not None:
        if not isinstance(wires, Iterable):
            raise InputError(f"wires={wires!r}: expected a whole number, or labels")
        wires = list(wires)
        if not wires:
            raise InputError("wires=[]: expected at least 1")
    if isinstance(wires, int) and wires < 1:
        raise InputError(f"wires={wires}: expected at least 1")
    check_installed(name)
    if "seed" in options and takes_seed(name) is False:
        raise InputError(
            f"device {name!r}, seed={options['seed']}: it cannot be seeded; leave the seed out"
        )
    check_option_names(name, options)
    if wires is not None:
        check_size(name, wires if isinstance(wires, int) else len(wires), options)
    if spread:
        if call_timeout is not None:
            raise InputError(f"call_timeout={call_timeout!r} beside workers: leave it out")
        return SpreadDevice(device, name, wires, workers, scheduler, options)
    seed = options.pop("seed", None) if name == "default.tensor" else None
    try:
        if name == "braket.aws.qubit":
            # here alone: its imports take seconds
            from pl_hypernet.devices.braket.aws_device import HypernetAwsDevice

            made = HypernetAwsDevice(wires, **options)
        else:
            made = qml.device(name, wires=wires, **options)
    except HypernetError:
        raise
    except TypeError as error:
        raise InputError(f"device {name!r}: {error}") from error
    except Exception as error:
        raise DeviceError(f"device {name!r} could not be made: {_first_line(error)}") from error
    return _limited(_wrap(made, seed), call_timeout)


def _wrap(inner: Device, seed=None) -> HypernetDevice:
    if isinstance(inner, HypernetDevice):
        return inner
    made = vars(inner).get(WRAPPER)
    if made is None or made.inner is not inner:  # a copy has the attribute of its original
        is_tensor = inner.name == "default.tensor"
        made = SampledTensorDevice(inner, seed) if is_tensor else BitstringDevice(inner)
        setattr(inner, WRAPPER, made)
    return made


def _limited(made: HypernetDevice, call_timeout: float | None) -> HypernetDevice:
    """The device, which has to answer in time from now on."""
    if call_timeout is None:
        return made
    if not isinstance(made, BitstringDevice) or isinstance(made, SampledTensorDevice):
        raise InputError(f"device {made.name!r} takes no call_timeout: it computes here")
    if not (isinstance(call_timeout, Real) and call_timeout > 0):
        raise InputError(f"call_timeout={call_timeout!r}: expected seconds, more than 0")
    made.call_timeout = float(call_timeout)
    return made


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
