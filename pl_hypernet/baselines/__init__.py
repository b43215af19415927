"""Classical training of the same networks, as the mark that a hypernetwork is held against."""

from pl_hypernet.baselines.straight_through import Trained, straight_through

__all__ = ["Trained", "straight_through"]
