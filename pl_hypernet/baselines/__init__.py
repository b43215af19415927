"""Other ways to the same networks, as the mark that a hypernetwork is held against."""

from pl_hypernet.baselines.latent_training import Trained
from pl_hypernet.baselines.methods import METHODS
from pl_hypernet.baselines.straight_through import straight_through
from pl_hypernet.baselines.task import Allowance, DoesNotApply, Found, Task

__all__ = ["METHODS", "Allowance", "DoesNotApply", "Found", "Task", "Trained", "straight_through"]
