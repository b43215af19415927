"""What a QNode returns: bits to one number, whatever the loss is."""

from pl_hypernet.measurements.estimate import Estimate
from pl_hypernet.measurements.expected_loss import ExpectedLoss, bitstrings, expected_loss
from pl_hypernet.measurements.zero_probability import ZeroProbability

__all__ = ["Estimate", "ExpectedLoss", "ZeroProbability", "bitstrings", "expected_loss"]
