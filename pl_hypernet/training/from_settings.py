"""What is trained, made of settings alone."""

from typing import Any

from pl_hypernet.datasets import Data
from pl_hypernet.settings import AUTO
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.network_file import make_network
from pl_hypernet.training.table_settings import with_table_defaults


def made_of_settings(
    settings: dict[str, Any],
) -> tuple[RunConfig, Data, QuantumHypernetwork, str | None]:
    """All settings, data and hypernetwork of a run, and what is to be said of it.

    Args:
        settings: by name; what is not there has its default, or is chosen for a table.

    Raises:
        InputError, DataError, DeviceError: what does not fit.
    """
    settings, said = with_table_defaults(settings)
    config = RunConfig.checked(settings)
    data = config.load_data()
    hypernet = QuantumHypernetwork.of(make_network(config, data), config)
    if config.optimizer != AUTO:
        config.build_optimizer(seed=0)  # refuses what is wrong before anything is said
    return config, data, hypernet, said
