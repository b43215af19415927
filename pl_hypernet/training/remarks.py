"""What to say of a run that learned nothing, and what to try."""

import math

import numpy as np

from pl_hypernet.analysis import Evaluation
from pl_hypernet.datasets import Data
from pl_hypernet.settings import AUTO
from pl_hypernet.settings.weights import changes
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.hypernetwork import QuantumHypernetwork

WINDOW = 20  # steps at the start and at the end whose means are compared, a quarter of all at most
ENOUGH = 3  # standard errors of their difference
FAR = 5  # means or spreads of columns above it are of columns as they were measured


def remarks(
    history: list[dict],
    evaluation: Evaluation,
    data: Data,
    config: RunConfig,
    hypernet: QuantumHypernetwork,
) -> list[str]:
    """A sentence for each way in which a run learned nothing; none as a rule.

    Args:
        history: of the training.
        evaluation: of the trained state.
        data: what it was trained on.
        config: of the run.
        hypernet: that was trained.
    """
    found = []
    if (rise := _rise(history, config)) is not None:
        found.append(
            f"The {rise}. Try {_other_optimizer(config, hypernet)}a smaller step (stepsize of the "
            f"optimizer), more shots, or another scale of the outputs (now {config.scale:.3g})."
        )
    if (what := _chance(evaluation, data)) is not None:
        other = (
            "another hidden activation"
            if hypernet.network.n_neurons > hypernet.network.n_outputs
            else "ternary weights"
        )
        found.append(
            f"The {what}. Try {_standardised(data)}"
            f"{_other_optimizer(config, hypernet)}more steps, another scale of the outputs (now "
            f"{config.scale:.3g}), or {other}."
        )
    return found


def _rise(history: list[dict], config: RunConfig) -> str | None:
    """Where from and where to what is lowered rose, if it did by 3 standard errors."""
    if len(history) < 2 or changes(config.entropy) or changes(config.mmd):
        return None  # what changes may rise
    name = "objective" if all("objective" in record for record in history) else "energy"
    window = max(1, min(WINDOW, len(history) // 4))
    ends = [[r[name] for r in part] for part in (history[:window], history[-window:])]
    begin, end = map(float, map(np.mean, ends))
    if window > 2:  # their scatter holds the noise of shots and of mini-batches
        variances = [np.var(part, ddof=1) / window for part in ends]
    else:
        error = "objective_stderr" if name == "objective" else "stderr"
        variances = [(history[i].get(error) or 0.0) ** 2 for i in (0, -1)]
    if end - begin <= ENOUGH * math.sqrt(sum(variances)):
        return None
    return f"{name} rose, from {begin:.4g} at the start to {end:.4g} at the end"


def _chance(evaluation: Evaluation, data: Data) -> str | None:
    """That an answer without inputs is as good as the shots, on the training samples."""
    vote = evaluation.train.vote
    if data.is_regression:
        return (
            None
            if vote > 0
            else "mean prediction of the shots is no better than that of the targets"
        )
    vote = max(vote, evaluation.train.majority)
    share = float(np.bincount(data.targets).max() / len(data.targets))
    if vote - share > math.sqrt(share * (1 - share) / len(data.targets)):
        return None
    return f"vote of the shots is no better than the most frequent class, {100 * share:.2f} %"


def _standardised(data: Data) -> str:
    """What columns far from 0 and 1 need first: weights of few values cannot make up for them."""
    means, spreads = np.abs(data.inputs.mean(axis=0)), data.inputs.std(axis=0)
    if data.features or max(means.max(), spreads.max()) <= FAR:
        return ""
    return "standardised columns first (--data-option features=standardise); then "


def _other_optimizer(config: RunConfig, hypernet: QuantumHypernetwork) -> str:
    """That of the fewest shots, where it can be had and was not taken."""
    free = config.model_copy(update={"optimizer": AUTO})
    best, _ = free.with_optimizer_chosen(lambda: hypernet.operations(hypernet.start_angles()))
    return "" if best.optimizer in ("spsa", config.optimizer) else f"optimizer {best.optimizer}, "
