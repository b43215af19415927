"""Many runs: what differs among them, where they are made, and what they reached."""

from pl_hypernet.studies.compare import compare
from pl_hypernet.studies.comparison import Comparison
from pl_hypernet.studies.results import SweepResults
from pl_hypernet.studies.sweep import sweep

__all__ = ["Comparison", "SweepResults", "compare", "sweep"]
