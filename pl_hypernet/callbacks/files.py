"""The steps of a training in a file of one's own, a line each, as they are made."""

import csv
import json
import time
from typing import TextIO

import numpy as np

from pl_hypernet.analysis.flat import flat
from pl_hypernet.callbacks.callback import Callback, Training
from pl_hypernet.errors import RunFolderError

SECONDS = 1.0  # between two flushes


class FileLog(Callback):
    """What the logs in files share; that of a run that goes on is written anew, and whole.

    Args:
        path: of the file, which is replaced; None: of its usual name in the run's folder.

    Raises:
        InputError: as the run starts: no path, and the run has no folder.
        RunFolderError: the file cannot be written.
    """

    name: str
    _file: TextIO | None = None

    def __init__(self, path=None):
        self._given = path

    def on_start(self, training: Training) -> None:
        self._path = training.path(self._given, self.name)
        try:
            self._file = open(self._path, "w", newline="", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise self._unwritten(error) from error
        self._next = 0.0
        self._begin(training)
        for record in training.history:
            self.on_step(record, np.zeros(0))

    def on_step(self, record: dict, theta: np.ndarray) -> None:
        try:
            self._put(record)
            if time.monotonic() >= self._next:  # others read along
                self._file.flush()
                self._next = time.monotonic() + SECONDS
        except OSError as error:
            raise self._unwritten(error) from error

    def on_end(self, stop_reason: str) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self, training: Training) -> None:
        pass

    def _put(self, record: dict) -> None:
        raise NotImplementedError

    def _unwritten(self, error: OSError) -> RunFolderError:
        return RunFolderError(f"{self._path} cannot be written: {error.strerror}")


class JSONLinesLog(FileLog):
    """A JSON object for each step, as in ``history.jsonl`` of a run's folder.

    Args, Raises: as of :class:`FileLog`; usual name ``log.jsonl``.
    """

    name = "log.jsonl"

    def _put(self, record: dict) -> None:
        self._file.write(json.dumps(record) + "\n")


class CSVLog(FileLog):
    """A table with a row for each step and a column for each number, as
    ``choices.activation.sigmoid``.

    Args, Raises: as of :class:`FileLog`; usual name ``history.csv``.
    """

    name = "history.csv"

    def _begin(self, training: Training) -> None:
        self._names = None
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._looks = training.settings.evaluate_every is not None

    def _put(self, record: dict) -> None:
        numbers = flat(record)
        if self._names is None:
            names = dict.fromkeys(numbers)
            if self._looks:  # not every step has them
                names |= dict.fromkeys(("full_energy", "full_stderr"))
            self._names = [*names, "messages"]
            self._rows.writerow(self._names)
        self._rows.writerow(map(numbers.get, self._names))
