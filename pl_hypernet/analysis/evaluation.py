"""What shots of a trained state are worth as networks, one by one and together."""

from dataclasses import dataclass

import numpy as np
import torch

from pl_hypernet.analysis.hamming import mean_mutual_hamming
from pl_hypernet.analysis.shares import chosen, shares
from pl_hypernet.datasets import as_data
from pl_hypernet.measurements import Estimate
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.objectives.losses import squared_error

GOOD = 0.9  # test accuracy above which a network counts as good


@dataclass(frozen=True, eq=False)
class Accuracy:
    """Accuracies of S networks on one set of samples, all in [0, 1]; of a regression R^2, up to 1.

    Attributes:
        each: float64 (S,), of each shot.
        best: of the shot with the lowest training loss.
        vote: of the average of the shots' predicted probabilities, or outputs.
    """

    each: np.ndarray
    best: float
    vote: float

    @property
    def mean(self) -> float:
        return float(self.each.mean())


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Shots of a trained state, judged on all training and test samples.

    Attributes:
        bits: int8 (S, n_qubits), the shots.
        energy: mean training loss of the shots, with its error; ``energy.losses`` are the shots'.
        best: index of the shot with the lowest training loss.
        train, test: accuracies; ``test`` is None where there is no test set.
        choices: for each choice, the share of shots of each option; a choice about several
            neurons, say, counts each of them.
        metric: ``"accuracy"``, or ``"r2"`` of a regression.
    """

    bits: np.ndarray
    energy: Estimate
    best: int
    train: Accuracy
    test: Accuracy | None
    choices: dict[str, dict[str, float]]
    metric: str = "accuracy"

    @property
    def word(self) -> str:
        """What the numbers of ``train`` and ``test`` are, for people."""
        return "R²" if self.metric == "r2" else "accuracy"

    @property
    def good(self) -> np.ndarray:
        """bool (S,), the shots whose accuracy exceeds 0.9, on the test samples if there are any."""
        return (self.test or self.train).each > GOOD

    @property
    def mutual_hamming(self) -> float | None:
        """Mean pairwise Hamming distance of the good shots; None for fewer than two."""
        return mean_mutual_hamming(self.bits[self.good])


def evaluate(network: BinaryNetwork, bits: np.ndarray, data, loss=None) -> Evaluation:
    """Scores shots as networks.

    Args:
        network: what a bitstring means.
        bits: int8 (S, n_qubits).
        data: the task, as for ``train``: first the training samples, by which real targets are
            standardised. The best shot is picked on these, never on the test samples.
        loss: as of :class:`NetworkLoss`.
    """
    bits = np.asarray(bits, dtype=np.int8)
    data = as_data(data, regression=network.is_regression)
    objective = NetworkLoss(network, data.inputs, data.targets, loss)
    losses, each, vote = _judge(network, bits, data.inputs, data.targets, objective)
    best = int(losses.argmin())
    train, test = Accuracy(each, float(each[best]), vote), None
    if data.test_inputs is not None:
        _, each, vote = _judge(network, bits, data.test_inputs, data.test_targets)
        test = Accuracy(each, float(each[best]), vote)
    return Evaluation(
        bits=bits,
        energy=Estimate.from_losses(losses),
        best=best,
        train=train,
        test=test,
        choices=shares(network, chosen(network, bits)),
        metric="r2" if network.is_regression else "accuracy",
    )


def _judge(
    network, bits, inputs, targets, objective: NetworkLoss | None = None
) -> tuple[np.ndarray | None, np.ndarray, float]:
    """Of each shot the loss (if there is an objective) and the accuracy, and that of the vote: in
    one pass over the samples."""
    targets = np.asarray(targets)
    expected = torch.as_tensor(targets, device=network.scale.device)
    variance = float(np.var(targets)) or 1.0  # all the same: no error is still R^2 = 1

    def reduce(logits: torch.Tensor) -> torch.Tensor:
        if network.is_regression:
            each = 1 - squared_error(logits, expected).double() / variance
        else:
            each = (network.classify(logits) == expected).double().mean(dim=1)
        if objective is None:
            return each[:, None]
        return torch.stack([each, objective.loss(logits, objective.targets).double()], dim=1)

    scores, votes = network.score_and_vote(bits, inputs, reduce)
    if network.is_regression:
        vote = 1 - np.mean((votes[:, 0] - targets) ** 2) / variance
    else:
        vote = np.mean(votes.argmax(axis=1) == targets)
    losses = None if objective is None else scores[:, 1]
    return losses, scores[:, 0], float(vote)
