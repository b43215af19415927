"""Layers for torch modules of one's own of which qubits decide something.

Each holds what was chosen as a buffer, which a :class:`TorchNetwork` gives to each network; outside
of one it is option 0. All options are computed and one is taken, so that torch can map the layers
over networks.
"""

from math import prod

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from pl_hypernet.errors import InputError
from pl_hypernet.networks.arguments import is_size
from pl_hypernet.networks.block import Block
from pl_hypernet.networks.choice import MOST_OPTIONS

CHOSEN = "chosen"  # the name of the buffer


class ModuleChoice(torch.nn.Module):
    """A layer of which qubits decide something.

    Attributes:
        options: names of two or more options; bits pick them as those of a :class:`Choice`.
        shape: ``()`` for one decision, ``(8,)`` for one about each of eight channels.
        chosen (Tensor): float32 (*shape), the number of the chosen option; a buffer.
    """

    chosen: Tensor

    def __init__(self, options: tuple[str, ...] = ("kept", "removed"), shape: tuple = ()):
        super().__init__()
        self.options = tuple(options)
        self.shape = shape
        self.register_buffer(CHOSEN, torch.zeros(shape), persistent=False)

    @property
    def names(self) -> tuple[str, ...]:
        return self.options

    def decided(self) -> torch.nn.Module:
        """A layer of torch that computes what was chosen, without a choice."""
        return self


class ChooseModule(ModuleChoice):
    """One of several modules of the same inputs and shape of outputs: one qubit for two.

    Args:
        *modules: two or more; their options are named by their classes, as ``Tanh``.
        **named: the same under names of yours, as ``wide=..., narrow=...``.

    Raises:
        InputError: fewer than two, or what is no module.

    >>> torch.nn.Sequential(torch.nn.Linear(9, 8), plh.ChooseModule(torch.nn.Tanh(), plh.Sign()))
    """

    def __init__(self, *modules: torch.nn.Module, **named: torch.nn.Module):
        everything = [*modules, *named.values()]
        for module in everything:
            if not isinstance(module, torch.nn.Module):
                raise InputError(f"ChooseModule of {module!r}: expected torch modules")
        if not 2 <= len(everything) <= MOST_OPTIONS:
            raise InputError(
                f"ChooseModule of {len(everything)} modules: expected 2 to {MOST_OPTIONS}"
            )
        names = [type(module).__name__ for module in modules] + list(named)
        again = {name for name in names if names.count(name) > 1}
        names = [f"{name}{i}" if name in again else name for i, name in enumerate(names)]
        super().__init__(tuple(names))
        for name, module in zip(names, everything, strict=True):
            if hasattr(self, name):
                raise InputError(f"ChooseModule: the name {name!r} is taken: give another")
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        first, *others = map(self.get_submodule, self.options)
        y = first(x.clone())  # a module may work in place
        for code, module in enumerate(others, 1):
            other = module(x.clone())
            if other.shape != y.shape:
                raise InputError(
                    f"ChooseModule: {self.options[0]} gives {tuple(y.shape)}, "
                    f"{self.options[code]} {tuple(other.shape)}: expected the same shape"
                )
            y = torch.where(self.chosen == code, other, y)
        return y

    def decided(self) -> torch.nn.Module:
        return self.get_submodule(self.options[int(self.chosen)])


class SkipModule(ModuleChoice):
    """A qubit that skips a module whose outputs have the shape of its inputs.

    Args:
        module: that is used or skipped.
    """

    def __init__(self, module: torch.nn.Module):
        if not isinstance(module, torch.nn.Module):
            raise InputError(f"SkipModule of {module!r}: expected a torch module")
        super().__init__(("used", "skipped"))
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        y = self.module(x.clone())  # it may work in place
        if y.shape != x.shape:
            raise InputError(
                f"SkipModule: {type(self.module).__name__} makes {tuple(y.shape)} of "
                f"{tuple(x.shape)}: a module that can be skipped keeps the shape"
            )
        return torch.where(self.chosen == 1, x, y)

    def decided(self) -> torch.nn.Module:
        return torch.nn.Identity() if self.chosen else self.module


class RemoveChannels(ModuleChoice):
    """A qubit for each channel, or neuron, which removes it: bit 1 takes its values to 0.

    Args:
        n: channels, the second axis of what it gets, (M, n) or (M, n, height, width).
    """

    def __init__(self, n: int):
        if not is_size(n):
            raise InputError(f"RemoveChannels({n!r}): expected a whole number of at least 1")
        super().__init__(shape=(int(n),))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.shape[0]:
            raise InputError(
                f"RemoveChannels({self.shape[0]}) got {tuple(x.shape)}: expected (M, "
                f"{self.shape[0]}, ...)"
            )
        removed = (self.chosen == 1).view(-1, *[1] * (x.ndim - 2))
        return torch.where(removed, x.new_zeros(()), x)

    def extra_repr(self) -> str:
        return f"{self.shape[0]}"


class DropGroups(ModuleChoice):
    """Qubits that drop weights of a layer, groups of them drawn at random once.

    Args:
        layer: with a ``weight``, as a linear or a convolution layer.
        groups: None: one qubit, which drops one half of the weights; else so many groups of equal
            size (or as nearly as can be), a qubit for each.
        seed: of the drawing.
    """

    group: Tensor

    def __init__(self, layer: torch.nn.Module, groups: int | None = None, seed: int = 0):
        weight = getattr(layer, "weight", None)
        if not isinstance(layer, torch.nn.Module) or not isinstance(weight, Tensor):
            raise InputError(f"DropGroups of {layer!r}: expected a layer with a weight")
        n, n_groups = prod(weight.shape), 2 if groups is None else groups
        if not is_size(n_groups) or n_groups > n:
            raise InputError(
                f"groups={groups!r}: expected None, or a whole number from 1 to {n}, the weights"
            )
        super().__init__(("kept", "dropped"), () if groups is None else (int(groups),))
        self.layer = layer
        group = np.random.default_rng(seed).permutation(n) % n_groups
        self.register_buffer("group", torch.as_tensor(group.reshape(weight.shape)), False)

    def _weight(self) -> Tensor:
        weight = self.layer.weight
        chosen = self.chosen == 1
        dropped = chosen[self.group] if self.shape else chosen & (self.group == 0)
        return torch.where(dropped, weight.new_zeros(()), weight)

    def forward(self, x: Tensor) -> Tensor:
        return functional_call(self.layer, {"weight": self._weight()}, (x,), tie_weights=False)

    def decided(self) -> torch.nn.Module:
        self.layer.weight = torch.nn.Parameter(self._weight().detach(), requires_grad=False)
        return self.layer


def find_choices(module: torch.nn.Module) -> dict[str, ModuleChoice]:
    """The choices in a module by the names of their layers there; ``""`` is the module itself."""
    layers = module.named_modules()
    return {name: layer for name, layer in layers if isinstance(layer, ModuleChoice)}


def block_of(name: str, choice: ModuleChoice) -> Block:
    """The qubits of the choice of this name."""
    return Block(f"choice.{name}", choice.shape, tuple(range(len(choice.options))))


def decide(module: torch.nn.Module) -> torch.nn.Module:
    """The module with every choice made, in place as far as it goes."""
    layers = list(module.named_modules(remove_duplicate=False))
    for name, layer in reversed(layers):  # those within others first
        if isinstance(layer, ModuleChoice):
            if not name:
                return layer.decided()
            parent, _, last = name.rpartition(".")
            setattr(module.get_submodule(parent), last, layer.decided())
    return module
