"""What shots of a trained state are worth as networks, one by one and together."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from pl_hypernet.analysis.hamming import mean_mutual_hamming
from pl_hypernet.analysis.shares import chosen, shares
from pl_hypernet.datasets import Data, as_data
from pl_hypernet.measurements import Estimate
from pl_hypernet.networks import Network
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.objectives.losses import squared_errors
from pl_hypernet.words import counted

GOOD = 0.9  # test accuracy above which a network counts as good


@dataclass(frozen=True, eq=False)
class Accuracy:
    """Accuracies of S networks on one set of samples, all in [0, 1]; of a regression R^2, up to 1.

    Attributes:
        each: float64 (S,), of each shot; of several targets the mean of their R^2.
        best: of the shot with the lowest training loss.
        vote: of the class of the largest mean probability of the shots, or of their mean output.
        majority: of the class that most shots choose; None of a regression.
        most_likely: of the network of the most likely bits, where it was handed over.
        best_of, vote_of: float64 (n_targets,), ``best`` and ``vote`` of each target.
    """

    each: np.ndarray
    best: float
    vote: float
    majority: float | None
    best_of: np.ndarray
    vote_of: np.ndarray
    most_likely: float | None = None

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
        train, test: accuracies; ``test``, of the test samples or of those that ``validation`` held
            out, is None where there are neither.
        choices: for each choice, the share of shots of each option; a choice about several
            neurons, say, counts each of them.
        decisions: how many a shot makes of each choice: 1, or the number of neurons, say.
        metric: ``"accuracy"``, or ``"r2"`` of a regression.
        targets: names of the targets, where there are several; else ().
        judging: as of :class:`Data`, the samples of ``test``, or ``"training"``.
    """

    bits: np.ndarray
    energy: Estimate
    best: int
    train: Accuracy
    test: Accuracy | None
    choices: dict[str, dict[str, float]]
    decisions: dict[str, int]
    metric: str = "accuracy"
    targets: tuple[str, ...] = ()
    judging: str = "test"

    def __repr__(self) -> str:
        vote = (self.test or self.train).vote
        return (
            f"<Evaluation: {counted(len(self.bits), 'shot')}, E = {self.energy}, {self.judging} "
            f"{self.word} of their vote {vote:.4f}>"
        )

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


def evaluate(
    network: Network,
    bits: np.ndarray,
    data,
    loss=None,
    progress: Callable[[float], None] | None = None,
    most_likely: np.ndarray | None = None,
) -> Evaluation:
    """Scores shots as networks.

    Args:
        network: what a bitstring means.
        bits: int8 (S, n_qubits).
        data: the task, as for ``train``: first the training samples, by which real targets are
            standardised. The best shot is picked on these, never on the test samples.
        loss: as of :class:`NetworkLoss`.
        progress: called again and again with the share of the work that is done.
        most_likely: int8 (n_qubits,), a network beside the shots, which has no part in their vote.
    """
    bits = np.asarray(bits, dtype=np.int8)
    data = as_data(data, regression=network.is_regression)
    network.observe(data.inputs, again=False)
    objective = NetworkLoss(network, data.inputs, data.targets, loss, weights=data.weights)
    share = len(data.inputs) / data.n_samples
    train = _judged(
        network,
        bits,
        data.inputs,
        data.targets,
        objective,
        _part(progress, 0, share),
        most_likely,
    )
    test = None
    if data.test_inputs is not None:
        test = _judged(
            network,
            bits,
            data.test_inputs,
            data.test_targets,
            None,
            _part(progress, share, 1),
            most_likely,
        )
    best = int(train.losses.argmin())
    return Evaluation(
        bits=bits,
        energy=Estimate.from_losses(train.losses),
        best=best,
        train=train.accuracy(best),
        test=None if test is None else test.accuracy(best),
        choices=shares(network, chosen(network, bits)),
        decisions={name: math.prod(choice.shape) for name, choice in network.choices.items()},
        metric="r2" if network.is_regression else "accuracy",
        targets=_names(data),
        judging=data.judging,
    )


def _names(data: Data) -> tuple[str, ...]:
    """Of several targets, for people; () for one."""
    if data.n_targets == 1:
        return ()
    return data.target_names or tuple(f"target {k}" for k in range(data.n_targets))


def _part(progress: Callable[[float], None] | None, begin: float, end: float):
    """The progress of a part of the work."""
    return progress and (lambda share: progress(begin + (end - begin) * share))


@dataclass(frozen=True, eq=False)
class _Judged:
    """Shots on one set of samples.

    Attributes:
        scores: float64 (S, K), the accuracy of each shot, or its R^2 of each target.
        vote: float64 (K,), the same of the vote.
        majority: the accuracy of the majority; None of a regression.
        losses: float64 (S,), where they were asked for.
        most_likely: score of the network of this name, where there is one.
    """

    scores: np.ndarray
    vote: np.ndarray
    majority: float | None
    losses: np.ndarray | None
    most_likely: float | None

    def accuracy(self, best: int) -> Accuracy:
        each = self.scores.mean(axis=1)
        return Accuracy(
            each=each,
            best=float(each[best]),
            vote=float(self.vote.mean()),
            majority=self.majority,
            best_of=self.scores[best],
            vote_of=self.vote,
            most_likely=self.most_likely,
        )


def _judged(
    network, bits, inputs, targets, objective: NetworkLoss | None, progress, most_likely
) -> _Judged:
    """Scores, and losses if there is an objective, in one pass over the samples."""
    targets = np.asarray(targets)
    expected = torch.as_tensor(targets, device=network.device)
    columns = targets.reshape(len(targets), -1)
    variances = np.var(columns, axis=0, dtype=np.float64)
    variances = np.where(variances > 0, variances, 1.0)  # all the same: no error is still R^2 = 1

    def scores_of(logits: torch.Tensor) -> torch.Tensor:
        if network.is_regression:
            errors = squared_errors(logits, expected).double()
            return 1 - errors / errors.new_tensor(variances)
        return (network.classify(logits) == expected).double().mean(dim=1, keepdim=True)

    def reduce(logits: torch.Tensor) -> torch.Tensor:
        scores = scores_of(logits)
        if objective is None:
            return scores
        losses = objective.losses(logits).double()
        return torch.cat([losses[:, None], scores], dim=1)

    scores, votes = network.score_and_vote(bits, inputs, reduce, progress)
    likely = None
    if most_likely is not None:
        likely = float(network.score(most_likely[None], inputs, scores_of).mean())
    losses = None
    if objective is not None:
        losses, scores = scores[:, 0], scores[:, 1:]
    if network.is_regression:
        vote = 1 - np.mean((votes.mean - columns) ** 2, axis=0) / variances
        return _Judged(scores, vote, None, losses, likely)
    vote = np.array([np.mean(votes.classes == targets)])
    majority = float(np.mean(votes.majority == targets))
    return _Judged(scores, vote, majority, losses, likely)
