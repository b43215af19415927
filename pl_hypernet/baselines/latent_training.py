"""Adam on the latent numbers of a network: the loop of those baselines that train by gradients."""

import math
from typing import NamedTuple

import numpy as np
import torch

from pl_hypernet.baselines.latent_network import LatentNetwork
from pl_hypernet.baselines.task import GRADIENT, Allowance
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.torch_threads import one_thread_if_small


class Trained(NamedTuple):
    """A network and how it was found.

    Attributes:
        bits: int8 (n_qubits,), of the epoch with the lowest training loss.
        losses: float64 (epochs,), after each epoch, on all training samples.
    """

    bits: np.ndarray
    losses: np.ndarray


def train_latent(
    model: LatentNetwork,
    objective: NetworkLoss,
    epochs: int,
    batch_size: int,
    stepsize: float,
    damping: float,
    rng: np.random.Generator,
    allowance: Allowance | None = None,
) -> Trained:
    """The learning rate falls to 0 along a cosine over the epochs, or over what is left.

    Args:
        model: what is trained, in place.
        objective: on all training samples.
        epochs, batch_size, stepsize, damping: as of :func:`straight_through`.
        rng: of the mini-batches.
        allowance: what may be spent; it ends the training before its epochs do.
    """
    allowance = allowance or Allowance()
    optimizer = torch.optim.Adam(model.latent.values(), lr=stepsize)
    n_samples = len(objective.inputs)
    n_steps = epochs * -(-n_samples // batch_size)
    step, share_before = 0, allowance.share
    found, losses = [], []
    with one_thread_if_small(batch_size * sum(model.network.sizes)):
        for _ in range(epochs):
            order = torch.as_tensor(rng.permutation(n_samples))
            for batch in order.to(objective.inputs.device).split(batch_size):
                done = _done(step / n_steps, allowance.share, share_before)
                rate = stepsize * (1 + math.cos(math.pi * done)) / 2
                optimizer.param_groups[0]["lr"] = rate
                optimizer.zero_grad()
                outputs = model.outputs(objective.inputs[batch])
                objective.losses(outputs, batch).sum().backward()
                optimizer.step()
                model.settle(min(1.0, damping * done * rate))
                allowance.spend(GRADIENT * len(batch) / n_samples)
                step += 1
                if allowance.is_spent:
                    break
            found.append(model.bits())
            losses.append(objective(found[-1][None])[0])
            allowance.spend(1)
            if allowance.is_spent:
                break
    return Trained(found[int(np.argmin(losses))], np.array(losses))


def _done(of_steps: float, share: float, before: float) -> float:
    """How much of the training is done, by its steps or by what it may still spend."""
    return min(1.0, max(of_steps, (share - before) / (1 - before))) if before < 1 else 1.0
