"""Arrays in, arrays out."""

from zipfile import BadZipFile

import numpy as np

from pl_hypernet.datasets.data import Data, from_arrays
from pl_hypernet.datasets.gaussian_mixture import gaussian_mixture
from pl_hypernet.datasets.images import cifar10, fashion_mnist, kmnist, mnist
from pl_hypernet.errors import DataError, InputError, unknown_name

__all__ = [
    "DATASETS",
    "Data",
    "as_data",
    "cifar10",
    "fashion_mnist",
    "from_arrays",
    "gaussian_mixture",
    "kmnist",
    "load",
    "mnist",
]

DATASETS = {
    make.__name__: make for make in (mnist, fashion_mnist, kmnist, cifar10, gaussian_mixture)
}


def load(name: str, **options) -> Data:
    """A dataset by its name, or a file of a user's own arrays.

    Args:
        name: ``"mnist"``, ``"gaussian_mixture"``, or the path of an ``.npz`` file with the arrays
            ``inputs``, ``targets`` and, if there is a test set, ``test_inputs``, ``test_targets``.
        **options: arguments of the dataset, e.g. ``digits``, ``size``, ``root``.

    Raises:
        InputError: no dataset of this name, or an option that it does not have.
        DataError: see the dataset.
    """
    if name.endswith(".npz"):
        if options:
            raise InputError(f"data option {min(options)!r}: a file of one's own has none")
        return _from_file(name)
    if name not in DATASETS:
        raise unknown_name("dataset", name, [*DATASETS, "FILE.npz"])
    try:
        return DATASETS[name](**options)
    except TypeError as error:
        raise InputError(f"dataset {name!r} does not take {options}: {error}") from error


def as_data(data) -> Data:
    """Data as it is, or a user's (inputs, targets) or (inputs, targets, test_inputs, test_targets).

    Raises:
        DataError: anything else.
    """
    if isinstance(data, Data):
        return data
    if isinstance(data, (tuple, list)) and len(data) in (2, 4):
        return from_arrays(*data)
    raise DataError(
        f"data of type {type(data).__name__}: expected a Data, (X, y) or (X, y, X_test, y_test)"
    )


def _from_file(path: str) -> Data:
    try:
        with np.load(path) as arrays:
            found = {key: arrays[key] for key in arrays}
    except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
        raise DataError(f"{path} cannot be read as npz: {error}") from error
    allowed = {"inputs", "targets", "test_inputs", "test_targets"}
    if not {"inputs", "targets"} <= set(found) <= allowed:
        raise DataError(
            f"{path} holds {sorted(found)}: expected inputs and targets, and optionally "
            "test_inputs and test_targets"
        )
    made = from_arrays(**found)
    return Data(
        made.inputs,
        made.targets,
        made.test_inputs,
        made.test_targets,
        made.classes,
        source={"name": path},
    )
