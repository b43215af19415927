"""What a method of the comparison is asked, what it may spend, and what it answers."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.analysis import Evaluation
from pl_hypernet.datasets import Data
from pl_hypernet.errors import InputError
from pl_hypernet.networks import Network
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.training.config import RunConfig

GRADIENT = 3  # evaluations: a pass forward, and one backward of twice the products


class DoesNotApply(InputError):
    """A method is not for this network; the line says why."""


class Allowance:
    """What a method may spend, and what it has spent; its clock runs from the start.

    Args:
        evaluations: scorings of one network on all training samples; of a mini-batch its share.
        seconds: of the processor, which other programs do not lengthen; the first of both that is
            reached ends it.

    Attributes:
        used (float): evaluations so far.
    """

    def __init__(self, evaluations: float = math.inf, seconds: float = math.inf):
        self.evaluations, self.limit = evaluations, seconds
        self.used = 0.0
        self._began = time.process_time()

    def spend(self, evaluations: float) -> None:
        self.used += evaluations

    @property
    def seconds(self) -> float:
        """That went by."""
        return time.process_time() - self._began

    @property
    def left(self) -> float:
        """Evaluations, at least 0."""
        return max(0.0, self.evaluations - self.used)

    @property
    def share(self) -> float:
        """How much of it is spent, in [0, 1]: what a temperature or a learning rate goes by."""
        return min(1.0, max(self.used / self.evaluations, self.seconds / self.limit))

    @property
    def is_spent(self) -> bool:
        return self.share >= 1.0

    def forgive(self, seconds: float) -> None:
        """Seconds that do not count, as of judging."""
        self._began += seconds

    @contextmanager
    def clock_stopped(self) -> Iterator[None]:
        """Time inside does not count, as of a first compilation."""
        stopped = time.process_time()
        yield
        self.forgive(time.process_time() - stopped)


@dataclass
class Task:
    """A network, data, and what may be spent on finding its bits.

    Attributes:
        network: what a bitstring means.
        data: to train on its training samples; the test samples are not a method's business.
        config: the settings of the run that is compared with.
        allowance: of one seed of one method.
        own_loss: a callable loss, which the settings cannot hold.
    """

    network: Network
    data: Data
    config: RunConfig
    allowance: Allowance = field(default_factory=Allowance)
    own_loss: Callable | None = None

    @property
    def n_qubits(self) -> int:
        return self.network.n_qubits

    @cached_property
    def objective(self) -> NetworkLoss:
        """The loss on all training samples, penalties included; what it is asked is not counted."""
        loss = self.own_loss or self.config.loss
        data = self.data
        self.network.observe(data.inputs, again=False)  # as evaluate does
        return NetworkLoss(
            self.network, data.inputs, data.targets, loss, self.config.penalties, data.weights
        )

    def loss(self, bits) -> np.ndarray:
        """Losses float64 (S,) of bits int8 (S, n_qubits), counted."""
        self.allowance.spend(len(bits))
        return self.objective(bits)

    def check_no_real(self) -> None:
        """For methods that search bits.

        Raises:
            DoesNotApply: the network trains real numbers along.
        """
        if self.network.n_real:
            raise DoesNotApply("for networks that train no real numbers along")

    def check_gradient(self) -> None:
        """For methods that go by gradients of the loss; what torch loads for them is not counted.

        Raises:
            DoesNotApply: a loss of a user's own that torch cannot differentiate.
        """
        shape = 1, len(self.data.inputs), self.network.n_outputs
        outputs = torch.zeros(shape, device=self.objective.inputs.device, requires_grad=True)
        with self.allowance.clock_stopped():
            torch.optim.Adam([outputs])
        if not self.objective.losses(outputs).requires_grad:
            raise DoesNotApply("for a loss that torch can differentiate")

    def random_bits(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """int8 (number, n_qubits)."""
        return rng.integers(0, 2, (number, self.n_qubits), dtype=np.int8)


@dataclass
class Found:
    """What a method found: networks as bits, or a network of real numbers.

    Attributes:
        bits: int8 (S, n_qubits), an ensemble.
        network: that the bits are of; None: the task's.
        outputs: inputs float32 (M, n_columns) -> (1, M, n_outputs), in the place of bits.
        evaluation: of the bits on the task's data, where it is known.
        figures: numbers beside the usual ones, as ``{"lower_bound": 0.03}``.
        note: a line that is to be said.
    """

    bits: np.ndarray | None = None
    network: Network | None = None
    outputs: Callable[[Tensor], Tensor] | None = None
    evaluation: Evaluation | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    note: str | None = None


Method = Callable[[Task, int], Found | np.ndarray]


class Lowest:
    """The networks of the lowest losses so far.

    Args:
        number: how many are kept.
    """

    def __init__(self, number: int):
        self._number = number
        self.bits: np.ndarray | None = None
        self.losses = np.zeros(0)

    def add(self, bits: np.ndarray, losses: np.ndarray) -> None:
        """Bits int8 (S, n_qubits) with losses (S,)."""
        losses = np.concatenate([self.losses, losses])
        order = np.argsort(losses, kind="stable")[: self._number]
        rows = bits if self.bits is None else np.concatenate([self.bits, bits])
        self.bits, self.losses = rows[order], losses[order]
