"""Operations to bits: the only place that knows device names."""

from pl_hypernet.devices.factory import device
from pl_hypernet.devices.known import can_overlap_exactly
from pl_hypernet.devices.overlaps import overlap_tape

__all__ = ["can_overlap_exactly", "device", "overlap_tape"]
