"""The training loop, one step at a time."""

import time
from collections.abc import Callable

import numpy as np
import pennylane as qml

from pl_hypernet.analysis.shares import chosen, shares
from pl_hypernet.datasets import Data
from pl_hypernet.devices import Counts
from pl_hypernet.devices.exact_log_p import check_no_noise
from pl_hypernet.errors import InputError
from pl_hypernet.measurements import Estimate
from pl_hypernet.measurements.objective import Objective
from pl_hypernet.networks import Network
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.objectives.flipped_bits import FlippedBits
from pl_hypernet.optimizers import AdaptiveShots, Optimizer
from pl_hypernet.random_state import random_state_of, set_random_state
from pl_hypernet.settings import TrainingSettings
from pl_hypernet.settings.weights import Weight, changes, weight_at
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.minibatches import MiniBatches
from pl_hypernet.training.trained_along import TrainedAlong, set_trained_along

OBSERVED = "network.observed"  # of the arrays of a checkpoint


class Trainer:
    """Lowers the energy of a hypernetwork on data, or another objective.

    Args:
        hypernet: circuit, device and network.
        data: what to train on.
        optimizer: an :class:`Optimizer`, or anything with ``step_and_cost(qnode, theta)``, as
            PennyLane's optimizers.
        settings: of the training. Weights that change do so over its ``steps``; all circuits of a
            step see the same ``batch_size`` samples.
        theta: start angles; None: drawn from the hypernetwork's seed.
        loss: a callable, as of :class:`NetworkLoss`; None: that of the settings.

    Attributes:
        theta: the angles reached.
        n_steps (int): steps made.
        between_steps (bool): no step was left in its middle, as by an error.
    """

    def __init__(
        self,
        hypernet: QuantumHypernetwork,
        data: Data,
        optimizer,
        settings: TrainingSettings,
        theta=None,
        loss: Callable | None = None,
    ):
        if not hasattr(optimizer, "step_and_cost"):
            raise InputError(
                f"optimizer {optimizer!r}: expected a name or an object with step_and_cost, as "
                "PennyLane's optimizers"
            )
        if settings.entropy:
            check_no_noise(hypernet.device.noise)
        self.hypernet = hypernet
        self.optimizer = optimizer
        self.settings = settings
        self.loss = NetworkLoss(
            hypernet.network,
            data.inputs,
            data.targets,
            loss or settings.loss,
            settings.penalties,
            data.weights,
        )
        self._flips = hypernet.generator("flips")
        self._lowered = self.loss
        if settings.flips:
            self._lowered = FlippedBits(self.loss, settings.flips, self._flips)
        hypernet.network.observe(data.inputs)
        self.along = TrainedAlong(hypernet.network, settings.steps)
        rng = hypernet.generator("batches")
        self.batches = MiniBatches(len(data.inputs), settings.batch_size, rng)
        self.adaptive_shots = self._adaptive()
        self.theta = hypernet.start_angles() if theta is None else hypernet.check_theta(theta)
        self.n_steps = 0
        self.between_steps = True
        self._counts_before = hypernet.device.counts
        self._dollars_before = _dollars(hypernet)
        hypernet.reseed()
        if isinstance(optimizer, Optimizer):
            optimizer.training_begins()
        constant = not (changes(settings.entropy) or changes(settings.mmd))
        if not constant and isinstance(optimizer, Optimizer):
            optimizer.objective_will_change()
        self._lowers_energy = constant and Objective(**self._objective()).is_mean
        asks_for_gradients = isinstance(optimizer, qml.GradientDescentOptimizer)
        if asks_for_gradients and not self._lowers_energy:
            raise InputError(
                f"optimizer {optimizer!r} takes gradients by parameter shift, which are those of "
                "the mean loss alone: use score, spsa or qnspsa for another reduction, entropy or "
                "mmd"
            )
        self._diff_method = "parameter-shift" if asks_for_gradients else None

    def _adaptive(self) -> AdaptiveShots | None:
        """What chooses the shots of each step, if the settings ask for it.

        Raises:
            InputError: more at least than at most, or the optimizer does not know its noise.
        """
        least = self.settings.adaptive_shots
        if least is None:
            return None
        if not isinstance(self.optimizer, Optimizer):
            raise InputError(
                f"adaptive_shots with {type(self.optimizer).__name__}, which does not say how "
                "noisy its gradient is: use qnspsa, spsa, score or pathwise"
            )
        self.optimizer.watch_noise()
        return AdaptiveShots(least, self.hypernet.shots)

    @property
    def step_shots(self) -> int:
        """Of each circuit of the next step; all, where it calibrates the step size of a run."""
        if self.adaptive_shots is None or self._calibrates():
            return self.hypernet.shots
        return self.adaptive_shots.shots

    def _calibrates(self) -> bool:
        return self.n_steps == 0 and self.optimizer.circuits_at_start() > 0

    def _objective(self) -> dict:
        """What this step lowers, as :class:`Objective` takes it."""
        settings = self.settings

        def now(weight: Weight) -> float:
            return weight_at(weight, self.n_steps, settings.steps)

        return {
            "reduction": settings.reduction,
            "entropy": now(settings.entropy),
            "mmd": now(settings.mmd),
            "mmd_bandwidth": settings.mmd_bandwidth,
        }

    def step(self) -> dict:
        """Makes one step.

        Returns:
            step (from 1), energy before it (the mean loss, penalties included) and its stderr on
            the mini-batch, circuits, the overlaps among them, and shots so far, as the device
            counts them, seconds of this step; where the objective is not the energy, objective and
            objective_stderr; every ``evaluate_every`` steps the energy after it on all samples,
            full_energy and full_stderr; choices, for each choice of the network the share of the
            shots that took each option; messages of the optimizer, if there are any.
        """
        start = time.perf_counter()
        self.between_steps, shots = False, self.step_shots
        self.loss.select(self.batches.next())
        theta, value = self._advance()
        self.theta = self.hypernet.check_theta(theta)
        self.n_steps += 1
        estimated = isinstance(value, Estimate)  # PennyLane's optimizers give plain numbers
        measured = estimated and value.losses is not None
        energy = Estimate.from_losses(value.losses) if measured else value
        record = {
            "step": self.n_steps,
            "energy": float(energy),
            "stderr": energy.stderr if estimated else None,
        }
        if not self._lowers_energy:
            record["objective"] = float(value)
            record["objective_stderr"] = value.stderr if estimated else None
        every = self.settings.evaluate_every
        if every and self.n_steps % every == 0:
            full = self._full_energy()
            record |= {"full_energy": float(full), "full_stderr": full.stderr}
        network = self.hypernet.network
        if estimated and value.bits is not None and network.choices:
            record["choices"] = shares(network, chosen(network, value.bits), digits=4)
        record |= vars(self.counts)
        if self.adaptive_shots is not None:
            record["step_shots"] = shots
        if isinstance(self.optimizer, Optimizer) and self.optimizer.messages:
            record["messages"] = self.optimizer.messages
        record["seconds"] = round(time.perf_counter() - start, 6)
        self.between_steps = True
        return record

    def _advance(self) -> tuple:
        """New angles and the value at the old ones; what is trained along moves too."""
        network = self.hypernet.network
        network.train()
        try:
            cost = self.hypernet.energy_qnode(
                self._lowered, self.step_shots, diff_method=self._diff_method, **self._objective()
            )
            theta, value = self.optimizer.step_and_cost(cost, self.theta)
            if self.adaptive_shots is not None:
                self.adaptive_shots.learn(self.optimizer.gradient_noise)
            if network.trained_along:
                bits = getattr(value, "bits", None)
                if bits is None:  # PennyLane's optimizers give plain numbers
                    bits = self.hypernet.sample(self.theta)
                self.along.step(self._lowered, bits)
        finally:
            network.eval()
        return theta, value

    def _full_energy(self) -> Estimate:
        """On all samples. Its random numbers are put back: looking does not change the training."""
        before = self.hypernet.device.random_state
        bits = self.hypernet.sample(self.theta)
        self.hypernet.device.random_state = before
        self.loss.select(None)
        return Estimate.from_losses(self.loss(bits))

    @property
    def counts(self) -> Counts:
        """Circuits, overlaps among them, and shots that the device executed in this training."""
        return self.hypernet.device.counts - self._counts_before

    @property
    def dollars(self) -> float:
        """That the tasks of this training cost; 0 on a device whose tasks cost nothing."""
        return _dollars(self.hypernet) - self._dollars_before

    def state(self) -> tuple[dict[str, np.ndarray], dict]:
        """All that changes from step to step: arrays, and what can be written as JSON.

        An optimizer without ``state`` and ``restore``, as PennyLane's, cannot be continued bit for
        bit.
        """
        arrays = {"theta": np.asarray(self.theta)}
        plain = {
            "n_steps": self.n_steps,
            "between_steps": self.between_steps,
            "dollars": self.dollars,
            "counts": vars(self.counts),
            "batches": random_state_of(self.batches.rng),
            "flips": random_state_of(self._flips),
            "device": self.hypernet.device.random_state,
        }
        if self.adaptive_shots is not None:
            plain["adaptive_shots"] = self.adaptive_shots.state()
        if keeps_state(self.optimizer):
            optimizer_arrays, plain["optimizer"] = self.optimizer.state()
            arrays |= {f"optimizer.{name}": array for name, array in optimizer_arrays.items()}
        arrays |= {f"along.{name}": array for name, array in self.along.state().items()}
        if self.hypernet.network.observed is not None:
            arrays[OBSERVED] = self.hypernet.network.observed.cpu().numpy()
        return arrays, plain

    def restore(self, arrays: dict[str, np.ndarray], plain: dict) -> None:
        """Takes over what :meth:`state` gave: the steps that follow are the same bit for bit."""
        self.theta = self.hypernet.check_theta(arrays["theta"])
        self.n_steps = plain["n_steps"]
        self._dollars_before = _dollars(self.hypernet) - plain.get("dollars", 0.0)
        self._counts_before = self.hypernet.device.counts - Counts(**plain["counts"])
        set_random_state(self.batches.rng, plain["batches"])
        if "flips" in plain:  # not in checkpoints of earlier versions
            set_random_state(self._flips, plain["flips"])
        self.hypernet.device.random_state = plain["device"]
        self.along.restore(_part(arrays, "along."), self.n_steps)
        if self.adaptive_shots is not None:
            self.adaptive_shots.restore(plain["adaptive_shots"])
        if "optimizer" in plain and keeps_state(self.optimizer):
            self.optimizer.restore(_part(arrays, "optimizer."), plain["optimizer"])


def keeps_state(optimizer) -> bool:
    """Whether an optimizer says all that it goes on from, as :meth:`Optimizer.state`."""
    return hasattr(optimizer, "state") and hasattr(optimizer, "restore")


def _dollars(hypernet: QuantumHypernetwork) -> float:
    spending = hypernet.device.spending
    return 0.0 if spending is None else spending.dollars


def restore_network(network: Network, arrays: dict[str, np.ndarray]) -> None:
    """Puts what a training left in its network, as :meth:`Trainer.state` has it, into another."""
    set_trained_along(network.trained_along, _part(arrays, "along."))
    if OBSERVED in arrays:
        network.observe(arrays[OBSERVED])


def _part(arrays: dict[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}
