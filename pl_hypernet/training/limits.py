"""Before each step: whether it may be made by all that a run may use."""

import math
import time
from collections import deque
from contextlib import ExitStack, contextmanager

import numpy as np

from pl_hypernet.devices import Counts
from pl_hypernet.errors import InputError
from pl_hypernet.optimizers import Optimizer
from pl_hypernet.training.budget import BUDGET, Budget
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.trainer import Trainer

COUNTED = {"max_shots": "shots", "max_circuits": "circuits"}
SECONDS = "max_seconds"
LAST = 5  # steps whose longest tells how long the next one takes


def counts_of_step(hypernet: QuantumHypernetwork, optimizer, shots: int) -> Counts:
    """What a step of so many shots a circuit sends out; nothing where the optimizer does not say,
    as PennyLane's."""
    if not isinstance(optimizer, Optimizer):
        return Counts()
    circuit = hypernet.operator(np.asarray(hypernet.start_angles()))
    batches = optimizer.circuits_per_step(circuit, hypernet.device.noise)
    energies, overlaps = (sum(b[kind] for b in batches) for kind in ("energy", "overlap"))
    exact = hypernet.device.overlaps_exactly(hypernet.n_qubits)
    measured = energies + (0 if exact else overlaps)
    return Counts(energies + overlaps, overlaps, measured * shots)


class Limits:
    """Of a training in progress: its shots, circuits, dollars and seconds.

    They are kept twice: before each step by what it will take, so that none is made in vain, and
    at the device, so that no estimate can be wrong.

    Args:
        trainer: of the training.
        config: its settings.
        budget: of one whose tasks cost something.
        end_seconds: of evaluation and pictures, about.
        seconds_before: that steps took before, of a run that goes on.

    Raises:
        InputError: the first step and the evaluation would take more.
    """

    def __init__(
        self,
        trainer: Trainer,
        config: RunConfig,
        budget: Budget | None,
        end_seconds: float,
        seconds_before: float = 0.0,
    ):
        self._trainer, self._budget, self._every = trainer, budget, config.evaluate_every
        self._most = {name: most for name in COUNTED if (most := getattr(config, name)) is not None}
        self._seconds = config.max_seconds
        self._began = time.monotonic() - seconds_before
        self._end_seconds, self._last = end_seconds, deque(maxlen=LAST)
        shots = trainer.hypernet.shots
        self._look, self._end = Counts(1, 0, shots), Counts(1, 0, config.evaluation_shots)
        self._one_shot, self._start = Counts(), Counts()  # a step of one shot a circuit
        if self._most:
            self._one_shot = counts_of_step(trainer.hypernet, trainer.optimizer, 1)
            if isinstance(trainer.optimizer, Optimizer):
                start = trainer.optimizer.circuits_at_start()
                self._start = Counts(start, 0, start * trainer.step_shots)
        if trainer.n_steps == 0 and (over := self._over_counts()):
            name, most, needed = over
            raise InputError(
                f"{name}={most}: the first step and the evaluation would take {needed}: give more"
            )

    def stop_reason(self) -> str | None:
        """The limit beyond which the next step would go; None: it may be made."""
        over = self._over_counts()
        if over:
            return over[0]
        if self._budget is not None and not self._budget.allows_step(
            self._trainer.n_steps + 1, self._trainer.step_shots
        ):
            return BUDGET
        if self._seconds is not None and self._last:
            passed = time.monotonic() - self._began
            if passed + max(self._last) + self._end_seconds > self._seconds:
                return SECONDS
        return None

    @contextmanager
    def step(self):
        """Meanwhile a step is made."""
        before, begun = self._trainer.counts, time.monotonic()
        shots = self._trainer.step_shots
        yield
        self._last.append(time.monotonic() - begun)
        made = self._trainer.counts - before
        if self._looks_after(self._trainer.n_steps):
            made -= self._look
        if self._most and self._trainer.n_steps > 1:  # the first may hold a calibration
            circuits = max(made.circuits, self._one_shot.circuits)
            measured = max(math.ceil(made.shots / shots), self._one_shot.shots)
            self._one_shot = Counts(circuits, 0, measured)

    @contextmanager
    def steps(self):
        """Meanwhile nothing is sent that would leave too little for the evaluation."""
        with ExitStack() as stack:
            stack.enter_context(self._at_most(self._end))
            if self._budget is not None:
                stack.enter_context(self._budget.for_steps())
            yield

    @contextmanager
    def evaluation(self):
        """Meanwhile nothing is sent that the rest does not pay."""
        with ExitStack() as stack:
            if self._budget is not None:
                stack.enter_context(self._budget.for_evaluation())
            yield

    def _at_most(self, aside: Counts):
        device = self._trainer.hypernet.device
        before = device.counts - self._trainer.counts
        return device.record.at_most(
            {
                name: most - getattr(aside, kind) + getattr(before, kind)
                for name, most in self._most.items()
                for kind in [COUNTED[name]]
            }
        )

    def _looks_after(self, number: int) -> bool:
        """Whether the energy on all samples follows this step."""
        return bool(self._every) and number % self._every == 0

    def _over_counts(self) -> tuple[str, int, int] | None:
        """A limit that the next step would exceed, its size, and what would be needed."""
        number = self._trainer.n_steps + 1
        step = Counts(self._one_shot.circuits, 0, self._one_shot.shots * self._trainer.step_shots)
        after = self._trainer.counts + step + self._end
        if number == 1:
            after += self._start
        if self._looks_after(number):
            after += self._look
        for name, most in self._most.items():
            if (needed := getattr(after, COUNTED[name])) > most:
                return name, most, needed
        return None
