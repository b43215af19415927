"""Plain straight-through training of a torch module's bits, beside which hypernetworks stand.

Each bit has a latent number u in [-1, 1]; the network computes with its sign, and gradients pass as
they are (Courbariaux et al., arXiv:1602.02830).
"""

import time
from copy import deepcopy

import numpy as np
import torch

import pl_hypernet as plh
from pl_hypernet.networks.activations import as_if


class LatentModule:
    """One network of bits, and its real parameters.

    Args:
        network: of one bit a number; it is copied.
        seed: of the latent numbers, uniform, and the mini-batches.
    """

    def __init__(self, network: plh.TorchNetwork, seed: int):
        self.network = deepcopy(network)
        self.rng = np.random.default_rng(seed)
        self.latent = {
            block.name: torch.tensor(
                self.rng.uniform(-1, 1, block.shape), dtype=torch.float32, requires_grad=True
            )
            for block in self.network.layout.blocks
        }

    @property
    def bits(self) -> np.ndarray:
        """int8 (n_qubits,)."""
        return np.concatenate([(u.detach() < 0).numpy().ravel() for u in self.latent.values()]) + 0

    def train(
        self, data, seconds: float, stepsize: float, batch_size: int, window: float, lr: float
    ) -> float:
        """Adam for so many seconds of the processor, its learning rates falling linearly to 0.

        Args:
            data: whose training samples are used.
            seconds: as above.
            stepsize: of the latent numbers.
            batch_size: samples of a step.
            window: in which signs pass gradients.
            lr: of the real parameters.

        Returns:
            The seconds that it took.
        """
        network, along = self.network, list(self.network.trained_along.values())
        network.observe(data.inputs)
        loss = plh.NetworkLoss(network, data.inputs, data.targets)
        groups = [{"params": list(self.latent.values()), "lr": stepsize}]
        if along:
            groups.append({"params": along, "lr": lr})
        optimizer = torch.optim.Adam(groups)
        rates = [group["lr"] for group in groups]
        network.train()
        begun, done = time.process_time(), 0.0
        while done < 1:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * (1 - done)
            chosen = self.rng.choice(len(loss.inputs), min(batch_size, len(loss.inputs)), False)
            decoded = {name: as_if(spins(u), u)[None] for name, u in self.latent.items()}
            outputs = network.outputs_with_gradient(decoded, loss.inputs[chosen], window)
            optimizer.zero_grad()
            loss.loss(outputs, loss.targets[chosen]).sum().backward()
            optimizer.step()
            with torch.no_grad():
                for u in self.latent.values():
                    u.clamp_(-1, 1)
            done = (time.process_time() - begun) / seconds
        network.eval()
        return time.process_time() - begun


def spins(u: torch.Tensor) -> torch.Tensor:
    """+1 or -1, of 0 +1."""
    return torch.where(u.detach() < 0, -1.0, 1.0)
