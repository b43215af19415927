"""All settings of a run, group by group: the fields of the last base come first."""

from pl_hypernet.settings.circuit import CircuitSettings
from pl_hypernet.settings.data import DataSettings
from pl_hypernet.settings.limits import LimitSettings
from pl_hypernet.settings.loop import LoopSettings
from pl_hypernet.settings.network import NetworkSettings
from pl_hypernet.settings.objective import ObjectiveSettings
from pl_hypernet.settings.optimizer import OptimizerSettings
from pl_hypernet.settings.watch import WatchSettings


class TrainingSettings(WatchSettings, LimitSettings, ObjectiveSettings, LoopSettings):
    """Of a training, once there are a circuit, data and an optimizer."""


class RunSettings(
    TrainingSettings, OptimizerSettings, CircuitSettings, NetworkSettings, DataSettings
):
    """Of a whole run: the names in ``config.toml``."""
