"""One QN-SPSA step of the main job: ours against the same step made of stock pieces.

The job: which of 0 and 1 a digit is, mini-batches of 500, the hardware-efficient ansatz with two
layers, 1000 shots for each loss. A step is all that ``step_and_cost`` does with ``blocking=True``:
four losses (at theta, on both sides of it, and at the next theta), four overlaps, the metric, the
next theta. Ours is ``Trainer.step``, which ``plh.train`` calls. In all plain ways the metric and
the update are the code of PennyLane's own ``QNSPSAOptimizer``, and torch scores the bits with one
matrix product over the mini-batch.

(a) Qiskit Aer's ``matrix_product_state`` with the faster of its sampling algorithms, on one thread,
    at 62 qubits. Aer stops at 63, so both sides leave out the pixels that vary least.

    "stock, qiskit.aer" is the stock optimizer on PennyLane's device for Aer. It needs a QNode that
    returns a number, so the loss is a ``SampleMeasurement`` of a few lines. Its overlaps are
    ``qml.probs`` of all wires, here 2^62 numbers, so one method is overridden: the same circuits
    return the share of all-zero shots, from as many shots as a loss, because this device has no
    exact overlaps. The plugin translates and transpiles each circuit anew; it has no cache.

    "stock rule, Qiskit" leaves PennyLane's device out: circuits with parameters are transpiled once
    and bound, bits and counts are read from Aer itself. More work to write, and the fastest that we
    know how to make of these pieces.

    "ours, shots from Aer" is our step with one change: the bits come from Aer, as in the row
    before. It shows what the sampler alone is worth.

(b) ``default.tensor`` makes the matrix product states, quimb's ``CircuitMPS.sample`` draws the
    shots, quimb contracts overlaps of two states exactly; 66 qubits, as in the README. A step with
    all shots takes over a minute, so steps with few shots and with four times as many are timed,
    and the line through both is continued to the full number.

First each way has to give our loss of the same bits, and our loss and overlap at the same theta
within 5 standard errors, or the program stops with an error. Then steps are timed in turn; the
first, which compile, do not count. "rest" is the optimizer's update, tapes and the mini-batch. The
ratio of processor time (CPU) leaves out what other jobs took. On a noisy machine:

    pip install "pl_hypernet[bench]"
    taskset -c 1 python benchmarks/plain_step.py
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import pennylane as qml
import torch
import typer
from pennylane import numpy as pnp
from pennylane.measurements import SampleMeasurement
from pennylane.tape import QuantumScript
from pennylane.wires import Wires
from pennylane.workflow import construct_tape
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ParameterVector
from qiskit_aer import AerSimulator
from rich.console import Console
from rich.table import Table
from torch.nn.functional import binary_cross_entropy_with_logits

import pl_hypernet as plh
from pl_hypernet.devices import overlap_tape
from pl_hypernet.devices.hypernet_mps import HypernetMPS
from pl_hypernet.settings import TrainingSettings
from pl_hypernet.training.trainer import Trainer

SEED = 0
BATCH_SIZE = 500
LAYERS = 2
OUR_STEPS = 10  # in each round, in which the other ways make one
CHECK_STEP = 0.1  # radians in each angle, for an overlap of about a half
LIMIT = 5  # standard errors
EXACT = 1e-9  # what counts as the standard error of an exact overlap
AER = {
    "method": "matrix_product_state",
    "mps_sample_measure_algorithm": "mps_probabilities",
    "max_parallel_threads": 1,
}
OURS, STOCK, DIRECT, MIXED, QUIMB = (
    "ours",
    "(a) stock, qiskit.aer",
    "(a) stock rule, Qiskit",
    "(a) ours, shots from Aer",
    "(b) stock rule, quimb",
)
TARGETS = {STOCK: 50, QUIMB: 500}


class PlainLoss:
    """Bits to their mean loss: a matrix product, an activation, cross-entropy."""

    def __init__(self, inputs: np.ndarray, targets: np.ndarray):
        self.inputs = torch.as_tensor(inputs, dtype=torch.float32)
        self.targets = torch.as_tensor(targets, dtype=torch.float32)
        self.scale = 8 / inputs.shape[1] ** 0.5
        self.rng = np.random.default_rng(SEED)
        self.batch = self.inputs, self.targets  # all, until a mini-batch is drawn

    def draw_batch(self) -> None:
        rows = self.rng.choice(len(self.inputs), BATCH_SIZE, replace=False)
        self.batch = self.inputs[rows], self.targets[rows]

    def __call__(self, bits: np.ndarray) -> float:
        """The mean over shots and samples, of bits (shots, qubits)."""
        inputs, targets = self.batch
        bits = torch.as_tensor(np.ascontiguousarray(bits))
        spins = 1 - 2 * bits[:, :-1].to(torch.float32)
        z = self.scale * torch.addmm(spins[:, -1:], spins[:, :-1], inputs.T)
        hard = (0.5 + z / 4).clamp(0.02, 0.98)
        logits = torch.where(bits[:, -1:] == 0, z, torch.logit(hard))
        return float(binary_cross_entropy_with_logits(logits, targets.expand_as(logits)))


def gates(n: int) -> Iterator[tuple[str, int | None, tuple[int, ...]]]:
    """Name, position of the angle and wires of each gate of the ansatz."""
    row = 0
    for layer in range(LAYERS + 1):
        if layer:
            yield from (("CZ", None, (i, i + 1)) for i in range(n - 1))
        for name in ("RY", "RZ") if layer < LAYERS else ("RY",):
            yield from ((name, row * n + i, (i,)) for i in range(n))
            row += 1


def ansatz(theta, n: int) -> None:
    """The ansatz as a quantum function of flat theta."""
    for name, k, wires in gates(n):
        getattr(qml, name)(*([] if k is None else [theta[k]]), wires=wires)


class MeanLoss(SampleMeasurement):
    """The mean loss of all shots, as a measurement of a QNode."""

    def __init__(self, loss: PlainLoss, n: int):
        super().__init__(wires=Wires(range(n)))
        self.loss = loss

    def process_samples(self, samples, wire_order, shot_range=None, bin_size=None):
        return np.array(self.loss(samples))

    def process_counts(self, counts, wire_order):
        raise NotImplementedError("bits are read as samples")


class ShareOfZeros(SampleMeasurement):
    """The share of all-zero shots and its complement, the shape that the stock optimizer reads."""

    def process_samples(self, samples, wire_order, shot_range=None, bin_size=None):
        share = np.mean(~samples.any(axis=1))
        return np.array([share, 1 - share])

    def process_counts(self, counts, wire_order):
        raise NotImplementedError("bits are read as samples")


class MeasuredOverlaps(qml.QNSPSAOptimizer):
    """The stock optimizer, its overlaps from shots and not from 2^n probabilities."""

    def _get_overlap_tape(self, cost, args1, args2, kwargs):
        tape = super()._get_overlap_tape(cost, args1, args2, kwargs)
        shots = construct_tape(cost)(*args1, **kwargs).shots
        return QuantumScript(tape.operations, [ShareOfZeros(wires=tape.wires)], shots=shots)


class StockRule(qml.QNSPSAOptimizer):
    """The stock optimizer where losses and overlaps come from functions, not from a QNode."""

    def step_and_cost(self, backend, theta):
        c = self.finite_diff_step
        h, first, second = self.rng.choice([-1, 1], size=(3, theta.size))
        gradient = self._post_process_grad(backend.losses([theta + c * h, theta - c * h]), [h])
        shifts = (first + second, first, second - first, -first)
        fidelities = backend.overlaps(theta, [theta + c * shift for shift in shifts])
        pairs = [np.array([fidelity, 1 - fidelity]) for fidelity in fidelities]
        self._update_tensor(self._post_process_tensor(pairs, (first, second)))
        (moved,) = self._get_next_params([theta], gradient)
        loss, following = backend.losses([theta, moved])
        self.last_n_steps[(self.k - 2) % self.last_n_steps.size] = loss
        tolerance = 2 * self.last_n_steps[: self.k - 1].std()
        return (theta if loss + tolerance < following else moved), loss


class Parts:
    """Seconds of each part of a plain step."""

    def __init__(self):
        self.seconds: Counter = Counter()

    def timed(self, part: str, function: Callable) -> Callable:
        def wrapper(*args, **kwargs):
            start = time.perf_counter()
            result = function(*args, **kwargs)
            self.seconds[part] += time.perf_counter() - start
            return result

        return wrapper

    def of_step(self, step: Callable) -> dict[str, float]:
        """Makes a step; its seconds by part, which add up to the total, and of processor time."""
        self.seconds.clear()
        start, processor = time.perf_counter(), time.process_time()
        step()
        total, processor = time.perf_counter() - start, time.process_time() - processor
        parts = {**self.seconds, "rest": total - self.seconds.total()} if self.seconds else {}
        return parts | {"total": total, "processor": processor}


class StockWay:
    """The stock optimizer on PennyLane's device for Aer."""

    name = STOCK

    def __init__(self, n: int, shots: int, theta, loss: PlainLoss):
        self.n = n
        device = qml.device("qiskit.aer", wires=n, **AER)
        self.parts = Parts()
        self._take_apart(device.target_device)

        @qml.set_shots(shots)
        @qml.qnode(device)
        def cost(theta):
            ansatz(theta, n)
            return MeanLoss(loss, n)

        self.cost, self.theta, self.plain_loss = cost, theta, loss
        self.loss_shots = self.overlap_shots = shots
        self.optimizer = MeasuredOverlaps(blocking=True, seed=SEED)

    def _take_apart(self, device) -> None:
        """Times the losses and the overlaps of a batch, which are next to each other, apart."""
        execute = device.batch_execute

        def in_turn(circuits, **kwargs):
            results = []
            for zeros, group in groupby(
                circuits, lambda circuit: isinstance(circuit.measurements[0], ShareOfZeros)
            ):
                timed = self.parts.timed("overlaps" if zeros else "losses", execute)
                results += timed(list(group), **kwargs)
            return results

        device.batch_execute = in_turn

    def step(self) -> None:
        self.plain_loss.draw_batch()
        self.theta, _ = self.optimizer.step_and_cost(self.cost, self.theta)

    def loss(self, theta) -> float:
        return float(self.cost(theta))

    def overlap(self, theta, other) -> float:
        tape = self.optimizer._get_overlap_tape(self.cost, [theta], [other], {})
        return qml.execute([tape], self.cost.device)[0][0]


