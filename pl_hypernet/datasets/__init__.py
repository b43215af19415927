"""Arrays in, arrays out."""

import inspect
from dataclasses import replace
from pathlib import Path

from pl_hypernet.datasets.arrays import from_arrays
from pl_hypernet.datasets.csv_file import read_csv
from pl_hypernet.datasets.data import Data, with_features
from pl_hypernet.datasets.gaussian_mixture import gaussian_mixture
from pl_hypernet.datasets.images import cifar10, fashion_mnist, kmnist, mnist
from pl_hypernet.datasets.npz_file import read_npz
from pl_hypernet.datasets.perceptrons import random_patterns, teacher_student, teacher_weights
from pl_hypernet.datasets.tables import TABLES, breast_cancer, diabetes, iris, wine
from pl_hypernet.datasets.torch_dataset import is_torch_dataset, to_arrays
from pl_hypernet.errors import DataError, check_options, unknown_name

DATASETS = {
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "kmnist": kmnist,
    "cifar10": cifar10,
    "gaussian_mixture": gaussian_mixture,
    "random_patterns": random_patterns,
    "teacher_student": teacher_student,
    **TABLES,
}
FILES = {".npz": read_npz, ".csv": read_csv}

__all__ = [
    "DATASETS",
    "Data",
    "as_data",
    "breast_cancer",
    "cifar10",
    "diabetes",
    "fashion_mnist",
    "from_arrays",
    "gaussian_mixture",
    "iris",
    "kmnist",
    "load",
    "mnist",
    "random_patterns",
    "teacher_student",
    "teacher_weights",
    "wine",
    "with_features",
]


def load(name: str | Path, *, features: str | list[str] | None = None, **options) -> Data:
    """A dataset by its name, or a file of a user's own.

    Args:
        name: one of ``DATASETS``, or the path of a file:
            ``.npz`` with the arrays ``inputs``, ``targets`` and, if there is a test set,
            ``test_inputs``, ``test_targets``; or ``.csv``, a table with names of columns first.
        features: one or more feature maps, see :func:`with_features`; None: the raw inputs.
        **options: arguments of the dataset, e.g. ``digits``, ``size``, ``root``; of a file
            ``regression=True`` where targets are real numbers, ``missing="mean"`` where missing
            values are to be filled in; of a table also ``target``, the column's name, ``test``,
            the path of a table to test on, and how it is written: ``delimiter``, ``encoding``,
            ``decimal``.

    Returns:
        Data: ``source`` makes the same data again.

    Raises:
        InputError: no dataset of this name, or an option that it does not have.
        DataError: see the dataset, :func:`from_arrays` and :func:`with_features`.
    """
    name = str(name)
    read = FILES.get(Path(name).suffix.lower())
    if read is None and name not in DATASETS:
        raise unknown_name("dataset", name, [*DATASETS, *(f"FILE{suffix}" for suffix in FILES)])
    make, given = (DATASETS[name], ()) if read is None else (read, (name,))
    takes = list(inspect.signature(make).parameters)[len(given) :]
    check_options(f"dataset {name!r}", options, [*takes, "features"])
    data = make(*given, **options)
    if read is not None:
        chosen = {
            key: str(value) if isinstance(value, Path) else value  # as a run's TOML can hold it
            for key, value in options.items()
            if value is not None
        }
        data = replace(data, source={"name": name, **chosen})
    return data if features is None else with_features(data, features)


def as_data(data, *, regression: bool = False) -> Data:
    """Data as it is, or a user's own.

    Args:
        data: a :class:`Data`; (inputs, targets) or (inputs, targets, test_inputs, test_targets),
            see :func:`from_arrays`; or a map-style torch ``Dataset`` of items (x, y), or a pair of
            them for training and for testing.
        regression: whether targets are real numbers; a :class:`Data` knows it by itself.

    Raises:
        DataError: anything else, or see :func:`from_arrays`.
    """
    if isinstance(data, Data):
        return data
    parts = data if isinstance(data, (tuple, list)) else (data,)
    if len(parts) in (1, 2) and all(map(is_torch_dataset, parts)):
        parts = [array for dataset in parts for array in to_arrays(dataset)]
    if len(parts) in (2, 4):
        return from_arrays(*parts, regression=regression)
    raise DataError(
        f"data of type {type(data).__name__}: expected a Data, (X, y), (X, y, X_test, y_test), a "
        "torch Dataset or two of them"
    )
