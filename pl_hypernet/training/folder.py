"""The folder that a run leaves behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError

from pl_hypernet.analysis import Summary
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import RunFolderError
from pl_hypernet.numpy_files import load_npy
from pl_hypernet.regular_file import read_text
from pl_hypernet.training.tensor_file import load_tensors, save_tensors

CONFIG = "config.toml"
HISTORY = "history.jsonl"
SUMMARY = "summary.json"
SHOTS = "shots.npy"  # that the trained state was judged by, int8 (shots, n_qubits)
LOSSES = "losses.npy"  # their training losses, float64 (shots,)
SCHEMA = "schema.safetensors"
TASKS = "tasks.jsonl"


class HistoryLine(BaseModel):
    """What each line of ``history.jsonl`` holds at least."""

    model_config = ConfigDict(extra="allow", strict=True)

    step: PositiveInt
    energy: float
    stderr: float | None
    circuits: NonNegativeInt
    overlaps: NonNegativeInt
    shots: NonNegativeInt
    seconds: float


def make_run_folder(path) -> tuple[Path, list[Path]]:
    """A new, empty folder.

    Returns:
        The folder, and all that was made for it: the folder itself, then its parents, upwards.

    Raises:
        RunFolderError: it exists already, or cannot be made or written; nothing is left then.
    """
    path = Path(path)
    made: list[Path] = []
    try:
        if path.exists():
            raise FileExistsError
        for folder in reversed([path, *path.parents]):
            if not folder.exists():
                folder.mkdir()
                made.insert(0, folder)
        (path / HISTORY).touch()
    except FileExistsError as error:
        raise RunFolderError(
            f"{path} exists already: choose another folder with --out (out=), or remove it"
        ) from error
    except OSError as error:
        unmake_run_folder(made)
        raise RunFolderError(
            f"{path} cannot be written ({error.strerror}): choose another folder with --out (out=)"
        ) from error
    return path, made


def unmake_run_folder(made: list[Path]) -> None:
    """Removes a run folder, and those parents that were made for it and hold nothing else."""
    for i, folder in enumerate(made):
        if i == 0:
            shutil.rmtree(folder)
        elif any(folder.iterdir()):
            break
        else:
            folder.rmdir()


def next_run_folder(parent="runs") -> Path:
    """``runs/001``, or the first number that is free."""
    number = 1
    while (path := Path(parent) / f"{number:03d}").exists():
        number += 1
    return path


def append_history(folder: Path, record: dict) -> None:
    """Adds one step as one line of ``history.jsonl``."""
    with open(folder / HISTORY, "a") as file:
        file.write(json.dumps(record) + "\n")


def read_history(folder: Path) -> list[dict]:
    """The steps in ``history.jsonl``; a last line that was cut off is left out.

    Raises:
        RunFolderError: there is no such file, or it is damaged.
    """
    try:
        lines = read_text(Path(folder) / HISTORY).splitlines()
    except OSError as error:
        raise RunFolderError(f"{folder} is not a run folder: it holds no {HISTORY}") from error
    except ValueError as error:  # no text
        raise RunFolderError(f"{folder}/{HISTORY} is damaged: {error}") from error
    records = []
    for i, line in enumerate(lines):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            if i == len(lines) - 1:
                break
            record = None
        try:
            HistoryLine.model_validate(record)
        except ValidationError:
            raise RunFolderError(f"{folder}/{HISTORY}: line {i + 1} is damaged") from None
        records.append(record)
    return records


def save_array(path: Path, array: np.ndarray) -> None:
    """Keeps an array of a run, as the shots that the trained state was judged by."""
    np.save(path, array)


def read_array(path: Path) -> np.ndarray | None:
    """What :func:`save_array` wrote; None for a run that did not end.

    Raises:
        RunFolderError: the file is damaged.
    """
    return _read(path, lambda: load_npy(path))


def save_schema(folder: Path, schema: Schema) -> None:
    """Keeps what inputs and outputs mean, so that the run can be used without its data."""
    save_tensors(folder / SCHEMA, *schema.to_plain())


def read_schema(folder: Path) -> Schema | None:
    """What :func:`save_schema` wrote; None where there is none.

    Raises:
        RunFolderError: the file is damaged.
    """
    path = folder / SCHEMA
    return _read(path, lambda: Schema.from_plain(*load_tensors(path)))


def read_summary(folder: Path) -> Summary | None:
    """The contents of ``summary.json``; None for a run that did not end.

    Raises:
        RunFolderError: the file is damaged.
    """
    path = folder / SUMMARY
    return _read(path, lambda: Summary(**json.loads(read_text(path))))


def _read(path: Path, parse: Callable):
    """What a file of a run holds; None where there is none.

    Raises:
        RunFolderError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        return parse()
    except RunFolderError:
        raise
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        said = " ".join(str(error).split())
        raise RunFolderError(f"{path} is damaged: {said}") from error
