"""What the package asks of a device, whoever made it."""

from abc import abstractmethod
from contextlib import contextmanager

import numpy as np
from pennylane.devices import Device

from pl_hypernet.devices.record import Counts, Record
from pl_hypernet.measurements import Estimate
from pl_hypernet.random_state import random_state_of, set_random_state


class HypernetDevice(Device):
    """A PennyLane device that returns bits, says what it is, and counts what it executes.

    Attributes:
        noise (str | None): why its shots may not follow the circuit's pure state; None: they do.
        record (Record): what it remembers of its executions.
        compiles (bool): whether the first circuit of a kind takes seconds longer in a process, as
            loops are compiled for it.
    """

    noise: str | None = None
    compiles = False

    def __init__(self, wires=None, shots=None):
        super().__init__(wires=wires, shots=shots)
        self.record = Record()

    def __repr__(self) -> str:
        wires = f"wires={len(self.wires) if self.wires else None}"
        return f"<{self.name} device ({', '.join([wires, *self._about()])})>"

    def _about(self) -> list[str]:
        """What else there is to say of it, as ``"max_bond_dim=4"``."""
        return []

    @property
    def counts(self) -> Counts:
        """Circuits, overlaps among them, and shots, executed so far, whoever asked for them."""
        return self.record.counts

    @property
    def estimates(self) -> list[Estimate]:
        """The expected losses of the last execution, with their errors."""
        return self.record.estimates

    @property
    def truncation_error(self) -> float:
        """1 - the fidelity with the exact state, of the worst in the last execution, if known."""
        return self.record.truncation_error

    @abstractmethod
    def overlaps_exactly(self, n_wires: int) -> bool:
        """Whether it gives |<a|b>|^2 without shots at this number of wires."""

    @property
    def random_state(self) -> dict | None:
        """Where the random numbers of its shots stand, as JSON holds it.

        Set to what another device of the same kind had, it goes on drawing shots from there. None:
        not to be had; setting it then has no effect, and neither has setting None.
        """
        generator = self._generator()
        return None if generator is None else random_state_of(generator)

    @random_state.setter
    def random_state(self, state: dict | None) -> None:
        generator = self._generator()
        if generator is not None and state is not None:
            set_random_state(generator, state)

    def _generator(self) -> np.random.Generator | None:
        """What draws the shots."""
        return self._rng

    @property
    def task_counts(self) -> tuple[int, int] | None:
        """Paid tasks that it made, and those that it took up; None if it makes none."""
        return None

    @property
    def spending(self):
        """What its tasks cost and how much they may, a :class:`Spending`; None: nothing."""
        return None

    @contextmanager
    def tasks_logged(self, path):
        """Meanwhile its tasks are noted in this file, if it makes any and has no log of its own."""
        yield
