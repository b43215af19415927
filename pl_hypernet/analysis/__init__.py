"""Bits and networks to figures and tables."""

from pl_hypernet.analysis.evaluation import Evaluation, evaluate
from pl_hypernet.analysis.hamming import mean_mutual_hamming, mutual_hamming
from pl_hypernet.analysis.summary import Summary

__all__ = ["Evaluation", "Summary", "evaluate", "mean_mutual_hamming", "mutual_hamming"]
