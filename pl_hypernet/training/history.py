"""The steps of a run, a line of JSON each, and what keeps two processes from writing them."""

import json
import os
import warnings
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError

from pl_hypernet.analysis.flat import flat
from pl_hypernet.errors import InputError, RunFolderError
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
    full_energy: float = 0.0  # what not every line has is of its type where it is there
    full_stderr: float = 0.0
    objective: float = 0.0
    objective_stderr: float | None = None
    choices: dict[str, dict[str, float]] = {}


class History:
    """The history of a run that goes on; while it is open no other process writes it.

    Args:
        folder: of the run, in which there is one.
        n_steps: steps to keep; those after them, as of a run that was killed, are cut off.
        check: as of :func:`read_history`; lines that cannot be read are cut out then.

    Attributes:
        records (list[dict]): the steps.

    Raises:
        RunFolderError: another process has it open, or it is damaged.
        OSError: it cannot be opened.
    """

    def __init__(self, folder: Path, n_steps: int = 0, check: bool = True):
        path = folder / HISTORY
        if not path.is_file():
            raise RunFolderError(f"{folder} is not a run folder: it holds no {HISTORY}")
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115 - for as long as the run
        try:
            lock(self._file, f"{folder}: another process is writing this run")
            lines = _lines(self._file.read())[:n_steps]
            self.records, content, _ = _records(lines, n_steps, folder, check)
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


def read_history(
    folder: Path, n_steps: int | None = None, check: bool = True
) -> tuple[list[dict], str]:
    """The first steps in ``history.jsonl``, and the digest of their lines.

    Args:
        folder: of the run.
        n_steps: up to which step; None: all. A last line that was cut off is left out.
        check: refuse a file that is damaged. If not, lines that cannot be read are left out, with
            a warning.

    Raises:
        RunFolderError: there is no such file, or it is damaged.
    """
    try:
        with open_regular(Path(folder) / HISTORY) as file:
            lines = _lines(file.read())
    except OSError as error:
        if not check:
            warnings.warn(f"{folder} holds no {HISTORY}: the steps are left out", stacklevel=3)
            return [], new_digest(b"").hexdigest()
        raise RunFolderError(f"{folder} is not a run folder: it holds no {HISTORY}") from error
    records, content, damaged = _records(lines[:n_steps], n_steps, folder, check)
    if damaged:
        places = ", ".join(map(str, damaged))
        warnings.warn(f"{folder}/{HISTORY}: damaged, and left out: line {places}", stacklevel=3)
    return records, new_digest(content).hexdigest()


def _lines(content: bytes) -> list[bytes]:
    """Without a last one that was cut off."""
    *lines, last = content.split(b"\n")
    return lines if _parsed(last) is None else [*lines, last]


def _records(
    lines: list[bytes], n_steps: int | None, folder: Path, check: bool
) -> tuple[list[dict], bytes, list[int]]:
    """The steps up to this one that lines hold, these lines alone, and which were damaged.

    Where lines were cut out earlier, later steps may follow within the first ``n_steps`` lines.

    Raises:
        RunFolderError: with ``check``, a line is damaged.
    """
    records, kept, damaged = [], [], []
    for number, line in enumerate(lines, 1):
        record = _parsed(line)
        try:
            HistoryLine.model_validate(record)
        except ValidationError:
            if check:
                raise RunFolderError(
                    f"{folder}/{HISTORY}: line {number} is damaged: put it back, or go on without "
                    "it with --anyway (check=False)"
                ) from None
            damaged.append(number)
            continue
        if n_steps is None or record["step"] <= n_steps:
            records.append(record)
            kept.append(line + b"\n")
    return records, b"".join(kept), damaged


def last_step(history: list[dict]) -> int:
    """Number of the last step; some before it may be left out."""
    return history[-1]["step"] if history else 0


def _parsed(line: bytes):
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):
        return None


def lock(file, refusal: str) -> None:
    """Refuses a file that another process has locked; one that ends, or dies, lets it go.

    Args:
        file: open, or the descriptor of a folder.
        refusal: the line of the error.

    Raises:
        RunFolderError: it is locked.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunFolderError(refusal) from error
    except OSError:  # a file system without locks
        pass


def frame_of(history: list[dict]):
    """See :meth:`Run.history_frame`."""
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise InputError(
            "pandas is not installed: pip install 'pl_hypernet[logs]', or pandas"
        ) from error
    frame = DataFrame([flat(record) for record in history])
    return frame.set_index("step") if history else frame
