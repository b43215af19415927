"""The random state of a device, so that a run can go on bit for bit."""

import numpy as np

from pl_hypernet.devices.bitstring_device import BitstringDevice


def _generator(device) -> np.random.Generator | None:
    """The numpy Generator that a simulator draws its shots from; None if it has none.

    PennyLane's simulators and ours keep it in ``_rng``; there is no public way to it.
    """
    inner = device.inner if isinstance(device, BitstringDevice) else device
    generator = vars(inner).get("_rng")
    return generator if isinstance(generator, np.random.Generator) else None


def random_state(device) -> dict | None:
    """What :func:`restore_random_state` needs, as plain ints and strings; None if not to be had."""
    generator = _generator(device)
    return None if generator is None else generator.bit_generator.state


def restore_random_state(device, state: dict | None) -> None:
    """Makes a device go on drawing shots from where another was."""
    generator = _generator(device)
    if generator is not None and state is not None:
        generator.bit_generator.state = state
