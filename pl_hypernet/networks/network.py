"""What every network is: bits and inputs to outputs, and what the rest of the package asks."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.errors import InputError
from pl_hypernet.networks.architecture import ArchitectureChoice
from pl_hypernet.networks.bits import as_array, as_bits
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.curvature import Summed
from pl_hypernet.networks.derivatives import FIRST_ORDER, Derivatives
from pl_hypernet.networks.gradients import values_and_gradients
from pl_hypernet.networks.layout import ParameterLayout
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.networks.votes import EQUAL, Votes, first_of_largest
from pl_hypernet.networks.voting import scores_and_votes
from pl_hypernet.torch_threads import in_order

CHUNK = 2**21  # outputs held at a time when they are reduced, 8 MB of float32

Result = TypeVar("Result")


class FirstWeights(NamedTuple):
    """Weights of the first layer of S networks, to be drawn.

    Attributes:
        values: float32 (S, n_neurons, n_columns), or (S, n_kernels, height, width).
        are_outputs: whether these neurons are the outputs of the network.
    """

    values: np.ndarray
    are_outputs: bool


class Network(torch.nn.Module, ABC):
    """A network that a bitstring is: what training, evaluation, pictures and exports ask for.

    A network holds no weights that bits stand for: a bitstring is these. Calling it with S
    bitstrings and M inputs scores S networks. With one output the probability of class 1 is
    ``sigmoid`` of it, with several those of the classes are ``softmax`` of them; of a regression
    they are the outputs themselves.

    A class of networks sets the attributes, gives :meth:`logits` and, for gradients through the
    network, :meth:`outputs_with_gradient`; all else follows from these.

    Attributes:
        layout (ParameterLayout): the name of each qubit, and what its bit stands for.
        choices (dict): by name, what else qubits decide: ``choice.NAME`` in the layout.
        n_columns (int): of the inputs.
        n_outputs (int): 1, or the number of classes, or that of the targets of a regression.
        is_regression (bool): whether the outputs are numbers and not classes.
        n_multiplications (int): of one network on one sample.
        n_neurons (int): numbers that one network computes of one sample, sums and outputs.
        widest (int): the most of these that are held at a time.
        scale (Tensor): float32 (), factor of the outputs; a buffer, so that ``network.to(device)``
            moves the place where networks are scored.
        trained_along (dict): real parameters by name, which an optimizer of torch trains beside the
            bits; none as a rule.
        observed (Tensor): training samples that it keeps to measure what it needs; None as a rule.
        in_threads (bool): whether :meth:`logits` may run in several threads at a time.
        source (dict): settings by which it is made again, where a user's file made it; else None.
    """

    layout: ParameterLayout
    choices: dict[str, Choice | ArchitectureChoice]
    n_columns: int
    n_outputs: int
    is_regression: bool
    n_multiplications: int
    n_neurons: int
    widest: int
    scale: Tensor
    in_threads = True

    def __init__(self):
        super().__init__()
        self.trained_along: dict[str, torch.nn.Parameter] = {}
        self.source: dict | None = None
        self.register_buffer("observed", None)

    @abstractmethod
    def logits(self, bits: Tensor, inputs: Tensor) -> Tensor:
        """The logits of some networks, without gradients.

        Args:
            bits: int8 (s, n_qubits), on the network's device.
            inputs: float32 (M, n_columns), as of :meth:`check_inputs`.

        Returns:
            float32 (s, M, n_outputs).
        """

    def outputs_with_gradient(self, decoded: dict, inputs: Tensor, window: float) -> Tensor:
        """The same numbers as a differentiable function of what bits stand for.

        Args:
            decoded: float32 (s, *shape) for each block of the layout, of which gradients are
                wanted; codes of choices pass none.
            inputs: as of :meth:`logits`.
            window: of the gradient of a sign, in units of the root mean square of its arguments.

        Raises:
            InputError: a network without derivatives, where a class does not give this.
        """
        raise InputError(f"{type(self).__name__} has no derivatives by its bits")

    def summed_with_gradient(
        self, decoded: dict, inputs: Tensor, window: float
    ) -> tuple[Tensor, list[Summed]]:
        """What :meth:`outputs_with_gradient` returns, and the sums of each layer.

        Raises:
            InputError: a network whose curvature is not known, where a class does not give this.
        """
        raise InputError(
            f"curvature=True: that of a {type(self).__name__} is not known; expected a "
            "BinaryNetwork, or curvature=False"
        )

    def logits_with_gradient(self, bits: Tensor, inputs: Tensor, window: float = 1.0) -> Tensor:
        """The logits of S networks as a differentiable function of their bits.

        Weights and biases are multilinear functions of the bits, so that the values are those of
        :meth:`forward`, and derivatives those of the network computed on real weights. Two have no
        useful derivative of their own: the sign of a hidden sum, which takes that of
        :func:`~pl_hypernet.networks.activations.sign_with_gradient`, and a clipped output, which
        takes that of an output that is not. Bits of choices pass no gradient.

        Args:
            bits: float32 (S, n_qubits), 0 and 1, which gradients are wanted of.
            inputs: float32 (M, n_columns).
            window: of the sign's gradient, in units of the root mean square of the sums.

        Returns:
            float32 (S, M, n_outputs).
        """
        return self.outputs_with_gradient(self.layout.decode(bits), inputs, window)

    def first_weights(self, bits) -> FirstWeights | None:
        """Weights of the first layer of networks int8 (S, n_qubits); None where there are none."""
        return None

    def plain_module(self, bits: Tensor) -> torch.nn.Module:
        """One network for use elsewhere, from inputs float32 (M, n_columns) to logits
        (M, n_outputs), by operations of torch alone.

        Args:
            bits: int8 (n_qubits,), on the network's device.

        Raises:
            InputError: a class of networks that cannot be exported, where it does not give this.
        """
        raise InputError(f"{type(self).__name__} cannot be exported: it gives no plain_module")

    @property
    def n_qubits(self) -> int:
        """Number of bits that make a network."""
        return self.layout.n_qubits

    @property
    def n_real(self) -> int:
        """Numbers that are trained along."""
        return sum(parameter.numel() for parameter in self.trained_along.values())

    @property
    def work(self) -> int:
        """Of one network on one sample, as multiplications that take as long."""
        return self.n_multiplications

    @property
    def learns(self) -> bool:
        """Whether a training leaves something in it, so that each has a copy of its own."""
        return bool(self.trained_along)

    def observe(self, inputs, again: bool = True) -> None:
        """Looks at training samples, as those by which statistics are measured.

        Args:
            inputs: float32 (M, n_columns).
            again: also where it looked at some already.
        """

    @property
    def device(self) -> torch.device:
        """Where networks are scored."""
        return self.scale.device

    def forward(self, bits, inputs) -> Tensor:
        """The logits of S networks on M inputs.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
            inputs: float32 (M, n_columns), numpy or torch.

        Returns:
            torch float32 (S, M, n_outputs).

        Raises:
            InputError: wrong shapes.
        """
        return self.logits(self.bits_on_device(as_bits(bits)), self.check_inputs(inputs))

    def score(self, bits, inputs, reduce: Callable[[Tensor], Tensor]) -> np.ndarray:
        """A number (or several) for each network, in bounded memory, equal networks once.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
            inputs: float32 (M, n_columns), numpy or torch.
            reduce: logits float32 (s, M, n_outputs) -> tensor (s, ...), called for parts of the
                networks, for several at a time.

        Returns:
            numpy (S, ...), row s for bits[s].
        """
        rows, inverse = unique_bitstrings(as_bits(bits))
        parts = self.in_parts(rows, inputs, lambda logits, _: as_array(reduce(logits)))
        return np.concatenate(list(parts))[inverse]

    def score_with_gradient(
        self,
        bits,
        inputs,
        reduce: Callable[[Tensor], Tensor],
        how: Derivatives = FIRST_ORDER,
        second: Callable[[Tensor], Tensor] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A number for each network, and its derivative by each spin s = 1 - 2 b, at its bits.

        Derivatives of the mean of the numbers by what is trained along are added to its ``.grad``.

        Args:
            bits, inputs: as of :meth:`score`.
            reduce: logits float32 (s, M, n_outputs) -> tensor (s,), differentiable.
            how: what is wanted; the window is that of :meth:`logits_with_gradient`.
            second: logits -> second derivatives of ``reduce`` by each of them, (s, M, n_outputs),
                needed for a curvature.

        Returns:
            float32 (S,) and (S, n_qubits), or their mean (n_qubits,).

        Raises:
            RuntimeError: of torch, where it cannot differentiate ``reduce``.
        """
        return values_and_gradients(self, bits, inputs, reduce, how, second)

    def vote(self, bits, inputs) -> Votes:
        """What S networks say together, in bounded memory, equal networks once.

        Args:
            bits, inputs: as of :meth:`score`.
        """
        return self.score_and_vote(bits, inputs, lambda logits: logits[:, 0, 0])[1]

    def score_and_vote(
        self,
        bits,
        inputs,
        reduce: Callable[[Tensor], Tensor],
        progress: Callable[[float], None] | None = None,
    ) -> tuple[np.ndarray, Votes]:
        """What :meth:`score` and :meth:`vote` return, for one pass over the samples.

        Args:
            bits, inputs, reduce: as of :meth:`score`.
            progress: called again and again with the share of the work that is done.
        """
        return scores_and_votes(self, bits, inputs, reduce, progress)

    def probabilities(self, logits: Tensor) -> Tensor:
        """That of class 1, or of each class: (S, M, n_outputs); outputs of a regression as is."""
        if self.is_regression:
            return logits
        if self.n_outputs == 1:
            return logits.sigmoid()
        # samples lie side by side, not classes: so it takes a tenth of the time
        return logits.transpose(1, 2).softmax(dim=1).transpose(1, 2)

    def classify(self, logits: Tensor) -> Tensor:
        """The classes int64 (S, M) of logits (S, M, n_outputs); a tie is of the first of them."""
        if self.n_outputs == 1:
            return (logits[..., 0] > EQUAL).long()
        return first_of_largest(logits)

    def check_inputs(self, inputs) -> Tensor:
        """Inputs as float32 (M, n_columns) on the module's device, of its dtype."""
        inputs = torch.as_tensor(inputs, dtype=self.scale.dtype, device=self.device)
        if inputs.ndim != 2 or inputs.shape[1] != self.n_columns:
            raise InputError(
                f"inputs have shape {tuple(inputs.shape)}: expected (n_samples, {self.n_columns})"
            )
        return inputs

    def bits_on_device(self, rows: np.ndarray) -> Tensor:
        """Bits int8 (S, n_qubits) where networks are scored."""
        return torch.as_tensor(np.ascontiguousarray(rows), device=self.device)

    def networks_at_once(self, n_samples: int) -> int:
        """How many networks are scored together, so that few numbers are held."""
        return max(1, CHUNK // max(n_samples * self.widest, self.layout.n_bits))

    def in_parts(
        self, rows: np.ndarray, inputs, function: Callable[[Tensor, slice], Result]
    ) -> Iterator[Result]:
        """``function(logits, part)`` for some networks at a time, in order."""
        inputs, bits = self.check_inputs(inputs), self.bits_on_device(rows)
        step = self.networks_at_once(len(inputs))
        parts = [slice(begin, begin + step) for begin in range(0, len(bits), step)]
        run = in_order if self.in_threads else map
        return iter(run(lambda part: function(self.logits(bits[part], inputs), part), parts))
