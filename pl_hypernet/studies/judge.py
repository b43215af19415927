"""What a method's networks are worth: the same figures for all of them."""

from typing import Any

import numpy as np
import torch

from pl_hypernet.analysis import evaluate
from pl_hypernet.analysis.calibration import expected_calibration_error, negative_log_likelihood
from pl_hypernet.baselines.task import Found, Task
from pl_hypernet.errors import InputError
from pl_hypernet.networks import Network
from pl_hypernet.objectives.losses import squared_errors
from pl_hypernet.user_code import described

FIGURES = ("mean", "best", "vote")


def judged(task: Task, name: str, found: Any) -> dict[str, Any]:
    """Figures of what a method found, on training and test samples.

    Args:
        task: what it was asked.
        name: of the method, for messages.
        found: a :class:`Found`, or bits int8 (S, n_qubits).

    Returns:
        ``networks``, how many; ``loss.mean`` and ``loss.best`` on the training samples, penalties
        left aside; ``train.mean``, ``train.best``, ``train.vote`` and those of ``test`` or
        ``validation``: accuracies or R^2, of the mean network, of the one of the lowest training
        loss, of all together; ``ece`` and ``nll`` of the vote, on the samples that judge; and what
        the method adds.

    Raises:
        InputError: something else was found.
    """
    found = found if isinstance(found, Found) else Found(bits=found)
    network = found.network or task.network
    if found.outputs is not None:
        return _of_outputs(task, found) | found.figures
    bits = np.asarray(found.bits)
    if bits.ndim != 2 or bits.shape[1] != network.n_qubits or not len(bits):
        raise InputError(
            f"method {name!r} returned {described(found.bits)}: expected bits int8 "
            f"(S, {network.n_qubits}), or a Found"
        )
    data = task.data
    loss = task.own_loss or task.config.loss
    evaluation = found.evaluation or evaluate(network, bits, data, loss)
    figures: dict[str, Any] = {
        "networks": len(bits),
        "loss.mean": float(evaluation.energy),
        "loss.best": float(evaluation.energy.losses[evaluation.best]),
    }
    for samples, accuracy in (("train", evaluation.train), (data.judging, evaluation.test)):
        if accuracy is not None:
            figures |= {f"{samples}.{each}": getattr(accuracy, each) for each in FIGURES}
    if not network.is_regression:
        inputs, targets = _judging(task)
        figures |= _calibration(network.vote(bits, inputs).mean, targets)
    return figures | found.figures


def _judging(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of the test or validation samples, or else of the training samples."""
    data = task.data
    if data.test_inputs is None or data.test_targets is None:
        return data.inputs, data.targets
    return data.test_inputs, data.test_targets


def _calibration(p: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    return {
        "ece": expected_calibration_error(p, targets),
        "nll": negative_log_likelihood(p, targets),
    }


def _of_outputs(task: Task, found: Found) -> dict[str, Any]:
    """Of one network of real numbers."""
    assert found.outputs is not None
    network, data, objective = task.network, task.data, task.objective
    outputs = found.outputs(objective.inputs)
    loss = float(objective.losses(outputs)[0])
    figures: dict[str, Any] = {"networks": 1, "loss.mean": loss, "loss.best": loss}
    score = _score(network, outputs, data.targets)
    figures |= {f"train.{each}": score for each in FIGURES}
    if data.test_inputs is not None:
        outputs = found.outputs(network.check_inputs(data.test_inputs))
        score = _score(network, outputs, data.test_targets)
        figures |= {f"{data.judging}.{each}": score for each in FIGURES}
    if not network.is_regression:
        p = network.probabilities(outputs)[0].double().numpy(force=True)
        p = np.hstack([1 - p, p]) if p.shape[1] == 1 else p / p.sum(axis=1, keepdims=True)
        figures |= _calibration(p, _judging(task)[1])
    return figures


def _score(network: Network, outputs: torch.Tensor, targets) -> float:
    """Accuracy, or the mean R^2 of the targets."""
    expected = torch.as_tensor(targets, device=outputs.device)
    if not network.is_regression:
        return float((network.classify(outputs) == expected).double().mean())
    errors = squared_errors(outputs, expected)[0].double()
    spread = expected.reshape(len(expected), -1).double().var(dim=0, correction=0)
    return float((1 - errors / torch.where(spread > 0, spread, 1.0)).mean())
