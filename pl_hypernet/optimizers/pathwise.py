"""Gradients through the network: how its loss changes with the bits, and these with the angles."""

from collections.abc import Callable

import numpy as np
import torch
from pennylane.ops.functions import bind_new_parameters
from pennylane.wires import Wires

from pl_hypernet.circuits.parallel_shifts import ParallelShifts, parallel_shifts
from pl_hypernet.devices.exact_log_p import TRUNCATION_LIMIT, check_before
from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.measurements.reductions import Mean
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.mps.evolution import gates_of
from pl_hypernet.mps.expectations import z_expectations
from pl_hypernet.mps.log_probability import circuit_log_probability
from pl_hypernet.networks.derivatives import Derivatives
from pl_hypernet.objectives.spin_gradients import spin_gradients
from pl_hypernet.optimizers.checks import check_bool, check_not_negative, check_positive
from pl_hypernet.optimizers.linear_part import LinearPart
from pl_hypernet.optimizers.measured_loss import MeasuredLoss, Shots
from pl_hypernet.optimizers.shot_gradient import ShotGradientOptimizer
from pl_hypernet.spins import to_spins

DERIVATIVES = ("auto", "exact", "measured")
ROUNDING = 1e-12  # of <Z>


class PathwiseOptimizer(ShotGradientOptimizer):
    r"""The chain rule through the network,

    .. math:: \nabla_\theta E \approx \sum_i c_i \nabla_\theta \langle Z_i \rangle,
        \qquad c_i = \left\langle \frac{\partial L}{\partial s_i} \right\rangle,

    with the mean over the shots, and the derivatives of the loss by each spin from the network
    itself (:func:`spin_gradients`), where the other optimizers see one number for each shot. So it
    takes few shots, and trains deep networks.

    With derivatives by flips the formula is exact for product states (local expectation gradients,
    Titsias and Lazaro-Gredilla, NeurIPS 2015); where spins are correlated it is a mean-field
    gradient, and where one pass through the network stands in for flips it has the bias of that.
    ``unbiased=True`` adds the score-function term of what it leaves out (as MuProp,
    arXiv:1511.05176): see :class:`LinearPart`.

    The derivatives of <Z> are exact where the shots are those of a pure state within reach of
    :func:`z_expectations`. Elsewhere, on hardware say, they are measured, by parameter shift of
    many angles in one circuit: the number of circuits does not depend on the number of qubits
    (:func:`~pl_hypernet.circuits.parallel_shifts.parallel_shifts`), 27 a step for two layers.

    An entropy adds its score-function gradient, which needs log p, or, of a product state, that of
    the entropies of the single bits, which is exact; an MMD its own derivatives by spins.

    Args:
        stepsize (float): learning rate of the torch optimizer.
        decay_steps (int): steps over which it falls linearly to 0; None: constant.
        torch_optimizer (str): name of a class of ``torch.optim``.
        unbiased (bool): see above; needs log p, the mean as reduction, and 3 shots.
        window (float): in which the sign of a hidden neuron passes gradients in one pass through
            the network, in units of the root mean square of the neurons' sums.
        sharpen (float): how much the entropies of the single bits cost, which are lowered, in units
            of the loss a nat; from 0 it rises to this over ``decay_steps``, if there are any. In
            the end each bit is certain, and the shots become one network. It needs no log p, and
            ``objective`` of the history leaves it aside.
        curvature (bool): one backward pass that goes on to second order in place of flips, of a
            :class:`NetworkLoss` of a :class:`BinaryNetwork` and a named loss: for tables, whose
            useless columns it sees, see :func:`~pl_hypernet.networks.curvature.curvatures`.
        derivatives (str): of <Z>: ``"exact"``, ``"measured"``, or ``"auto"``, exact if they can be.

    Raises:
        InputError: a setting out of range; on a step, a loss without derivatives, a cost function
            that is no mean of losses of all bits of its circuit, or what cannot be had here.
    """

    bit_bytes = 24

    def __init__(
        self,
        stepsize: float = 0.1,
        decay_steps: int | None = None,
        torch_optimizer: str = "Adam",
        unbiased: bool = False,
        derivatives: str = "auto",
        window: float = 1.0,
        sharpen: float = 0.0,
        curvature: bool = False,
    ):
        super().__init__(stepsize, decay_steps, torch_optimizer)
        check_bool(unbiased=unbiased, curvature=curvature)
        check_positive(window=window)
        check_not_negative(sharpen=sharpen)
        if derivatives not in DERIVATIVES:
            raise unknown_name("derivatives", derivatives, DERIVATIVES)
        self.unbiased = unbiased
        self.derivatives = derivatives
        self.window = window
        self.sharpen = sharpen
        self.curvature = curvature
        self._linear_part = LinearPart()
        self._circuit: list | None = None  # that the following was decided for
        self._shifts: ParallelShifts | None = None  # where derivatives of <Z> are measured
        self._why_measured: str | None = None
        self._is_product = False  # where derivatives are exact: no gate joins wires
        self._off: np.ndarray | None = None  # see :meth:`_note_noise`
        self._goes_on = False  # the above was decided by what :meth:`restore` took over

    def _advance(self, problem: MeasuredLoss) -> Shots:
        self.messages = []
        reduction = problem.objective.reduction
        if self.unbiased and not isinstance(reduction, Mean):
            raise InputError(
                f"unbiased=True with reduction {reduction!r}: expected the mean, to which what the "
                "network leaves out can be added; use unbiased=False"
            )
        circuit = _structure(problem)
        if circuit != self._circuit:
            if self._goes_on:  # nor is it said again
                self._choose(problem, self._why_measured)
                self.messages = []
            else:
                self._choose(problem, self._why_not_exact(problem))
            self._circuit, self._goes_on = circuit, False
        shots, gradient = self._measure(problem)
        if not torch.isfinite(gradient.sum()):  # one number is looked at
            raise InputError(
                "the gradient is not finite: expected a loss with finite derivatives; look at the "
                "loss at the angles of the last step"
            )
        self._note_noise(gradient.numpy(), self._off, len(shots.bits))
        self._follow(gradient)
        return shots

    def watch_noise(self) -> None:
        if self.unbiased:
            raise InputError(
                "adaptive_shots with unbiased=True, whose noise is not known: leave one of them out"
            )
        super().watch_noise()

    def _measure(self, problem: MeasuredLoss) -> tuple[Shots, torch.Tensor]:
        """The shots of a step, and the gradient float64 (n_angles,)."""
        angles, shifts = problem.arguments.vector, self._shifts
        shifted = [] if shifts is None else [problem.tape_at(angles + s) for s in shifts.shifts]
        bits, *shifted = problem.sample([problem.tape, *shifted])
        truncated = problem.device.truncation_error
        if shifts is None and truncated > TRUNCATION_LIMIT:
            self._choose(problem, f"{truncated:.2g} of the weight of the state was truncated")
            return self._measure(problem)
        mean = isinstance(problem.objective.reduction, Mean) and not self.unbiased
        how = Derivatives(self.window, mean and not self._watches_noise, self.curvature)
        losses, by_spin = spin_gradients(problem.measurement.loss, bits, how)
        weights = problem.objective.spin_weights(losses, by_spin, bits)
        if self._watches_noise:  # what is added to the losses has its part in no noise
            of_half = problem.objective.loss_spin_weights(losses[::2], by_spin[::2])
            off = of_half - problem.objective.loss_spin_weights(losses, by_spin)
        if shifts is not None:
            weights += self._sharpening(to_spins(bits.mean(axis=0)), 1 / len(bits))
            gradient = shifts.gradient(weights, _means(shifted, len(weights)))
            if self._watches_noise:
                half = _means([some[::2] for some in shifted], len(weights))
                self._off = shifts.gradient(weights + off, half) - gradient
            return Shots(bits, losses), torch.from_numpy(gradient)
        operations = problem.operations_at(self._angles)
        z = z_expectations(operations, problem.wires)
        if not z.requires_grad:
            raise InputError("the circuit does not depend on the trained angles: use them in it")
        weights += self._sharpening(z.detach().numpy(), ROUNDING)
        if self._watches_noise:
            along = torch.from_numpy(off) @ z
            (of_angles,) = torch.autograd.grad(along, self._angles, retain_graph=True)
            self._off = of_angles.numpy()
        if not (self.unbiased or problem.objective.needs_log_p):
            surrogate = torch.from_numpy(weights) @ z
            return Shots(bits, losses), torch.autograd.grad(surrogate, self._angles)[0]
        if self._is_product and not self.unbiased:
            with torch.no_grad():
                known = circuit_log_probability(operations, bits, problem.wires).numpy()
            weights -= problem.objective.entropy * _entropy_slopes(z.detach().numpy(), ROUNDING)
            surrogate = torch.from_numpy(weights) @ z
            return Shots(bits, losses, known), torch.autograd.grad(surrogate, self._angles)[0]
        log_p = circuit_log_probability(operations, bits, problem.wires)
        known = log_p.detach().numpy()
        of_shots = problem.objective.entropy_weights(bits, known)
        if self.unbiased:
            share, rest = self._linear_part.split(losses, by_spin, bits, z.detach().numpy())
            weights += (share - 1) * by_spin.mean(axis=0)
            of_shots = of_shots + rest
        surrogate = torch.from_numpy(weights) @ z + (torch.from_numpy(of_shots) * log_p).mean()
        return Shots(bits, losses, known), torch.autograd.grad(surrogate, self._angles)[0]

    def _sharpening(self, z: np.ndarray, unsure: float) -> np.ndarray | float:
        """How the entropies of the bits change with <Z>, by their weight in this step.

        Args:
            z: float64 (n_wires,), <Z>.
            unsure: how near to 1 its size can be told.
        """
        if not self.sharpen:
            return 0.0
        risen = 1 - self._decay() if self.decay_steps else 1.0
        return self.sharpen * risen * _entropy_slopes(z, unsure)

    def _choose(self, problem: MeasuredLoss, why_not_exact: str | None) -> None:
        """Which derivatives of <Z> there will be; said once.

        Raises:
            InputError: what was asked for needs the exact ones, or the circuit allows none.
        """
        self._shifts, self._why_measured = None, why_not_exact
        if why_not_exact is None:
            self._is_product = _is_product(problem.operations_at(self._angles))
            if problem.objective.needs_log_p:
                check_before(problem.tape, problem.wires, problem.device.noise)
            self.messages.append("derivatives of <Z> are exact, from the circuit's state")
            return
        if self.derivatives == "exact":
            raise InputError(f"derivatives='exact': {why_not_exact}; use 'measured'")
        for what, asked in {
            "unbiased=True": self.unbiased,
            "an entropy": problem.objective.needs_log_p,
        }.items():
            if asked:
                raise InputError(
                    f"{what} needs log p of the shots, but {why_not_exact}: leave it out, or use "
                    "mmd in place of an entropy"
                )
        self._shifts = _shifts_of(
            lambda vector: problem.tape_at(vector).operations,
            problem.wires,
            len(problem.arguments.vector),
        )
        self.messages.append(
            f"derivatives of <Z> are measured, {self._shifts.n_circuits} circuits a step: "
            f"{why_not_exact}"
        )

    def _why_not_exact(self, problem: MeasuredLoss) -> str | None:
        if self.derivatives == "measured":
            return "as was asked for"
        if problem.device.noise is not None:
            return problem.device.noise
        try:
            z_expectations(problem.operations_at(self._angles), problem.wires)
        except InputError as error:
            return str(error)
        return None

    def circuits_per_step(self, circuit=None, noise=None) -> list[dict[str, int]]:
        shifts = self._shifts
        if circuit is not None and (self.derivatives == "measured" or noise):
            (angles,) = circuit.data

            def operations_at(vector):
                return [bind_new_parameters(circuit, [vector.reshape(np.shape(angles))])]

            shifts = _shifts_of(operations_at, circuit.wires, np.size(angles))
        return [{"energy": 1 + (shifts.n_circuits if shifts else 0), "overlap": 0}]

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        arrays, plain = super().state()
        plain["linear_part"] = self._linear_part.state()
        if self._circuit is not None or self._goes_on:
            plain["why_measured"] = self._why_measured
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        super().restore(arrays, plain)
        self._linear_part.restore(plain["linear_part"])
        self._circuit, self._goes_on = None, "why_measured" in plain
        self._why_measured = plain.get("why_measured")


