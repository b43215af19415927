"""What optimizers share that make one gradient of a step's shots, and follow it by torch."""

from abc import abstractmethod

import numpy as np
import torch

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.optimizers.checks import check_positive, check_whole
from pl_hypernet.optimizers.gradient_noise import GradientNoise
from pl_hypernet.optimizers.measured_loss import MeasuredLoss, Shots
from pl_hypernet.optimizers.optimizer import Optimizer

TORCH_OPTIMIZERS = ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "SGD")
FUSED = ("Adam", "AdamW", "SGD")  # that torch has in one pass over the angles


class ShotGradientOptimizer(Optimizer):
    r"""A gradient of an expected loss from the shots of a step, followed by an optimizer of torch.

    Args:
        stepsize (float): learning rate of the torch optimizer.
        decay_steps (int): steps over which it falls linearly to 0; None: constant.
        torch_optimizer (str): name of a class of ``torch.optim``.

    Attributes:
        step_curvature (float): :math:`\lambda` of :class:`AdaptiveShots` at the first step, which
            falls as the learning rate does. Nothing measures it: it was found by trial.
    """

    step_curvature = 0.5

    def __init__(self, stepsize: float, decay_steps: int | None, torch_optimizer: str):
        check_positive(stepsize=stepsize)
        check_whole(decay_steps=1 if decay_steps is None else decay_steps)
        if torch_optimizer not in TORCH_OPTIMIZERS:
            raise unknown_name("torch_optimizer", torch_optimizer, TORCH_OPTIMIZERS)
        self.stepsize = stepsize
        self.decay_steps = decay_steps
        self.torch_optimizer = torch_optimizer
        self.k = 0  # steps made
        self._angles: torch.Tensor | None = None
        self._inner: torch.optim.Optimizer | None = None

    def step_and_cost(self, cost, *args, **kwargs):
        """One step, and the objective before it.

        Args:
            cost (QNode): returns ``expected_loss`` of all wires of its circuit, with shots.
            *args, **kwargs: its arguments; those with ``requires_grad`` are trained.

        Returns:
            The new argument (or list of arguments) and the objective at the old ones, an
            :class:`Estimate`.
        """
        problem = MeasuredLoss(cost, args, kwargs)
        self._prepare(problem.arguments.vector)
        shots = self._advance(problem)
        self.k += 1
        after = problem.arguments.trainable_at(self._angles.detach().numpy().copy())
        value = problem.objective.estimate(shots.losses, shots.bits, shots.log_p)
        return (after[0] if len(after) == 1 else after), value

    @abstractmethod
    def _advance(self, problem: MeasuredLoss) -> Shots:
        """Measures, and moves the angles; returns the shots at the old ones."""

    def watch_noise(self) -> None:
        self._watches_noise = True

    def _note_noise(self, gradient: np.ndarray, off: np.ndarray | None, shots: int) -> None:
        """Leaves :attr:`gradient_noise`, if it is watched.

        Args:
            gradient: float64 (n_angles,), of all shots.
            off: float64 (n_angles,), what that of every other shot, from the first, is off it.
            shots: of each circuit.

        Raises:
            InputError: one shot, of which there is no other half.
        """
        if self._watches_noise:
            if shots < 2:
                raise InputError("the noise of a gradient from 1 shot: expected at least 2")
            share = (shots + 1) // 2 / shots
            curvature = self.step_curvature * self._decay()
            self.gradient_noise = GradientNoise.of_part(gradient, off, share, shots, curvature)

    def circuits_per_step(self, circuit=None, noise=None) -> list[dict[str, int]]:
        return [{"energy": 1, "overlap": 0}]

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        moments = {} if self._inner is None else self._inner.state.get(self._angles, {})
        arrays = {name: m.numpy().copy() for name, m in moments.items() if m is not None}
        return arrays, {"k": self.k}

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        self.k = plain["k"]
        self._angles = self._inner = None
        sizes = [array.size for array in arrays.values() if array.ndim]
        if not arrays:
            return
        self._prepare(np.zeros(max(sizes, default=1)))
        moments = {name: torch.tensor(array) for name, array in arrays.items()}
        self._inner.state[self._angles] = moments

    def _prepare(self, vector: np.ndarray) -> None:
        """Puts the angles where torch's optimizer finds them."""
        if self._angles is None or len(self._angles) != len(vector):
            self._angles = torch.zeros(len(vector), dtype=torch.float64, requires_grad=True)
            fused = {"fused": True} if self.torch_optimizer in FUSED else {}
            kind = getattr(torch.optim, self.torch_optimizer)
            self._inner = kind([self._angles], self.stepsize, **fused)
        with torch.no_grad():
            self._angles.copy_(torch.from_numpy(vector))

    def _follow(self, gradient: torch.Tensor) -> None:
        """A step of torch's optimizer along a gradient float64 (n_angles,)."""
        self._angles.grad = gradient
        for group in self._inner.param_groups:
            group["lr"] = self.stepsize * self._decay()
        self._inner.step()

    def _decay(self) -> float:
        """What is left of the first step's length."""
        return 1.0 if self.decay_steps is None else max(0.0, 1 - self.k / self.decay_steps)
