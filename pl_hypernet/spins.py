"""The one place that says what a bit means: bit b is the spin sigma = 1 - 2b.

Bit 0 is +1 and bit 1 is -1, which is PennyLane's eigenvalue of ``Z``.
Works alike on numpy arrays and torch tensors.
"""

SPINS = (1, -1)  # of the bits 0 and 1


def to_spins(bits):
    """Bits {0, 1} to spins {+1, -1}; any shape; the dtype must be signed."""
    return 1 - 2 * bits
