"""Numbers of networks with their derivatives by spins: one backward pass for some at a time."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pl_hypernet.networks.bits import as_bits
from pl_hypernet.networks.curvature import Summed, curvatures
from pl_hypernet.networks.derivatives import Derivatives
from pl_hypernet.spins import to_spins


def values_and_gradients(
    network,
    bits,
    inputs,
    reduce: Callable[[Tensor], Tensor],
    how: Derivatives,
    second: Callable[[Tensor], Tensor] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """What :meth:`Network.score_with_gradient` returns, of this network."""
    inputs = network.check_inputs(inputs)
    rows = network.bits_on_device(as_bits(bits))
    values, gradients = [], []
    blocks, along = network.layout.blocks, list(network.trained_along.values())
    for chunk in rows.split(network.networks_at_once(len(inputs))):
        # a leaf for each block: each part of a common one would bring zeros for all the others
        decoded, leaves = {}, []
        for block, part in zip(blocks, network.layout.split(chunk), strict=True):
            decoded[block.name], leaf = block.with_gradient(part, network.scale.dtype)
            leaves.append(leaf)
        layers: list[Summed] = []
        if how.curvature:
            outputs, layers = network.summed_with_gradient(decoded, inputs, how.window)
        else:
            outputs = network.outputs_with_gradient(decoded, inputs, how.window)
        value = reduce(outputs)
        found = torch.autograd.grad(
            value.sum(), [*leaves, *along], retain_graph=how.curvature, materialize_grads=True
        )
        values.append(value.detach())
        by_leaves = found[: len(leaves)]
        if how.mean:
            by_leaves = [gradient.sum(dim=0, keepdim=True) for gradient in by_leaves]
        by_spins = [block.by_spins(g) for block, g in zip(blocks, by_leaves, strict=True)]
        gradients.append(network.layout.join(by_spins))
        if how.curvature:
            bent = curvatures(layers, outputs, second(outputs.detach()), leaves)
            bent = [block.second_by_spins(c) for block, c in zip(blocks, bent, strict=True)]
            bent = network.layout.join(bent) * to_spins(chunk)
            gradients[-1] -= bent.sum(dim=0, keepdim=True) if how.mean else bent
        if how.mean and len(gradients) > 1:
            gradients[0] += gradients.pop()
        for parameter, gradient in zip(along, found[len(leaves) :], strict=True):
            gradient /= len(rows)
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
    found = gradients[0][0] / len(rows) if how.mean else _joined(gradients)
    return _joined(values).cpu().numpy(), found.cpu().numpy()


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
