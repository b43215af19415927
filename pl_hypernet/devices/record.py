"""What a device remembers of its executions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pennylane.tape import QuantumScript

from pl_hypernet.devices.batch import batch_size
from pl_hypernet.errors import BudgetError
from pl_hypernet.measurements import Estimate, ZeroProbability


@dataclass(frozen=True)
class Counts:
    """How much was executed, whoever asked: an optimizer, a callback, a QNode called by hand.

    Attributes:
        circuits: all of them; one for each element of a batch.
        overlaps: circuits among them that ask for the overlap of two states.
        shots: of all circuits.
    """

    circuits: int = 0
    overlaps: int = 0
    shots: int = 0

    @classmethod
    def of(cls, tapes: list[QuantumScript]) -> "Counts":
        circuits = overlaps = shots = 0
        for tape in tapes:
            batch = batch_size(tape) or 1
            circuits += batch
            shots += batch * (tape.shots.total_shots or 0)
            overlaps += batch * any(isinstance(m, ZeroProbability) for m in tape.measurements)
        return cls(circuits, overlaps, shots)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.circuits + other.circuits,
            self.overlaps + other.overlaps,
            self.shots + other.shots,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(
            self.circuits - other.circuits,
            self.overlaps - other.overlaps,
            self.shots - other.shots,
        )


@dataclass
class Record:
    """Shared by a device and what PennyLane makes of it when a transform is applied to it.

    Attributes:
        counts: of all executions so far.
        estimates: the expected losses of the last execution.
        truncation_error: 1 - fidelity of the states in the last execution with the exact ones, the
            largest.
        most: counts that are not to be exceeded, by the setting that says so.
    """

    counts: Counts = Counts()
    estimates: list[Estimate] = field(default_factory=list)
    truncation_error: float = 0.0
    most: dict[str, int] = field(default_factory=dict)

    def begin(self, tapes: list[QuantumScript]) -> None:
        """Notes that an execution begins."""
        self.count(tapes)
        self.estimates.clear()

    def count(self, tapes: list[QuantumScript]) -> None:
        """Counts circuits before they are sent.

        Raises:
            BudgetError: there would be more than is allowed; they are not counted.
        """
        after = self.counts + Counts.of(tapes)
        for limit, most in self.most.items():
            if getattr(after, limit.removeprefix("max_")) > most:
                error = BudgetError(f"{len(tapes)} circuits were not sent: {limit} is reached")
                error.limit = limit
                raise error
        self.counts = after

    @contextmanager
    def at_most(self, most: dict[str, int]) -> Iterator[None]:
        """Meanwhile no circuit is sent with which there would be more in all.

        Args:
            most: by the names of settings, ``max_shots`` and ``max_circuits``.
        """
        before, self.most = self.most, most
        try:
            yield
        finally:
            self.most = before
