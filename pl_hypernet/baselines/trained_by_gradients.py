"""Methods that train real numbers by gradients, begun anew until their allowance is spent."""

from typing import Any

import numpy as np
import torch
from torch import nn

from pl_hypernet.baselines.latent_network import LatentNetwork
from pl_hypernet.baselines.latent_training import train_latent
from pl_hypernet.baselines.straight_through import check_latent
from pl_hypernet.baselines.task import GRADIENT, Allowance, DoesNotApply, Found, Task
from pl_hypernet.networks import BinaryNetwork

EPOCHS = 20  # of each training
SAMPLES = 100  # of a mini-batch; fewer of small tables
BATCHES = 250  # at most in an epoch, so that mini-batches of many samples are larger
FLOAT_STEPSIZE = 0.01  # of Adam


def straight_through_restarts(task: Task, seed: int, rounds: bool = True) -> Found:
    """Networks by :func:`straight_through`, 20 epochs each; together they are the ensemble.

    What is left to choices is drawn for each training.

    Args:
        task: what to find, and what may be spent.
        seed: of starts, choices and mini-batches.
        rounds: False: trains the real numbers, which are rounded to levels afterwards.

    Raises:
        DoesNotApply: no BinaryNetwork, tied or fixed bits, or a loss without a gradient.
    """
    network, allowance = task.network, task.allowance
    check_latent(network)
    task.check_gradient()
    rng = np.random.default_rng(seed)
    found: list[np.ndarray] = []
    while not found or (allowance.left >= GRADIENT + 1 and not allowance.is_spent):
        chosen = random_codes(network, rng)
        found.append(latent_bits(task, chosen, rng, allowance, rounds))
    return Found(np.array(found))


def latent_bits(
    task: Task,
    chosen: dict[str, Any],
    rng: np.random.Generator,
    allowance: Allowance,
    rounds: bool = True,
) -> np.ndarray:
    """One such training, int8 (n_qubits,), with the epochs that are left, at most 20."""
    network = task.network
    model = LatentNetwork(network, chosen, 1.0, rng)
    model.rounds = rounds
    epochs = int(min(EPOCHS, max(1, allowance.left / (GRADIENT + 1))))
    several = len(network.sizes) == 1 and network.n_outputs > 1
    damping = 0.0 if not rounds else 1.0 if several else 0.3
    objective, batch_size = task.objective, _batch_size(task)
    return train_latent(model, objective, epochs, batch_size, 0.1, damping, rng, allowance).bits


def binarised(task: Task, seed: int) -> Found:
    """The same networks of real weights between their levels, rounded when they are trained."""
    return straight_through_restarts(task, seed, rounds=False)


def float_network(task: Task, seed: int) -> Found:
    """A network of the same sizes with real weights: what few bits are measured against.

    Hidden neurons are as the network's, and rectified where these are signs; trained by Adam for 20
    epochs, or what may be spent, its learning rate falling along a cosine.

    Raises:
        DoesNotApply: no BinaryNetwork, or a loss without a gradient.
    """
    network, allowance = task.network, task.allowance
    if not isinstance(network, BinaryNetwork):
        raise DoesNotApply("for a BinaryNetwork: train a module of your own by torch alone")
    task.check_gradient()
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = _float_module(network)
    objective, batch_size = task.objective, _batch_size(task)
    n_samples = len(objective.inputs)
    epochs = int(min(EPOCHS, max(1, allowance.left / GRADIENT)))
    optimizer = torch.optim.Adam(module.parameters(), FLOAT_STEPSIZE)
    n_steps = epochs * -(-n_samples // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(epochs):
        for batch in torch.as_tensor(rng.permutation(n_samples)).split(batch_size):
            optimizer.zero_grad()
            outputs = module(objective.inputs[batch])[None]
            objective.losses(outputs, batch).sum().backward()
            optimizer.step()
            schedule.step()
            allowance.spend(GRADIENT * len(batch) / n_samples)
        if allowance.is_spent:
            break

    @torch.no_grad()
    def outputs_of(inputs: torch.Tensor) -> torch.Tensor:
        return module(inputs)[None]

    return Found(outputs=outputs_of)


def _float_module(network: BinaryNetwork) -> nn.Module:
    layers: list[nn.Module] = []
    width = network.n_columns
    for i, size in enumerate(network.sizes):
        layers.append(nn.Linear(width, size))
        width = size
        if i < len(network.sizes) - 1:
            hidden = network.hidden[i]
            known = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "hard_tanh": nn.Hardtanh}
            layers.append(known.get(hidden if isinstance(hidden, str) else "", nn.ReLU)())
    return nn.Sequential(*layers)


def _batch_size(task: Task) -> int:
    n_samples = len(task.data.inputs)
    return max(1, min(SAMPLES, n_samples // 10), n_samples // BATCHES)


def random_codes(network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """For each choice an option at random; where it is about several elements that have two, first
    how many take the second is drawn, each number but all of them as likely."""
    codes = {}
    for name, choice in network.choices.items():
        n_options = len(choice.names)
        drawn = rng.integers(n_options, size=choice.shape)
        if choice.shape and n_options == 2:
            drawn = np.zeros(choice.shape, dtype=int)
            size = drawn.size
            drawn.flat[rng.permutation(size)[: rng.integers(max(2, size))]] = 1
        codes[name] = drawn
    return codes
