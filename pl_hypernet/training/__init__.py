"""The loop, its history, checkpoints and the folder of a run."""

from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.loading import load
from pl_hypernet.training.plan import plan
from pl_hypernet.training.plan_table import Plan
from pl_hypernet.training.resume import resume
from pl_hypernet.training.run import Run
from pl_hypernet.training.train import train

__all__ = ["Plan", "QuantumHypernetwork", "Run", "load", "plan", "resume", "train"]
