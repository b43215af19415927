"""Choices about the architecture, each left to qubits of its own.

A choice of your own is a subclass with a name, options, and ``apply``::

    class Temperature(ArchitectureChoice):
        '''How sure the outputs are.'''

        name = "temperature"
        options = ("sharp", "soft")

        def apply(self, parameters, chosen):
            parameters.scale = torch.where(chosen == 1, parameters.scale / 2, parameters.scale)

    network = BinaryNetwork(64, [1], choices=[Temperature()])
"""

from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks.parameters import Parameters
from pl_hypernet.user_code import UserCode


class ArchitectureChoice:
    """Something about a network that qubits decide.

    Attributes:
        name: the qubits are named ``choice.<name>``.
        options: the names of two or more options, picked by the bits as those of :class:`Choice`.
        shape: ``()`` for one decision, ``(8,)`` for one about each of eight neurons.
    """

    name: str
    options: tuple[str, ...] = ("kept", "removed")
    shape: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.options

    def prepare(self, sizes: tuple[int, ...]) -> None:
        """Called once by each network, on a copy, with the numbers of inputs and of neurons.

        Sets ``shape``, where it depends on them.

        Raises:
            InputError: a network of these sizes has no such choice.
        """

    def apply(self, parameters: Parameters, chosen: Tensor) -> None:
        """Changes S networks as they chose.

        Args:
            parameters: whose tensors may be changed or replaced.
            chosen: int64 (S, *shape), the number of the chosen option.
        """
        raise NotImplementedError

    def checked_apply(self, parameters: Parameters, chosen: Tensor) -> None:
        """As :meth:`apply`, of which a user's own may fail or leave tensors of other shapes."""
        before = parameters.shapes()
        code = UserCode("choice", self.apply, "parameters changed in their shapes")
        code(parameters=parameters, chosen=chosen)
        for name, shape in parameters.shapes().items():
            if shape != before[name]:
                raise InputError(
                    f"choice {self.name!r} left {name} with the shape {shape}: expected "
                    f"{before[name]}"
                )


class LayerChoice(ArchitectureChoice):
    """A choice about one layer; ``kind.layer`` is its name.

    Args:
        layer: 0 for the first.
    """

    kind: str

    def __init__(self, layer: int):
        if not _is_whole(layer, 0):
            raise InputError(f"layer={layer!r}: expected the number of a layer, 0 for the first")
        self.layer = layer
        self.name = f"{self.kind}.{layer}"

    @property
    def setting(self) -> Any:
        """What stands behind its name in ``config.toml``."""
        return True

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.layer})"

    def _check_layer(self, n_layers: int, which: str) -> None:
        if self.layer not in range(n_layers):
            known = f"0 to {n_layers - 1}" if n_layers else "none here"
            raise InputError(f"{self!r}: expected the number of {which} layer, {known}")


class RemoveNeurons(LayerChoice):
    """A qubit for each neuron of a hidden layer, which removes it: bit 1 takes its output to 0."""

    kind = "neurons"

    def prepare(self, sizes):
        self._check_layer(len(sizes) - 2, "a hidden")
        self.shape = (sizes[self.layer + 1],)

    def apply(self, parameters, chosen):
        parameters.removed[self.layer] = chosen == 1


class SkipLayer(LayerChoice):
    """A qubit that skips a hidden layer as wide as what it sees: bit 1 hands its inputs on."""

    kind = "skip"
    options = ("used", "skipped")

    def prepare(self, sizes):
        self._check_layer(len(sizes) - 2, "a hidden")
        if sizes[self.layer] != sizes[self.layer + 1]:
            raise InputError(
                f"{self!r}: a layer of {sizes[self.layer + 1]} neurons behind "
                f"{sizes[self.layer]} cannot be skipped: make both equally many"
            )

    def apply(self, parameters, chosen):
        parameters.skipped[self.layer] = chosen == 1


class DropWeights(LayerChoice):
    """Qubits that drop weights of a layer, sets of them drawn at random once.

    Args:
        layer: 0 for the first.
        groups: None: one qubit, which drops one half of the weights; else so many groups of equal
            size (or as nearly as can be), a qubit for each.
        seed: of the drawing.
    """

    kind = "dropout"
    options = ("kept", "dropped")

    def __init__(self, layer: int, groups: int | None = None, seed: int = 0):
        super().__init__(layer)
        if groups is not None and not _is_whole(groups, 1):
            raise InputError(f"groups={groups!r}: expected a whole number of at least 1, or None")
        if not _is_whole(seed, 0):
            raise InputError(f"seed={seed!r}: expected a whole number of at least 0")
        self.groups = groups
        self.seed = seed
        self.shape = () if groups is None else (groups,)

    def __repr__(self) -> str:
        return f"DropWeights({self.layer}, groups={self.groups}, seed={self.seed})"

    @property
    def setting(self):
        return [self.groups or 0, self.seed] if self.seed else self.groups or True

    def prepare(self, sizes):
        self._check_layer(len(sizes) - 1, "a")
        size = sizes[self.layer + 1], sizes[self.layer]
        n_weights = size[0] * size[1]
        n_groups = self.groups or 2
        if n_groups > n_weights:
            raise InputError(f"groups={self.groups}: the layer has only {n_weights} weights")
        group = np.random.default_rng(self.seed).permutation(n_weights) % n_groups
        self._group = torch.as_tensor(group.reshape(size))

    def apply(self, parameters, chosen):
        if self.groups is None:
            dropped = chosen[:, None, None] * (self._group == 0).to(chosen.device)
        else:
            dropped = chosen[:, self._group.to(chosen.device)]
        weights = parameters.weights
        weights[self.layer] = weights[self.layer] * (1 - dropped)


def _is_whole(number, least: int) -> bool:
    is_whole = isinstance(number, Integral) and not isinstance(number, bool)
    return is_whole and number >= least


def is_number(text: str) -> bool:
    """Whether a text is a whole number as one types it."""
    return text.isascii() and text.isdecimal() and str(int(text)) == text


KINDS = {choice.kind: choice for choice in (DropWeights, RemoveNeurons, SkipLayer)}


def architecture_choice(name: str, setting) -> LayerChoice:
    """A choice from its name and what stands behind it in ``config.toml``.

    Args:
        name: ``neurons.0``, ``skip.1``, ``dropout.0``: the number is the layer's.
        setting: True; for dropout also a number of groups, or [number of groups or 0, seed].

    Raises:
        InputError: no such choice.
    """
    kind, _, layer = name.partition(".")
    if kind not in KINDS:
        raise unknown_name("choice", name, ["activation", "hidden", "values", "features", *KINDS])
    if not is_number(layer):
        raise InputError(f"choice {name!r}: expected the number of a layer, as {kind}.0")
    if setting is True:
        return KINDS[kind](int(layer))
    numbers = setting if isinstance(setting, list | tuple) else [setting]
    fits = len(numbers) in (1, 2) and all(type(number) is int for number in numbers)
    if kind != DropWeights.kind or not fits:
        raise InputError(f"choice {name}={setting}: expected no value, or dropout.0=GROUPS")
    groups, *seed = numbers
    return DropWeights(int(layer), groups or None, *seed)
