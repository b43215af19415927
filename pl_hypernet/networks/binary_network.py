"""Binary neural networks: a torch module that scores one network for each bitstring."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from itertools import pairwise
from typing import TypeVar

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
    for_each_layer,
    hidden_activation,
    is_real,
    is_size,
    output_activation,
    shown,
    truth,
)
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.default_scale import default_scale
from pl_hypernet.networks.layout import Block, ParameterLayout
from pl_hypernet.networks.parameters import Chosen, Parameters
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.networks.values import find_values
from pl_hypernet.networks.votes import EQUAL, Votes, first_of_largest
from pl_hypernet.spins import SPINS
from pl_hypernet.torch_threads import in_order
from pl_hypernet.user_code import UserCode

RESERVED = ("activation", "features", "hidden", "values")  # names of choices
CHUNK = 2**21  # outputs held at a time when they are reduced, 8 MB of float32

Result = TypeVar("Result")


class BinaryNetwork(torch.nn.Module):
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
        layers: number of neurons in each layer, the last of them the outputs: ``[1]`` for two
            classes and no hidden layer, ``[64, 10]`` for ten classes and 64 hidden neurons; of a
            regression an output for each target.
        activation: of one output: ``"sigmoid"``, ``"hard_sigmoid"``, or a :class:`Choice` of them;
            of several: ``"softmax"``; of any number ``"identity"`` for regression. None: sigmoid
            or softmax.
        scale: factor of the logits; None: what makes logits of random networks about 2 in size,
            8 / sqrt(n_inputs) for pixels without hidden layers, 1 for 64: see
            :func:`~pl_hypernet.networks.default_scale.default_scale`.
        values: what the bits of weights and biases stand for, as ``(1, -3)``, ``"ternary"``,
            ``"2-bit"``, or a :class:`Choice` of pairs (arXiv:2301.08292): see
            :func:`~pl_hypernet.networks.values.find_values`. A list: one for each layer.
        hidden: activation of all hidden layers: ``"sign"``, ``"relu"``, ``"sigmoid"``, ``"tanh"``,
            ``"hard_sigmoid"``, ``"hard_tanh"``, ``"identity"``, a function of a tensor, or a
            :class:`Choice` of them. A list: one for each hidden layer.
        bias: whether the neurons have biases; a list: one for each layer.
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

    Raises:
        InputError: sizes that cannot be built, an unknown activation, values that will not do.
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[int] = (1,),
        activation: str | Choice | None = None,
        scale: float | None = None,
        values=SPINS,
        hidden="sign",
        bias: bool | Sequence[bool] = True,
        features: Choice | None = None,
        choices: Sequence[ArchitectureChoice] = (),
        tied: Sequence[Sequence[str]] = (),
        fixed: Mapping[str, int | Sequence[int]] | None = None,
        mean_square: float | None = None,
    ):
        super().__init__()
        if not is_size(n_inputs):
            raise InputError(f"n_inputs={n_inputs!r}: expected a whole number of at least 1")
        is_list = isinstance(layers, Sequence | np.ndarray) and len(layers) > 0
        if not is_list or not all(map(is_size, layers)):
            raise InputError(
                f"layers={layers}: expected the number of neurons in each layer, as [1] or [64, 10]"
            )
        self.layers = tuple(map(int, layers))
        if scale is not None and not (is_real(scale) and 0 < scale < math.inf):
            raise InputError(f"scale={scale!r}: expected a positive number, or None")
        if mean_square is not None and not (is_real(mean_square) and 0 < mean_square < math.inf):
            raise InputError(f"mean_square={mean_square!r}: expected a positive number, or None")
        self.n_inputs = n_inputs
        self.n_outputs = self.layers[-1]
        n_layers = len(self.layers)
        self.activation = output_activation(activation, self.n_outputs)
        self.is_regression = self.activation == REGRESSION
        self.hidden, hidden_choices = for_each_layer(
            "hidden", hidden, n_layers - 1, hidden_activation
        )
        self.values, values_choices = for_each_layer("values", values, n_layers, find_values)
        self.bias, _ = for_each_layer("bias", bias, n_layers, truth)
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
            prepare(sizes=(n_inputs, *self.layers))
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
        if scale is None:
            scale = default_scale(
                n_inputs,
                self.layers,
                self.values,
                self.bias,
                self.hidden,
                self.is_regression,
                mean_square,
            )
        # a buffer, so that module.to(device) moves the place where networks are scored
        self.register_buffer("scale", torch.tensor(float(scale), dtype=torch.float32))

    def _blocks(self) -> list[Block]:
        blocks, fan_in = [], self.n_inputs
        for i, (size, values, bias) in enumerate(
            zip(self.layers, self.values, self.bias, strict=True)
        ):
            levels = (0, 1) if isinstance(values, Choice) else values  # the bits, for a choice
            blocks.append(Block(f"layers.{i}.weight", (size, fan_in), levels))
            if bias:
                blocks.append(Block(f"layers.{i}.bias", (size,), levels))
            fan_in = size
        for name, choice in self.choices.items():
            options = tuple(range(len(choice.names)))
            blocks.append(Block(f"choice.{name}", choice.shape, options))
        return blocks

    @property
    def n_qubits(self) -> int:
        return self.layout.n_qubits

    @property
    def n_multiplications(self) -> int:
        """Multiplications of one network on one sample."""
        return sum(a * b for a, b in pairwise((self.n_inputs, *self.layers)))

    def extra_repr(self) -> str:
        parts = [
            f"{self.n_inputs}, {list(self.layers)}, activation={self.activation!r}",
            f"scale={self.scale.item():g}, values={shown(self.values)}",
            f"hidden={shown(self.hidden)}, bias={shown(self.bias)}",
        ]
        parts += [f"features={self.features}"] if self.features else []
        parts += [f"choices={list(self.architecture)}"] if self.architecture else []
        return ", ".join([*parts, f"n_qubits={self.n_qubits}"])

    def forward(self, bits, inputs) -> Tensor:
        """The logits of S networks on M inputs.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
            inputs: float32 (M, n_columns), numpy or torch.

        Returns:
            torch float32 (S, M, n_outputs). With one output the probability of class 1 is
            ``sigmoid`` of it, with several those of the classes are ``softmax`` of them; of a
            regression they are the outputs themselves.

        Raises:
            InputError: wrong shapes.
        """
        return self._logits(self._bits(_as_numpy(bits)), self.check_inputs(inputs))

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
        rows, inverse = unique_bitstrings(_as_numpy(bits))
        parts = self._in_parts(rows, inputs, lambda logits, _: _as_array(reduce(logits)))
        return np.concatenate(list(parts))[inverse]

    def score_with_gradient(
        self, bits, inputs, reduce: Callable[[Tensor], Tensor], window: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """A number for each network, and its derivative by each spin s = 1 - 2 b, at its bits.

        Args:
            bits, inputs: as of :meth:`score`.
            reduce: logits float32 (s, M, n_outputs) -> tensor (s,), differentiable.
            window: as of :meth:`logits_with_gradient`, whose derivatives these are.

        Returns:
            float32 (S,) and (S, n_qubits).

        Raises:
            RuntimeError: of torch, where it cannot differentiate ``reduce``.
        """
        inputs = self.check_inputs(inputs)
        rows = self._bits(_as_numpy(bits))
        values, gradients = [], []
        for chunk in rows.split(self._networks_at_once(len(inputs))):
            # a leaf for each block: each part of a common one would bring zeros for all the others
            parts = [part.to(self.scale.dtype) for part in self.layout.split(chunk)]
            decoded = {
                block.name: block.decode(part.requires_grad_())
                for block, part in zip(self.layout.blocks, parts, strict=True)
            }
            value = reduce(self.outputs_with_gradient(decoded, inputs, window))
            by_bit = torch.autograd.grad(value.sum(), parts, materialize_grads=True)
            values.append(value.detach())
            gradients.append(self.layout.join(by_bit).mul_(-0.5))
        return _joined(values).cpu().numpy(), _joined(gradients).cpu().numpy()

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
        rows, inverse = unique_bitstrings(_as_numpy(bits))
        often = torch.as_tensor(np.bincount(inverse), device=self.scale.device)

        def of_part(logits: Tensor, part: slice) -> tuple[np.ndarray, ...]:
            weights = often[part].double()  # single: the order of samples would show in the sums
            sums = torch.einsum("s,smk->mk", weights, self.probabilities(logits).double())
            choosing = self._choosing(logits, weights)
            return _as_array(reduce(logits)), _as_array(sums), _as_array(choosing)

        scores, total, choosing, done = [], 0.0, 0.0, 0
        for score, sums, chosen in self._in_parts(rows, inputs, of_part):
            scores.append(score)
            done += len(score)
            if progress is not None:
                progress(done / len(rows))
            total = total + sums.astype(np.float64)
            choosing = choosing + chosen.astype(np.float64)
        mean, shares = total / len(inverse), choosing / len(inverse)
        if self.is_regression:
            shares = None
        elif self.n_outputs == 1:
            mean = np.hstack([1 - mean, mean])
        else:
            mean /= mean.sum(axis=1, keepdims=True)  # softmax is of single precision
        return np.concatenate(scores)[inverse], Votes(mean, shares)

    def _choosing(self, logits: Tensor, weights: Tensor) -> Tensor:
        """The weight of the networks that choose each class, (M, n_classes)."""
        n_samples = logits.shape[1]
        if self.is_regression:
            return weights.new_zeros(n_samples, 0)
        classes = self.classify(logits)
        found = weights.new_zeros(max(2, self.n_outputs), n_samples)
        return found.scatter_add_(0, classes, weights[:, None].expand(classes.shape)).T

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
        inputs = torch.as_tensor(inputs, dtype=self.scale.dtype, device=self.scale.device)
        if inputs.ndim != 2 or inputs.shape[1] != self.n_columns:
            raise InputError(
                f"inputs have shape {tuple(inputs.shape)}: expected (n_samples, {self.n_columns})"
            )
        return inputs

    def parameters_of(self, bits) -> Parameters:
        """What S networks compute with, once every choice is made.

        Args:
            bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.
        """
        with torch.no_grad():
            return self._resolved(self.layout.decode(self._bits(_as_numpy(bits))))

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

    def outputs_with_gradient(self, decoded: dict, inputs: Tensor, window: float) -> Tensor:
        """As :meth:`logits_with_gradient`, of numbers (S, *shape) as the layout decodes them."""
        parameters = self._resolved(decoded)
        parameters.functions = hidden_with_gradient(window)
        return self._finished(parameters, inputs, OUTPUTS_WITH_GRADIENT)

    def _resolved(self, decoded: dict[str, Tensor]) -> Parameters:
        chosen = {name: decoded[f"choice.{name}"].long() for name in self.choices}
        shots = len(decoded["layers.0.weight"])
        n_hidden = len(self.layers) - 1
        parameters = Parameters(
            weights=[self._numbers(decoded, i, "weight", chosen) for i in range(n_hidden + 1)],
            biases=[self._numbers(decoded, i, "bias", chosen) for i in range(n_hidden + 1)],
            hidden=[
                _chosen(self.hidden[i], _of_layer(chosen, "hidden", i)) for i in range(n_hidden)
            ],
            skipped=[None] * n_hidden,
            removed=[None] * n_hidden,
            scale=self.scale.expand(shots),
            output=_chosen(self.activation, chosen.get("activation")),
        )
        for choice in self.architecture:
            choice.checked_apply(parameters, chosen[choice.name])
        if self.features is not None:
            parameters.weights[0] = self._in_columns(parameters.weights[0], chosen["features"])
        return parameters

    def _numbers(self, decoded: dict, layer: int, kind: str, chosen: dict) -> Tensor:
        """The weights (S, n_out, n_in) or biases (S, n_out) of a layer, as floats."""
        numbers = decoded.get(f"layers.{layer}.{kind}")
        if numbers is None:
            shots = len(decoded["layers.0.weight"])
            return self.scale.new_zeros(shots, self.layers[layer])
        numbers = numbers.to(self.scale.dtype)
        values = self.values[layer]
        if not isinstance(values, Choice):
            return numbers
        pairs = numbers.new_tensor(values.options)
        low, high = pairs[_of_layer(chosen, "values", layer)].T
        shape = -1, *[1] * (numbers.ndim - 1)
        return low.view(shape) + (high - low).view(shape) * numbers

    def _in_columns(self, weight: Tensor, chosen: Tensor) -> Tensor:
        """First weights (S, n_out, n_columns): those of the feature maps not chosen are 0."""
        shots, n_out, n_in = weight.shape
        wide = weight.new_zeros(shots, n_out, len(self.features.options), n_in)
        wide[torch.arange(shots), :, chosen] = weight
        return wide.flatten(2)

    def _bits(self, rows: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(rows), device=self.scale.device)

    def _in_parts(
        self, rows: np.ndarray, inputs, function: Callable[[Tensor, slice], Result]
    ) -> Iterator[Result]:
        """``function(logits, part)`` for some networks at a time, in order, so that few numbers are
        held."""
        inputs, bits = self.check_inputs(inputs), self._bits(rows)
        step = self._networks_at_once(len(inputs))
        parts = [slice(begin, begin + step) for begin in range(0, len(bits), step)]
        return in_order(lambda part: function(self._logits(bits[part], inputs), part), parts)

    def _networks_at_once(self, n_samples: int) -> int:
        return max(1, CHUNK // max(n_samples * max(self.layers), self.layout.n_bits))

    @torch.no_grad()
    def _logits(self, bits: Tensor, inputs: Tensor) -> Tensor:
        return self._finished(self._resolved(self.layout.decode(bits)), inputs, OUTPUT_ACTIVATIONS)

    def _finished(self, parameters: Parameters, inputs: Tensor, activations: dict) -> Tensor:
        z = parameters.outputs(inputs).transpose(1, 2)
        if self.n_outputs > 1 or self.is_regression:
            return z
        return parameters.output.apply(z, activations)


def _of_layer(chosen: dict[str, Tensor], name: str, layer: int) -> Tensor | None:
    """The codes of a choice for this layer, or for all."""
    return chosen.get(f"{name}.{layer}", chosen.get(name))


def _chosen(option, codes: Tensor | None) -> Chosen:
    return Chosen(option.options, codes) if isinstance(option, Choice) else Chosen((option,))


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _as_array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _as_numpy(bits) -> np.ndarray:
    bits = bits.cpu().numpy() if isinstance(bits, Tensor) else np.asarray(bits)
    if bits.ndim != 2:
        raise InputError(f"bits have shape {bits.shape}: expected (shots, n_qubits)")
    whole = bits.dtype.kind in "biu" or (bits == np.round(bits)).all()
    if bits.size and (not whole or bits.min() < 0 or bits.max() > 1):
        raise InputError("bits hold other values than 0 and 1: a spin s is the bit (1 - s) / 2")
    return bits.astype(np.int8, copy=False)
