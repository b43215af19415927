"""Networks that are changed bit by bit: what annealing and one-flip search walk on."""

from typing import Protocol

import numpy as np

from pl_hypernet.baselines.flip_kernels import probabilities, walk
from pl_hypernet.baselines.one_layer import OneLayer, one_layer
from pl_hypernet.baselines.task import DoesNotApply, Task

RENEWED = 20_000  # flips taken, at most, until a state is computed afresh from its bits
ERROR = 1e-10  # that flips may add up to until then, each of them e^|delta| of the rounding
STEEP = 20.0  # change of a logit beyond which a flip and its undoing do not cancel
LARGEST = 600.0  # logarithm of a product that is a number


class Chains(Protocol):
    """R networks, each of which tries a flip at a time.

    Attributes:
        bits: int8 (R, n_qubits).
        losses: float64 (R,).
    """

    bits: np.ndarray
    losses: np.ndarray

    def advance(self, sites: np.ndarray, slacks: np.ndarray) -> np.ndarray:
        """Tries flips in turn; one is taken if the loss rises by less than its slack.

        Args:
            sites: int (R, n), the bits to flip.
            slacks: float (R, n); 0: only what lowers the loss.

        Returns:
            int (R,): flips refused since the last that was taken, n if none was.
        """
        ...

    def restart(self, r: int, bits: np.ndarray) -> None:
        """Chain r goes on from bits int8 (n_qubits,)."""
        ...


def make_chains(task: Task, bits: np.ndarray) -> Chains:
    """Chains from bits int8 (R, n_qubits): compiled for one layer, else by scoring networks.

    Raises:
        DoesNotApply: a network that trains real numbers along.
    """
    task.check_no_real()
    try:
        layer = one_layer(task)
    except DoesNotApply:
        return ScoredChains(task, bits)
    if largest_change(layer) > STEEP:
        return ScoredChains(task, bits)
    with task.allowance.clock_stopped():
        _compile(layer, bits[0])
    return OneLayerChains(task, layer, bits)


class ScoredChains:
    """Chains of any network: each flip of all of them is a batch that is scored.

    Args:
        task: whose evaluations are counted.
        bits: int8 (R, n_qubits), where they begin.
    """

    def __init__(self, task: Task, bits: np.ndarray):
        self._task = task
        self.bits = bits.copy()
        self.losses = task.loss(bits)

    def advance(self, sites: np.ndarray, slacks: np.ndarray) -> np.ndarray:
        refused = np.zeros(len(self.bits), dtype=int)
        rows = np.arange(len(self.bits))
        for t in range(sites.shape[1]):
            tried = self.bits.copy()
            tried[rows, sites[:, t]] ^= 1
            losses = self._task.loss(tried)
            taken = losses - self.losses < slacks[:, t]
            self.bits[taken], self.losses[taken] = tried[taken], losses[taken]
            refused = np.where(taken, 0, refused + 1)
        return refused

    def restart(self, r: int, bits: np.ndarray) -> None:
        self.bits[r] = bits
        self.losses[r] = self._task.loss(bits[None])[0]


