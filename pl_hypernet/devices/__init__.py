"""Operations to bits: the only place that knows device names."""

from pl_hypernet.devices.costs import check_bond_dim, circuit_costs
from pl_hypernet.devices.factory import device
from pl_hypernet.devices.hypernet_device import HypernetDevice
from pl_hypernet.devices.installed import installed_devices, takes_seed
from pl_hypernet.devices.overlaps import overlap_tape
from pl_hypernet.devices.record import Counts
from pl_hypernet.devices.tasks import cost_of_tasks, logged_tasks, may_hold_tasks

__all__ = [
    "Counts",
    "HypernetDevice",
    "check_bond_dim",
    "circuit_costs",
    "cost_of_tasks",
    "device",
    "installed_devices",
    "logged_tasks",
    "may_hold_tasks",
    "overlap_tape",
    "takes_seed",
]