class RuleWay:
    """The stock rule on a backend with ``losses`` and ``overlaps``."""

    def __init__(self, name: str, backend, theta):
        self.name, self.n = name, backend.n
        self.backend, self.theta, self.plain_loss = backend, theta, backend.loss
        self.loss_shots, self.overlap_shots = backend.shots, backend.overlap_shots
        self.optimizer = StockRule(blocking=True, seed=SEED)
        self.parts = Parts()

    def step(self) -> None:
        self.plain_loss.draw_batch()
        self.theta, _ = self.optimizer.step_and_cost(self, self.theta)

    def losses(self, thetas) -> list[float]:
        return self.parts.timed("losses", self.backend.losses)(thetas)

    def overlaps(self, theta, others) -> list[float]:
        return self.parts.timed("overlaps", self.backend.overlaps)(theta, others)

    def loss(self, theta) -> float:
        return self.backend.losses([theta])[0]

    def overlap(self, theta, other) -> float:
        return self.backend.overlaps(theta, [other])[0]


class Aer:
    """Qiskit Aer called directly: circuits with parameters, transpiled once."""

    def __init__(self, n: int, shots: int, loss: PlainLoss | None = None):
        self.n, self.shots, self.overlap_shots, self.loss = n, shots, shots, loss
        self.simulator = AerSimulator(**AER)
        n_angles = 1 + max(k for _, k, _ in gates(n) if k is not None)
        here, there = ParameterVector("a", n_angles), ParameterVector("b", n_angles)
        forward, backward = self._ansatz(here), self._ansatz(there).inverse()
        self.circuit = self._measured(forward)
        self.overlap_circuit = self._measured(forward.compose(backward))
        self.here, self.there = here, there

    def _ansatz(self, angles) -> QuantumCircuit:
        circuit = QuantumCircuit(self.n)
        for name, k, wires in gates(self.n):
            getattr(circuit, name.lower())(*([] if k is None else [angles[k]]), *wires)
        return circuit

    def _measured(self, circuit: QuantumCircuit) -> QuantumCircuit:
        circuit = circuit.measure_all(inplace=False)
        return transpile(circuit, self.simulator, optimization_level=1)

    def _run(self, circuits, memory: bool):
        result = self.simulator.run(circuits, shots=self.shots, memory=memory).result()
        if not result.success:
            sys.exit(f"Aer failed: {result.status}")
        return result

    def sample(self, thetas) -> list[np.ndarray]:
        """Bits uint8 (shots, n) at each theta; Qiskit writes the last qubit first."""
        circuits = [self.circuit.assign_parameters({self.here: np.ravel(t)}) for t in thetas]
        result = self._run(circuits, memory=True)
        memories = ["".join(result.get_memory(i)).encode() for i in range(len(circuits))]
        return [
            np.frombuffer(memory, dtype=np.uint8).reshape(-1, self.n)[:, ::-1] - ord("0")
            for memory in memories
        ]

    def losses(self, thetas) -> list[float]:
        return [self.loss(bits) for bits in self.sample(thetas)]

    def overlaps(self, theta, others) -> list[float]:
        values = [{self.here: np.ravel(theta), self.there: np.ravel(other)} for other in others]
        circuits = [self.overlap_circuit.assign_parameters(value) for value in values]
        result = self._run(circuits, memory=False)
        zeros = "0" * self.n
        return [result.get_counts(i).get(zeros, 0) / self.shots for i in range(len(circuits))]


