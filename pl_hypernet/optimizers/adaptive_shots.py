"""How many shots the next step takes, by the noise that the last ones left in the gradient."""

import math

from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.checks import check_whole
from pl_hypernet.optimizers.gradient_noise import GradientNoise

WINDOW = 0.25  # of the steps so far, that the averages are about
UNKNOWN = 20  # steps of curvature 0 that they begin with
AVERAGES = ("square", "variance", "of_one_shot", "curvature")

COUNTED = ("k", "_weight", "_weight2", "_unknown")


class AdaptiveShots:
    r"""The shots of the largest expected gain a shot (iCANS, arXiv:1909.09083).

    A step :math:`-\alpha \hat g`, of a gradient with the variance :math:`\sigma^2 / s` from s
    shots, is expected to gain

    .. math:: \alpha |g|^2 - \frac{L \alpha^2}{2} \Big( |g|^2 + \frac{\sigma^2}{s} \Big),

    and this over s is largest at

    .. math:: s = \frac{2 \lambda}{2 - \lambda} \frac{\sigma^2}{|g|^2}, \qquad \lambda = L \alpha.

    iCANS has such a number for each derivative, and gCANS (arXiv:2108.10434) shares one out by the
    derivatives' :math:`\sigma_i`. Here a circuit serves all angles, so there is one, of the whole
    gradient, which the first of these papers calls CANS.

    :math:`\sigma^2`, :math:`|g|^2` and :math:`\lambda` are running averages, about over the last
    quarter of the steps: as a training goes on they change more slowly, and the signal, smaller
    beside the noise, takes more steps to be known. The papers forget at a fixed rate, and add
    :math:`b \mu^k` to :math:`|g|^2`, lest the first estimates ask for too many shots. Here
    :math:`|g|^2` is not taken for less than the standard error of its average, :math:`v \sqrt{2 /
    n}` of n squares of noise v alone, and the average of :math:`\lambda` begins with 20 steps of 0:
    what is not known yet takes no shots.

    Args:
        least: shots of the first step, and the fewest of any.
        most: the most of any.

    Attributes:
        shots (int): of each circuit of the next step.

    Raises:
        InputError: no whole numbers, one shot, whose noise cannot be known, or more at least than
            at most.

    >>> rule = AdaptiveShots(5, 200)
    >>> cost = qp.set_shots(cost, shots=rule.shots)  # before each step of an optimizer
    >>> theta, energy = optimizer.step_and_cost(cost, theta)
    >>> rule.learn(optimizer.gradient_noise)  # optimizer.watch_noise() was called once
    """

    def __init__(self, least: int, most: int):
        check_whole(least=least, most=most)
        if least < 2:
            raise InputError(f"adaptive_shots={least}: expected at least 2, one tells no noise")
        if least > most:
            raise InputError(
                f"adaptive_shots={least}, shots={most}: expected at least as many shots"
            )
        self.least, self.most = int(least), int(most)
        self.k = 0  # steps taken in
        self._weight = self._weight2 = 0.0  # of these, and the sum of their squares
        self._unknown = float(UNKNOWN)  # what is left of the weight of those of curvature 0
        self._sums = dict.fromkeys(AVERAGES, 0.0)

    @property
    def shots(self) -> int:
        if not self._weight:
            return self.least
        average = {name: total / self._weight for name, total in self._sums.items()}
        error = average["variance"] * math.sqrt(2 * self._weight2) / self._weight
        square = max(average["square"], error)
        curvature = self._sums["curvature"] / (self._weight + self._unknown)
        if curvature <= 0 or average["of_one_shot"] <= 0:
            return self.least
        if curvature >= 2 or square <= 0:
            return self.most
        wanted = 2 * curvature / (2 - curvature) * average["of_one_shot"] / square
        return math.ceil(min(max(wanted, self.least), self.most))

    def learn(self, noise: GradientNoise) -> None:
        """Takes in a step."""
        self.k += 1
        memory = 1 - 1 / (UNKNOWN + WINDOW * self.k)
        self._unknown *= memory
        self._weight = memory * self._weight + 1.0
        self._weight2 = memory**2 * self._weight2 + 1.0
        step = {
            "square": noise.square,
            "variance": noise.variance,
            "of_one_shot": noise.variance * noise.shots,
            "curvature": noise.curvature,
        }
        for name in AVERAGES:
            self._sums[name] = memory * self._sums[name] + step[name]

    def state(self) -> dict[str, float]:
        """All that changes, for JSON; :meth:`restore` makes another one go on bit for bit."""
        return self._sums | {name: getattr(self, name) for name in COUNTED}

    def restore(self, state: dict[str, float]) -> None:
        """Takes over what :meth:`state` gave."""
        for name in COUNTED:
            setattr(self, name, state[name])
        self._sums = {name: state[name] for name in AVERAGES}
