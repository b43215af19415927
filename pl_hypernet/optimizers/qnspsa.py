"""Quantum natural SPSA that holds at 66 qubits."""

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pl_hypernet.devices import can_overlap_exactly, overlap_tape
from pl_hypernet.optimizers.metric import sampled_metric, shrunk_metric, solve_floored
from pl_hypernet.optimizers.simultaneous_perturbation import (
    SimultaneousPerturbation,
    check_positive,
    check_whole,
)


class QNSPSAOptimizer(SimultaneousPerturbation, qml.QNSPSAOptimizer):
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
        stock (bool): PennyLane's own update, with its seeds, for comparisons: fidelities in
            place of their logarithms, with ``finite_diff_step``; the average in absolute value, fed
            back; no floor. It collapses at 66 qubits. PennyLane's settings are ``stepsize=1e-3,
            regularization=1e-3, finite_diff_step=1e-2, blocking=True``.

    Attributes:
        metric_tensor (array): float64 (d, d), raw average of the metric's estimates; with
            ``stock`` the metric that is fed back.
        n_circuits, n_shots (int): circuits and shots sent out so far, overlaps included.

    Raises:
        InputError: a setting out of range.
    """

    directions = 3
    overlaps = 4

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
        stock: bool = False,
    ):
        check_positive(
            stepsize=stepsize,
            regularization=regularization,
            finite_diff_step=finite_diff_step,
            metric_step=1 if metric_step is None else metric_step,
        )
        check_whole(resamplings=resamplings, history_length=history_length)
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
        self.stock = stock

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        arrays, plain = super().state()
        if self.metric_tensor is not None:
            arrays["metric_tensor"] = self.metric_tensor.copy()
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        super().restore(arrays, plain)
        metric = arrays.get("metric_tensor")
        self.metric_tensor = None if metric is None else np.array(metric)

    def _more_circuits(self, theta, directions, tape_at, here, dev) -> list[QuantumScript]:
        first, second = directions
        step = self._metric_step(len(theta), here, dev)
        return [
            overlap_tape(tape_at(theta + step * direction), here, dev)
            for direction in (first + second, first, second - first, -first)
        ]

    def _learn(self, directions, results, here, dev) -> None:
        step = self._metric_step(directions.shape[-1], here, dev)
        shots = None if can_overlap_exactly(dev, len(here.wires)) else here.shots.total_shots
        estimates = []
        for (first, second), fidelities in zip(directions, results, strict=True):
            values = [float(fidelity) for fidelity in fidelities]
            values = values if self.stock else _logarithms(values, shots)
            difference = values[0] - values[1] - values[2] + values[3]
            estimates.append(sampled_metric(first, second, difference, step))
        self._average(sum(estimates) / self.resamplings)

    def _draw(self, sizes: list[int]) -> np.ndarray:
        if not self.stock:
            return super()._draw(sizes)
        # PennyLane draws argument by argument
        gradient = [self.rng.choice([-1, 1], size=size) for size in sizes]
        pairs = [
            [self.rng.choice([-1, 1], size=size), self.rng.choice([-1, 1], size=size)]
            for size in sizes
        ]
        first, second = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        return np.array([np.concatenate(gradient), first, second], dtype=float)

    def _metric_step(self, n_angles: int, here: QuantumScript, dev) -> float:
        if self.stock:
            return self.finite_diff_step
        exact = can_overlap_exactly(dev, len(here.wires))
        return self.metric_step or (0.2 if exact else 1.0) / np.sqrt(n_angles)

    def _average(self, estimate: np.ndarray) -> None:
        """Adds one estimate to the raw average."""
        if self.stock:
            self._update_tensor(estimate)  # PennyLane's, which counts the step too
            self.k -= 1
            return
        if self.metric_tensor is None:
            self.metric_tensor = np.zeros_like(estimate)
        self.metric_tensor += (estimate - self.metric_tensor) / self.k

    def _natural(self, gradient: np.ndarray) -> np.ndarray:
        if self.stock:
            return np.linalg.pinv(self.metric_tensor) @ gradient
        n_estimates = (self.k - 1) * self.resamplings
        return solve_floored(shrunk_metric(self.metric_tensor, n_estimates), gradient, self.reg)


def _logarithms(fidelities: list[float], shots: int | None) -> np.ndarray:
    """log F, where F = 0 from shots counts as half a shot."""
    least = 0.5 / shots if shots else np.finfo(float).tiny
    return np.log(np.maximum(fidelities, least))