class Quimb:
    """States from ``default.tensor``, shots and overlaps from quimb."""

    overlap_shots = None  # exact

    def __init__(self, n: int, shots: int, loss: PlainLoss):
        self.n, self.shots, self.loss = n, shots, loss
        self.device = qml.device("default.tensor", wires=n, method="mps")
        self.rng = np.random.default_rng(SEED)

    def _circuit(self, theta):
        with qml.queuing.AnnotatedQueue() as queue:
            ansatz(np.asarray(theta), self.n)
        self.device.simulate(QuantumScript.from_queue(queue))
        return self.device._quimb_circuit  # there is no public way to the state

    def losses(self, thetas) -> list[float]:
        return [self.loss(self._sample(theta)) for theta in thetas]

    def _sample(self, theta) -> np.ndarray:
        lines = "".join(self._circuit(theta).sample(self.shots, seed=self.rng))
        return np.frombuffer(lines.encode(), dtype=np.uint8).reshape(-1, self.n) - ord("0")

    def overlaps(self, theta, others) -> list[float]:
        here = self._circuit(theta).psi
        return [abs(here.H @ self._circuit(other).psi) ** 2 for other in others]


class AerShots(HypernetMPS):
    """Our device, with the bits of the ansatz drawn by Aer."""

    def __init__(self, aer: Aer):
        super().__init__(wires=aer.n)
        self.aer = aer

    def execute(self, circuits, execution_config=None):
        results = []
        for circuit in circuits:
            if circuit.shots:
                (bits,) = self.aer.sample([circuit.operations[0].data[0]])
                results.append(circuit.measurements[0].process_samples(bits, self.wires))
            else:
                results += super().execute([circuit], execution_config)
        return tuple(results)


