r"""How the loss bends with each weight, which one backward pass alone does not see.

Flipping a spin s of a weight changes a loss L by more than its slope there:

.. math:: \frac{L(+1) - L(-1)}{2} = \frac{\partial L}{\partial s} - s \frac{\partial^2 L}{\partial
    s^2} + \dots

The second term is what keeps weights of useless inputs at 0: the mean of these has no slope, but
bits that differ from network to network cost what their variance does. Second derivatives are those
of Gauss and Newton, without those of the activations, on the diagonal alone: of the weights of a
neuron with sum z and inputs h they are :math:`\langle\delta^2 h^2\rangle`, where :math:`\delta` are
the derivatives by z of :math:`\sqrt{\ell''}` times the outputs (LeCun, Denker and Solla, NeurIPS
1989, have the same of real networks). Exact to second order for one layer, and for any with one
output and one hidden layer; outputs of deeper ones are taken with random signs, as their products
would take a pass each.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Summed:
    """A layer of S networks: z = weight h + bias.

    Attributes:
        weight: (S, n_out, n_in).
        bias: (S, n_out).
        h: (n_in, M), or (S, n_in, M).
        z: (S, n_out, M).
    """

    weight: Tensor
    bias: Tensor
    h: Tensor
    z: Tensor


def curvatures(
    layers: list[Summed], outputs: Tensor, second: Tensor, leaves: list[Tensor]
) -> list[Tensor]:
    """Second derivatives of the losses by what weights are made of.

    Args:
        layers: as they were computed, with gradients.
        outputs: (S, M, n_outputs), of the networks.
        second: the same shape: second derivatives of the losses by each output alone, at least 0.
        leaves: numbers (S, ...), each of which makes one weight or bias, or none.

    Returns:
        Of each leaf the second derivatives, its shape.
    """
    root = second.sqrt()
    if outputs.shape[2] > 1 and len(layers) > 1:
        signs = torch.randint(2, root.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        root = root * signs.to(root.device)  # the same in each step, of other samples
    by_z = torch.autograd.grad(outputs, [layer.z for layer in layers], root, retain_graph=True)
    numbers, found = [], []
    for layer, delta in zip(layers, by_z, strict=True):
        squares = delta.square()
        numbers += [layer.weight, layer.bias]
        found += [squares @ layer.h.detach().square().mT, squares.sum(dim=2)]
    known = [(n, c) for n, c in zip(numbers, found, strict=True) if n.requires_grad]
    numbers, found = zip(*known, strict=True)

    def back(weights: list[Tensor]) -> tuple[Tensor, ...]:
        return torch.autograd.grad(
            numbers, leaves, weights, retain_graph=True, allow_unused=True, materialize_grads=True
        )

    # a number is its factor times a leaf: by the leaf, the factor comes in squared
    factors = back([torch.ones_like(number) for number in numbers])
    return [factor * once for factor, once in zip(factors, back(list(found)), strict=True)]
