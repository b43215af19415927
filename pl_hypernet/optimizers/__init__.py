"""Energy to the next theta."""

from pl_hypernet.optimizers.adaptive_shots import AdaptiveShots
from pl_hypernet.optimizers.gradient_noise import GradientNoise
from pl_hypernet.optimizers.optimizer import Optimizer
from pl_hypernet.optimizers.pathwise import PathwiseOptimizer
from pl_hypernet.optimizers.qnspsa import QNSPSAOptimizer
from pl_hypernet.optimizers.score_function import ScoreFunctionOptimizer
from pl_hypernet.optimizers.spsa import SPSAOptimizer

__all__ = [
    "OPTIMIZERS",
    "AdaptiveShots",
    "GradientNoise",
    "Optimizer",
    "PathwiseOptimizer",
    "QNSPSAOptimizer",
    "SPSAOptimizer",
    "ScoreFunctionOptimizer",
]

OPTIMIZERS = {
    "qnspsa": QNSPSAOptimizer,
    "spsa": SPSAOptimizer,
    "score": ScoreFunctionOptimizer,
    "pathwise": PathwiseOptimizer,
}
