"""Digests: two that are the same are of the same bytes."""

import hashlib
from collections.abc import Iterable

import numpy as np

from pl_hypernet.datasets import Data
from pl_hypernet.errors import DataError

SIZE = 16  # bytes: against accidents and edits, not against forgers


def new_digest(content: bytes = b""):
    """A digest to be updated, of hashlib's kind."""
    return hashlib.blake2b(content, digest_size=SIZE)


def digest_of(content: bytes) -> str:
    """Of the contents of a file."""
    return new_digest(content).hexdigest()


def digest_of_arrays(arrays: Iterable[tuple[str, np.ndarray]], text: str = "") -> str:
    """Of named arrays, with their types and shapes, and a text beside them."""
    digest = new_digest(text.encode())
    for name, array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def digest_of_theta(theta: np.ndarray) -> str:
    return digest_of_arrays([("theta", np.asarray(theta))])


def digest_of_data(data: Data) -> str:
    """Of what a run is trained and tested on, before feature maps: these are fitted to it."""
    data = data.raw or data
    arrays = {
        "inputs": data.inputs,
        "targets": data.targets,
        "test inputs": data.test_inputs,
        "test targets": data.test_targets,
        "weights": data.weights,
    }
    return digest_of_arrays((n, array) for n, array in arrays.items() if array is not None)


def check_same_data(data: Data, digest: str | None) -> None:
    """Refuses other data than those that a run was trained on.

    Raises:
        DataError: they are others.
    """
    if digest is not None and digest_of_data(data) != digest:
        raise DataError(
            "the data are not those that the run was trained on: bring those back, or go on all "
            "the same with --anyway (check=False)"
        )
