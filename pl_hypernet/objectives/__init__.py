"""Outputs of networks to one loss for each shot."""

from pl_hypernet.objectives.network_loss import NetworkLoss

__all__ = ["NetworkLoss"]
