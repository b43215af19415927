"""The training loop, one step at a time."""

import time

import numpy as np
import pennylane as qml

from pl_hypernet.datasets import Data
from pl_hypernet.devices import random_state, restore_random_state
from pl_hypernet.errors import InputError
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.minibatches import MiniBatches


class Trainer:
    """Lowers the energy of a hypernetwork on data.

    Args:
        hypernet: circuit, device and network.
        data: what to train on.
        optimizer: anything with ``step_and_cost(qnode, theta)``, as PennyLane's optimizers.
        batch_size: samples that a step sees. All circuits of a step see the same.
        theta: start angles; None: drawn from the hypernetwork's seed.
        loss: as of :class:`NetworkLoss`.
        reduction: of the losses, see :func:`expected_loss`.

    Attributes:
        theta: the angles reached.
        n_steps (int): steps made.
    """

    def __init__(
        self,
        hypernet: QuantumHypernetwork,
        data: Data,
        optimizer,
        batch_size: int = 500,
        theta=None,
        loss=None,
        reduction="mean",
    ):
        if not hasattr(optimizer, "step_and_cost"):
            raise InputError(
                f"optimizer {optimizer!r}: expected a name or an object with step_and_cost, as "
                "PennyLane's optimizers"
            )
        self.hypernet = hypernet
        self.optimizer = optimizer
        self.loss = NetworkLoss(hypernet.network, data.inputs, data.targets, loss)
        self.batches = MiniBatches(len(data.inputs), batch_size, hypernet.generator("batches"))
        self.theta = hypernet.start_angles() if theta is None else hypernet.check_theta(theta)
        self.n_steps = 0
        hypernet.reseed()
        asks_for_gradients = isinstance(optimizer, qml.GradientDescentOptimizer)
        diff_method = "parameter-shift" if asks_for_gradients else None
        self._energy = hypernet.energy_qnode(
            self.loss, reduction=reduction, diff_method=diff_method
        )

    def step(self) -> dict:
        """Makes one step.

        Returns:
            step (from 1), energy before it and its stderr on the mini-batch, circuits and shots
            so far (None where the optimizer does not count), seconds of this step.
        """
        start = time.perf_counter()
        self.loss.select(self.batches.next())
        theta, energy = self.optimizer.step_and_cost(self._energy, self.theta)
        self.theta = self.hypernet.check_theta(theta)
        self.n_steps += 1
        return {
            "step": self.n_steps,
            "energy": float(energy),
            "stderr": getattr(energy, "stderr", None),
            "circuits": getattr(self.optimizer, "n_circuits", None),
            "shots": getattr(self.optimizer, "n_shots", None),
            "seconds": round(time.perf_counter() - start, 6),
        }

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        """All that changes from step to step: arrays, and what can be written as JSON.

        An optimizer without ``state()`` of its own cannot be continued bit for bit.
        """
        arrays = {"theta": np.asarray(self.theta)}
        plain = {
            "n_steps": self.n_steps,
            "batches": self.batches.rng.bit_generator.state,
            "device": random_state(self.hypernet.device),
        }
        if hasattr(self.optimizer, "state"):
            optimizer_arrays, plain["optimizer"] = self.optimizer.state()
            arrays |= {f"optimizer.{name}": array for name, array in optimizer_arrays.items()}
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        """Takes over what :meth:`state` gave: the steps that follow are the same bit for bit."""
        self.theta = self.hypernet.check_theta(arrays["theta"])
        self.n_steps = plain["n_steps"]
        self.batches.rng.bit_generator.state = plain["batches"]
        restore_random_state(self.hypernet.device, plain["device"])
        if "optimizer" in plain:
            own = {
                name.removeprefix("optimizer."): array
                for name, array in arrays.items()
                if name.startswith("optimizer.")
            }
            self.optimizer.restore(own, plain["optimizer"])
