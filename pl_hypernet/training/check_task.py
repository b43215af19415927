"""Whether a network and data go together."""

from pl_hypernet.datasets import Data
from pl_hypernet.datasets.features import is_feature_map
from pl_hypernet.errors import InputError
from pl_hypernet.networks import Network


def check_task(network: Network, data: Data) -> None:
    """Refuses data that the network does not see, or tell apart, as they are.

    Raises:
        InputError: another number of inputs, targets or classes, other feature maps, or numbers in
            the place of classes.
    """
    if data.n_inputs != network.n_columns:
        raise InputError(
            f"data have {data.n_inputs} inputs, the network {network.n_columns}: "
            f"make the network with n_inputs={data.n_inputs}"
        )
    _check_features(network, data)
    if data.is_regression != network.is_regression:
        raise InputError(
            "targets that are numbers go with a network of activation='identity' (--activation "
            "identity), classes with another: change one of them"
        )
    if data.is_regression and data.n_targets != network.n_outputs:
        raise InputError(
            f"data have {data.n_targets} target{'s' * (data.n_targets > 1)}, the network "
            f"{network.n_outputs} output{'s' * (network.n_outputs > 1)}: make the last layer "
            f"{data.n_targets}, as by --network {data.n_targets}"
        )
    n_classes = max(2, network.n_outputs)
    if not data.is_regression and len(data.classes) != n_classes:
        two = len(data.classes) == 2
        needed, outputs = (1, "1 output, or 2") if two else (len(data.classes),) * 2
        raise InputError(
            f"data have {len(data.classes)} classes, the network tells {n_classes} apart: make the "
            f"network with {outputs}{'' if two else ' outputs'}, as by --network {needed}"
        )


def _check_features(network: Network, data: Data) -> None:
    """Other maps than the network's would go unnoticed, if they have as many columns."""
    if "features" not in network.choices:
        return
    names = network.choices["features"].names
    if data.features and data.features != names:
        raise InputError(
            f"the network chooses among the features {', '.join(names)}, the data have "
            f"{', '.join(data.features)}: give both the same, in the same order"
        )
    if not data.features and all(map(is_feature_map, names)):
        raise InputError(
            f"the network chooses among the features {', '.join(names)}, the data have none: make "
            "them by datasets.with_features(data, names)"
        )
