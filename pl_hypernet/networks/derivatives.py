"""How derivatives are taken through a network in one backward pass."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Derivatives:
    """What is wanted of derivatives by spins.

    Attributes:
        window: in which the sign of a hidden neuron passes gradients, in units of the root mean
            square of the neurons' sums.
        mean: whether their mean over the bitstrings is all that is wanted, which takes less memory.
        curvature: whether a pass goes on to second order, see
            :func:`~pl_hypernet.networks.curvature.curvatures`; no bit of a weight is flipped then.
    """

    window: float = 1.0
    mean: bool = False
    curvature: bool = False


FIRST_ORDER = Derivatives()
