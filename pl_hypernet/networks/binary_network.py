"""Binary neural networks: a torch module that scores one network for each bitstring."""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.errors import InputError
from pl_hypernet.networks.activations import (
    OUTPUT_ACTIVATIONS,
    OUTPUTS_WITH_GRADIENT,
    REGRESSION,
    hidden_with_gradient,
)
from pl_hypernet.networks.architecture import ArchitectureChoice
from pl_hypernet.networks.arguments import (
    architecture_choice,
    bias_values,
    for_each_layer,
    hidden_activation,
    is_real,
    is_size,
    output_activation,
    shown,
)
from pl_hypernet.networks.bits import as_bits
from pl_hypernet.networks.block import Block
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.curvature import Summed
from pl_hypernet.networks.default_scale import RandomNetworks
from pl_hypernet.networks.layout import ParameterLayout
from pl_hypernet.networks.network import FirstWeights, Network
from pl_hypernet.networks.parameters import Parameters
from pl_hypernet.networks.resolve import resolve
from pl_hypernet.networks.values import find_values
from pl_hypernet.spins import SPINS
from pl_hypernet.user_code import UserCode

RESERVED = ("activation", "features", "hidden", "values")  # names of choices


class BinaryNetwork(Network):
    r"""A neural network with weights and biases of few values, +1 and -1 as a rule: a qubit each.

    The network holds no parameters of its own: a bitstring is its parameters. Calling it with S
    bitstrings and M inputs scores S networks, in one batched product a layer,

    .. math:: h_l = \text{hidden}(w_l h_{l-1} + b_l), \qquad z = \text{scale} \, (w h + b),

    where sign, the usual hidden activation, has sign(0) = +1, also where rounding makes a little
    less than 0 of a sum of real inputs. With one output the probability of class 1 is
    activation(z), with several the probabilities of the classes are softmax(z); of a regression
    z itself are the outputs, one or several.

    What is a :class:`Choice` is left to qubits of its own, as are the ``choices`` about the
    architecture; any number at once.

    Args:
        n_inputs: number of inputs that a network sees.
        sizes: number of neurons in each layer, the last of them the outputs: ``[1]`` for two
            classes and no hidden layer, ``[64, 10]`` for ten classes and 64 hidden neurons; of a
            regression an output for each target.
        activation: of one output: ``"sigmoid"``, ``"hard_sigmoid"``, or a :class:`Choice` of them;
            of several: ``"softmax"``; of any number ``"identity"`` for regression. None: sigmoid
            or softmax.
        scale: factor of the logits; None: what makes logits of random networks about 2 in size,
            8 / sqrt(n_inputs) for pixels without hidden layers, 1 for 64: see
            :func:`~pl_hypernet.networks.default_scale.RandomNetworks`.
        values: what the bits of weights and biases stand for, as ``(1, -3)``, ``"ternary"``,
            ``"2-bit"``, or a :class:`Choice` of pairs (arXiv:2301.08292): see
            :func:`~pl_hypernet.networks.values.find_values`. A list: one for each layer.
        hidden: activation of all hidden layers: ``"sign"``, ``"relu"``, ``"sigmoid"``, ``"tanh"``,
            ``"hard_sigmoid"``, ``"hard_tanh"``, ``"identity"``, a function of a tensor, or a
            :class:`Choice` of them. A list: one for each hidden layer.
        bias: whether the neurons have biases, of the values of their weights; or values of their
            own, as ``"6-bit"``: thresholds that take the place of a batch norm's. A list: one for
            each layer.
        bias_scale: factor of biases with values of their own; a list: of each layer; None: the
            power of 2 by which they reach about half a standard deviation of a neuron's sum, see
            :func:`~pl_hypernet.networks.bias_unit.bias_unit`.
        features: a :class:`Choice` of names of feature maps: the inputs then hold those of all
            maps side by side, ``n_inputs`` columns each, and a network sees one of them.
        choices: about the architecture: :class:`RemoveNeurons`, :class:`SkipLayer`,
            :class:`DropWeights`, or of a class of your own.
        mean_square: of the inputs, as ``data.mean_square``, for the default scale; None: 1/16, as
            of pixels from 0 to 1, and of a regression 1.
        tied, fixed: bits that share a qubit, and bits that are constant: see
            :class:`ParameterLayout`.

    Attributes:
        layout (ParameterLayout): the name of each qubit: for each layer
            ``layers.0.weight[0, i]`` row-major (out, in), then ``layers.0.bias[0]``; at the end
            the choices, ``choice.values``, ``choice.hidden`` (``choice.hidden.0`` where it is of
            one layer of a list), ``choice.features``, those about the architecture, and
            ``choice.activation``.
        choices (dict): by name, what qubits decide.
        n_qubits (int): number of bits that make a network.
        n_columns (int): of the inputs: ``n_inputs`` for each feature map.
        n_outputs (int): 1, or the number of classes, or that of the targets of a regression.
        is_regression (bool): whether the outputs are numbers and not classes.
        bias_scale (tuple): float, of each layer what levels of its bias are multiplied by.

    Raises:
        InputError: sizes that cannot be built, an unknown activation, values that will not do.
    """

    def __init__(
        self,
        n_inputs: int,
        sizes: Sequence[int] = (1,),
        activation: str | Choice | None = None,
        scale: float | None = None,
        values=SPINS,
        hidden="sign",
        bias=True,
        bias_scale: float | Sequence[float] | None = None,
        features: Choice | None = None,
        choices: Sequence[ArchitectureChoice] = (),
        tied: Sequence[Sequence[str]] = (),
        fixed: Mapping[str, int | Sequence[int]] | None = None,
        mean_square: float | None = None,
    ):
        super().__init__()
        if not is_size(n_inputs):
            raise InputError(f"n_inputs={n_inputs!r}: expected a whole number of at least 1")
        is_list = isinstance(sizes, Sequence | np.ndarray) and len(sizes) > 0
        if not is_list or not all(map(is_size, sizes)):
            raise InputError(
                f"sizes={sizes}: expected the number of neurons in each layer, as [1] or [64, 10]"
            )
        self.sizes = tuple(map(int, sizes))
        if scale is not None and not (is_real(scale) and 0 < scale < math.inf):
            raise InputError(f"scale={scale!r}: expected a positive number, or None")
        if mean_square is not None and not (is_real(mean_square) and 0 < mean_square < math.inf):
            raise InputError(f"mean_square={mean_square!r}: expected a positive number, or None")
        self.n_inputs = n_inputs
        self.n_outputs = self.sizes[-1]
        n_layers = len(self.sizes)
        self.activation = output_activation(activation, self.n_outputs)
        self.is_regression = self.activation == REGRESSION
        self.hidden, hidden_choices = for_each_layer(
            "hidden", hidden, n_layers - 1, hidden_activation
        )
        self.values, values_choices = for_each_layer("values", values, n_layers, find_values)
        self.bias, _ = for_each_layer("bias", bias, n_layers, bias_values)
        if features is not None and not isinstance(features, Choice):
            raise InputError(f"features={features!r}: expected a Choice of feature maps, or None")
        self.features = features
        self.n_columns = n_inputs * (len(features.options) if features else 1)
        if n_layers == 1 and isinstance(hidden, Choice):
            raise InputError(f"hidden={hidden}: a network of one layer has no hidden one to choose")
        if not isinstance(choices, Sequence):
            raise InputError(f"choices={choices}: expected a list of them")
        # copies, as they learn the sizes of this network
        self.architecture = tuple(copy(architecture_choice(choice)) for choice in choices)
        self.choices: dict[str, Choice | ArchitectureChoice] = values_choices | hidden_choices
        if features is not None:
            self.choices["features"] = features
        for choice in self.architecture:
            prepare = UserCode("choice", choice.prepare, "nothing, of the sizes of the layers")
            prepare(sizes=(n_inputs, *self.sizes))
            if choice.name in self.choices or choice.name.split(".")[0] in RESERVED:
                raise InputError(f"choice {choice.name!r} comes twice: give each a name of its own")
            if choice.name == "skip.0" and features is not None:
                raise InputError(f"{choice}: not beside a choice of features, whose layer it is")
            self.choices[choice.name] = choice
        if isinstance(self.activation, Choice):
            self.choices["activation"] = self.activation
        self.tied = tuple(map(tuple, tied))
        self.fixed = dict(fixed or {})
        self.layout = ParameterLayout(self._blocks(), self.tied, self.fixed)
        layers = self.sizes, self.values, self.bias, self.hidden
        random = RandomNetworks(n_inputs, *layers, self.is_regression, mean_square)
        self.bias_scale = random.bias_scales(bias_scale)
        if scale is None:
            scale = random.default_scale(self.bias_scale)
        # a buffer, so that module.to(device) moves the place where networks are scored
        self.register_buffer("scale", torch.tensor(float(scale), dtype=torch.float32))

    def _blocks(self) -> list[Block]:
        blocks, fan_in = [], self.n_inputs
        for i, (size, values, bias) in enumerate(
            zip(self.sizes, self.values, self.bias, strict=True)
        ):
            levels = (0, 1) if isinstance(values, Choice) else values  # the bits, for a choice
            blocks.append(Block(f"layers.{i}.weight", (size, fan_in), levels))
            if bias:
                of_bias = bias if isinstance(bias, tuple) else levels
                blocks.append(Block(f"layers.{i}.bias", (size,), of_bias))
            fan_in = size
        for name, choice in self.choices.items():
            options = tuple(range(len(choice.names)))
            blocks.append(Block(f"choice.{name}", choice.shape, options))
        return blocks

    @property
    def n_multiplications(self) -> int:
        """Multiplications of one network on one sample."""
        return sum(a * b for a, b in pairwise((self.n_inputs, *self.sizes)))

    @property
    def n_neurons(self) -> int:
        """Neurons of all layers."""
        return sum(self.sizes)

    @property
    def widest(self) -> int:
        """Neurons of the largest layer."""
        return max(self.sizes)

    def extra_repr(self) -> str:
        parts = [
            f"{self.n_inputs}, {list(self.sizes)}, activation={self.activation!r}",
            f"scale={self.scale.item():g}, values={shown(self.values)}",
            f"hidden={shown(self.hidden)}, bias={shown(self.bias)}",
        ]
        parts += [f"features={self.features}"] if self.features else []
        parts += [f"choices={list(self.architecture)}"] if self.architecture else []
        return ", ".join([*parts, f"n_qubits={self.n_qubits}"])

    def parameters_of(self, bits) -> Parameters:
        """What S networks compute with, once every choice is made.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
        """
        with torch.no_grad():
            return resolve(self, self.layout.decode(self.bits_on_device(as_bits(bits))))

    def outputs_with_gradient(self, decoded: dict, inputs: Tensor, window: float) -> Tensor:
        return self._with_gradient(decoded, inputs, window, None)

    def summed_with_gradient(
        self, decoded: dict, inputs: Tensor, window: float
    ) -> tuple[Tensor, list[Summed]]:
        kept: list[Summed] = []
        return self._with_gradient(decoded, inputs, window, kept), kept

    def _with_gradient(self, decoded: dict, inputs: Tensor, window: float, kept) -> Tensor:
        parameters = resolve(self, decoded)
        parameters.functions, parameters.kept = hidden_with_gradient(window), kept
        return self._finished(parameters, inputs, OUTPUTS_WITH_GRADIENT)

    def first_weights(self, bits) -> FirstWeights:
        parameters = self.parameters_of(bits)
        weights = parameters.weights[0]
        if len(self.sizes) > 1 and parameters.removed[0] is not None:
            weights = weights.masked_fill(parameters.removed[0][..., None], 0)  # not in the network
        return FirstWeights(weights.numpy(force=True), len(self.sizes) == 1)

    @torch.no_grad()
    def logits(self, bits: Tensor, inputs: Tensor) -> Tensor:
        parameters = resolve(self, self.layout.decode(bits))
        return self._finished(parameters, inputs, OUTPUT_ACTIVATIONS)

    def _finished(self, parameters: Parameters, inputs: Tensor, activations: dict) -> Tensor:
        z = parameters.outputs(inputs).transpose(1, 2)
        if self.n_outputs > 1 or self.is_regression:
            return z
        return parameters.output.apply(z, activations)
