"""A checkpoint: all that a run needs to go on bit for bit. There are two generations of them."""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from pl_hypernet.errors import RunFolderError
from pl_hypernet.training.tensor_file import load_tensors, save_tensors

NAME = "checkpoint.safetensors"
BEFORE = "checkpoint.before.safetensors"  # the last one before it that a run can go on from
SECONDS = 1.0  # between two checkpoints, at least
SHARE = 0.02  # of a run's time, at most, for writing them: a metric may have hundreds of MB

Checkpointed = tuple[dict[str, np.ndarray], dict]


class Checkpoint(BaseModel):
    """What a checkpoint holds at least; the optimizer's part is its own."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    theta: np.ndarray
    n_steps: NonNegativeInt
    stop_reason: str
    counts: dict[str, NonNegativeInt]
    batches: dict[str, Any]
    device: dict[str, Any] | None
    between_steps: bool = True
    history: str | None = None
    config: dict[str, Any] | None = None
    data: str | None = None
    schema_digest: str | None = None


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


def save_checkpoint(
    folder: Path, arrays: dict[str, np.ndarray], plain: dict, replace: bool = False
) -> None:
    """Writes the folder's newest checkpoint, and keeps the one before it.

    Args:
        folder: of the run.
        arrays, plain: see :func:`save_tensors`.
        replace: the newest one there is not kept: no run can go on from it.

    Raises:
        OSError: it cannot be written.
    """
    before = None if replace else Path(folder) / BEFORE
    save_tensors(Path(folder) / NAME, arrays, plain, before)


def has_checkpoint(folder: Path) -> bool:
    return any((Path(folder) / name).exists() for name in (NAME, BEFORE))


def load_checkpoint(folder: Path, check: bool = True) -> Checkpointed:
    """The newest checkpoint of a run.

    Args:
        folder: of the run.
        check: refuse one that is damaged. If not, the one before it stands in for it, or else what
            can be read of it.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    folder = Path(folder)
    newest, before = folder / NAME, folder / BEFORE
    if not newest.exists() and before.exists():  # killed between two renames
        return read_checkpoint(before)
    try:
        return read_checkpoint(newest)
    except RunFolderError as error:
        older = _read_if_whole(before)
        if check and older is not None:
            raise RunFolderError(
                f"{error}; the checkpoint before it, of step {older[1]['n_steps']}, is whole: "
                "pl-hypernet resume goes on from it, --anyway (check=False) shows it"
            ) from error
        if check:
            raise
        if older is None:
            return read_checkpoint(newest, check=False)
        warnings.warn(f"{error}: this is step {older[1]['n_steps']}", stacklevel=2)
        return older


def load_to_go_on(folder: Path) -> tuple[Checkpointed, bool]:
    """The newest checkpoint that a run can go on from, undamaged and between two steps; and whether
    it is the newest of all.

    Raises:
        RunFolderError: there is none.
    """
    newest, before = Path(folder) / NAME, Path(folder) / BEFORE
    if not newest.exists() and before.exists():
        return read_checkpoint(before), False
    older = _read_if_whole(before)
    try:
        found = read_checkpoint(newest)
    except RunFolderError as error:
        if older is None:
            raise
        warnings.warn(f"{error}: going on from step {older[1]['n_steps']}", stacklevel=2)
        return older, False
    if not found[1]["between_steps"] and older is not None:
        return older, False  # steps in between are made again, the same
    return found, True


def read_checkpoint(path: Path, check: bool = True) -> Checkpointed:
    """What :func:`save_checkpoint` wrote.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    arrays, plain = load_tensors(path, check)
    try:
        as_of_old = {"stop_reason": "unfinished", "between_steps": True}  # and of a trainer alone
        plain = as_of_old | plain
        Checkpoint.model_validate({"theta": arrays.get("theta"), **plain})
    except (TypeError, ValidationError) as error:
        raise RunFolderError(f"{path} is damaged: it is no checkpoint of a run") from error
    return arrays, plain


def _read_if_whole(path: Path) -> Checkpointed | None:
    try:
        return read_checkpoint(path)
    except RunFolderError:
        return None
