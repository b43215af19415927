"""The steps of a run, a line of JSON each, and what keeps two processes from writing them."""

import json
import os
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from pl_hypernet.errors import RunFolderError
from pl_hypernet.regular_file import open_regular
from pl_hypernet.training.digests import new_digest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

HISTORY = "history.jsonl"


class HistoryLine(BaseModel):
    """What each line of ``history.jsonl`` holds at least."""

    model_config = ConfigDict(extra="allow", strict=True)

    step: PositiveInt
    energy: float
    stderr: float | None
    circuits: NonNegativeInt
    overlaps: NonNegativeInt
    shots: NonNegativeInt
    seconds: float = Field(ge=0, allow_inf_nan=False)


class History:
    """The history of a run that goes on; while it is open no other process writes it.

    Args:
        folder: of the run, in which there is one.
        n_steps: lines to keep; those after them, as of a run that was killed, are cut off.

    Attributes:
        records (list[dict]): the steps.

    Raises:
        RunFolderError: another process has it open, or it is damaged.
        OSError: it cannot be opened.
    """

    def __init__(self, folder: Path, n_steps: int = 0):
        path = folder / HISTORY
        if not path.is_file():
            raise RunFolderError(f"{folder} is not a run folder: it holds no {HISTORY}")
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115 - for as long as the run
        try:
            _lock(self._file, folder)
            lines = self._file.read().split(b"\n")[:n_steps]
            self.records = [_record(line, folder, i) for i, line in enumerate(lines)]
            content = b"".join(line + b"\n" for line in lines)
            self._size, self._left = 0, content  # on the disk; to be written
            self._write()  # the same, but for an end that was torn off
            self._file.truncate()
        except BaseException:
            self._file.close()
            raise
        self._digest = new_digest(content)

    def append(self, record: dict) -> None:
        """Adds one step.

        Raises:
            OSError: it cannot be written.
        """
        self.records.append(record)
        line = _line(record)
        self._digest.update(line)
        self._left += line
        self._write()

    def kept(self) -> str:
        """The digest of all lines, once they are on the disk.

        Raises:
            OSError: they cannot be written.
        """
        self._write()
        os.fsync(self._file.fileno())
        return self._digest.copy().hexdigest()

    def _write(self) -> None:
        """What is left to be written; after an error all of it still is."""
        if not self._left:
            return
        self._file.seek(self._size)
        left = memoryview(self._left)
        while left:
            left = left[self._file.write(left) :]
        self._size += len(self._left)
        self._left = b""

    def close(self) -> None:
        with suppress(OSError):  # a full disk: what was not written was said already
            self._file.close()


def _line(record: dict) -> bytes:
    return json.dumps(record).encode() + b"\n"


def read_history(folder: Path, n_steps: int | None = None) -> tuple[list[dict], str]:
    """The first steps in ``history.jsonl``, and the digest of their lines.

    Args:
        folder: of the run.
        n_steps: how many at most; None: all. A last line that was cut off is left out.

    Raises:
        RunFolderError: there is no such file, or it is damaged.
    """
    try:
        with open_regular(Path(folder) / HISTORY) as file:
            lines = file.read().split(b"\n")
    except OSError as error:
        raise RunFolderError(f"{folder} is not a run folder: it holds no {HISTORY}") from error
    last = lines.pop()
    if last and _parsed(last) is not None:
        lines.append(last)
    lines = lines[:n_steps]
    records = [_record(line, folder, i) for i, line in enumerate(lines)]
    return records, new_digest(b"".join(line + b"\n" for line in lines)).hexdigest()


def _record(line: bytes, folder: Path, i: int) -> dict:
    record = _parsed(line)
    try:
        HistoryLine.model_validate(record)
    except ValidationError:
        raise RunFolderError(f"{folder}/{HISTORY}: line {i + 1} is damaged") from None
    return record


def _parsed(line: bytes):
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):
        return None


def _lock(file, folder: Path) -> None:
    """Refuses a run that another process has open; a process that ends, or dies, lets it go."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunFolderError(f"{folder}: another process is writing this run") from error
    except OSError:  # a file system without locks
        pass
