"""Operations to bits: the only place that knows device names."""

from pl_hypernet.devices.costs import circuit_costs
from pl_hypernet.devices.factory import device
from pl_hypernet.devices.known import can_overlap_exactly, installed_devices, takes_seed
from pl_hypernet.devices.overlaps import overlap_tape
from pl_hypernet.devices.random_state import random_state, restore_random_state
from pl_hypernet.devices.tasks import count_tasks, may_hold_tasks, tasks_logged

__all__ = [
    "can_overlap_exactly",
    "circuit_costs",
    "count_tasks",
    "device",
    "installed_devices",
    "may_hold_tasks",
    "overlap_tape",
    "random_state",
    "restore_random_state",
    "takes_seed",
    "tasks_logged",
]