class OurWay:
    """``Trainer.step``, on hypernet.mps or on a device given."""

    overlap_shots = None  # exact

    def __init__(self, name: str, n: int, shots: int, device="hypernet.mps"):
        self.name, self.n, self.loss_shots = name, n, shots
        network = plh.BinaryNetwork(n - 2, [1], plh.Choice("sigmoid", "hard_sigmoid"))
        self.hypernet = plh.QuantumHypernetwork(network, device, LAYERS, shots, seed=SEED)
        optimizer = plh.QNSPSAOptimizer(blocking=True, seed=SEED)
        data = plh.datasets.as_data(data_of(n - 2))
        self.trainer = Trainer(
            self.hypernet, data, optimizer, TrainingSettings(batch_size=BATCH_SIZE)
        )
        self.step = self.trainer.step
        self.parts = Parts()

    def estimate(self, theta):
        """The loss at theta on all samples, with its standard error."""
        self.trainer.loss.select(None)
        return self.hypernet.energy(theta.reshape(-1, self.n), self.trainer.loss)

    def loss(self, theta) -> float:
        return float(self.estimate(theta))

    def overlap(self, theta, other) -> float:
        a, b = (
            QuantumScript([plh.HardwareEfficientAnsatz(t.reshape(-1, self.n), range(self.n))])
            for t in (theta, other)
        )
        device = self.hypernet.device
        return float(qml.execute([overlap_tape(a, b, device)], device)[0])


