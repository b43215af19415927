"""An ensemble of independent bits, trained through the straight-through Gumbel-softmax estimator.

Jang et al., arXiv:1611.01144, and Maddison et al., arXiv:1611.00712, for bits: a logit for each,
samples that are bits going forward and their relaxation at a temperature going back. It is a
product state's distribution, reached by another gradient.
"""

from collections.abc import Callable

import numpy as np
import torch

from pl_hypernet.baselines.task import GRADIENT, Found, Task
from pl_hypernet.networks import Network
from pl_hypernet.networks.activations import as_if
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.objectives.spin_gradients import flip_gradients

CONFIDENCE = 0.7  # |<Z>| of each bit at the start
SHOTS = 10
STEPSIZE = 0.1
WINDOW, TEMPERATURE = 1.0, 1.0


class BernoulliEnsemble:
    """A logit for each bit of a network.

    Args:
        network: what a bitstring means.
        confidence: |<Z>| of each bit at the start, its sign drawn.
        rng: of the start, the noise and the mini-batches.
    """

    def __init__(self, network: Network, confidence: float, rng: np.random.Generator):
        self.network = network
        self.rng = rng
        signs = rng.choice([-1.0, 1.0], network.n_qubits)
        start = 2 * np.arctanh(confidence) * signs
        self.logits = torch.tensor(start, dtype=torch.float32, requires_grad=True)  # of bit 1
        names = [f"choice.{name}" for name in network.choices]
        self._choices = network.layout.qubits_of(*names)

    @property
    def evaluations(self) -> int:
        """Of a sample's gradient; choices pass none, so networks are scored with each flipped."""
        flipped = len(self._choices)
        return GRADIENT + (1 + flipped if flipped else 0)

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

    def backward(
        self, loss: NetworkLoss, indices, shots: int, window: float, temperature: float
    ) -> None:
        """Puts an estimate of the gradient of the mean loss into ``logits.grad``.

        Args:
            loss: on all samples.
            indices: int (B,), the mini-batch.
            shots, window, temperature: as of :meth:`train`.
        """
        bits = self.relaxed(shots, temperature)
        chosen = torch.as_tensor(indices)
        outputs = self.network.logits_with_gradient(bits, loss.inputs[chosen], window)
        if not len(self._choices):
            loss.losses(outputs, chosen).mean().backward()
            return
        bits.retain_grad()
        loss.losses(outputs, chosen).mean().backward(retain_graph=True)
        self.logits.grad = None
        loss.select(indices)
        rows = bits.detach().numpy().astype(np.int8)
        by_spin = flip_gradients(loss, rows, loss(rows), self._choices)
        by_bit = bits.grad.clone()
        by_bit[:, self._choices] = torch.from_numpy(-2 / shots * by_spin).float()
        bits.backward(by_bit)

    def train(
        self,
        loss: NetworkLoss,
        share: Callable[[], float],
        stepsize: float,
        shots: int,
        batch_size: int,
        window: float,
        temperature: float,
    ) -> None:
        """Adam on the logits, its learning rate falling linearly to 0.

        Args:
            loss: on all samples; of each step a mini-batch is selected.
            share: of the training that is done, asked before each step, until it is 1.
            stepsize: of Adam at the start.
            shots: networks of a step.
            batch_size: samples of a step.
            window: of the gradient of a sign, see :meth:`Network.logits_with_gradient`.
            temperature: of the relaxation.
        """
        optimizer = torch.optim.Adam([self.logits], stepsize)
        n_samples = len(loss.inputs)
        while (done := share()) < 1.0:
            optimizer.zero_grad()
            chosen = self.rng.choice(n_samples, min(batch_size, n_samples), False)
            self.backward(loss, chosen, shots, window, temperature)
            optimizer.param_groups[0]["lr"] = stepsize * (1 - done)
            optimizer.step()
        loss.select(None)


def gumbel_softmax(task: Task, seed: int) -> Found:
    """Trains independent bits until the allowance is spent; as many shots as judge a run.

    Args:
        task: what to find, and what may be spent.
        seed: of start, samples and mini-batches.

    Raises:
        DoesNotApply: a network that trains real numbers along, or a loss without a gradient.
    """
    network, allowance = task.network, task.allowance
    task.check_no_real()
    task.check_gradient()
    ensemble = BernoulliEnsemble(network, CONFIDENCE, np.random.default_rng(seed))
    n_samples = len(task.data.inputs)
    batch_size = min(task.config.batch_size, n_samples)
    step = SHOTS * ensemble.evaluations * batch_size / n_samples
    begun = False

    def share() -> float:
        nonlocal begun
        if begun:
            allowance.spend(step)
        begun = True
        return 1.0 if allowance.left < step else allowance.share

    ensemble.train(task.objective, share, STEPSIZE, SHOTS, batch_size, WINDOW, TEMPERATURE)
    return Found(ensemble.sample(task.config.evaluation_shots))
