"""Networks of few values trained by gradients, with the straight-through estimator.

Each weight and bias has a latent real number; the network computes with the level nearest to it,
and the gradient with respect to the level moves the latent number (Courbariaux et al.,
arXiv:1602.02830; Hubara et al., arXiv:1609.07061 for weights of several bits).
"""

from collections.abc import Callable, Mapping

import numpy as np

from pl_hypernet.baselines.latent_network import LatentNetwork
from pl_hypernet.baselines.latent_training import Trained, train_latent
from pl_hypernet.baselines.task import DoesNotApply
from pl_hypernet.datasets import as_data
from pl_hypernet.errors import InputError
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.objectives import NetworkLoss


def straight_through(
    network: BinaryNetwork,
    data,
    epochs: int = 20,
    batch_size: int = 100,
    stepsize: float = 0.1,
    seed=None,
    loss: str | Callable | None = None,
    chosen: Mapping | None = None,
    width: float = 1.0,
    damping: float = 0.3,
) -> Trained:
    r"""Trains one network by Adam on latent numbers, its choices made beforehand.

    A latent number u in [-1, 1] stands for the level nearest to :math:`c + r u`, with c the middle
    of the levels of its layer and r half their range. Gradients pass the rounding as they are, and
    u is clipped after each step. They pass the sign of a hidden neuron where its sum z has
    :math:`|z| \le \text{width} \cdot z_\text{rms}`, with the root mean square over the layer and
    the mini-batch, and the clipping of a hard sigmoid output as if it were a sigmoid. The learning
    rate falls to 0 along a cosine.

    A gradient does not see how far a level is away, so it also calls for changes that overshoot,
    and weights go on changing to and fro. Damping draws each u towards its level, after each step
    by damping times the learning rate times the share of the steps done (as the dampening loss of
    Nagel et al., "Overcoming oscillations in quantization-aware training", ICML 2022): in the end
    only gradients that persist change a weight.

    Args:
        network: what a bitstring means.
        data: the task, as for ``train``; only its training samples are used.
        epochs: passes over the training samples, at least 1.
        batch_size: samples a step, at least 1.
        stepsize: of Adam at the start, in units of u.
        seed: None, int or numpy Generator: of the first u, uniform, and the mini-batches.
        loss: as of :class:`NetworkLoss`; a callable must have a gradient.
        chosen: of the network's choices the number of an option, or an array of them of the
            choice's shape: ``{"neurons.0": [0, 0, 1, 0]}``; without: the first option.
        width: of the window in which a sign passes gradients; 16-64-10 took 0.6.
        damping: at least 0. One layer of many outputs took 1 (10 classes: 8 % less loss than 0),
            64-8-1 on the digits 0 (half of the loss at 0.3, the same accuracy).

    Returns:
        Trained: bits and training losses.

    Raises:
        InputError: a number that cannot be, an unknown choice, tied or fixed bits.
        DataError: see ``train``.
    """
    for name, value in {"epochs": epochs, "batch_size": batch_size}.items():
        if value != int(value) or value < 1:
            raise InputError(f"{name}={value}: expected a whole number, at least 1")
    for name, value in {"stepsize": stepsize, "width": width}.items():
        if not 0 < value < np.inf:
            raise InputError(f"{name}={value}: expected a positive number")
    if not 0 <= damping < np.inf:
        raise InputError(f"damping={damping}: expected a number, at least 0")
    check_latent(network)
    data = as_data(data, regression=network.is_regression)
    objective = NetworkLoss(network, data.inputs, data.targets, loss, weights=data.weights)
    rng = np.random.default_rng(seed)
    model = LatentNetwork(network, chosen or {}, width, rng)
    return train_latent(model, objective, epochs, batch_size, stepsize, damping, rng)


def check_latent(network) -> None:
    """Refuses a network whose bits have no latent numbers.

    Raises:
        DoesNotApply: no BinaryNetwork, or tied or fixed bits.
    """
    if not isinstance(network, BinaryNetwork):
        raise DoesNotApply(
            f"straight_through trains a BinaryNetwork, not a {type(network).__name__}: train a "
            "module of your own by torch alone"
        )
    if network.tied or network.fixed:
        raise DoesNotApply("tied or fixed bits have no latent numbers: give a network without them")
