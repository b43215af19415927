"""Score-function training: the gradient of the energy from one batch of shots and their log p."""

import numpy as np
import torch

from pl_hypernet.devices.exact_log_p import check_after, check_before
from pl_hypernet.errors import InputError
from pl_hypernet.measurements import Estimate
from pl_hypernet.mps.log_probability import circuit_log_probability
from pl_hypernet.mps.score_vectors import score_vectors
from pl_hypernet.optimizers.checks import check_bool, check_positive
from pl_hypernet.optimizers.measured_loss import MeasuredLoss, Shots
from pl_hypernet.optimizers.sample_space import natural_step
from pl_hypernet.optimizers.shot_gradient import ShotGradientOptimizer


class ScoreFunctionOptimizer(ShotGradientOptimizer):
    r"""The likelihood-ratio gradient (REINFORCE, Williams 1992) of an expected loss,

    .. math:: \nabla_\theta E = \langle (L(x) - b(x)) \nabla_\theta \log p(x; \theta) \rangle,

    with the mean over the shots, b the mean of the other shots' losses (leave-one-out), L replaced
    by the influence of a shot on the objective where the cost function has another reduction than
    the mean, an entropy or an MMD (:meth:`Objective.score_weights`), and log p from the exact
    matrix product state of the circuit (:func:`log_probability`, :func:`circuit_log_probability`),
    whatever device the shots come from. One circuit a step gives all derivatives at once; an
    optimizer of torch makes the step. Possible as long as the bond dimension is within reach: 2^P
    for the hardware-efficient ansatz.

    Args:
        stepsize (float): learning rate of the torch optimizer.
        decay_steps (int): steps over which the learning rate, or the length of a natural step,
            falls linearly to 0; None: constant.
        torch_optimizer (str): name of a class of ``torch.optim``.
        natural_gradient (bool): in place of torch's optimizer, make steps of a given length along
            the natural gradient: :func:`natural_step`. It holds (shots, d) derivatives.
            ``stepsize`` and ``torch_optimizer`` have no part in it.
        kl_step (float): by how much such a step changes the distribution of the bits at first, as a
            Kullback-Leibler divergence in nats for each qubit.
        damping (float): added to the Fisher matrix before it is inverted, positive.

    Attributes:
        entropy_estimate (Estimate): H of the last step's shots, in nats, with its standard error;
            None where a noisy device gave bits of which the circuit knows nothing.

    Raises:
        InputError: a setting out of range; on a step, a cost function that is no mean of losses of
            all bits of its circuit.
    """

    bit_bytes = 30

    def __init__(
        self,
        stepsize: float = 0.1,
        decay_steps: int | None = None,
        torch_optimizer: str = "Adam",
        natural_gradient: bool = False,
        kl_step: float = 0.01,
        damping: float = 0.1,
    ):
        super().__init__(stepsize, decay_steps, torch_optimizer)
        check_positive(kl_step=kl_step, damping=damping)
        check_bool(natural_gradient=natural_gradient)
        self.natural_gradient = natural_gradient
        self.angle_bytes = 50 if natural_gradient else 0
        self.kl_step = kl_step
        self.damping = damping
        self.entropy_estimate: Estimate | None = None

    def solves(self, n_angles: int) -> str:
        return f"natural gradient of {n_angles:,} angles" if self.natural_gradient else ""

    def _advance(self, problem: MeasuredLoss) -> Shots:
        objective, wires = problem.objective, problem.wires
        if objective.needs_log_p:
            check_before(problem.tape, wires, problem.device.noise)
        (bits,) = problem.sample([problem.tape])
        if objective.needs_log_p:
            check_after(problem.device.truncation_error)
        losses = problem.measurement.losses(bits)
        operations = problem.operations_at(self._angles)
        log_p = circuit_log_probability(operations, bits, wires)
        if not log_p.requires_grad:
            raise InputError("the circuit does not depend on the trained angles: use them in it")
        known = log_p.detach().numpy()  # once, for the entropy and for the gradient
        finite = np.isfinite(known).all()
        self.entropy_estimate = Estimate.from_losses(-known) if finite else None
        weights = objective.score_weights(losses, bits, known)
        if self.natural_gradient:
            scores = score_vectors(operations, bits, wires, self._angles, log_p)
            kl = self.kl_step * len(wires) * self._decay() ** 2  # it goes as the square of a length
            step = natural_step(scores.numpy(), weights, self.damping, kl)
            if self._watches_noise:
                each = scores.numpy() * weights[:, None]
                whole, half = each.mean(axis=0), each[::2].mean(axis=0)
                self._note_noise(whole, half - whole, len(bits))
            with torch.no_grad():
                self._angles += torch.from_numpy(step)
        else:
            each = torch.from_numpy(weights) * log_p
            off = None
            if self._watches_noise:
                apart = each[::2].mean() - each.mean()
                off = torch.autograd.grad(apart, self._angles, retain_graph=True)[0].numpy()
            (gradient,) = torch.autograd.grad(each.mean(), self._angles)
            self._note_noise(gradient.numpy(), off, len(bits))
            self._follow(gradient)
        return Shots(bits, losses, known)
