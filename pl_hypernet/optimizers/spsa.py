"""SPSA with settings that hold for many qubits."""

import numpy as np

from pl_hypernet.optimizers.checks import check_bool, check_positive, check_whole
from pl_hypernet.optimizers.divergence_guard import DivergenceGuard
from pl_hypernet.optimizers.simultaneous_perturbation import SimultaneousPerturbation
from pl_hypernet.random_state import generator
from pl_hypernet.settings import AUTO


class SPSAOptimizer(SimultaneousPerturbation):
    r"""Simultaneous perturbation stochastic approximation (Spall 1992), with constant steps.

    .. math:: \theta \leftarrow \theta - \eta \,
              \frac{f(\theta + c h) - f(\theta - c h)}{2 c} h, \qquad h \in \{\pm 1\}^d.

    Two energies a step, whatever the number of angles, and no overlaps: the choice for hardware.
    The default steps train the main job at 66, 258 and 786 qubits; they do not decay, as the number
    of steps that ``qml.SPSAOptimizer`` wants to know beforehand would have them.

    The cost function is a QNode, whose circuits go out as one batch, or any function that returns a
    number, as a sum of several QNodes. A calibrated step size is calibrated again for another one:
    for other code, another loss or observable, or another number of angles.

    Args:
        stepsize (float or str): learning rate :math:`\eta`; ``"auto"``: calibrated from ten
            gradients at the start, so that the first step turns each angle by about 0.02 radians.
        finite_diff_step (float): :math:`c`, radians.
        resamplings (int): directions averaged in each step.
        blocking (bool): accept a step only if the energy does not rise by more than twice the
            standard deviation of the last ``history_length`` energies. Costs one more energy.
        history_length (int): see ``blocking``.
        seed: None, int or numpy Generator, of the random directions.
        divergence_guard (bool): go back to the best angles and halve the step size when the
            training diverges: :class:`DivergenceGuard`. :func:`train` switches it off where
            weights of the objective change over the steps.

    Attributes:
        messages (list[str]): what there is to say of the last step.

    Raises:
        InputError: a setting out of range.
    """

    def __init__(
        self,
        stepsize: float | str = 0.1,
        finite_diff_step: float = 0.2,
        resamplings: int = 1,
        blocking: bool = False,
        history_length: int = 5,
        seed=None,
        divergence_guard: bool = True,
    ):
        check_positive(
            stepsize=1 if stepsize == AUTO else stepsize, finite_diff_step=finite_diff_step
        )
        check_whole(resamplings=resamplings, history_length=history_length)
        check_bool(blocking=blocking, divergence_guard=divergence_guard)
        self.stepsize = stepsize
        self.finite_diff_step = finite_diff_step
        self.resamplings = int(resamplings)
        self.blocking = blocking
        self.last_n_steps = np.zeros(int(history_length))
        self.k = 1
        self.rng = generator(seed)
        self.guard = DivergenceGuard() if divergence_guard else None
