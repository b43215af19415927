"""Many runs: what differs among them, where they are made, and what they reached."""

from pl_hypernet.studies.results import SweepResults
from pl_hypernet.studies.sweep import sweep

__all__ = ["SweepResults", "sweep"]
