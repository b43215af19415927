"""From decoded bits to what networks compute with: every choice is made."""

import torch
from torch import Tensor

from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.parameters import Chosen, Parameters


def resolve(network, decoded: dict[str, Tensor]) -> Parameters:
    """Parameters of S networks.

    Args:
        network (BinaryNetwork): whose they are.
        decoded: (S, *shape) for each block of its layout.
    """
    chosen = {name: decoded[f"choice.{name}"].long() for name in network.choices}
    shots = len(decoded["layers.0.weight"])
    n_hidden = len(network.sizes) - 1
    parameters = Parameters(
        weights=[_numbers(network, decoded, i, "weight", chosen) for i in range(n_hidden + 1)],
        biases=[_numbers(network, decoded, i, "bias", chosen) for i in range(n_hidden + 1)],
        hidden=[
            _chosen(network.hidden[i], _of_layer(chosen, "hidden", i)) for i in range(n_hidden)
        ],
        skipped=[None] * n_hidden,
        removed=[None] * n_hidden,
        scale=network.scale.expand(shots),
        output=_chosen(network.activation, chosen.get("activation")),
    )
    for choice in network.architecture:
        choice.checked_apply(parameters, chosen[choice.name])
    if network.features is not None:
        parameters.weights[0] = _in_columns(
            parameters.weights[0], chosen["features"], len(network.features.options)
        )
    return parameters


def _numbers(network, decoded: dict, layer: int, kind: str, chosen: dict) -> Tensor:
    """The weights (S, n_out, n_in) or biases (S, n_out) of a layer, as floats."""
    numbers = decoded.get(f"layers.{layer}.{kind}")
    if numbers is None:
        shots = len(decoded["layers.0.weight"])
        return network.scale.new_zeros(shots, network.sizes[layer])
    numbers = numbers.to(network.scale.dtype)
    if kind == "bias" and isinstance(network.bias[layer], tuple):
        return network.bias_scale[layer] * numbers
    values = network.values[layer]
    if not isinstance(values, Choice):
        return numbers
    pairs = numbers.new_tensor(values.options)
    low, high = pairs[_of_layer(chosen, "values", layer)].T
    shape = -1, *[1] * (numbers.ndim - 1)
    return low.view(shape) + (high - low).view(shape) * numbers


def _in_columns(weight: Tensor, chosen: Tensor, n_maps: int) -> Tensor:
    """First weights (S, n_out, n_columns): those of the feature maps not chosen are 0."""
    shots, n_out, n_in = weight.shape
    wide = weight.new_zeros(shots, n_out, n_maps, n_in)
    wide[torch.arange(shots), :, chosen] = weight
    return wide.flatten(2)


def _of_layer(chosen: dict[str, Tensor], name: str, layer: int) -> Tensor | None:
    """The codes of a choice for this layer, or for all."""
    return chosen.get(f"{name}.{layer}", chosen.get(name))


def _chosen(option, codes: Tensor | None) -> Chosen:
    return Chosen(option.options, codes) if isinstance(option, Choice) else Chosen((option,))
