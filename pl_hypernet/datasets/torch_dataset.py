"""A torch Dataset as arrays."""

import numpy as np

from pl_hypernet.errors import DataError


def is_torch_dataset(thing) -> bool:
    from torch.utils.data import Dataset

    return isinstance(thing, Dataset)


def to_arrays(dataset) -> tuple[np.ndarray, np.ndarray]:
    """All items (x, y) of a map-style dataset.

    Returns:
        Inputs (n_samples, ...) and targets (n_samples,), of the types that the items have; or
        (n_samples, n_targets) where an item has several.

    Raises:
        DataError: it has no length, or items that are no pairs or differ in shape.
    """
    name = type(dataset).__name__
    if not hasattr(dataset, "__len__"):
        raise DataError(f"{name} has no length: expected a map-style torch Dataset, with __len__")
    inputs, targets = [], []
    for i in range(len(dataset)):
        item = dataset[i]
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise DataError(f"item {i} of {name} is no pair (x, y): expected inputs and a target")
        x, y = np.atleast_1d(_plain(item[0])), _plain(item[1])
        if inputs and x.shape != inputs[0].shape:
            raise DataError(
                f"item {i} of {name} has inputs of shape {x.shape}, item 0 {inputs[0].shape}: "
                "resize them to one shape"
            )
        y = y.reshape(()) if y.size == 1 else y
        if y.ndim > 1 or y.shape != np.shape((targets or [y])[0]):
            raise DataError(
                f"item {i} of {name} has a target of shape {y.shape}: expected one label or "
                "number, or the same number of numbers in each"
            )
        inputs.append(x)
        targets.append(y.tolist())
    return np.array(inputs), np.array(targets)


def _plain(part) -> np.ndarray:
    """Of a tensor wherever it is, an image of Pillow's, an array, a number or a text."""
    return np.asarray(part.detach().cpu() if hasattr(part, "detach") else part)
