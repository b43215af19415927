"""A network and data make a loss: bits to one number for each shot."""

from collections.abc import Callable

import numpy as np
import torch

from pl_hypernet.datasets.checked import sample_weights
from pl_hypernet.errors import InputError
from pl_hypernet.networks import Network
from pl_hypernet.networks.derivatives import FIRST_ORDER, Derivatives
from pl_hypernet.objectives.losses import find_loss, second_derivatives
from pl_hypernet.objectives.penalties import Penalties, check_penalties, penalty_of
from pl_hypernet.objectives.spin_gradients import flip_gradients, flipped_or_refused
from pl_hypernet.user_code import UserCode
from pl_hypernet.words import counted

FLIP_WORK = 2**32  # multiplications of a step, below which every bit is flipped


class NetworkLoss:
    """The loss of the network that each bitstring is, for :func:`expected_loss`.

    Args:
        network: what a bitstring means.
        inputs: float32 (M, n_inputs).
        targets: (M,), the class 0, 1, ... of each input; numbers for a regression, of several
            outputs (M, n_outputs).
        loss: ``"bce"`` or ``"mse"`` of one output; ``"cross_entropy"`` of several; ``"mse"`` of a
            regression, summed over its outputs; or a callable (outputs (S, M, n_outputs), targets
            as above) -> losses (S,) on torch tensors, called for parts of the shots, for several at
            a time in threads, and with weights as a third argument where there are any: torch
            (M,), of which it has to make use. None: the first of these that the network has.
        penalties: {choice: {option: penalty}}, added to the loss of each shot that chose the
            option, in units of the loss: ``{"activation": {"hard_sigmoid": 0.01}}``; for each
            element that did where a choice has several: ``{"neurons.0": {"kept": 0.001}}``.
        weights: (M,), at least 0, what each sample counts in the mean over the samples, brought
            to mean 1; a mini-batch takes its rows, so that its loss has the mean of all. None, or
            all the same: none.

    >>> loss = NetworkLoss(network, data.inputs, data.targets, "bce")
    >>> loss(bits)                  # float64 (S,)
    """

    def __init__(
        self,
        network: Network,
        inputs,
        targets,
        loss: str | Callable | None = None,
        penalties: Penalties | None = None,
        weights=None,
    ):
        self.network = network
        self.penalties = check_penalties(network, penalties or {})
        self.loss = self._own(loss) if callable(loss) else find_loss(network, loss)
        self.inputs = network.check_inputs(inputs)
        self.targets = torch.as_tensor(targets, device=self.inputs.device)
        expected = (len(self.inputs),)
        if network.is_regression and network.n_outputs > 1:
            expected += (network.n_outputs,)
        if self.targets.shape != expected:
            raise InputError(f"targets have shape {tuple(self.targets.shape)}: expected {expected}")
        if network.is_regression:
            self.targets = self.targets.to(self.inputs.dtype)
        else:
            self._check_classes(max(2, network.n_outputs))
            self.targets = self.targets.long()
        self.weights = self._of_mean_one(weights)
        names = [f"choice.{name}" for name in network.choices]
        self._choice_qubits = network.layout.qubits_of(*names)
        self.select(None)

    def __repr__(self) -> str:
        return (
            f"<NetworkLoss: networks of {counted(self.network.n_qubits, 'bit')} on "
            f"{counted(len(self.inputs), 'sample')}>"
        )

    def _of_mean_one(self, weights) -> torch.Tensor | None:
        """As the losses take them: (M,) of the inputs' type; None where they make no difference."""
        weights = None if weights is None else sample_weights(weights, len(self.inputs))
        if weights is None:
            return None
        return torch.as_tensor(weights, dtype=self.inputs.dtype, device=self.inputs.device)

    def _own(self, loss: Callable) -> Callable[..., torch.Tensor]:
        """A loss of a user's own, checked whenever it is called."""
        classes = "" if self.network.is_regression else "; of classes targets.float() makes numbers"
        expected = (
            "a torch tensor (S,), a loss for each network, from outputs (S, M, n_outputs) and "
            f"targets of M samples{classes}"
        )
        code = UserCode("loss", loss, expected)

        def checked(outputs, targets, weights=None):
            got = {"outputs": outputs, "targets": targets}
            if weights is not None:
                got["weights"] = weights
            losses = code(**got)
            if not isinstance(losses, torch.Tensor) or losses.shape != outputs.shape[:1]:
                raise code.refused(losses, **got)
            return losses

        return checked

    def _check_classes(self, n_classes: int) -> None:
        classes = torch.arange(n_classes, device=self.targets.device)
        if not torch.isin(self.targets, classes).all():
            raise InputError(
                f"targets hold other values than 0 ... {n_classes - 1}: number the classes so, and "
                "give a network of more than two classes an output for each"
            )

    def select(self, indices: np.ndarray | None) -> None:
        """From now on uses only a mini-batch of the samples, int (B,); None: all of them.

        Both energies of a finite difference must see the same mini-batch: select before the step.
        """
        if indices is None:
            self._batch = self.inputs, self.targets, self.weights
        else:
            indices = torch.as_tensor(indices, device=self.inputs.device)
            self._batch = self.inputs[indices], *self._of_samples(indices)

    def _of_samples(self, indices: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Targets and weights of some samples, or of all."""
        if indices is None:
            return self.targets, self.weights
        weights = None if self.weights is None else self.weights[indices]
        return self.targets[indices], weights

    def losses(self, outputs: torch.Tensor, indices: torch.Tensor | None = None) -> torch.Tensor:
        """Losses (S,) of outputs (S, B, n_outputs) on the samples int (B,); None: on all."""
        return self.loss(outputs, *self._of_samples(indices))

    def __call__(self, bits) -> np.ndarray:
        """Losses float64 (S,) of bits int8 (S, n_qubits), on the selected samples."""
        inputs, *of_samples = self._batch
        losses = self.network.score(bits, inputs, lambda outputs: self.loss(outputs, *of_samples))
        losses = losses.astype(np.float64)
        if self.penalties:
            losses += penalty_of(self.network, self.penalties, bits)
        return losses

    def backward(self, bits) -> None:
        """Adds the derivatives of the mean loss by what the network trains along to its ``.grad``.

        Args:
            bits: int8 (S, n_qubits).
        """
        inputs, *of_samples = self._batch
        self.network.score_with_gradient(
            bits, inputs, lambda outputs: self.loss(outputs, *of_samples)
        )

    def _flips_all(self, shots: int, n_samples: int) -> bool:
        """Whether derivatives by all spins are differences, as there is little to compute."""
        work = shots * self.network.n_qubits * n_samples * self.network.work
        return work <= FLIP_WORK

    def scorings_of_gradient(
        self, shots: int, n_samples: int, curvature: bool, of_pass: float
    ) -> float:
        """How often :meth:`spin_gradients` scores each shot.

        Args:
            shots, n_samples: of the step.
            curvature: as of :class:`Derivatives`; its pass is taken to count twice.
            of_pass: what a pass forward and backward counts.
        """
        if curvature:
            return 2 * of_pass
        if self._flips_all(shots, n_samples):
            return 1 + self.network.n_qubits
        return of_pass + len(self._choice_qubits)

    def spin_gradients(self, bits, how: Derivatives = FIRST_ORDER) -> tuple[np.ndarray, np.ndarray]:
        """Losses, and their derivatives by each spin, on the selected samples.

        Those of weights and biases come from one backward pass through the network
        (:meth:`Network.logits_with_gradient`); those of choices are half the difference of
        the losses of the two options, each evaluated.

        Args:
            bits: int8 (S, n_qubits).
            how: what is wanted.

        Returns:
            float64 (S,); real (S, n_qubits), or (n_qubits,), of the precision in which they were
            computed.

        Raises:
            InputError: a loss of a user's own that torch cannot differentiate, or of which a
                curvature is asked.
        """
        inputs, *of_samples = self._batch
        if self._flips_all(bits.shape[0], len(inputs)) and not how.curvature:
            losses = self(bits)
            flipped = flip_gradients(self, bits, losses, np.arange(bits.shape[1]))
            return losses, flipped.mean(axis=0) if how.mean else flipped
        try:
            losses, gradients = self.network.score_with_gradient(
                bits,
                inputs,
                lambda outputs: self.loss(outputs, *of_samples),
                how,
                lambda outputs: second_derivatives(self.loss, outputs, *of_samples),
            )
        except (RuntimeError, InputError) as error:
            if how.curvature:
                raise
            losses, flipped = flipped_or_refused(self, bits, error)
            return losses, flipped.mean(axis=0) if how.mean else flipped
        losses = losses.astype(np.float64)
        if self.penalties:
            losses += penalty_of(self.network, self.penalties, bits)
        if len(self._choice_qubits):
            exact = flip_gradients(self, bits, losses, self._choice_qubits)
            gradients[..., self._choice_qubits] = exact.mean(axis=0) if how.mean else exact
        return losses, gradients