class OneLayerChains:
    """Chains of a network of one layer, by :func:`~pl_hypernet.baselines.flip_kernels.walk`.

    A flip counts as one evaluation. Energies are in double precision.

    Args:
        task: whose evaluations are counted.
        layer: the same as a linear function of the bits.
        bits: int8 (R, n_qubits), where they begin.
    """

    def __init__(self, task: Task, layer: OneLayer, bits: np.ndarray):
        self._layer, self._allowance = layer, task.allowance
        self._n_samples = layer.inputs.shape[1]
        self._prepare()
        self.bits = bits.copy()
        self.losses = np.zeros(len(bits))
        self._states: list = [None] * len(bits)
        self._taken = [0] * len(bits)
        for r in range(len(bits)):
            self.restart(r, bits[r])

    def _prepare(self) -> None:
        """What the kernel is given: columns, an input times the size of a step each."""
        layer = self._layer
        steps, n_outputs = layer.step, max(2, layer.n_outputs)
        kinds: dict[tuple[int, float], int] = {}
        column = np.full(len(steps), -1)
        for q in np.flatnonzero(layer.row >= 0):
            column[q] = kinds.setdefault((int(layer.column[q]), abs(steps[q])), len(kinds))
        first, samples, deltas = [0], [], []
        own = np.zeros((n_outputs, len(kinds)))
        for c, (i, size) in enumerate(kinds):
            delta = size * layer.inputs[i]
            there = np.flatnonzero(delta)
            first.append(first[-1] + len(there))
            samples.append(there.astype(np.uint32))
            deltas.append(delta[there])
            own[:, c] = np.bincount(layer.targets, delta, minlength=n_outputs)
        delta = np.concatenate(deltas)
        growth = np.expm1(delta)
        self._columns = np.array(first), np.concatenate(samples), growth, delta
        row = np.maximum(layer.row, 0) if layer.n_outputs > 1 else np.ones_like(layer.row)
        self._of_bits = column, row, np.sign(steps)
        largest = largest_change(layer)
        often = ERROR / (np.finfo(float).eps * np.exp(largest))
        self._renewed = int(np.clip(often, 100, RENEWED))
        block = int(np.clip(LARGEST / 4 / largest, 1, 64))
        sides = np.where(layer.targets == 1, 1.0, -1.0)
        hard, choice = layer.hard, layer.choice
        self._of_task = layer.targets, sides, own, own.sum(axis=0), hard, choice, block

    def restart(self, r: int, bits: np.ndarray) -> None:
        self._allowance.spend(1)
        self.bits[r] = bits
        self._states[r] = self._fresh(self.bits[r])
        self._taken[r] = 0
        self.losses[r] = self._states[r][2][0] / self._n_samples

    def _fresh(self, bits: np.ndarray):
        layer = self._layer
        z = layer.sums(bits)
        p = probabilities(z)
        if layer.is_hard(bits):
            sides = self._of_task[1]
            loss = -np.log(np.clip(0.5 + sides * z[0] / 4, 0.02, 0.98)).sum()
        else:
            full = z if len(z) > 1 else np.concatenate([np.zeros_like(z), z])
            top = full.max(axis=0)
            of_target = full[layer.targets, np.arange(self._n_samples)]
            loss = (top + np.log(np.exp(full - top).sum(axis=0)) - of_target).sum()
        return z[0].copy(), p, np.array([loss])

    def advance(self, sites: np.ndarray, slacks: np.ndarray) -> np.ndarray:
        refused = np.zeros(len(self.bits), dtype=int)
        slacks = self._n_samples * np.asarray(slacks, dtype=np.float64)
        for r, state in enumerate(self._states):
            taken, refused[r] = walk(
                self.bits[r], state, self._columns, self._of_bits, self._of_task, sites[r],
                slacks[r],
            )  # fmt: skip
            self._taken[r] += taken
            if self._taken[r] > self._renewed:
                self._states[r], self._taken[r] = self._fresh(self.bits[r]), 0
            self.losses[r] = self._states[r][2][0] / self._n_samples
        self._allowance.spend(sites.size)
        return refused


def largest_change(layer: OneLayer) -> float:
    """Of a logit, by a flip, above 0."""
    weights = np.flatnonzero(layer.row >= 0)
    sizes = np.abs(layer.inputs).max(axis=1)[layer.column[weights]]
    return float((np.abs(layer.step[weights]) * sizes).max(initial=1e-300))


def _compile(layer: OneLayer, bits: np.ndarray) -> None:
    """The kernel, on two samples."""
    n_outputs = layer.n_outputs
    few = OneLayer(
        layer.inputs[:, :2], layer.start, layer.row, layer.column, layer.step,
        np.array([0, n_outputs - 1]), layer.hard, layer.choice,
    )  # fmt: skip
    chain = OneLayerChains(_Uncounted(), few, bits[None])  # type: ignore[arg-type]
    chain.advance(np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1)))


class _Uncounted:
    """In the place of a task whose evaluations are counted."""

    class allowance:
        @staticmethod
        def spend(evaluations: float) -> None: ...
