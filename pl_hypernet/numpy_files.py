"""Arrays in files that others wrote: what they say is checked before anything is allocated."""

import math
import os
from typing import BinaryIO
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy

from pl_hypernet.regular_file import open_regular

MOST_BYTES = 2**32
PLAIN = "biufcSUMm"  # kinds of numpy's types that hold no Python objects


class FileError(ValueError):
    """A file holds no arrays, or too many; the message is a clause without its name."""


def load_npy(path, most_bytes: int = MOST_BYTES) -> np.ndarray:
    """The array of an ``.npy`` file.

    Args:
        path: the file.
        most_bytes: of the array.

    Raises:
        FileError, OSError: it cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        return _read(lambda: _array(file, size, most_bytes))


def load_npz(path, most_bytes: int = MOST_BYTES) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file.

    Args:
        path: the file.
        most_bytes: of all arrays together, unpacked.

    Raises:
        FileError, OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return _read(lambda: _members(file, most_bytes))


def _members(file: BinaryIO, most_bytes: int) -> dict[str, np.ndarray]:
    with ZipFile(file) as archive:
        entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        total = sum(info.file_size for info in entries.values())
        if total > most_bytes:
            raise FileError(
                f"it holds {total:.3g} bytes, and the limit is {most_bytes:.3g}: raise most_bytes"
            )
        arrays = {}
        for name, info in entries.items():
            with archive.open(info) as member:
                arrays[name] = _array(member, info.file_size, most_bytes)
        return arrays


def _array(file: BinaryIO, size: int, most_bytes: int) -> np.ndarray:
    """An array that takes so many bytes with its header."""
    version = npy.read_magic(file)
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    if dtype.kind not in PLAIN:
        raise FileError(f"it holds {dtype}: expected numbers or text")
    expected = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or expected > min(size, most_bytes):
        raise FileError(f"it says that it holds {dtype} {shape}, which its size denies")
    data = file.read(expected)
    if len(data) < expected:
        raise FileError("it is cut off")
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape, order="F" if fortran else "C").copy()


def _read(parse):
    """``parse()``; what a broken file raises in numpy, zipfile and zlib is one kind of error."""
    try:
        return parse()
    except (FileError, OSError):
        raise
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise FileError(said) from error