def data_of(n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """The shipped digits, only the pixels that vary most."""
    data = plh.datasets.mnist()
    kept = np.sort(np.argsort(-data.inputs.std(axis=0), kind="stable")[:n_inputs])
    return data.inputs[:, kept], data.targets


def all_ways(n: int, n_tensor: int, shots: int, few_shots: int) -> list:
    """Every way in the order of the table; the last is quimb's again, with four times the shots."""
    ours = {size: OurWay(OURS, size, shots) for size in (n, n_tensor)}
    start = {
        size: pnp.array(way.hypernet.start_angles().ravel(), requires_grad=True)
        for size, way in ours.items()
    }
    loss, tensor_loss = PlainLoss(*data_of(n - 2)), PlainLoss(*data_of(n_tensor - 2))
    quimb = [
        RuleWay(QUIMB, Quimb(n_tensor, count, tensor_loss), start[n_tensor])
        for count in (few_shots, 4 * few_shots)
    ]
    return [
        ours[n],
        OurWay(MIXED, n, shots, AerShots(Aer(n, shots))),
        RuleWay(DIRECT, Aer(n, shots, loss), start[n]),
        StockWay(n, shots, start[n], loss),
        ours[n_tensor],
        *quimb,
    ]


def check(ours: OurWay, way) -> float:
    """Largest difference of loss and overlap in standard errors; ends the program at 5.

    At angles where bits are biased: a wrong gate, order or sign then shows.
    """
    shape = ours.hypernet.theta_shape
    theta = plh.start_angles(shape, SEED, "uniform").ravel()
    other = theta + CHECK_STEP * np.random.default_rng(SEED).choice([-1, 1], theta.shape)
    loss, fidelity = ours.estimate(theta), ours.overlap(theta, other)
    loss_error = loss.stderr * np.sqrt(1 + ours.loss_shots / way.loss_shots)  # our spread for both
    shots = way.overlap_shots
    overlap_error = EXACT if shots is None else np.sqrt(fidelity * (1 - fidelity) / shots)
    deviations = {
        "loss": float(abs(way.loss(theta) - float(loss)) / loss_error),
        "overlap": float(abs(way.overlap(theta, other) - fidelity) / overlap_error),
    }
    if max(deviations.values()) > LIMIT:
        sys.exit(f"{way.name} differs from ours, in standard errors: {deviations}")
    return max(deviations.values())


def check_scoring(ours: OurWay, plain_loss: PlainLoss) -> None:
    """Both score the same bits alike; ends the program otherwise."""
    bits = ours.hypernet.sample(ours.hypernet.start_angles())
    ours.trainer.loss.select(None)
    scores = plain_loss(bits), ours.trainer.loss(bits).mean()
    if not np.isclose(*scores, rtol=1e-4):
        sys.exit(f"the plain loss and ours of the same bits differ: {scores}")


def time_in_turn(ways: list, repeats: int) -> list[dict[str, float]]:
    """Median seconds of the parts of a step, of each way."""
    taken: list[list] = [[] for _ in ways]
    for i in range(repeats + 1):
        for way, steps in zip(ways, taken, strict=True):
            count = OUR_STEPS if way.name == OURS else 1
            now = [way.parts.of_step(way.step) for _ in range(count)]
            steps += now if i else []  # what compiles is not counted
    return [{part: median(step[part] for step in steps) for part in steps[0]} for steps in taken]


def continued(few: dict, more: dict, few_shots: int, shots: int) -> dict[str, float]:
    """Seconds at the full number of shots: the losses grow with them, the other parts do not."""
    growth = (shots - few_shots) / (3 * few_shots)
    added = growth * (more["losses"] - few["losses"])
    processor = few["processor"] + growth * (more["processor"] - few["processor"])
    together = {"losses": few["losses"] + added, "total": few["total"] + added}
    return few | together | {"processor": processor}


def show(rows: list[dict], title: str) -> None:
    table = Table("", title=title, title_justify="left")
    for column in ("qubits", "a step", "losses", "overlaps", "rest", "to ours", "CPU to ours"):
        table.add_column(column, justify="right")
    for row in rows:
        seconds = row["seconds"]
        parts = ("total", "losses", "overlaps", "rest")
        cells = [f"{1e3 * seconds[part]:,.1f}" if part in seconds else "" for part in parts]
        ratios = f"{row['ratio']:,.1f}", f"{row['processor_ratio']:,.1f}"
        table.add_row(row["name"], str(row["qubits"]), *cells, *ratios)
    Console(width=100).print(table)


def main(
    qubits: Annotated[int, typer.Option(min=4, max=63, help="Of the ways with Aer.")] = 62,
    tensor_qubits: Annotated[int, typer.Option(min=4, max=66, help="Of quimb's.")] = 66,
    shots: Annotated[int, typer.Option(min=2, help="Shots of each loss.")] = 1000,
    few_shots: Annotated[int, typer.Option(min=1, help="Shots that quimb draws.")] = 10,
    repeats: Annotated[int, typer.Option(min=1, help="Timed rounds.")] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
) -> None:
    """One QN-SPSA step of the main job, against the plain ways to write it."""
    torch.set_num_threads(1)
    ways = all_ways(qubits, tensor_qubits, shots, few_shots)
    ours = {way.n: way for way in ways if way.name == OURS}
    for way in ways:
        if not isinstance(way, OurWay):
            check_scoring(ours[way.n], way.plain_loss)
    worst = max(check(ours[way.n], way) for way in ways if way.name != OURS)
    *taken, more = time_in_turn(ways, repeats)
    taken[-1] = continued(taken[-1], more, few_shots, shots)
    rows = [
        {"name": way.name, "qubits": way.n, "seconds": seconds}
        for way, seconds in zip(ways[:-1], taken, strict=True)
    ]
    base = {row["qubits"]: row["seconds"] for row in rows if row["name"] == OURS}
    for row in rows:
        seconds, our_seconds = row["seconds"], base[row["qubits"]]
        row["ratio"] = seconds["total"] / our_seconds["total"]
        row["processor_ratio"] = seconds["processor"] / our_seconds["processor"]
    show(rows, f"Medians of {repeats} rounds, {shots} shots, ms")
    print(f"Losses and overlaps agree within {worst:.1f} standard errors.")
    print(f"(b) is continued from steps with {few_shots} and {4 * few_shots} shots.")
    ratios = {row["name"]: row["ratio"] for row in rows}
    for name, target in TARGETS.items():
        verdict = "met" if ratios[name] >= target else "missed"
        print(f"{name}: {ratios[name]:,.0f} times ours; target {target}: {verdict}")
    if json_file:
        figures = {"shots": shots, "few_shots": few_shots, "repeats": repeats, "targets": TARGETS}
        figures |= {name: version(name) for name in ("pennylane", "qiskit-aer", "quimb")}
        figures |= {"worst_deviation": worst, "rows": rows}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
