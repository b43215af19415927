"""What a bias of several bits counts in: its levels cover the sums that its neuron sees."""

import math
from collections.abc import Sequence

RANGE = 0.5  # standard deviations of a neuron's sum that levels reach, on either side


def bias_unit(levels: Sequence[int], deviation: float) -> float:
    """The power of 2 by which levels are multiplied, so that sums stay as exact as before.

    A batch norm and a sign are a threshold at the mean of a neuron's sum, shifted by some standard
    deviations of it; k-bit levels, from -2^(k-1) on, reach 0.35 to 0.7 of these. Wider ones are so
    far from 0 in networks of random bits that their neurons say the same of all inputs.

    Args:
        levels: of the bias.
        deviation: of the sum of weights times inputs, in the networks of random bits.
    """
    most = max(abs(level) for level in levels)
    return 2.0 ** round(math.log2(RANGE * deviation / most)) if deviation > 0 else 1.0