def _means(shifted: list[np.ndarray], n_wires: int) -> np.ndarray:
    """<Z> in each circuit, of shots int8 (shots, n_wires): float64 (n_circuits, n_wires)."""
    return np.array([to_spins(some.mean(axis=0)) for some in shifted]).reshape(-1, n_wires)


def _entropy_slopes(z: np.ndarray, unsure: float) -> np.ndarray:
    """Derivatives by z of -p log p - (1 - p) log(1 - p) with p = (1 - z) / 2.

    Args:
        z: float64 (n_wires,).
        unsure: how near to 1 its size can be told.
    """
    return -np.arctanh(np.clip(z, unsure - 1, 1 - unsure))


def _is_product(operations: list) -> bool:
    """Whether no gate of a circuit that begins with all bits 0 joins wires."""
    form = closed_form_alone(operations)
    if form is not None:  # millions of gates need not be made
        return form.bond_dim == 1
    return all(len(gate.wires) < 2 for operation in operations for gate in gates_of(operation))


def _shifts_of(operations_at: Callable, wires: Wires, n_angles: int) -> ParallelShifts:
    """Of a circuit given as angles float64 (n_angles,) -> its operations."""

    def gates_at(vector: np.ndarray) -> list:
        return [gate for operation in operations_at(vector) for gate in gates_of(operation)]

    return parallel_shifts(gates_at, n_angles, wires)


def _structure(problem: MeasuredLoss) -> list:
    """What tells circuits apart but for their angles, and the device that they run on."""

    def described(operation) -> tuple:
        wires = operation.wires  # a template may act on thousands
        return operation.name, wires if len(wires) <= 2 else len(wires), operation.hyperparameters

    operations = map(described, problem.tape.operations)
    return [problem.device.name, len(problem.arguments.vector), *operations]
