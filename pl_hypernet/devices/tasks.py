"""Devices that run paid tasks, as Braket's QPUs: where the tasks are noted."""

from contextlib import contextmanager

from pennylane.devices import Device

from pl_hypernet.devices.bitstring_device import BitstringDevice


@contextmanager
def tasks_logged(device: Device, path):
    """Meanwhile the tasks of a device are noted in this file, if it makes any.

    Not if it has a task log of its own, or without a path.
    """
    inner = device.inner if isinstance(device, BitstringDevice) else device
    log = getattr(inner, "task_log", None)
    if path is None or log is None or log.path is not None:
        yield
        return
    inner.task_log = path
    try:
        yield
    finally:
        inner.task_log = log


def count_tasks(device: Device) -> tuple[int, int] | None:
    """Tasks that a device made, and those that it took up; None if it makes none."""
    inner = device.inner if isinstance(device, BitstringDevice) else device
    return getattr(inner, "task_counts", None)


def may_hold_tasks(path) -> bool:
    """Whether tasks were, or may have been, paid for by the task log in this file."""
    if not path.exists():
        return False
    from pl_hypernet.devices.braket.task_log import holds_tasks  # such a device is imported

    return holds_tasks(path)
