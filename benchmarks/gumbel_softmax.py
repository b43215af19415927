"""An ensemble of independent bits, trained through the straight-through Gumbel-softmax estimator.

Jang et al., arXiv:1611.01144, and Maddison et al., arXiv:1611.00712, for bits: a logit for each,
samples that are bits going forward and their relaxation at a temperature going back. It is a
product state's distribution, reached by another gradient.
"""

import numpy as np
import torch

import pl_hypernet as plh
from pl_hypernet.networks.activations import as_if


class BernoulliEnsemble:
    """A logit for each bit of a network.

    Args:
        network: what a bitstring means.
        confidence: |<Z>| of each bit at the start, its sign drawn.
        rng: of the start, the noise and the mini-batches.
    """

    def __init__(self, network: plh.BinaryNetwork, confidence: float, rng: np.random.Generator):
        self.network = network
        self.rng = rng
        signs = rng.choice([-1.0, 1.0], network.n_qubits)
        start = 2 * np.arctanh(confidence) * signs
        self.logits = torch.tensor(start, dtype=torch.float32, requires_grad=True)  # of bit 1

    def sample(self, shots: int) -> np.ndarray:
        """Bits int8 (shots, n_qubits)."""
        p = self.logits.detach().sigmoid().numpy()
        return (self.rng.random((shots, len(p)), dtype=np.float32) < p).astype(np.int8)

    @property
    def most_likely(self) -> np.ndarray:
        """int8 (n_qubits,)."""
        return (self.logits.detach().numpy() > 0).astype(np.int8)

    def relaxed(self, shots: int, temperature: float) -> torch.Tensor:
        """Bits float32 (shots, n_qubits), whose gradient is that of their relaxation."""
        u = torch.from_numpy(self.rng.random((shots, len(self.logits)), dtype=np.float32))
        noisy = self.logits + u.clamp(1e-7, 1 - 1e-7).logit()
        return as_if((noisy > 0).float(), (noisy / temperature).sigmoid())

    def train(
        self,
        data: plh.datasets.Data,
        steps: int,
        stepsize: float,
        shots: int,
        batch_size: int,
        window: float,
        temperature: float,
    ) -> None:
        """Adam on the logits, its learning rate falling linearly to 0."""
        loss = plh.NetworkLoss(self.network, data.inputs, data.targets)
        optimizer = torch.optim.Adam([self.logits], stepsize)
        decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
        for _ in range(steps):
            chosen = self.rng.choice(len(loss.inputs), min(batch_size, len(loss.inputs)), False)
            bits = self.relaxed(shots, temperature)
            outputs = self.network.logits_with_gradient(bits, loss.inputs[chosen], window)
            optimizer.zero_grad()
            loss.loss(outputs, loss.targets[chosen]).mean().backward()
            optimizer.step()
            decay.step()
