"""The settings of a run, each spelled once: name, type, default, bounds, and what it means.

Functions, the command and ``config.toml`` derive theirs from the fields. Nothing heavy is imported
here, since ``pl-hypernet --help`` shows them.
"""

from pl_hypernet.settings.base import AUTO, CUSTOM, Settings
from pl_hypernet.settings.circuit import CircuitSettings
from pl_hypernet.settings.data import DataSettings
from pl_hypernet.settings.keywords import takes_settings
from pl_hypernet.settings.limits import LimitSettings, ResumeSettings
from pl_hypernet.settings.loop import LoopSettings
from pl_hypernet.settings.network import NetworkSettings
from pl_hypernet.settings.objective import ObjectiveSettings
from pl_hypernet.settings.optimizer import OptimizerSettings
from pl_hypernet.settings.run import RunSettings, TrainingSettings
from pl_hypernet.settings.sweep import SweepSettings
from pl_hypernet.settings.watch import WatchSettings

__all__ = [
    "AUTO",
    "CUSTOM",
    "CircuitSettings",
    "DataSettings",
    "LimitSettings",
    "LoopSettings",
    "NetworkSettings",
    "ObjectiveSettings",
    "OptimizerSettings",
    "ResumeSettings",
    "RunSettings",
    "Settings",
    "SweepSettings",
    "TrainingSettings",
    "WatchSettings",
    "takes_settings",
]
