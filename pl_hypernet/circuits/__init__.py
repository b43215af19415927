"""theta -> operations: the ansatz and its start angles."""

from pl_hypernet.circuits.angles import start_angles
from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz

__all__ = ["HardwareEfficientAnsatz", "start_angles"]
