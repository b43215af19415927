"""Sizes and seeds of made data."""

import numpy as np

from pl_hypernet.errors import DataError


def whole_number(name: str, value, least: int) -> int:
    """The value as an int.

    Raises:
        DataError: it is none, or less than ``least``.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise DataError(f"{name}={value!r}: expected a whole number of at least {least}")
    return int(value)
