"""The numbers that the bits of a weight or bias stand for."""

import re
from collections.abc import Sequence
from numbers import Integral

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.networks.choice import Choice
from pl_hypernet.spins import SPINS

LOWEST, HIGHEST = -64, 63  # all differences are int8 too
MOST_BITS = 7
NAMED = {"binary": SPINS, "ternary": (1, 0, 0, -1)}

Values = tuple[int, ...] | Choice


def find_values(values) -> Values:
    """The levels of a weight, one for each code of its bits.

    Args:
        values: levels, two or more integers from -64 to 63, of which more than two take several
            bits, the first bit the most significant; or ``"binary"``, (1, -1); ``"ternary"``,
            (1, 0, 0, -1), two bits, the mean of two spins; ``"2-spins"`` to ``"7-spins"``, their
            sum, (2, 0, 0, -2); ``"2-bit"`` to ``"7-bit"``, two's complement, (0, 1, -2, -1); or a
            :class:`Choice` between pairs of levels.

    Raises:
        InputError: anything else.
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, Choice):
        pairs = [find_values(option) for option in values.options]
        if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
            raise InputError(f"values={values}: expected a choice between pairs, as (1, -1)")
        return Choice(*pairs)
    if isinstance(values, str):
        if values in NAMED:
            return NAMED[values]
        match = re.fullmatch(f"([2-{MOST_BITS}])-?(bit|spin)s?", values)
        if match:
            n_bits = int(match[1])
            if match[2] == "spin":
                return tuple(n_bits - 2 * code.bit_count() for code in range(2**n_bits))
            half = 2 ** (n_bits - 1)
            return (*range(half), *range(-half, 0))
    elif (
        isinstance(values, Sequence)
        and all(isinstance(v, Integral) and v in range(LOWEST, HIGHEST + 1) for v in values)
        and len(set(values)) > 1
    ):
        return tuple(map(int, values))
    raise InputError(
        f"values={values!r}: expected two or more integers from {LOWEST} to {HIGHEST}, not all "
        f"equal, or binary, ternary, 2-spins, ..., 2-bit, ..., {MOST_BITS}-bit"
    )
