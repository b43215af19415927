"""Quantum natural SPSA that holds at 66 qubits."""

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pl_hypernet.devices import overlap_tape
from pl_hypernet.errors import DeviceError, InputError, unknown_name
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.optimizers.checks import check_bool, check_positive, check_whole
from pl_hypernet.optimizers.divergence_guard import DivergenceGuard
from pl_hypernet.optimizers.metric import PRIOR, MetricAverage, floored_solve, sampled_metric
from pl_hypernet.optimizers.simultaneous_perturbation import SimultaneousPerturbation
from pl_hypernet.random_state import generator
from pl_hypernet.settings import AUTO

METRICS = ("sampled", "exact", "block", "diagonal")


class QNSPSAOptimizer(SimultaneousPerturbation, qml.QNSPSAOptimizer):
    r"""QN-SPSA (Gacon et al., arXiv:2103.09232) with settings that hold for many qubits.

    .. math:: \theta \leftarrow \theta - \eta \, \tilde g^{-1} \,
              \frac{f(\theta + c h) - f(\theta - c h)}{2 c} h, \qquad h \in \{\pm 1\}^d.

    A ``qml.QNSPSAOptimizer`` with its arguments and its ``step`` and ``step_and_cost``. At 66
    qubits the stock rule collapses, because taking absolute values of a noisy averaged metric and
    feeding them back turns noise into gains of several hundred. Here the average
    (``metric_tensor``) is never fed back, it is shrunk towards :math:`I/4` by its known noise
    (:class:`MetricAverage`), estimated from differences of log-fidelities with a step of its own
    (:func:`sampled_metric`), and its eigenvalues have a floor. A step's own algebra costs O(d) for
    each estimate so far, and O(d^2) once there are d / 2 of them.

    A step sends out one batch of circuits: two energies and four overlaps (and the energy at
    theta for ``step_and_cost``). No array of size 2^n is made. Overlaps are exact where the device
    can (``hypernet.mps``; state vectors up to 20 wires), else measured with the shots of the cost
    function.

    Args:
        stepsize (float or str): learning rate :math:`\eta`. The prior metric I/4 makes it act like
            four times as much in plain SPSA. ``"auto"``: calibrated from ten gradients at the
            start, so that the first step turns each angle by about 0.02 radians.
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
        metric (str): ``"sampled"``: learned from four overlaps a step, as above. ``"exact"``: the
            Fubini-Study metric at theta (:meth:`ClosedForm.metric`); ``"block"``: of it only the
            elements between angles of the same qubit; ``"diagonal"``: only the diagonal. These need
            a simulator with exact overlaps and a circuit that is one operation with a metric in
            closed form, as the hardware-efficient ansatz, and no overlaps are sent out.
        divergence_guard (bool): go back to the best angles and halve the step size when the
            training diverges: :class:`DivergenceGuard`. :func:`train` switches it off where
            weights of the objective change over the steps.

    Attributes:
        metric_tensor (array): float64 (d, d), raw average of the metric's estimates; with
            ``stock`` the metric that is fed back; the last one, if it is exact.
        metric_weight (float): weight of the learned metric against its prior, in [0, 1].
        messages (list[str]): what there is to say of the last step.

    Raises:
        InputError: a setting out of range; on a step, an exact metric of another circuit.
        DeviceError: an exact metric on a device without exact overlaps.
    """

    directions = 3
    overlaps = 4
    needs_circuits = True  # whose overlaps it measures

    def __init__(
        self,
        stepsize: float | str = 0.05,
        regularization: float = 0.05,
        finite_diff_step: float = 0.2,
        resamplings: int = 1,
        blocking: bool = False,
        history_length: int = 5,
        seed=None,
        metric_step: float | None = None,
        stock: bool = False,
        metric: str = "sampled",
        divergence_guard: bool = True,
    ):
        check_positive(
            stepsize=1 if stepsize == AUTO else stepsize,
            regularization=regularization,
            finite_diff_step=finite_diff_step,
            metric_step=1 if metric_step is None else metric_step,
        )
        check_whole(resamplings=resamplings, history_length=history_length)
        check_bool(blocking=blocking, stock=stock, divergence_guard=divergence_guard)
        if metric not in METRICS:
            raise unknown_name("metric", metric, METRICS)
        if stock and metric != "sampled":
            raise InputError(f"metric={metric!r} with stock=True: PennyLane's rule samples it")
        self._learned: MetricAverage | np.ndarray | None = None
        super().__init__(
            stepsize=stepsize,
            regularization=regularization,
            finite_diff_step=finite_diff_step,
            resamplings=int(resamplings),
            blocking=blocking,
            history_length=int(history_length),
        )
        self.rng = generator(seed)
        self.metric_step = metric_step
        self.stock = stock
        self.metric = metric
        self.guard = DivergenceGuard() if divergence_guard and not stock else None
        if metric != "sampled":
            self.directions, self.overlaps = 1, 0

    @property
    def metric_tensor(self) -> np.ndarray | None:
        return self._learned.dense() if isinstance(self._learned, MetricAverage) else self._learned

    @metric_tensor.setter
    def metric_tensor(self, metric) -> None:  # PennyLane's class sets it
        self._learned = metric

    @property
    def metric_weight(self) -> float:
        if isinstance(self._learned, MetricAverage):
            return self._learned.weight
        return 0.0 if self._learned is None else 1.0

    def solves(self, n_angles: int) -> str:
        return f"metric of {n_angles:,} angles"

    def check_overlaps(self, device_name: str, n_wires: int, exact: bool) -> None:
        if self.metric != "sampled" and not exact:
            raise DeviceError(
                f"metric={self.metric!r}: device {device_name!r} gives no exact overlaps at "
                f"{n_wires} wires; use metric='sampled'"
            )

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        arrays, plain = super().state()
        if isinstance(self._learned, MetricAverage):
            arrays |= self._learned.state()
        elif self._learned is not None:
            arrays["metric_tensor"] = self._learned.copy()
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        super().restore(arrays, plain)
        metric = arrays.get("metric_tensor")
        self._learned = None if metric is None else np.array(metric)
        if "metric_sums" in arrays:
            self._learned = MetricAverage.of_state(arrays)

    def _more_circuits(self, theta, directions, tape_at, here, dev) -> list[QuantumScript]:
        if self.metric != "sampled":
            return []
        first, second = directions
        step = self._metric_step(len(theta), here, dev)
        return [
            overlap_tape(tape_at(theta + step * direction), here, dev)
            for direction in (first + second, first, second - first, -first)
        ]

    def _learn(self, theta, directions, results, here, dev) -> None:
        if self.metric != "sampled":
            self._learned = self._exact_metric(theta, here, dev)
            return
        step = self._metric_step(len(theta), here, dev)
        if self.stock:
            estimates = [
                sampled_metric(*pair, _second_difference(fidelities), step)
                for pair, fidelities in zip(directions, results, strict=True)
            ]
            # PennyLane's, which counts the step too
            self._update_tensor(sum(estimates) / self.resamplings)
            self.k -= 1
            return
        if self._learned is None:
            self._learned = MetricAverage(len(theta))
        shots = None if dev.overlaps_exactly(len(here.wires)) else here.shots.total_shots
        for (first, second), fidelities in zip(directions, results, strict=True):
            logarithms, variances = _logarithms(fidelities, shots)
            scale = -1 / (8 * step**2)
            self._learned.add(
                first,
                second,
                scale * _second_difference(logarithms),
                scale**2 * variances.sum(),
            )

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
        exact = dev.overlaps_exactly(len(here.wires))
        return self.metric_step or (0.2 if exact else 1.0) / np.sqrt(n_angles)

    def _exact_metric(self, theta, here: QuantumScript, dev) -> np.ndarray:
        """The metric of a circuit at its angles: float64 (d, d)."""
        n_wires = len(here.wires)
        self.check_overlaps(dev.name, n_wires, dev.overlaps_exactly(n_wires))
        form, metric = closed_form_alone(here.operations), None
        if form is not None and np.array_equal(np.ravel(here.operations[0].data[0]), theta):
            metric = form.metric(between_qubits=self.metric == "exact")
        if metric is None:
            raise InputError(
                f"metric={self.metric!r} expects a circuit that is one operation of all trained "
                "angles whose metric is known, as HardwareEfficientAnsatz; use metric='sampled'"
            )
        return np.diag(np.diag(metric)) if self.metric == "diagonal" else metric

    def _natural(self, gradient: np.ndarray) -> np.ndarray:
        if self.stock:
            return np.linalg.pinv(self._learned) @ gradient
        if self.metric == "sampled":
            return self._learned.natural(gradient, self.reg)
        return floored_solve(lambda vector: self._learned @ vector, gradient, self.reg)

    def _first_gain(self) -> float:
        return 1 / PRIOR


def _second_difference(values) -> float:
    return float(values[0] - values[1] - values[2] + values[3])


def _logarithms(fidelities: list[float], shots: int | None) -> tuple[np.ndarray, np.ndarray]:
    """log F and its variance from shots, where F = 0 counts as half a shot."""
    fidelities = np.array(fidelities, dtype=float)
    if shots is None:
        return np.log(np.maximum(fidelities, np.finfo(float).tiny)), np.zeros(len(fidelities))
    fidelities = np.maximum(fidelities, 0.5 / shots)
    # none missed of the shots does not mean that none can be missed
    missed = np.maximum(1 - fidelities, 0.5 / shots)
    return np.log(fidelities), missed / (fidelities * shots)
