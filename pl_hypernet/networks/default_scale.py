"""The factor of the outputs where none is given: random networks are neither flat nor certain."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pl_hypernet.errors import InputError
from pl_hypernet.networks.activations import HIDDEN_ACTIVATIONS, own_activation
from pl_hypernet.networks.arguments import is_real
from pl_hypernet.networks.bias_unit import bias_unit
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.values import Values

LOGITS = 2.0  # standard deviation of the logits of random networks
PIXELS = 1 / 16  # mean square of inputs that are pixels from 0 to 1, as those of digits
NODES = 32  # of the quadrature over a normal distribution


@dataclass(frozen=True)
class RandomNetworks:
    """How large the numbers are that flow through networks whose bits are random.

    Attributes:
        n_inputs: that a network sees.
        layers: neurons of each layer.
        values, bias: of each layer; a bias is a bool, or levels of its own.
        hidden: activation of each hidden layer, or a choice of them.
        is_regression: whether the output is a number.
        mean_square: of the inputs; None: 1/16, of a regression 1.
    """

    n_inputs: int
    layers: Sequence[int]
    values: Sequence[Values]
    bias: Sequence[bool | tuple[int, ...]]
    hidden: Sequence
    is_regression: bool
    mean_square: float | None = None

    def default_scale(self, bias_scales: Sequence[float] | None = None) -> float:
        r""":math:`2 / \sqrt{n m}`, for n inputs of the last layer of mean square m: logits of
        random networks of weights +1 and -1 then have a standard deviation of about 2.

        Without hidden layers m is that of the inputs: 1/16 of pixels, so that the scale is
        :math:`8 / \sqrt{n}`, 1 for 64. Behind hidden layers m is that of the activation of a normal
        variable, whose variance comes from the layer before it in the same way. Of a regression,
        whose targets are standardised, 1 takes the place of 2.

        Args:
            bias_scales: of each layer; None: the default.
        """
        *_, (fan_in, size, _) = self._layers(bias_scales)
        return (1.0 if self.is_regression else LOGITS) / math.sqrt(fan_in * size)

    def bias_scales(self, given: float | Sequence[float] | None = None) -> tuple[float, ...]:
        """Of each layer what its bias is multiplied by, see
        :func:`~pl_hypernet.networks.bias_unit.bias_unit`; 1 where it has the values of the weights.

        Args:
            given: as of :class:`BinaryNetwork`.

        Raises:
            InputError: no positive numbers, or not one for each layer.
        """
        each = None
        if given is not None:
            n = len(self.layers)
            each = list(given) if isinstance(given, Sequence) else [given] * n
            if len(each) != n or not all(is_real(x) and 0 < x < math.inf for x in each):
                raise InputError(
                    f"bias_scale={given!r}: expected a positive number, or a list of {n}"
                )
        return tuple(unit for *_, unit in self._layers(each))

    def _layers(self, scales: Sequence[float] | None) -> Iterator[tuple[int, float, float]]:
        """Of each layer the number of its inputs, their mean square, and the factor of its bias."""
        size, fan_in = self.mean_square or (1.0 if self.is_regression else PIXELS), self.n_inputs
        for i, activation in enumerate([*self.hidden, None]):
            square, bias = _mean_square(self.values[i]), self.bias[i]
            variance, unit = square * fan_in * size, 1.0
            if isinstance(bias, tuple):
                unit = bias_unit(bias, math.sqrt(variance)) if scales is None else float(scales[i])
                variance += unit**2 * _mean_square(bias)
            else:
                variance += bias * square
            yield fan_in, size, unit
            if activation is not None:
                size, fan_in = _mean_square_after(activation, variance), self.layers[i]


def _mean_square(values: Values) -> float:
    """Of a weight whose bits are random."""
    levels = values.options if isinstance(values, Choice) else values
    return float(np.mean(np.square(levels)))


def _mean_square_after(activation, variance: float) -> float:
    """Of a hidden neuron whose sum is normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    options = activation.options if isinstance(activation, Choice) else (activation,)
    sizes = []
    for option in options:
        function = HIDDEN_ACTIVATIONS[option] if isinstance(option, str) else own_activation(option)
        # as one network sees it: (networks, neurons, samples)
        z = torch.as_tensor(math.sqrt(variance) * nodes, dtype=torch.float32)[None, :, None]
        h = function(z).detach().double().numpy()[0, :, 0]
        sizes.append(weights @ h**2 / weights.sum())
    return float(np.mean(sizes))
