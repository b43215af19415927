"""Quantum natural SPSA that holds at 66 qubits."""

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript
from pennylane.workflow import construct_tape

from pl_hypernet.devices import can_overlap_exactly, device, overlap_tape
from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.metric import sampled_metric, shrunk_metric, solve_floored


class QNSPSAOptimizer(qml.QNSPSAOptimizer):
    r"""QN-SPSA (Gacon et al., arXiv:2103.09232) with settings that hold for many qubits.

    .. math:: \theta \leftarrow \theta - \eta \, \tilde g^{-1} \,
              \frac{f(\theta + c h) - f(\theta - c h)}{2 c} h, \qquad h \in \{\pm 1\}^d.

    A ``qml.QNSPSAOptimizer`` with its arguments and its ``step`` and ``step_and_cost``. At 66
    qubits the stock rule collapses, because taking absolute values of a noisy averaged metric and
    feeding them back turns noise into gains of several hundred. Here the average
    (``metric_tensor``) is never fed back, it is shrunk towards :math:`I/4` by its known noise
    (:func:`shrunk_metric`), estimated from differences of log-fidelities with a step of its own
    (:func:`sampled_metric`), and its eigenvalues have a floor.

    A step sends out one batch of circuits: two energies and four overlaps (and the energy at
    theta for ``step_and_cost``). No array of size 2^n is made. Overlaps are exact where the device
    can (``hypernet.mps``; state vectors up to 20 wires), else measured with the shots of the cost
    function.

    Args:
        stepsize (float): learning rate :math:`\eta`. The prior metric I/4 makes it act like four
            times as much in plain SPSA.
        regularization (float): smallest eigenvalue of the metric that is inverted, positive.
        finite_diff_step (float): :math:`c` of the gradient, radians. Larger is less noisy:
            0.2 trains where 0.05 diverges.
        resamplings (int): estimates of gradient and metric averaged in each step.
        blocking (bool): accept a step only if the energy does not rise by more than twice the
            standard deviation of the last ``history_length`` energies. Costs one more energy.
        history_length (int): see ``blocking``.
        seed: None, int or numpy Generator, of the random directions.
        metric_step (float): :math:`\epsilon` of the metric, radians; None: 0.2 / sqrt(d) with
            exact overlaps and 1 / sqrt(d) with measured ones.

    Attributes:
        metric_tensor (array): float64 (d, d), raw average of the metric's estimates.
        n_circuits, n_shots (int): circuits and shots sent out so far, overlaps included.

    Raises:
        InputError: a setting out of range.
    """

    def __init__(
        self,
        stepsize: float = 0.05,
        regularization: float = 0.05,
        finite_diff_step: float = 0.2,
        resamplings: int = 1,
        blocking: bool = False,
        history_length: int = 5,
        seed=None,
        metric_step: float | None = None,
    ):
        positive = {
            "stepsize": stepsize,
            "regularization": regularization,
            "finite_diff_step": finite_diff_step,
            "resamplings": resamplings,
            "history_length": history_length,
            "metric_step": 1 if metric_step is None else metric_step,
        }
        for name, value in positive.items():
            if not (0 < value < np.inf):
                raise InputError(f"{name}={value}: expected a positive number")
        for name, value in (("resamplings", resamplings), ("history_length", history_length)):
            if value != int(value):
                raise InputError(f"{name}={value}: expected a whole number")
        super().__init__(
            stepsize=stepsize,
            regularization=regularization,
            finite_diff_step=finite_diff_step,
            resamplings=int(resamplings),
            blocking=blocking,
            history_length=int(history_length),
        )
        self.rng = np.random.default_rng(seed)
        self.metric_step = metric_step
        self.n_circuits = 0
        self.n_shots = 0

    def step(self, cost, *args, **kwargs):
        """One step; see ``qml.QNSPSAOptimizer.step``.

        Args:
            cost (QNode): the energy, a scalar.
            *args, **kwargs: its arguments; those with ``requires_grad`` are trained.

        Returns:
            The new argument, or the list of all arguments if there are several.
        """
        return self._advance(cost, args, kwargs, with_cost=self.blocking)[0]

    def step_and_cost(self, cost, *args, **kwargs):
        """One step, and the energy before it.

        Returns:
            The new argument (or list of arguments) and the energy at the old ones, an
            :class:`Estimate` when the cost function is an expected loss.
        """
        return self._advance(cost, args, kwargs, with_cost=True)

    def circuits_per_step(self) -> list[dict[str, int]]:
        """What ``step_and_cost`` sends out: energies and overlaps of each batch of circuits."""
        batches = [{"energy": 1 + 2 * self.resamplings, "overlap": 4 * self.resamplings}]
        return [*batches, {"energy": 1, "overlap": 0}] if self.blocking else batches

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        """All that changes while it runs: arrays, and what can be written as JSON.

        ``restore`` of both makes another optimizer with the same arguments go on bit for bit.
        """
        arrays = {"last_n_steps": np.array(self.last_n_steps, dtype=float)}
        if self.metric_tensor is not None:
            arrays["metric_tensor"] = self.metric_tensor.copy()
        plain = {
            "k": self.k,
            "rng": self.rng.bit_generator.state,
            "n_circuits": self.n_circuits,
            "n_shots": self.n_shots,
        }
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        """Takes over what :meth:`state` gave."""
        self.last_n_steps = np.array(arrays["last_n_steps"])
        metric = arrays.get("metric_tensor")
        self.metric_tensor = None if metric is None else np.array(metric)
        self.k = plain["k"]
        self.rng.bit_generator.state = plain["rng"]
        self.n_circuits, self.n_shots = plain["n_circuits"], plain["n_shots"]

    def _advance(self, cost, args, kwargs, with_cost: bool):
        """The arguments after one step, and the energy before it (None unless asked for)."""
        dev = device(cost.device)
        arguments = TrainableArguments(args)
        theta = arguments.vector

        def tape_at(vector) -> QuantumScript:
            return construct_tape(cost)(*arguments.at(vector), **kwargs)

        here = tape_at(theta)
        exact = can_overlap_exactly(dev, len(here.wires))
        metric_step = self.metric_step or (0.2 if exact else 1.0) / np.sqrt(len(theta))
        tapes = [here] if with_cost else []
        directions = self.rng.choice([-1.0, 1.0], size=(self.resamplings, 3, len(theta)))
        for h, first, second in directions:
            shift = self.finite_diff_step * h
            tapes += [tape_at(theta + shift), tape_at(theta - shift)]
            for direction in (first + second, first, second - first, -first):
                shifted = tape_at(theta + metric_step * direction)
                tapes.append(overlap_tape(shifted, here, dev))
        results = self._execute(tapes, dev)
        energy = results.pop(0) if with_cost else None

        gradient, metric = np.zeros_like(theta), 0.0
        for (h, first, second), values in zip(directions, _in_sixes(results), strict=True):
            plus, minus, *fidelities = values
            gradient += (float(plus) - float(minus)) / (2 * self.finite_diff_step) * h
            overlap_shots = None if exact else here.shots.total_shots
            difference = _log_second_difference(fidelities, overlap_shots)
            metric = metric + sampled_metric(first, second, difference, metric_step)
        self._average(metric / self.resamplings)
        moved = theta - self.stepsize * self._natural(gradient / self.resamplings)
        if self.blocking and not self._accepts(energy, tape_at(moved), dev):
            moved = theta
        after = arguments.trainable_at(moved)
        return (after[0] if len(after) == 1 else after), energy

    def _execute(self, tapes: list[QuantumScript], dev) -> list:
        """Results of one batch of circuits, each a number."""
        self.n_circuits += len(tapes)
        self.n_shots += sum(tape.shots.total_shots or 0 for tape in tapes)
        return list(qml.execute(tapes, dev, diff_method=None, interface=None))

    def _average(self, estimate: np.ndarray) -> None:
        """Adds one estimate to the raw average; k counts the steps from 1, as in the base class."""
        if self.metric_tensor is None:
            self.metric_tensor = np.zeros_like(estimate)
        self.metric_tensor += (estimate - self.metric_tensor) / self.k
        self.k += 1

    def _natural(self, gradient: np.ndarray) -> np.ndarray:
        n_estimates = (self.k - 1) * self.resamplings
        return solve_floored(shrunk_metric(self.metric_tensor, n_estimates), gradient, self.reg)

    def _accepts(self, energy, tape: QuantumScript, dev) -> bool:
        """Blocking: whether the energy of the next angles lies within the tolerance."""
        (following,) = self._execute([tape], dev)
        self.last_n_steps[(self.k - 2) % self.last_n_steps.size] = float(energy)
        tolerance = 2 * self.last_n_steps[: self.k - 1].std()
        return float(following) <= float(energy) + tolerance


def _in_sixes(results: list) -> list[list]:
    return [results[i : i + 6] for i in range(0, len(results), 6)]


def _log_second_difference(fidelities, shots: int | None) -> float:
    """log F_1 - log F_2 - log F_3 + log F_4, where F = 0 from shots counts as half a shot."""
    least = 0.5 / shots if shots else np.finfo(float).tiny
    logs = np.log(np.maximum([float(fidelity) for fidelity in fidelities], least))
    return logs[0] - logs[1] - logs[2] + logs[3]
