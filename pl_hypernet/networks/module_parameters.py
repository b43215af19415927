"""Which parameters of a torch module are bits, which are real and trained, which frozen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import log2, sqrt
from statistics import fmean

import torch
from torch.nn.modules.conv import _ConvNd

from pl_hypernet.errors import InputError
from pl_hypernet.networks.bias_unit import bias_unit
from pl_hypernet.networks.block import Block
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.values import find_values

LAYERS = (torch.nn.Linear, _ConvNd)  # whose weights and biases are bits, where nothing is said

Which = str | Sequence[str] | Callable[[str, torch.nn.Parameter], bool]


@dataclass(frozen=True)
class ModuleParameters:
    """The parameters of a module, by the names that they have there.

    Attributes:
        bits: a block for each parameter that is bits.
        magnitudes: of each of these the factor of its values, a power of 2.
        real: names of those that are trained along.
        aliases: further names of a shared parameter, and the first one.
    """

    bits: tuple[Block, ...]
    magnitudes: dict[str, float]
    real: tuple[str, ...]
    aliases: dict[str, str]


def find_parameters(
    module: torch.nn.Module, bits: Which | None, real: Which | None, values, mean_square: float
) -> ModuleParameters:
    """See :class:`TorchNetwork`; ``mean_square`` is that of the inputs.

    Raises:
        InputError: no parameter that could be bits, lazy or complex ones, a pattern that fits none.
    """
    known = dict(module.named_parameters())
    _check(known, dict(module.named_buffers()))
    trainable = [name for name, parameter in known.items() if parameter.requires_grad]
    if bits is None:
        of_layers = {
            f"{name}.{kind}" if name else kind
            for name, layer in module.named_modules()
            if isinstance(layer, LAYERS)
            for kind, _ in layer.named_parameters(recurse=False)
        }
        as_bits = [name for name in trainable if name in of_layers]
        if not as_bits:
            raise InputError(
                "the module has no linear or convolution layer with parameters that require a "
                f"gradient: say which are bits, as bits='*.weight', of {_list(known)}"
            )
    else:
        as_bits = _which("bits", bits, known)
    if real is None:
        as_real = [] if bits is not None else [name for name in trainable if name not in as_bits]
    else:
        as_real = _which("real", real, known) if real != () else []
    if both := set(as_bits) & set(as_real):
        raise InputError(f"{sorted(both)[0]!r} is both bits and real: leave it out of one of them")
    levels = _levels(values, as_bits)
    blocks = tuple(Block(name, tuple(known[name].shape), levels[name]) for name in as_bits)
    magnitudes = {name: _magnitude(name, known) for name in as_bits}
    for name in as_bits:
        deviation = _deviation(name, known, levels, magnitudes, mean_square)
        if deviation is not None:
            magnitudes[name] = bias_unit(levels[name], deviation)
    return ModuleParameters(blocks, magnitudes, tuple(as_real), _aliases(module))


def _check(parameters: Mapping, buffers: Mapping) -> None:
    for name, tensor in (parameters | buffers).items():
        if isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin):
            raise InputError(
                f"{name!r} belongs to a lazy layer that was not run yet: call the module once on "
                "a batch of inputs, then hand it over"
            )
    if not any(parameter.is_floating_point() for parameter in parameters.values()):
        if any(parameter.is_complex() for parameter in parameters.values()):
            raise InputError("the module's parameters are complex: bits stand for real numbers")
        raise InputError(
            "the module has no parameters of real numbers: expected some, as weights of layers"
        )


def _which(argument: str, which: Which, known: Mapping[str, torch.nn.Parameter]) -> list[str]:
    """Names of parameters that patterns, or a function of name and parameter, pick."""
    if callable(which):
        found = [name for name, parameter in known.items() if which(name, parameter)]
        if not found:
            raise InputError(f"{argument}: the function picks none of {_list(known)}")
    else:
        patterns = [which] if isinstance(which, str) else list(which)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                raise InputError(f"{argument}={pattern!r} fits no parameter: {_list(known)}")
        found = [name for name in known if any(fnmatchcase(name, p) for p in patterns)]
    for name in found:
        if not known[name].is_floating_point():
            raise InputError(
                f"{argument}: {name!r} is of {known[name].dtype}, expected real numbers"
            )
    return found


def _levels(values, names: list[str]) -> dict[str, tuple[int, ...]]:
    """Of each parameter what its bits stand for; the first pattern that fits it decides."""
    patterns = values if isinstance(values, Mapping) else {"*": values}
    found = {pattern: find_values(one) for pattern, one in patterns.items()}
    for pattern, levels in found.items():
        if isinstance(levels, Choice):
            raise InputError(f"values of {pattern!r}: a Choice of values is for BinaryNetwork")
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(f"values of {pattern!r}: no such bits among {_list(names)}")
    binary = find_values("binary")
    return {name: next((found[p] for p in found if fnmatchcase(name, p)), binary) for name in names}


def _magnitude(name: str, known: Mapping[str, torch.nn.Parameter]) -> float:
    """The power of 2 next to the root mean square of a parameter, of a bias that of its weight."""
    layer = name.rpartition(".")[0]
    weight = known.get(f"{layer}.weight" if layer else "weight", known[name])
    for parameter in (weight, known[name]):
        size = parameter.detach().double().square().mean().sqrt().item()
        if size > 0 and size < float("inf"):
            return 2.0 ** round(log2(size))
    return 1.0


def _deviation(
    name: str, known: Mapping, levels: Mapping, magnitudes: Mapping, mean_square: float
) -> float | None:
    """Of the sums that a bias with values of its own is added to; None: another parameter.

    Inputs of the first layer have this mean square, those of others are taken to be signs.
    """
    layer, _, last = name.rpartition(".")
    of_weight = f"{layer}.weight" if layer else "weight"
    if last != "bias" or of_weight not in known or levels[name] == levels.get(of_weight):
        return None
    weight = known[of_weight].detach().double()
    square = weight.square().mean().item()
    if of_weight in levels:
        square = magnitudes[of_weight] ** 2 * fmean(x * x for x in levels[of_weight])
    first = next(key for key, parameter in known.items() if parameter.ndim > 1)
    return sqrt(square * weight[0].numel() * (mean_square if of_weight == first else 1.0))


def _aliases(module: torch.nn.Module) -> dict[str, str]:
    first, aliases = {}, {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if id(parameter) in first:
            aliases[name] = first[id(parameter)]
        else:
            first[id(parameter)] = name
    return aliases


def _list(names) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (f", ... ({len(names)})" if len(names) > 8 else "")
