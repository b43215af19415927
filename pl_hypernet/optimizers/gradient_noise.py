"""What the shots of a step tell of its gradient, and how noisy they leave it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GradientNoise:
    r"""How well a step knew its gradient; square and variance are in one unit, whichever.

    Attributes:
        square: estimate of :math:`|g|^2` without bias by noise; so it may be below 0.
        variance: :math:`\langle |\hat g - g|^2 \rangle` that the shots left.
        shots: of each circuit.
        curvature: :math:`\lambda`, the step size times the curvature that the step met: by how much
            its second order takes back what its first gains, 2 for all of it.
    """

    square: float
    variance: float
    shots: int
    curvature: float

    @classmethod
    def of_part(
        cls, gradient: np.ndarray, off: np.ndarray, share: float, shots: int, curvature: float
    ) -> "GradientNoise":
        """From the gradient of a part of the shots: what it is off the whole one is noise alone.

        A part of the share a differs from the mean over all by a variance that is (1 - a) / a
        times that of the mean.

        Args:
            gradient: float64 (d,), a mean over all shots.
            off: float64 (d,), that of the part less this one.
            share: of the shots that are in the part, in (0, 1).
            shots, curvature: see above.
        """
        variance = float(off @ off) * share / (1 - share)
        return cls(float(gradient @ gradient) - variance, variance, shots, curvature)
