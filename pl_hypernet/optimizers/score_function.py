"""Score-function training: the gradient of the energy from one batch of shots and their log p."""

import numpy as np
import pennylane as qml
import torch
from pennylane import numpy as pnp
from pennylane.tape import QuantumScript
from pennylane.wires import Wires
from pennylane.workflow import construct_tape

from pl_hypernet.devices import device
from pl_hypernet.devices.exact_log_p import check_after, check_before
from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.measurements import Estimate
from pl_hypernet.measurements.expected_loss import ExpectedLoss
from pl_hypernet.measurements.reductions import Custom
from pl_hypernet.mps.log_probability import circuit_log_probability
from pl_hypernet.mps.score_vectors import score_vectors
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.checks import check_bool, check_cost, check_positive, check_whole
from pl_hypernet.optimizers.sample_space import natural_step

TORCH_OPTIMIZERS = ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "SGD")


class ScoreFunctionOptimizer:
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

    def __init__(
        self,
        stepsize: float = 0.1,
        decay_steps: int | None = None,
        torch_optimizer: str = "Adam",
        natural_gradient: bool = False,
        kl_step: float = 0.01,
        damping: float = 0.1,
    ):
        check_positive(stepsize=stepsize, kl_step=kl_step, damping=damping)
        check_bool(natural_gradient=natural_gradient)
        check_whole(decay_steps=1 if decay_steps is None else decay_steps)
        if torch_optimizer not in TORCH_OPTIMIZERS:
            raise unknown_name("torch_optimizer", torch_optimizer, TORCH_OPTIMIZERS)
        self.stepsize = stepsize
        self.decay_steps = decay_steps
        self.torch_optimizer = torch_optimizer
        self.natural_gradient = natural_gradient
        self.kl_step = kl_step
        self.damping = damping
        self.entropy_estimate: Estimate | None = None
        self.k = 0  # steps made
        self._angles: torch.Tensor | None = None
        self._inner: torch.optim.Optimizer | None = None

    def step(self, cost, *args, **kwargs):
        """One step; see :meth:`step_and_cost`."""
        return self.step_and_cost(cost, *args, **kwargs)[0]

    def step_and_cost(self, cost, *args, **kwargs):
        """One step, and the objective before it.

        Args:
            cost (QNode): returns ``expected_loss`` of all wires of its circuit, with shots.
            *args, **kwargs: its arguments; those with ``requires_grad`` are trained.

        Returns:
            The new argument (or list of arguments) and the objective at the old ones, an
            :class:`Estimate`.
        """
        check_cost(cost)
        dev = device(cost.device)
        arguments = TrainableArguments(args)
        self._prepare(arguments.vector)
        tape = construct_tape(cost)(*arguments.at(arguments.vector), **kwargs)
        measurement, wires = _measured(tape, dev)
        objective = measurement.objective
        if objective.needs_log_p:
            check_before(tape, wires, dev.noise)
        bits = _sample(tape, wires, dev)
        if objective.needs_log_p:
            check_after(dev.truncation_error)
        losses = measurement.losses(bits)

        # torch and PennyLane's numpy do not mix
        mixed = arguments.at(self._angles)
        in_torch = [np.asarray(arg) if isinstance(arg, pnp.tensor) else arg for arg in mixed]
        try:
            differentiable = construct_tape(cost)(*in_torch, **kwargs)
        except (TypeError, RuntimeError) as error:
            raise InputError(
                f"the cost function cannot take torch tensors, as score-function training hands "
                f"it ({error}): use qml.math in place of numpy in it"
            ) from error
        log_p = circuit_log_probability(differentiable.operations, bits, wires)
        if not log_p.requires_grad:
            raise InputError("the circuit does not depend on the trained angles: use them in it")
        known = log_p.detach().numpy()  # once, for the entropy and for the gradient
        finite = np.isfinite(known).all()
        self.entropy_estimate = Estimate.from_losses(-known) if finite else None
        weights = objective.score_weights(losses, bits, known)
        if self.natural_gradient:
            scores = score_vectors(differentiable.operations, bits, wires, self._angles, log_p)
            kl = self.kl_step * len(wires) * self._decay() ** 2  # it goes as the square of a length
            step = natural_step(scores.numpy(), weights, self.damping, kl)
            with torch.no_grad():
                self._angles += torch.from_numpy(step)
        else:
            surrogate = (torch.from_numpy(weights) * log_p).mean()
            (self._angles.grad,) = torch.autograd.grad(surrogate, self._angles)
            for group in self._inner.param_groups:
                group["lr"] = self.stepsize * self._decay()
            self._inner.step()
        self.k += 1
        after = arguments.trainable_at(self._angles.detach().numpy().copy())
        value = objective.estimate(losses, bits, known)
        return (after[0] if len(after) == 1 else after), value

    def circuits_per_step(self) -> list[dict[str, int]]:
        """What ``step_and_cost`` sends out: energies and overlaps of each batch of circuits."""
        return [{"energy": 1, "overlap": 0}]

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        """All that changes while it runs: arrays, and what can be written as JSON.

        ``restore`` of both makes another optimizer with the same arguments go on bit for bit.
        """
        moments = {} if self._inner is None else self._inner.state.get(self._angles, {})
        arrays = {name: m.numpy().copy() for name, m in moments.items() if m is not None}
        return arrays, {"k": self.k}

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        """Takes over what :meth:`state` gave."""
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
            self._inner = getattr(torch.optim, self.torch_optimizer)([self._angles], self.stepsize)
        with torch.no_grad():
            self._angles.copy_(torch.from_numpy(vector))

    def _decay(self) -> float:
        """What is left of the first step's length."""
        return 1.0 if self.decay_steps is None else max(0.0, 1 - self.k / self.decay_steps)


def _sample(tape: QuantumScript, wires: Wires, dev) -> np.ndarray:
    """The shots of the circuit: int8 (shots, n_wires)."""
    measured = QuantumScript(
        tape.operations, [qml.sample(wires=wires, dtype="int8")], shots=tape.shots
    )
    (bits,) = qml.execute([measured], dev, diff_method=None, interface=None)
    return np.ascontiguousarray(bits, dtype=np.int8)


def _measured(tape: QuantumScript, dev) -> tuple[ExpectedLoss, Wires]:
    """The expected loss that a circuit returns, and the wires of its bits.

    Raises:
        InputError: it returns something else, or has no shots, or leaves out some bits.
    """
    (measurement, *others) = tape.measurements
    if others or not isinstance(measurement, ExpectedLoss):
        raise InputError(
            f"the cost function returns {', '.join(map(str, tape.measurements))}: score-function "
            "training expects expected_loss alone"
        )
    if isinstance(measurement.objective.reduction, Custom):
        raise InputError(
            f"reduction {measurement.settings['reduction']!r}: score-function training expects "
            "mean or cvar, whose dependence on each shot is known"
        )
    if not tape.shots or tape.shots.has_partitioned_shots:
        raise InputError(f"{tape.shots}: score-function training expects a number of shots")
    wires = measurement.wires or dev.wires or tape.wires
    seen = set(wires)  # Wires themselves take a time linear in their number
    missing = [wire for wire in tape.wires if wire not in seen]
    if missing:
        raise InputError(
            f"the loss does not see wire {missing[0]!r} of the circuit: score-function training "
            "expects expected_loss on all wires, for log p of the whole bitstring"
        )
    return measurement, wires
