"""What every optimizer of this package is."""

from abc import ABC, abstractmethod
from inspect import signature

import numpy as np
from pennylane.operation import Operator

from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.gradient_noise import GradientNoise


class Optimizer(ABC):
    """Lowers the value of a QNode, a step at a time; what :class:`Trainer` and ``plan`` ask for.

    A training also takes any object with ``step_and_cost`` alone; of such a one it keeps no state
    and no messages, and cannot say beforehand what it will send out.

    Attributes:
        messages (list[str]): what there is to say of the last step.
        bit_bytes (int): memory that a step takes for each bit of its shots, at its peak, as
            ``benchmarks/step_memory.py`` measures it.
        angle_bytes (int): the same for each shot and angle.
        gradient_noise (GradientNoise): of the last step; None unless it is watched.
    """

    messages: list[str] = []  # noqa: RUF012 - replaced, never changed
    bit_bytes = 20
    angle_bytes = 0
    gradient_noise: GradientNoise | None = None
    _watches_noise = False

    def __repr__(self) -> str:
        names = [name for name in signature(type(self)).parameters if hasattr(self, name)]
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"

    def step(self, cost, *args, **kwargs):
        """One step; see :meth:`step_and_cost`."""
        return self.step_and_cost(cost, *args, **kwargs)[0]

    @abstractmethod
    def step_and_cost(self, cost, *args, **kwargs):
        """One step, and the value before it.

        Args:
            cost (QNode): what is lowered.
            *args, **kwargs: its arguments; those with ``requires_grad`` are trained.

        Returns:
            The new argument (or list of arguments) and the value at the old ones, an
            :class:`Estimate` when the cost function is an expected loss.
        """

    @abstractmethod
    def circuits_per_step(
        self, circuit: Operator | None = None, noise: str | None = None
    ) -> list[dict[str, int]]:
        """What ``step_and_cost`` sends out: energies and overlaps of each batch of circuits.

        Args:
            circuit: what will be trained, one operation of one array of angles, for optimizers
                that look at it; None: what the first step found.
            noise: why shots of the device may not follow the circuit; None: they do.
        """

    def solves(self, n_angles: int) -> str:
        """What a step solves besides measuring, in words, as it may take long; empty: nothing."""
        return ""

    def circuits_at_start(self) -> int:
        """Energies that the first step sends out beside those of every step."""
        return 0

    def check_overlaps(  # noqa: B027 - most have nothing to refuse
        self, device_name: str, n_wires: int, exact: bool
    ) -> None:
        """Refuses a device that it cannot work with.

        Args:
            device_name: for the message.
            n_wires: of the circuit.
            exact: whether the device gives overlaps without shots at so many wires.

        Raises:
            DeviceError: it needs overlaps without shots, and there are none.
        """

    def training_begins(self) -> None:  # noqa: B027 - most have nothing to forget
        """Told before a training: what was measured of another cost function does not hold."""

    def objective_will_change(self) -> None:  # noqa: B027 - nor anything to do
        """Told before a training in which weights of the objective change over the steps."""

    def watch_noise(self) -> None:
        """From now on each step leaves its :attr:`gradient_noise`, for :class:`AdaptiveShots`.

        Raises:
            InputError: it does not know the noise.
        """
        raise InputError(
            f"adaptive_shots with {type(self).__name__}, which does not say how noisy its gradient "
            "is: leave it out"
        )

    @abstractmethod
    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        """All that changes while it runs: arrays, and what can be written as JSON.

        ``restore`` of both makes another optimizer with the same arguments go on bit for bit.
        """

    @abstractmethod
    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        """Takes over what :meth:`state` gave."""
