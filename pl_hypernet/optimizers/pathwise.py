"""Gradients through the network: how its loss changes with the bits, and these with the angles."""

import numpy as np
import torch
from pennylane.ops.functions import bind_new_parameters

from pl_hypernet.devices.exact_log_p import TRUNCATION_LIMIT, check_before
from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.measurements.reductions import Mean
from pl_hypernet.mps.expectations import z_expectations
from pl_hypernet.mps.log_probability import circuit_log_probability
from pl_hypernet.objectives.spin_gradients import spin_gradients
from pl_hypernet.optimizers.checks import check_bool
from pl_hypernet.optimizers.linear_part import LinearPart
from pl_hypernet.optimizers.measured_loss import MeasuredLoss, Shots
from pl_hypernet.optimizers.measured_z import MeasuredZ
from pl_hypernet.optimizers.shot_gradient import ShotGradientOptimizer

DERIVATIVES = ("auto", "exact", "measured")


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

    An entropy adds its score-function gradient, which needs log p; an MMD its own derivatives by
    spins.

    Args:
        stepsize (float): learning rate of the torch optimizer.
        decay_steps (int): steps over which it falls linearly to 0; None: constant.
        torch_optimizer (str): name of a class of ``torch.optim``.
        unbiased (bool): see above; needs log p, the mean as reduction, and 3 shots.
        derivatives (str): of <Z>: ``"exact"``, ``"measured"``, or ``"auto"``, exact if they can be.

    Raises:
        InputError: a setting out of range; on a step, a loss without derivatives, a cost function
            that is no mean of losses of all bits of its circuit, or what cannot be had here.
    """

    looks_at_circuit = True

    def __init__(
        self,
        stepsize: float = 0.1,
        decay_steps: int | None = None,
        torch_optimizer: str = "Adam",
        unbiased: bool = False,
        derivatives: str = "auto",
    ):
        super().__init__(stepsize, decay_steps, torch_optimizer)
        check_bool(unbiased=unbiased)
        if derivatives not in DERIVATIVES:
            raise unknown_name("derivatives", derivatives, DERIVATIVES)
        self.unbiased = unbiased
        self.derivatives = derivatives
        self._linear_part = LinearPart()
        self._chosen: str | None = None
        self._measured_z: MeasuredZ | None = None

    def _advance(self, problem: MeasuredLoss) -> Shots:
        self.messages = []
        if self._chosen is None:
            self._choose(problem)
        objective = problem.objective
        if self.unbiased and not isinstance(objective.reduction, Mean):
            raise InputError(
                f"unbiased=True with reduction {objective.reduction!r}: expected the mean, to "
                "which what the network leaves out can be added; use unbiased=False"
            )
        shots, gradient = self._measure(problem)
        if not torch.isfinite(gradient).all():
            raise InputError(
                "the gradient is not finite: expected a loss with finite derivatives; look at the "
                "loss at the angles of the last step"
            )
        self._follow(gradient)
        return shots

    def _measure(self, problem: MeasuredLoss) -> tuple[Shots, torch.Tensor]:
        """The shots of a step, and the gradient float64 (n_angles,)."""
        if self._chosen == "measured":
            shifts = self._measured_z.shifts
            shifted = [problem.tape_at(problem.arguments.vector + shift) for shift in shifts]
            bits, *shifted = problem.sample([problem.tape, *shifted])
            losses, by_spin = spin_gradients(problem.measurement.loss, bits)
            weights = problem.objective.spin_weights(losses, by_spin, bits)
            gradient = self._measured_z.gradient(weights, shifted)
            return Shots(bits, losses), torch.from_numpy(gradient)
        (bits,) = problem.sample([problem.tape])
        losses, by_spin = spin_gradients(problem.measurement.loss, bits)
        operations = problem.operations_at(self._angles)
        z = z_expectations(operations, problem.wires)
        if not z.requires_grad:
            raise InputError("the circuit does not depend on the trained angles: use them in it")
        weights = problem.objective.spin_weights(losses, by_spin, bits)
        known = None
        if self.unbiased or problem.objective.needs_log_p:
            log_p = circuit_log_probability(operations, bits, problem.wires)
            known = log_p.detach().numpy()
            of_shots = problem.objective.entropy_weights(bits, known)
            if self.unbiased:
                share, rest = self._linear_part.split(losses, by_spin, bits, z.detach().numpy())
                weights += (share - 1) * by_spin.mean(axis=0)
                of_shots = of_shots + rest
            surrogate = torch.from_numpy(weights) @ z + (torch.from_numpy(of_shots) * log_p).mean()
        else:
            surrogate = torch.from_numpy(weights) @ z
        (gradient,) = torch.autograd.grad(surrogate, self._angles)
        return Shots(bits, losses, known), gradient

    def _choose(self, problem: MeasuredLoss) -> None:
        """Which derivatives of <Z> there will be, said once."""
        why_not = self._why_not_exact(problem) if self.derivatives != "measured" else None
        needs = "an entropy" if problem.objective.needs_log_p else None
        needs = "unbiased=True" if self.unbiased else needs
        if self.derivatives == "exact" and why_not:
            raise InputError(f"derivatives='exact': {why_not}; use 'measured'")
        self._chosen = "measured" if why_not or self.derivatives == "measured" else "exact"
        if self._chosen == "exact":
            if problem.objective.needs_log_p:
                check_before(problem.tape, problem.wires, problem.device.noise)
            self.messages.append("derivatives of <Z> are exact, from the circuit's state")
            return
        if needs:
            raise InputError(
                f"{needs} needs log p of the shots, but {why_not or 'derivatives are measured'}: "
                "leave it out, or use mmd in place of an entropy"
            )
        self._measured_z = MeasuredZ(
            lambda vector: problem.tape_at(vector).operations,
            problem.wires,
            len(problem.arguments.vector),
        )
        said = f"derivatives of <Z> are measured, {self._measured_z.n_circuits} circuits a step"
        self.messages.append(f"{said}, as {why_not}" if why_not else said)

    def _why_not_exact(self, problem: MeasuredLoss) -> str | None:
        if problem.device.noise is not None:
            return problem.device.noise
        if problem.device.truncation_error > TRUNCATION_LIMIT:
            return "the state was truncated"
        try:
            z_expectations(problem.operations_at(self._angles), problem.wires)
        except InputError as error:
            return str(error)
        return None

    def circuits_per_step(self, circuit=None, noise=None) -> list[dict[str, int]]:
        measured = self._measured_z
        if circuit is not None and (self.derivatives == "measured" or noise):
            (angles,) = circuit.data

            def operations_at(vector):
                return [bind_new_parameters(circuit, [vector.reshape(np.shape(angles))])]

            measured = MeasuredZ(operations_at, circuit.wires, np.size(angles))
        return [{"energy": 1 + (measured.n_circuits if measured else 0), "overlap": 0}]

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        arrays, plain = super().state()
        return arrays, plain | {"linear_part": self._linear_part.state()}

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        super().restore(arrays, plain)
        self._linear_part.restore(plain["linear_part"])
