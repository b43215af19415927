"""What the tasks of a device cost, and how much they may."""

import math
from collections.abc import Callable
from contextlib import contextmanager
from threading import Lock

from pl_hypernet.devices.braket.prices import Price, PriceTable
from pl_hypernet.errors import BudgetError

ROUNDING = 1e-6  # dollars, of sums of prices


class Spending:
    """Counts the tasks that are sent, and refuses those that would cost more than was allowed.

    Of a managed simulator, which bills by the minute, it counts the least that a task costs.

    Args:
        arn: of the device.
        price: of its tasks; None: not known.
        circuits_per_task: shots of a circuit -> how many circuits can go out as one task.

    Attributes:
        tasks, shots (int): sent so far, and shots of theirs. Tasks that were taken up from a log
            are not among them: they were paid for before.
        limit (float): dollars that all tasks of this device together may cost.
    """

    def __init__(self, arn: str, price: Price | None, circuits_per_task: Callable[[int], int]):
        self.arn = arn
        self.price = price
        self.tasks = self.shots = 0
        self.limit = math.inf
        self._circuits_per_task = circuits_per_task
        self._lock = Lock()

    @property
    def dollars(self) -> float:
        """What was spent so far; NaN where no price is known."""
        return self._dollars(self.tasks, self.shots)

    @property
    def terms(self) -> str:
        """As ``on qpu/iqm/Garnet ($0.30 a task and $0.00145 a shot, as of 2025-06)``."""
        where = f"on {self.arn.partition(':device/')[2]}"
        if self.price is None:
            return f"{where} (no price in the table)"
        return f"{where} ({self.price}, as of {self.price.as_of})"

    def use_prices(self, path) -> None:
        """Counts by a table of the user's own, a TOML file; see :class:`PriceTable`."""
        self.price = PriceTable.read(path).find(self.arn)

    def cost_of(self, circuits: int, shots: int) -> float:
        """Dollars for circuits of so many shots each that go out together."""
        tasks = math.ceil(circuits / self._circuits_per_task(shots)) if circuits else 0
        return self._dollars(tasks, circuits * shots)

    @contextmanager
    def at_most(self, dollars: float):
        """Meanwhile no task is sent with which more than this would be spent here.

        Where no price is known that is no task at all, unless any amount will do.
        """
        before, limit = self.limit, self.dollars + dollars
        if dollars < math.inf and not limit > before:
            self.limit = limit
        try:
            yield
        finally:
            self.limit = before

    def begin(self, shots: int) -> None:
        """Counts a task before it is sent.

        Raises:
            BudgetError: it would cost more than was allowed.
        """
        with self._lock:  # tasks are sent side by side
            after = self._dollars(self.tasks + 1, self.shots + shots)
            if self.limit != math.inf and not after <= self.limit + ROUNDING:
                raise BudgetError(
                    f"a task of {shots} shots on {self.arn} was not sent: with it "
                    f"${after:,.2f} would be spent, of ${self.limit:,.2f}"
                )
            self.tasks += 1
            self.shots += shots

    def take_back(self, shots: int) -> None:
        """A task was refused: it costs nothing."""
        with self._lock:
            self.tasks -= 1
            self.shots -= shots

    def _dollars(self, tasks: int, shots: int) -> float:
        return math.nan if self.price is None else self.price.dollars(tasks, shots)
