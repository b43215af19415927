"""Energy to the next theta."""

from pl_hypernet.optimizers.qnspsa import QNSPSAOptimizer

__all__ = ["OPTIMIZERS", "QNSPSAOptimizer"]

OPTIMIZERS = {"qnspsa": QNSPSAOptimizer}
