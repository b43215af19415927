"""Binary neural networks: a torch module that scores one network for each bitstring."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks.activations import HIDDEN_ACTIVATIONS, OUTPUT_ACTIVATIONS, sigmoid
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.layout import Block, ParameterLayout
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.spins import SPINS

CHUNK = 2**21  # outputs held at a time when they are reduced, 8 MB of float32
TIE = 1e-6  # of the largest sum that there can be: less is the rounding of 0
SOFTMAX = "softmax"
MOST = 63  # of which differences are int8 too


class BinaryNetwork(torch.nn.Module):
    r"""A neural network with weights and biases of two values, +1 and -1, one qubit each.

    The network holds no parameters of its own: a bitstring is its parameters. Calling it with S
    bitstrings and M inputs scores S networks, in one batched product a layer,

    .. math:: h_l = \text{hidden}(w_l h_{l-1} + b_l), \qquad z = \text{scale} \, (w h + b),

    where sign, the usual hidden activation, has sign(0) = +1, also where rounding makes a little
    less than 0 of a sum of real inputs. With one output the probability of class 1 is
    activation(z); with several the probabilities of the classes are softmax(z).

    Args:
        n_inputs: number of inputs.
        layers: number of neurons in each layer, the last of them the outputs: ``[1]`` for two
            classes and no hidden layer, ``[64, 10]`` for ten classes and 64 hidden neurons.
        activation: of one output: ``"sigmoid"`` or ``"hard_sigmoid"``, or a :class:`Choice`
            between two, which adds a qubit; of several: ``"softmax"``. None: sigmoid or softmax.
        scale: factor of the logits; None: 8 / sqrt(inputs of the last layer), which is 1 for 64.
        values: the values of weights and biases where the bit is 0 and where it is 1: two
            different integers from -63 to 63, as ``(1, -3)`` (arXiv:2301.08292).
        hidden: activation of all hidden layers: ``"sign"``, ``"relu"``, ``"sigmoid"`` or
            ``"tanh"``, or a :class:`Choice` between two, which adds a qubit.

    Attributes:
        layout (ParameterLayout): the name of each qubit: for each layer
            ``layers.0.weight[0, i]`` row-major (out, in), then ``layers.0.bias[0]``; at the end
            ``choice.hidden`` and ``choice.activation``, where these are choices.
        n_qubits (int): number of bits that make a network.
        n_outputs (int): 1, or the number of classes.

    Raises:
        InputError: sizes that cannot be built, or an unknown activation.
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[int] = (1,),
        activation: str | Choice | None = None,
        scale: float | None = None,
        values: tuple[int, int] = SPINS,
        hidden: str | Choice = "sign",
    ):
        super().__init__()
        if n_inputs < 1:
            raise InputError(f"n_inputs={n_inputs}: expected at least 1")
        self.layers = tuple(layers)
        if not self.layers or not all(n == int(n) and n >= 1 for n in self.layers):
            raise InputError(
                f"layers={list(layers)}: expected the number of neurons in each layer, as [1] or "
                "[64, 10]"
            )
        if scale is not None and not (math.isfinite(scale) and scale > 0):
            raise InputError(f"scale={scale}: expected a positive number, or None")
        self.values = tuple(values)
        whole = all(value in range(-MOST, MOST + 1) for value in self.values)
        if not whole or len(set(self.values)) != 2 or len(self.values) != 2:
            raise InputError(
                f"values={values}: expected two different integers from -{MOST} to {MOST}"
            )
        self.n_inputs = n_inputs
        self.n_outputs = self.layers[-1]
        if activation is None:
            activation = "sigmoid" if self.n_outputs == 1 else SOFTMAX
        self.activation = activation
        known = OUTPUT_ACTIVATIONS if self.n_outputs == 1 else (SOFTMAX,)
        self.hidden = hidden
        _check_options("activation", activation, known)
        _check_options("hidden activation", hidden, HIDDEN_ACTIVATIONS)
        if isinstance(hidden, Choice) and len(self.layers) == 1:
            raise InputError(f"hidden={hidden}: a network of one layer has no hidden one to choose")
        blocks = []
        fan_in = n_inputs
        for i, size in enumerate(self.layers):
            blocks.append(Block(f"layers.{i}.weight", (size, fan_in), self.values))
            blocks.append(Block(f"layers.{i}.bias", (size,), self.values))
            last_fan_in, fan_in = fan_in, size
        self.choices: dict[str, Choice] = {}
        for name, choice in {"hidden": hidden, "activation": activation}.items():
            if isinstance(choice, Choice):
                self.choices[name] = choice
                blocks.append(Block(f"choice.{name}", (), values=None))
        self.layout = ParameterLayout(blocks)
        # a buffer, so that module.to(device) moves the place where networks are scored
        scale = 8 / math.sqrt(last_fan_in) if scale is None else scale
        self.register_buffer("scale", torch.tensor(float(scale), dtype=torch.float32))

    @property
    def n_qubits(self) -> int:
        return self.layout.n_qubits

    def extra_repr(self) -> str:
        return (
            f"{self.n_inputs}, {list(self.layers)}, activation={self.activation!r}, "
            f"scale={self.scale.item():g}, values={self.values}, hidden={self.hidden!r}, "
            f"n_qubits={self.n_qubits}"
        )

    def forward(self, bits, inputs) -> Tensor:
        """The logits of S networks on M inputs.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
            inputs: float32 (M, n_inputs), numpy or torch.

        Returns:
            torch float32 (S, M, n_outputs). With one output the probability of class 1 is
            ``sigmoid`` of it, with several those of the classes are ``softmax`` of them.

        Raises:
            InputError: wrong shapes.
        """
        bits = _as_numpy(bits)
        rows, inverse = unique_bitstrings(bits)
        if len(rows) == len(bits):
            return self._logits(self._bits(bits), self.check_inputs(inputs))
        return self._logits(self._bits(rows), self.check_inputs(inputs))[torch.as_tensor(inverse)]

    def score(self, bits, inputs, reduce: Callable[[Tensor], Tensor]) -> np.ndarray:
        """A number (or several) for each network, in bounded memory, equal networks once.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
            inputs: float32 (M, n_inputs), numpy or torch.
            reduce: logits float32 (s, M, n_outputs) -> tensor (s, ...), called for parts of the
                networks.

        Returns:
            numpy (S, ...), row s for bits[s].
        """
        rows, inverse = unique_bitstrings(_as_numpy(bits))
        parts = [reduce(logits).cpu().numpy() for logits in self._logits_in_parts(rows, inputs)]
        return np.concatenate(parts)[inverse]

    def vote(self, bits, inputs) -> np.ndarray:
        """Probabilities averaged over S networks, in bounded memory, equal networks once.

        Args:
            bits, inputs: as of :meth:`score`.

        Returns:
            numpy float64 (M, n_classes), rows that sum to 1.
        """
        rows, inverse = unique_bitstrings(_as_numpy(bits))
        often = torch.as_tensor(np.bincount(inverse), device=self.scale.device)
        total = torch.zeros(len(inputs), self.n_outputs, dtype=torch.float64, device=often.device)
        start = 0
        for logits in self._logits_in_parts(rows, inputs):
            weights = often[start : start + len(logits)].to(logits.dtype)
            p = torch.sigmoid(logits) if self.n_outputs == 1 else torch.softmax(logits, dim=2)
            total += torch.einsum("s,smk->mk", weights, p)
            start += len(logits)
        p = (total / len(inverse)).cpu().numpy()
        return np.concatenate([1 - p, p], axis=1) if self.n_outputs == 1 else p

    def classify(self, logits: Tensor) -> Tensor:
        """The classes int64 (S, M) of logits (S, M, n_outputs)."""
        return (logits[..., 0] > 0).long() if self.n_outputs == 1 else logits.argmax(dim=2)

    def check_inputs(self, inputs) -> Tensor:
        """Inputs as float32 (M, n_inputs) on the module's device."""
        inputs = torch.as_tensor(inputs, dtype=torch.float32, device=self.scale.device)
        if inputs.ndim != 2 or inputs.shape[1] != self.n_inputs:
            raise InputError(
                f"inputs have shape {tuple(inputs.shape)}: expected (n_samples, {self.n_inputs})"
            )
        return inputs

    def _bits(self, rows: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(rows), device=self.scale.device)

    def _logits_in_parts(self, rows: np.ndarray, inputs) -> Iterator[Tensor]:
        """Logits of some networks at a time, in order, so that few numbers are held."""
        inputs = self.check_inputs(inputs)
        largest = max(len(inputs) * max(self.layers), self.n_qubits)
        for chunk in self._bits(rows).split(max(1, CHUNK // largest)):
            yield self._logits(chunk, inputs)

    @torch.no_grad()
    def _logits(self, bits: Tensor, inputs: Tensor) -> Tensor:
        parameters = self.layout.decode(bits)
        z = None
        for i, size in enumerate(self.layers):
            weight = parameters[f"layers.{i}.weight"].to(torch.float32)
            bias = parameters[f"layers.{i}.bias"].to(torch.float32)[..., None]
            if z is None:  # all networks see the same inputs: one product
                flat = torch.addmm(bias.reshape(-1, 1), weight.flatten(0, 1), inputs.T)
                z = flat.view(len(bits), size, len(inputs))
            else:
                z = torch.baddbmm(bias, weight, z)
            if i < len(self.layers) - 1:
                z = self._hidden(z, parameters, inputs if i == 0 else None)
        z.mul_(self.scale)
        if self.n_outputs > 1:
            return z.transpose(1, 2)
        z = z[:, 0]
        if not isinstance(self.activation, Choice):
            return OUTPUT_ACTIVATIONS[self.activation](z)[..., None]
        chosen = parameters["choice.activation"]
        for code, option in enumerate(self.activation.options):
            if OUTPUT_ACTIVATIONS[option] is sigmoid:  # the identity
                continue
            rows = (chosen == code).nonzero()[:, 0]
            z[rows] = OUTPUT_ACTIVATIONS[option](z[rows])
        return z[..., None]

    def _hidden(self, z: Tensor, parameters: dict, inputs: Tensor | None) -> Tensor:
        """The hidden activation of z (S, n, M), of the first layer where there are inputs."""
        if inputs is not None and inputs.numel():  # sums of real inputs, with rounding
            largest = max(map(abs, self.values))
            tie = TIE * largest * (1 + self.n_inputs * inputs.abs().max().item())
            z.masked_fill_(z.abs() <= tie, 0)
        if not isinstance(self.hidden, Choice):
            return HIDDEN_ACTIVATIONS[self.hidden](z)
        chosen = parameters["choice.hidden"]
        for code, option in enumerate(self.hidden.options):
            rows = (chosen == code).nonzero()[:, 0]
            z[rows] = HIDDEN_ACTIVATIONS[option](z[rows])
        return z


def _check_options(kind: str, activation: str | Choice, known) -> None:
    options = activation.options if isinstance(activation, Choice) else (activation,)
    for option in options:
        if option not in known:
            raise unknown_name(kind, option, known)


def _as_numpy(bits) -> np.ndarray:
    bits = bits.cpu().numpy() if isinstance(bits, Tensor) else np.asarray(bits)
    if bits.ndim != 2:
        raise InputError(f"bits have shape {bits.shape}: expected (shots, n_qubits)")
    if bits.size and (bits.min() < 0 or bits.max() > 1):
        raise InputError("bits hold other values than 0 and 1: a spin s is the bit (1 - s) / 2")
    return bits.astype(np.int8, copy=False)
