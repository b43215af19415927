"""What a run writes into its folder as it goes."""

import io
import json
import tempfile
from pathlib import Path

import numpy as np

from pl_hypernet.analysis import Summary
from pl_hypernet.datasets import Data
from pl_hypernet.errors import RunFolderError
from pl_hypernet.training.callbacks import Callbacks
from pl_hypernet.training.checkpoint import CheckpointPace, has_checkpoint, save_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.digests import digest_of, digest_of_data, digest_of_theta
from pl_hypernet.training.folder import (
    CONFIG,
    DIGESTS,
    LOSSES,
    SCHEMA,
    SHOTS,
    SUMMARY,
    TASKS,
    digest_of_summary,
    save_schema,
)
from pl_hypernet.training.history import HISTORY, History, last_step
from pl_hypernet.training.trainer import Trainer
from pl_hypernet.training.whole_files import write_whole, written_to

THETA = "theta.npy"


class RunWriter:
    """Writes a run, each file whole and tied to the others by digests; a context manager.

    Args:
        folder: of the run; None: nothing is written.
        config: all settings.
        data: what it is trained on.
        callbacks: whose state is part of a checkpoint.
        n_steps: those that the folder holds, of a run that goes on; None: it is a new, empty
            folder.
        check: as of :class:`History`.

    Attributes:
        history (list[dict]): the steps.

    Raises:
        RunFolderError, from all methods: it cannot be written, or another process writes it.
    """

    def __init__(
        self,
        folder: Path | None,
        config: RunConfig,
        data: Data,
        callbacks: Callbacks,
        n_steps: int | None = None,
        check: bool = True,
    ):
        self.folder, self.config, self.data = folder, config, data
        self.callbacks = callbacks
        self.history: list[dict] = []
        self._pace = CheckpointPace()
        self._replace = False
        self._ends: dict[str, str] = {}
        if folder is None:
            return
        text = config.to_toml()
        with written_to(folder):
            if n_steps is None or not check:
                (folder / HISTORY).touch()
            self._file = History(folder, n_steps or 0, check)
            self.history = self._file.records
            write_whole(folder / CONFIG, text.encode())
            if n_steps is None:
                save_schema(folder, data.schema)
            self._ties = {
                "config": config.plain,
                "data": digest_of_data(data),
                "schema_digest": digest_of((folder / SCHEMA).read_bytes()),
            }

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(self, *_) -> None:
        if self.folder is not None:
            self._file.close()

    @property
    def tasks(self) -> Path | None:
        """Where paid tasks are noted."""
        return None if self.folder is None else self.folder / TASKS

    def step(self, record: dict) -> None:
        """A step was made."""
        if self.folder is None:
            self.history.append(record)
            return
        with written_to(self.folder):
            self._file.append(record)

    def checkpoint_if_due(self, trainer: Trainer, now: bool) -> None:
        """Writes a checkpoint if it is time for the next, or wanted now."""
        if self.folder is not None and (self._pace.is_due() or now):
            with self._pace.writing():
                self.checkpoint(trainer, "unfinished")

    def checkpoint(self, trainer: Trainer, stop_reason: str) -> None:
        """All that the run needs to go on. The history is on the disk before it."""
        if self.folder is None:
            return
        arrays, plain = trainer.state()
        arrays |= self.callbacks.state()
        plain["between_steps"] &= last_step(self.history) == trainer.n_steps
        with written_to(self.folder):
            plain |= self._ties | {"stop_reason": stop_reason, "history": self._file.kept()}
            save_checkpoint(self.folder, arrays, plain, self._replace)
        self._replace = not plain["between_steps"]

    def begin_end(self, theta: np.ndarray) -> None:
        """What an earlier end of the run left goes; what follows is of these angles."""
        if self.folder is None:
            return
        with written_to(self.folder):
            for name in (SUMMARY, LOSSES, SHOTS, DIGESTS):  # the last says what the others are
                (self.folder / name).unlink(missing_ok=True)
        self._ends = {"theta": digest_of_theta(theta)}

    def shots(self, bits: np.ndarray) -> None:
        """That judge the trained state, int8 (shots, n_qubits)."""
        self._array(SHOTS, bits)

    def losses(self, losses: np.ndarray) -> None:
        """Of these shots, float64 (shots,)."""
        self._array(LOSSES, losses)

    def summary(self, summary: Summary) -> None:
        content = (json.dumps(summary, indent=2) + "\n").encode()
        self._end(SUMMARY, content, digest_of_summary(summary))

    def _array(self, name: str, array: np.ndarray) -> None:
        content = _npy(array)
        self._end(name, content, digest_of(content))

    def _end(self, name: str, content: bytes, digest: str) -> None:
        if self.folder is None:
            return
        self._ends[name] = digest
        with written_to(self.folder):
            write_whole(self.folder / DIGESTS, json.dumps(self._ends, indent=2).encode())
            write_whole(self.folder / name, content)

    def keep(self, trainer: Trainer, stop_reason: str, ended: bool) -> str | None:
        """After an error: keeps what was reached, in a temporary folder if it must be.

        Args:
            trainer: of the run.
            stop_reason: of the checkpoint.
            ended: the checkpoint of the last step was written.

        Returns:
            Where it is, in words; None: nowhere.
        """
        if self.folder is None:
            return None
        try:
            if not (ended and has_checkpoint(self.folder)):
                self.checkpoint(trainer, stop_reason)
            return f"the checkpoint of {self.folder}"
        except RunFolderError:
            pass
        try:
            spare = Path(tempfile.mkdtemp(prefix="pl_hypernet_"))
        except OSError:
            return None
        try:
            with (
                RunWriter(spare, self.config, self.data, self.callbacks) as other,
                written_to(spare),
            ):
                for record in self.history:
                    other._file.append(record)
                other.checkpoint(trainer, stop_reason)
            return f"{spare}, a run folder"
        except RunFolderError:
            pass
        try:
            write_whole(spare / THETA, _npy(np.asarray(trainer.theta)))
            return f"{spare / THETA}"
        except OSError:
            return None


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
