"""The settings of a run on a user's own table, of which the method was left to us."""

from typing import Any

from pl_hypernet.datasets.tables import TABLES
from pl_hypernet.networks.settings import settings_of
from pl_hypernet.settings.optimizer import OptimizerSettings
from pl_hypernet.training import own_tables
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.hypernetwork import QuantumHypernetwork

# any of them says that the user knows what to train
METHOD = {
    *OptimizerSettings.model_fields,
    "network", "values", "hidden", "bias", "bias_scale", "scale", "choices", "tied", "fixed",
    "layers", "start", "loss", "reduction", "entropy", "mmd", "penalties",
}  # fmt: skip


def _is_table(data) -> bool:
    return data in TABLES or (isinstance(data, str) and data.lower().endswith(".csv"))


def with_table_defaults(settings: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Settings for a table, chosen from its training samples.

    Columns are standardised unless ``features`` says otherwise.

    Args:
        settings: as they were given.

    Returns:
        With those that were chosen, and what is to be said of it; as they were and None where the
        data are no ``.csv`` file or table of scikit-learn's, or one of the network's or the
        optimizer's settings was given.

    Raises:
        InputError, DataError: as loading the data does.
    """
    data = settings.get("data")
    if not _is_table(data) or METHOD & settings.keys():
        return settings, None
    options = {"features": "standardise"} | dict(settings.get("data_options", {}))
    settings = settings | {"data_options": options}
    config = RunConfig.checked(settings)
    table = config.load_data()
    if table.is_regression:
        table = table.with_standard_targets()
    bare = QuantumHypernetwork.of(config.build_network(table.n_inputs), config)
    if config.validation is not None:
        table = table.split(config.validation, bare.generator("validation"))
    choice = own_tables.choose_for_table(table, bare.seed)
    network = choice.network(table)
    chosen = settings_of(network) | {
        "optimizer": "pathwise",
        "optimizer_options": own_tables.OPTIONS,
        "layers": own_tables.LAYERS,
        "shots": own_tables.SHOTS,
        "steps": choice.steps,
        "batch_size": own_tables.BATCH_SIZE,
        "seed": bare.seed,
    }
    if config.device == RunConfig.model_fields["device"].default:  # where log p is known
        chosen["entropy"] = own_tables.entropy_weight(network, len(table.inputs))
    said = (
        f"A table: {choice.why}; weights are sums of {own_tables.N_SPINS} spins, gradients go "
        "through the network. --network, --values, --optimizer, ... say otherwise."
    )
    return chosen | settings, said
