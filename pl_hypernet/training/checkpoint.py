"""A checkpoint: all that a run needs to go on bit for bit."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from pl_hypernet.errors import RunFolderError
from pl_hypernet.training.tensor_file import load_tensors, save_tensors

NAME = "checkpoint.safetensors"
SECONDS = 1.0  # between two checkpoints, at least
SHARE = 0.05  # of a run's time, at most, for writing them: a metric may have hundreds of MB


class Checkpoint(BaseModel):
    """What a checkpoint holds at least; the optimizer's part is its own."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    theta: np.ndarray
    n_steps: NonNegativeInt
    stop_reason: str
    counts: dict[str, NonNegativeInt]
    batches: dict[str, Any]
    device: dict[str, Any] | None


class CheckpointPace:
    """When it is time for the next checkpoint: the longer one takes to write, the fewer there are.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._next = -math.inf

    def is_due(self) -> bool:
        return self._clock() >= self._next

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Meanwhile one is written."""
        begun = self._clock()
        yield
        ended = self._clock()
        self._next = ended + max(SECONDS, (ended - begun) / SHARE)


def save_checkpoint(folder: Path, arrays: dict[str, np.ndarray], plain: dict) -> None:
    """Replaces the folder's checkpoint, see :func:`save_tensors`."""
    save_tensors(Path(folder) / NAME, arrays, plain)


def load_checkpoint(folder: Path) -> tuple[dict[str, np.ndarray], dict]:
    """What :func:`save_checkpoint` wrote.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    path = Path(folder) / NAME
    arrays, plain = load_tensors(path)
    try:
        plain = {"stop_reason": "unfinished"} | plain  # as the state of a trainer alone
        Checkpoint.model_validate({"theta": arrays.get("theta"), **plain})
    except (TypeError, ValidationError) as error:
        raise RunFolderError(f"{path} is damaged: it is no checkpoint of a run") from error
    return arrays, plain
