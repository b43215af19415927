"""What a network is made of, checked: each function returns what fits, or raises an InputError."""

from collections.abc import Callable
from math import inf
from numbers import Integral, Real

import torch

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks.activations import (
    HIDDEN_ACTIVATIONS,
    OUTPUT_ACTIVATIONS,
    REGRESSION,
    SOFTMAX,
)
from pl_hypernet.networks.architecture import ArchitectureChoice
from pl_hypernet.networks.choice import MOST_OPTIONS, Choice
from pl_hypernet.networks.values import find_values


def for_each_layer(name: str, given, n: int, check: Callable) -> tuple[tuple, dict[str, Choice]]:
    """One setting of each of n layers, from one for all or a list, and the choices among them."""
    if is_list_of_layers(given):
        if len(given) != n:
            raise InputError(f"{name}={given}: expected one for all layers, or a list of {n}")
        each = tuple(check(one) for one in given)
        choices = {f"{name}.{i}": one for i, one in enumerate(each) if isinstance(one, Choice)}
        return each, choices
    one = check(given)
    return (one,) * n, {name: one} if isinstance(one, Choice) and n else {}


def is_list_of_layers(given) -> bool:
    """Whether a setting is a list with one for each layer, and not one for all, as (1, -1)."""
    if not isinstance(given, list | tuple):
        return False
    return not given or any(isinstance(one, bool) or not isinstance(one, Integral) for one in given)


def hidden_activation(activation):
    """An activation of hidden layers, or a choice of several, as it is."""
    for option in activation.options if isinstance(activation, Choice) else (activation,):
        known = isinstance(option, str) and option in HIDDEN_ACTIVATIONS
        if not callable(option) and not known:
            raise unknown_name("hidden activation", option, HIDDEN_ACTIVATIONS)
    return activation


def is_real(x) -> bool:
    """A number."""
    return isinstance(x, Real) and not isinstance(x, bool)


def is_size(n) -> bool:
    """A whole number of at least 1."""
    return isinstance(n, Integral) and not isinstance(n, bool) and n >= 1


def architecture_choice(choice) -> ArchitectureChoice:
    """A choice about the architecture as it is."""
    if not isinstance(choice, ArchitectureChoice) or not isinstance(
        getattr(choice, "name", None), str
    ):
        raise InputError(
            f"choices holds {choice!r}: expected RemoveNeurons, SkipLayer, DropWeights, or an "
            "ArchitectureChoice of yours with a name"
        )
    if not 2 <= len(set(choice.options)) == len(choice.options) <= MOST_OPTIONS:
        raise InputError(
            f"choice {choice.name!r} has the options {choice.options}: expected 2 to "
            f"{MOST_OPTIONS} different ones"
        )
    return choice


def output_activation(activation, n_outputs: int):
    """An activation of the output, the usual one for None."""
    if activation is None:
        return "sigmoid" if n_outputs == 1 else SOFTMAX
    if isinstance(activation, str) and activation == REGRESSION:
        return activation
    known = OUTPUT_ACTIVATIONS if n_outputs == 1 else (SOFTMAX,)
    for option in activation.options if isinstance(activation, Choice) else (activation,):
        if not isinstance(option, str) or option not in known:
            raise unknown_name("activation", option, known)
    return activation


def bias_values(value) -> bool | tuple[int, ...]:
    """Whether there are biases, or their levels."""
    if isinstance(value, bool):
        return value
    try:
        levels = find_values(value)
    except InputError as error:
        raise InputError(f"bias: expected True, False, or values; {error}") from error
    if isinstance(levels, Choice):
        raise InputError(f"bias={value}: a Choice is for values, not for biases")
    return levels


def shown(each: tuple):
    """One for all layers as such."""
    return each[0] if len(set(each)) == 1 else list(each)


def check_module(module, input_shape, activation, scale, torch_optimizer) -> tuple[int, ...]:
    """What a :class:`TorchNetwork` is made of, refused where it will not do.

    Returns:
        The shape of one sample.

    Raises:
        InputError: with what was expected.
    """
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"module {module!r}: expected a torch.nn.Module")
    shape = (input_shape,) if is_size(input_shape) else tuple(input_shape)
    if not shape or not all(map(is_size, shape)):
        raise InputError(f"input_shape={input_shape!r}: expected sizes, as (1, 28, 28) or 784")
    if scale is not None and not (is_real(scale) and 0 < scale < inf):
        raise InputError(f"scale={scale!r}: expected a positive number, or None")
    if not callable(torch_optimizer):
        raise InputError(
            f"torch_optimizer={torch_optimizer!r}: expected a function of parameters, as "
            "functools.partial(torch.optim.Adam, lr=0.01)"
        )
    if activation not in (None, REGRESSION, "sigmoid", SOFTMAX):
        raise InputError(
            f"activation={activation!r}: outputs of a module are logits; expected 'identity' "
            "for a regression, else None, and all else in the module"
        )
    return tuple(map(int, shape))
