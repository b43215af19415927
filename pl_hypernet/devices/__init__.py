"""Operations to bits: the only place that knows device names."""

from pl_hypernet.devices.factory import device, takes_seed
from pl_hypernet.devices.known import can_overlap_exactly, installed_devices
from pl_hypernet.devices.overlaps import overlap_tape
from pl_hypernet.devices.random_state import random_state, restore_random_state

__all__ = [
    "can_overlap_exactly",
    "device",
    "installed_devices",
    "overlap_tape",
    "random_state",
    "restore_random_state",
    "takes_seed",
]
