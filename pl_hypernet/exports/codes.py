"""Arrays as the bytes of a packed file, which ``reader.py`` reads."""

import numpy as np

MOST_LEVELS = 256  # different numbers that are codes; of more each is a float32


def levels_of(numbers: np.ndarray) -> list[float] | None:
    """The different numbers, of which the code of each is the index; None where they are many."""
    levels = np.unique(numbers)
    if len(levels) > MOST_LEVELS:
        return None
    return [int(v) if v == int(v) else v for v in levels.tolist()]


def bits_a_number(levels: list[float] | None) -> int:
    """What a number takes, at least 1."""
    return 32 if levels is None else max(1, (len(levels) - 1).bit_length())


def packed(numbers: np.ndarray, levels: list[float] | None) -> np.ndarray:
    """Numbers (rows, n) as uint8: planes of bits, in rows of whole bytes."""
    if levels is None:
        return as_bytes(numbers, "<f4")
    codes = np.searchsorted(np.array(levels, numbers.dtype), numbers)
    planes = [codes >> k & 1 for k in range((len(levels) - 1).bit_length())]
    rows = [np.packbits(plane.astype(bool), axis=1).ravel() for plane in planes]
    return np.concatenate([np.zeros(0, np.uint8), *rows])


def as_bytes(numbers: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers one after the other."""
    return np.frombuffer(np.ascontiguousarray(numbers, dtype).tobytes(), np.uint8)
