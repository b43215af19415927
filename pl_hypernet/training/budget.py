"""What a training costs on a device whose tasks are paid for, and how it stays within an amount."""

import math
from contextlib import nullcontext
from numbers import Real

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.optimizer import Optimizer
from pl_hypernet.settings import LoopSettings
from pl_hypernet.training.hypernetwork import QuantumHypernetwork

BUDGET = "max_cost"  # why a training ended
ROUNDING = 1e-6  # dollars, of sums of prices


class Budget:
    """The cost of a training in dollars, by the prices that its device knows, and a limit to it.

    Args:
        hypernet: whose circuits run on a device whose tasks cost something.
        optimizer: of the training; of one that does not say what a step sends out, as PennyLane's,
            a step is taken to cost as much as the dearest so far.
        settings: of the training: its steps, and what is measured beside them.
        dollars: that the training, with its evaluation, may cost; ``math.inf``: anything; None: no
            amount was agreed to.
        spent: dollars among them that it cost before, of a run that goes on.

    Raises:
        InputError: not a positive amount.
    """

    def __init__(
        self,
        hypernet: QuantumHypernetwork,
        optimizer,
        settings: LoopSettings,
        dollars: float | None = None,
        spent: float = 0.0,
    ):
        check_dollars(dollars)
        self.dollars = dollars
        self._spending = hypernet.device.spending
        self._begun_at = self._spending.dollars - spent
        self._steps, self._evaluate_every = settings.steps, settings.evaluate_every
        cost_of, self._shots = self._spending.cost_of, hypernet.shots
        self._end, self._look = cost_of(1, settings.evaluation_shots), cost_of(1, self._shots)
        self._at_start, self._circuits = 0, None  # circuits; of each batch of a step
        self._dearest, self._spent_before = 0.0, spent  # of the steps made; before the last
        if isinstance(optimizer, Optimizer):
            circuit = hypernet.operator(np.asarray(hypernet.start_angles()))
            batches = optimizer.circuits_per_step(circuit, hypernet.device.noise)
            self._circuits = [sum(batch.values()) for batch in batches]
            self._at_start = optimizer.circuits_at_start()

    @property
    def spent(self) -> float:
        """Dollars, since the run began."""
        return self._spending.dollars - self._begun_at

    @property
    def estimate(self) -> float | None:
        """Dollars for all steps and the evaluation, at most where shots adapt; None: not known."""
        if self._circuits is None or math.isnan(self._end):
            return None
        looks = self._steps // self._evaluate_every if self._evaluate_every else 0
        start = self._spending.cost_of(self._at_start, self._shots)
        steps = self._steps * self._of_circuits(self._shots)
        return start + steps + looks * self._look + self._end

    def __str__(self) -> str:
        """As ``100 steps would cost about $74.05 on qpu/iqm/Garnet ($0.30 a task ...)``."""
        amount = "we do not know what" if self.estimate is None else f"about ${self.estimate:,.2f}"
        return f"{self._steps} steps would cost {amount} {self._spending.terms}"

    def check(self, shots: int) -> None:
        """Refuses a training without an amount, or with one that is too small.

        Args:
            shots: of the first step.

        Raises:
            InputError: with what it would cost.
        """
        if self.dollars is None:
            raise InputError(f"{self}: give budget=DOLLARS, and it stops before it costs more")
        if self._spending.price is None and self.dollars < math.inf:
            raise InputError(f"budget=${self.dollars:,.2f}: {self}; give a table as prices")
        least = self._cost_of_step(1, shots) + self._end
        if least > self.dollars + ROUNDING:
            raise InputError(
                f"budget=${self.dollars:,.2f}: the first step and the evaluation would cost "
                f"${least:,.2f}: give more, or fewer shots"
            )

    def allows_step(self, number: int, shots: int) -> bool:
        """Whether the next step, from 1, of so many shots a circuit, and the evaluation can be
        paid; asked before each."""
        self._dearest = max(self._dearest, self.spent - self._spent_before)
        self._spent_before = self.spent
        return (
            not self.spent + self._cost_of_step(number, shots) + self._end > self.dollars + ROUNDING
        )

    def for_steps(self):
        """A context in which no task is sent that would leave too little for the evaluation."""
        return self._within(self.dollars - self._end - self.spent)

    def for_evaluation(self):
        """A context in which no task is sent that the rest does not pay."""
        return self._within(self.dollars - self.spent)

    def _within(self, dollars: float):
        return nullcontext() if self.dollars == math.inf else self._spending.at_most(dollars)

    def _of_circuits(self, shots: int) -> float:
        """Of a step, by itself."""
        return sum(self._spending.cost_of(circuits, shots) for circuits in self._circuits)

    def _cost_of_step(self, number: int, shots: int) -> float:
        """Before it is made, the energy on all samples after it included."""
        if self._circuits is None:
            return self._dearest
        cost = self._of_circuits(shots)
        if number == 1:
            cost += self._spending.cost_of(self._at_start, shots)
        if self._evaluate_every and number % self._evaluate_every == 0:
            cost += self._look
        return cost


def check_dollars(dollars: float | None) -> None:
    """Refuses what is no amount.

    Raises:
        InputError: neither None nor a positive number.
    """
    is_number = isinstance(dollars, Real) and not isinstance(dollars, bool)
    if dollars is not None and not (is_number and dollars > 0):
        raise InputError(f"budget={dollars!r}: expected a positive number of dollars")


def sample_within(hypernet: QuantumHypernetwork, theta, shots: int, dollars: float) -> np.ndarray:
    """Fresh shots, as :meth:`QuantumHypernetwork.sample`, that may cost so much.

    Raises:
        BudgetError: they would cost more.
    """
    spending = hypernet.device.spending
    with nullcontext() if spending is None else spending.at_most(dollars):
        return hypernet.sample(theta, shots)
