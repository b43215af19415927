"""What SPSA and QN-SPSA share: random directions, blocking, one batch of circuits a step."""

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript
from pennylane.workflow import construct_tape

from pl_hypernet.devices import device
from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.checks import check_cost
from pl_hypernet.optimizers.divergence_guard import DivergenceGuard
from pl_hypernet.optimizers.optimizer import Optimizer
from pl_hypernet.random_state import random_state_of, set_random_state

AUTO = "auto"
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
    guard: DivergenceGuard | None = None

    def step(self, cost, *args, **kwargs):
        return self._advance(cost, args, kwargs, with_cost=self.blocking)[0]

    def step_and_cost(self, cost, *args, **kwargs):
        return self._advance(cost, args, kwargs, with_cost=True)

    def circuits_per_step(self, circuit=None, noise=None) -> list[dict[str, int]]:
        energies = 1 + 2 * self.resamplings
        batches = [{"energy": energies, "overlap": self.overlaps * self.resamplings}]
        return [*batches, {"energy": 1, "overlap": 0}] if self.blocking else batches

    def circuits_at_start(self) -> int:
        return 2 * CALIBRATION if self.stepsize == AUTO else 0

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
        self.stepsize = plain["stepsize"]
        if self.guard is not None:
            self.guard.restore(arrays, plain["guard"])

    def _advance(self, cost, args, kwargs, with_cost: bool):
        """The arguments after one step, and the energy before it (None unless asked for)."""
        check_cost(cost)
        dev = device(cost.device)
        arguments = TrainableArguments(args)
        theta = arguments.vector

        def tape_at(vector) -> QuantumScript:
            return construct_tape(cost)(*arguments.at(vector), **kwargs)

        here = tape_at(theta)
        if here.shots.has_partitioned_shots:
            raise InputError(f"{here.shots}: expected one number of shots")
        self.messages = []
        if self.stepsize == AUTO:
            self._calibrate(theta, tape_at, arguments.sizes, dev)
        tapes = [here] if with_cost else []
        drawn = np.array([self._draw(arguments.sizes) for _ in range(self.resamplings)])
        for h, *others in drawn:
            shift = self.finite_diff_step * h
            tapes += [tape_at(theta + shift), tape_at(theta - shift)]
            tapes += self._more_circuits(theta, others, tape_at, here, dev)
        results = _execute(tapes, dev)
        energy = results.pop(0) if with_cost else None

        gradient = np.zeros_like(theta)
        each = 2 + self.overlaps
        parts = [results[i : i + each] for i in range(0, len(results), each)]
        for (h, *_), (plus, minus, *_) in zip(drawn, parts, strict=True):
            gradient += (float(plus) - float(minus)) / (2 * self.finite_diff_step) * h
        self._learn(theta, drawn[:, 1:], [part[2:] for part in parts], here, dev)
        self.k += 1  # steps from 1, as in PennyLane's class
        moved = theta - self.stepsize * self._natural(gradient / self.resamplings)
        if self.blocking and not self._accepts(energy, tape_at(moved), dev):
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

    def _draw(self, sizes: list[int]) -> np.ndarray:
        """The directions of an estimate, +1 or -1 (directions, d), for arguments of these sizes."""
        return self.rng.choice([-1.0, 1.0], size=(self.directions, sum(sizes)))

    def _more_circuits(self, theta, directions, tape_at, here, dev) -> list[QuantumScript]:
        """What an estimate needs beside the two energies: ``overlaps`` of them."""
        return []

    def _learn(self, theta, directions, results, here, dev) -> None:
        """Takes in the results of these circuits."""

    def _calibrate(self, theta, tape_at, sizes: list[int], dev) -> None:
        """Sets the step size so that the first step turns each angle by FIRST_MOVE or so.

        The gradients at the start come from two energies each, as those of the steps.
        """
        drawn = [self._draw(sizes)[0] for _ in range(CALIBRATION)]
        shifts = [self.finite_diff_step * sign * h for h in drawn for sign in (1, -1)]
        energies = np.array(_execute([tape_at(theta + s) for s in shifts], dev), dtype=float)
        slopes = np.abs(energies[::2] - energies[1::2]) / (2 * self.finite_diff_step)
        if not slopes.mean() > 0:
            raise InputError(
                "the energy is the same in all directions at the start: no step size can be "
                "calibrated; give a number as stepsize, or other start angles"
            )
        self.stepsize = float(FIRST_MOVE / (slopes.mean() * self._first_gain()))
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

    def _accepts(self, energy, tape: QuantumScript, dev) -> bool:
        """Blocking: whether the energy of the next angles lies within the tolerance."""
        (following,) = _execute([tape], dev)
        self.last_n_steps[(self.k - 2) % self.last_n_steps.size] = float(energy)
        tolerance = 2 * self.last_n_steps[: self.k - 1].std()
        return float(following) <= float(energy) + tolerance


def _execute(tapes: list[QuantumScript], dev) -> list:
    """Results of one batch of circuits, each a number."""
    return list(qml.execute(tapes, dev, diff_method=None, interface=None))
