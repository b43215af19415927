"""What SPSA and QN-SPSA share: random directions, blocking, one batch of circuits a step."""

import numpy as np
from pennylane.tape import QuantumScript

from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.checks import check_qnode
from pl_hypernet.optimizers.cost_function import CircuitCost, PlainCost, cost_function
from pl_hypernet.optimizers.divergence_guard import DivergenceGuard
from pl_hypernet.optimizers.gradient_noise import GradientNoise
from pl_hypernet.optimizers.optimizer import Optimizer
from pl_hypernet.random_state import random_state_of, set_random_state
from pl_hypernet.settings import AUTO

CALIBRATION = 10  # gradients that a step size is calibrated from
FIRST_MOVE = 0.02  # radians, how far a calibrated first step turns an angle


class SimultaneousPerturbation(Optimizer):
    r"""The gradient along random directions, from two energies each (Spall 1992):

    .. math:: \frac{f(\theta + c h) - f(\theta - c h)}{2 c} h, \qquad h \in \{\pm 1\}^d.

    A subclass sets ``stepsize``, ``finite_diff_step``, ``resamplings``, ``blocking``,
    ``last_n_steps``, ``k``, ``rng`` and ``guard``, and may ask for more circuits at each estimate.
    """

    directions = 1  # of an estimate; the first is that of the gradient
    overlaps = 0  # of an estimate
    needs_circuits = False  # or takes any function
    guard: DivergenceGuard | None = None
    _calibrated = False
    _identity: tuple | None = None  # of the cost function so far

    def step(self, cost, *args, **kwargs):
        with_cost = self.blocking or self._watches_noise
        return self._advance(cost, args, kwargs, with_cost)[0]

    def step_and_cost(self, cost, *args, **kwargs):
        return self._advance(cost, args, kwargs, with_cost=True)

    def circuits_per_step(self, circuit=None, noise=None) -> list[dict[str, int]]:
        energies = 1 + 2 * self.resamplings
        batches = [{"energy": energies, "overlap": self.overlaps * self.resamplings}]
        return [*batches, {"energy": 1, "overlap": 0}] if self.blocking else batches

    def circuits_at_start(self) -> int:
        return 2 * CALIBRATION if self.stepsize == AUTO or self._calibrated else 0

    def training_begins(self) -> None:
        if self._calibrated:
            self.stepsize, self._calibrated = AUTO, False

    def watch_noise(self) -> None:
        self._watches_noise = True

    def objective_will_change(self) -> None:
        self.guard = None  # an objective that changes rises without diverging

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        arrays = {"last_n_steps": np.array(self.last_n_steps, dtype=float)}
        plain = {
            "k": self.k,
            "rng": random_state_of(self.rng),
            "stepsize": self.stepsize,
        }
        if self.guard is not None:
            guarded, plain["guard"] = self.guard.state()
            arrays |= guarded
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        self.last_n_steps = np.array(arrays["last_n_steps"])
        self.k = plain["k"]
        set_random_state(self.rng, plain["rng"])
        self.stepsize, self._identity = plain["stepsize"], None
        if self.guard is not None:
            self.guard.restore(arrays, plain["guard"])

    def _advance(self, cost, args, kwargs, with_cost: bool):
        """The arguments after one step, and the energy before it (None unless asked for)."""
        arguments = TrainableArguments(args)
        if self.needs_circuits:
            check_qnode(cost)
        function = cost_function(cost, arguments, kwargs)
        theta, dev, tape_at = arguments.vector, function.device, function.at
        here = tape_at(theta)
        self.messages = []
        if self._identity not in (None, function.identity):
            self.training_begins()  # of another cost function
        self._identity = function.identity
        if self.stepsize == AUTO:
            self._calibrate(theta, function, arguments.sizes)
        tapes = [here] if with_cost else []
        drawn = np.array([self._draw(arguments.sizes) for _ in range(self.resamplings)])
        for h, *others in drawn:
            shift = self.finite_diff_step * h
            tapes += [tape_at(theta + shift), tape_at(theta - shift)]
            tapes += self._more_circuits(theta, others, tape_at, here, dev)
        results = function.evaluate(tapes)
        energy = results.pop(0) if with_cost else None

        gradient = np.zeros_like(theta)
        each = 2 + self.overlaps
        parts = [results[i : i + each] for i in range(0, len(results), each)]
        for (h, *_), (plus, minus, *_) in zip(drawn, parts, strict=True):
            gradient += (float(plus) - float(minus)) / (2 * self.finite_diff_step) * h
        gradient /= self.resamplings
        self._learn(theta, drawn[:, 1:], [part[2:] for part in parts], here, dev)
        self.k += 1  # steps from 1, as in PennyLane's class
        natural = self._natural(gradient)
        moved = theta - self.stepsize * natural
        if self._watches_noise:
            size = gradient @ gradient
            gain = self.stepsize * (natural @ gradient / size if size else 1.0)
            self.gradient_noise = self._noise(energy, [part[:2] for part in parts], gain)
        if self.blocking and not self._accepts(energy, moved, function):
            moved = theta
        if self.guard is not None:
            # the mean of the two sides stands in for an energy that nobody asked for
            level = np.mean([part[:2] for part in parts]) if energy is None else float(energy)
            best = self.guard.check(theta, level)
            if best is not None:
                moved = best
                self.stepsize /= 2
                self.messages.append(
                    f"diverged: back to the best angles, step size halved to {self.stepsize:.3g}"
                )
        after = arguments.trainable_at(moved)
        return (after[0] if len(after) == 1 else after), energy

    def _noise(self, energy, sides: list[list], gain: float) -> GradientNoise:
        r"""From the differences D of the energies on both sides, and how they lie above the middle.

        Over directions :math:`\langle D^2 \rangle = 4 c^2 |g|^2`, and what a step of the size
        :math:`\alpha` takes back is :math:`\alpha^2 / 2` times :math:`\langle \hat g^T H \hat g
        \rangle = \mathrm{tr} H \langle D^2 \rangle / 4 c^2`. So :math:`\lambda = \alpha \,
        \mathrm{tr} H`, where :math:`\langle f_+ + f_- - 2 f \rangle = c^2 \mathrm{tr} H`; a mean of
        r directions has 1 / r of it.

        Args:
            energy: at theta.
            sides: the two energies of each direction.
            gain: the step over the gradient along it, :math:`\alpha`.

        Raises:
            InputError: numbers without a standard error.
        """
        if not hasattr(energy, "stderr"):
            raise InputError(
                "the noise of a cost function that returns plain numbers is not known: expected a "
                "QNode that returns expected_loss"
            )
        differences = np.array([float(plus) - float(minus) for plus, minus in sides])
        variance = np.mean([plus.stderr**2 + minus.stderr**2 for plus, minus in sides])
        bend = np.sum(sides) / len(sides) - 2 * float(energy)
        return GradientNoise(
            square=float(np.mean(differences**2) - variance),
            variance=float(variance),
            shots=energy.shots,
            curvature=float(gain * bend / (self.finite_diff_step**2 * self.resamplings)),
        )

    def _draw(self, sizes: list[int]) -> np.ndarray:
        """The directions of an estimate, +1 or -1 (directions, d), for arguments of these sizes."""
        return self.rng.choice([-1.0, 1.0], size=(self.directions, sum(sizes)))

    def _more_circuits(self, theta, directions, tape_at, here, dev) -> list[QuantumScript]:
        """What an estimate needs beside the two energies: ``overlaps`` of them."""
        return []

    def _learn(self, theta, directions, results, here, dev) -> None:
        """Takes in the results of these circuits."""

    def _calibrate(self, theta, function: CircuitCost | PlainCost, sizes: list[int]) -> None:
        """Sets the step size so that the first step turns each angle by FIRST_MOVE or so.

        The gradients at the start come from two energies each, as those of the steps.
        """
        drawn = [self._draw(sizes)[0] for _ in range(CALIBRATION)]
        shifts = [self.finite_diff_step * sign * h for h in drawn for sign in (1, -1)]
        energies = np.array(function.evaluate([function.at(theta + s) for s in shifts]))
        slopes = np.abs(energies[::2] - energies[1::2]) / (2 * self.finite_diff_step)
        if not slopes.mean() > 0:
            raise InputError(
                "the energy is the same in all directions at the start: no step size can be "
                "calibrated; give a number as stepsize, or other start angles"
            )
        self.stepsize = float(FIRST_MOVE / (slopes.mean() * self._first_gain()))
        self._calibrated = True
        self.messages.append(
            f"step size {self.stepsize:.3g}, calibrated by {CALIBRATION} gradients "
            f"({2 * CALIBRATION} circuits)"
        )

    def _first_gain(self) -> float:
        """What the gradient is multiplied by in the first step, about."""
        return 1.0

    def _natural(self, gradient: np.ndarray) -> np.ndarray:
        """The direction of the step: the gradient itself, or multiplied by something learned."""
        return gradient

    def _accepts(self, energy, moved: np.ndarray, function: CircuitCost | PlainCost) -> bool:
        """Blocking: whether the energy of the next angles lies within the tolerance."""
        (following,) = function.evaluate([function.at(moved)])
        self.last_n_steps[(self.k - 2) % self.last_n_steps.size] = float(energy)
        tolerance = 2 * self.last_n_steps[: self.k - 1].std()
        return float(following) <= float(energy) + tolerance
