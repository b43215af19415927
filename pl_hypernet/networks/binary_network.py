"""Binary neural networks: a torch module that scores one network for each bitstring."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks.activations import OUTPUT_ACTIVATIONS, sigmoid
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.layout import Block, ParameterLayout
from pl_hypernet.networks.unique import unique_bitstrings

CHUNK = 2**21  # outputs held at a time when they are reduced, 8 MB of float32


class BinaryNetwork(torch.nn.Module):
    r"""A neural network with weights and biases in {+1, -1}, one qubit each.

    The network holds no parameters of its own: a bitstring is its parameters. Calling it with S
    bitstrings and M inputs scores S networks in one batched product,

    .. math:: z = \text{scale} \, (w \cdot x + b), \qquad p = \text{activation}(z).

    Args:
        n_inputs: number of inputs.
        layers: number of neurons in each layer, here one layer with one output, ``[1]``.
        activation: of the output: ``"sigmoid"`` or ``"hard_sigmoid"``, or a :class:`Choice`
            between two, which adds a qubit.
        scale: factor of the logit; None: 8 / sqrt(n_inputs), which is 1 for 64 pixels.

    Attributes:
        layout (ParameterLayout): the name of each qubit: ``layers.0.weight[0, i]`` row-major, then
            ``layers.0.bias[0]``, then ``choice.activation`` if there is a choice.
        n_qubits (int): number of bits that make a network.

    Raises:
        InputError: sizes that cannot be built, or an unknown activation.
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[int] = (1,),
        activation: str | Choice = "sigmoid",
        scale: float | None = None,
    ):
        super().__init__()
        if n_inputs < 1:
            raise InputError(f"n_inputs={n_inputs}: expected at least 1")
        if list(layers) != [1]:
            raise InputError(f"layers={list(layers)}: expected [1], one layer with one output")
        if scale is not None and not (math.isfinite(scale) and scale > 0):
            raise InputError(f"scale={scale}: expected a positive number, or None")
        self.n_inputs = n_inputs
        self.layers = tuple(layers)
        self.activation = activation
        options = activation.options if isinstance(activation, Choice) else (activation,)
        for option in options:
            if option not in OUTPUT_ACTIVATIONS:
                raise unknown_name("activation", option, OUTPUT_ACTIVATIONS)
        blocks = []
        fan_in = n_inputs
        for i, size in enumerate(self.layers):
            blocks.append(Block(f"layers.{i}.weight", (size, fan_in), is_spin=True))
            blocks.append(Block(f"layers.{i}.bias", (size,), is_spin=True))
            fan_in = size
        self.choices: dict[str, Choice] = {}
        if isinstance(activation, Choice):
            self.choices["activation"] = activation
            blocks.append(Block("choice.activation", (), is_spin=False))
        self.layout = ParameterLayout(blocks)
        # a buffer, so that module.to(device) moves the place where networks are scored
        scale = 8 / math.sqrt(n_inputs) if scale is None else scale
        self.register_buffer("scale", torch.tensor(float(scale), dtype=torch.float32))

    @property
    def n_qubits(self) -> int:
        return self.layout.n_qubits

    def extra_repr(self) -> str:
        return (
            f"{self.n_inputs}, {list(self.layers)}, activation={self.activation!r}, "
            f"scale={self.scale.item():g}, n_qubits={self.n_qubits}"
        )

    def forward(self, bits, inputs) -> Tensor:
        """The logits of class 1 of S networks on M inputs.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
            inputs: float32 (M, n_inputs), numpy or torch.

        Returns:
            torch float32 (S, M, 1); the probability of class 1 is ``sigmoid`` of it.

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
            reduce: logits float32 (s, M, 1) -> tensor (s, ...), called for parts of the networks.

        Returns:
            numpy (S, ...), row s for bits[s].
        """
        rows, inverse = unique_bitstrings(_as_numpy(bits))
        inputs = self.check_inputs(inputs)
        parts = [
            reduce(self._logits(chunk, inputs)).cpu().numpy()
            for chunk in self._bits(rows).split(max(1, CHUNK // len(inputs)))
        ]
        return np.concatenate(parts)[inverse]

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

    @torch.no_grad()
    def _logits(self, bits: Tensor, inputs: Tensor) -> Tensor:
        parameters = self.layout.decode(bits)
        weight = parameters["layers.0.weight"][:, 0].to(torch.float32)
        bias = parameters["layers.0.bias"].to(torch.float32)
        z = torch.addmm(bias, weight, inputs.T).mul_(self.scale)
        if not isinstance(self.activation, Choice):
            return OUTPUT_ACTIVATIONS[self.activation](z)[..., None]
        chosen = parameters["choice.activation"]
        for code, option in enumerate(self.activation.options):
            if OUTPUT_ACTIVATIONS[option] is sigmoid:  # the identity
                continue
            rows = (chosen == code).nonzero()[:, 0]
            z[rows] = OUTPUT_ACTIVATIONS[option](z[rows])
        return z[..., None]


def _as_numpy(bits) -> np.ndarray:
    bits = bits.cpu().numpy() if isinstance(bits, Tensor) else np.asarray(bits)
    if bits.ndim != 2:
        raise InputError(f"bits have shape {bits.shape}: expected (shots, n_qubits)")
    if bits.size and (bits.min() < 0 or bits.max() > 1):
        raise InputError("bits hold other values than 0 and 1: a spin s is the bit (1 - s) / 2")
    return bits.astype(np.int8, copy=False)
