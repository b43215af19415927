"""A network on latent real numbers: computes with levels, has gradients as if it did not round."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks import BinaryNetwork, Choice
from pl_hypernet.networks.activations import as_if


class LatentNetwork:
    """One network, its choices made, with a latent number for each weight and bias.

    A latent number u in [-1, 1] stands for the level nearest to c + r u, with c the middle of the
    levels of its layer and r half their range.

    Args:
        network: what a bitstring means.
        chosen: of its choices the number of an option, or an array of the choice's shape; of a
            choice that is not named the first option.
        width: of the window in which a sign passes gradients, see
            :func:`~pl_hypernet.networks.activations.sign_with_gradient`.
        rng: of the first u, uniform.

    Attributes:
        rounds (bool): whether the network computes with levels; else with the real numbers, and
            bits are levels all the same.
        latent (dict): u of each block of the network's layout, float32 of the block's shape.
        levels (dict): of each block its levels, float32, ascending.

    Raises:
        InputError: an unknown choice or option.
    """

    def __init__(
        self, network: BinaryNetwork, chosen: Mapping, width: float, rng: np.random.Generator
    ):
        self.network = network
        self.width = width
        self.rounds = True
        for name in chosen:
            if name not in network.choices:
                raise unknown_name("choice", name, network.choices or ["none, as there is none"])
        self._chosen = {
            block.name.removeprefix("choice."): _codes(block, chosen)
            for block in network.layout.blocks
            if block.name.startswith("choice.")
        }
        self._values = [self._option("values", v, i) for i, v in enumerate(network.values)]
        self.latent, self.levels = {}, {}
        for block in network.layout.blocks:
            if block.name.startswith("layers."):
                values = self._values[_layer(block.name)]
                if self._has_own_levels(block.name):
                    values = block.levels
                self.levels[block.name] = network.scale.new_tensor(sorted(set(values)))
                u = network.scale.new_tensor(rng.uniform(-1, 1, block.shape))
                self.latent[block.name] = u.requires_grad_()

    def outputs(self, inputs: Tensor) -> Tensor:
        """The logits float32 (1, M, n_outputs) on inputs float32 (M, n_columns)."""
        decoded = {name: self._decoded(name, self.rounds)[None] for name in self.latent}
        for name, codes in self._chosen.items():
            decoded[f"choice.{name}"] = torch.as_tensor(codes, device=inputs.device)[None]
        return self.network.outputs_with_gradient(decoded, inputs, self.width)

    def bits(self) -> np.ndarray:
        """The network as bits, int8 (n_qubits,).

        Raises:
            InputError: something that is no level of the network.
        """
        decoded = {f"choice.{name}": codes[None] for name, codes in self._chosen.items()}
        for name in self.latent:
            decoded[name] = self._decoded(name).detach().cpu().numpy()[None]
        return self.network.layout.encode(decoded)[0]

    @torch.no_grad()
    def settle(self, share: float) -> None:
        """Takes each u back to [-1, 1] and a share of its way to the u of its level."""
        for name, u in self.latent.items():
            middle, radius = self._range(name)
            u.clamp_(-1, 1).lerp_((self._numbers(name) - middle) / radius, share)

    def _range(self, name: str) -> tuple[Tensor, Tensor]:
        """The middle of a block's levels and half their range."""
        low, high = self.levels[name][[0, -1]]
        return (low + high) / 2, (high - low) / 2

    def _numbers(self, name: str, rounds: bool = True) -> Tensor:
        """The levels of a block, of its shape, or the real numbers in their place."""
        levels = self.levels[name]
        middle, radius = self._range(name)
        real = middle + radius * self.latent[name]
        if not rounds:
            return real
        nearest = levels[torch.bucketize(real.detach(), (levels[1:] + levels[:-1]) / 2)]
        return as_if(nearest, real)

    def _decoded(self, name: str, rounds: bool = True) -> Tensor:
        """A block as the network's layout decodes it: the bits where its values are a choice."""
        layer = _layer(name)
        numbers = self._numbers(name, rounds)
        if self._has_own_levels(name) or not isinstance(self.network.values[layer], Choice):
            return numbers
        zero, one = self._values[layer]
        return (numbers - zero) / (one - zero)

    def _has_own_levels(self, name: str) -> bool:
        """Whether it is a bias with values of its own."""
        return name.endswith(".bias") and isinstance(self.network.bias[_layer(name)], tuple)

    def _option(self, name: str, setting, layer: int | None = None):
        """What a choice chose, or the setting where there is no choice."""
        if not isinstance(setting, Choice):
            return setting
        return setting.options[int(self._chosen.get(f"{name}.{layer}", self._chosen.get(name)))]


def _layer(block_name: str) -> int:
    return int(block_name.split(".")[1])


def _codes(block, chosen: Mapping) -> np.ndarray:
    """The chosen options of a choice, int64 of its shape."""
    name = block.name.removeprefix("choice.")
    codes = np.asarray(chosen.get(name, 0))
    n_options = len(block.levels)
    if codes.shape not in ((), block.shape) or not np.isin(codes, block.levels).all():
        raise InputError(
            f"chosen {name}={codes.tolist()}: expected the number of an option, 0 to "
            f"{n_options - 1}, or an array {block.shape} of them"
        )
    return np.broadcast_to(codes.astype(np.int64), block.shape).copy()
