"""The folder that a run leaves behind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pl_hypernet.analysis import Summary
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import RunFolderError
from pl_hypernet.numpy_files import load_npy
from pl_hypernet.regular_file import read_text
from pl_hypernet.training.digests import digest_of
from pl_hypernet.training.history import HISTORY
from pl_hypernet.training.tensor_file import load_tensors, save_tensors

CONFIG = "config.toml"
SUMMARY = "summary.json"
SHOTS = "shots.npy"  # that the trained state was judged by, int8 (shots, n_qubits)
LOSSES = "losses.npy"  # their training losses, float64 (shots,)
SCHEMA = "schema.safetensors"
TASKS = "tasks.jsonl"
DIGESTS = "digests.json"  # of shots, losses and summary, and of the angles that they are of


class NextRunFolder:
    """``runs/001``, or the first number that is free when the folder is made.

    Attributes:
        path (Path): of the folder; before it is made, what it would be now.
    """

    def __init__(self, parent="runs"):
        self._parent, self._made = Path(parent), None

    @property
    def path(self) -> Path:
        if self._made is not None:
            return self._made
        number = 1
        while (path := self._parent / f"{number:03d}").exists():
            number += 1
        return path

    def make(self) -> Path:
        """Of several processes that do so at one instant, each makes its own."""
        while self._made is None:
            path = self.path
            try:
                path.mkdir()
                self._made = path
            except FileExistsError:
                continue
        return self._made


def folder_path(out) -> Path:
    """The path that was given as ``out``, ``~`` for a user's home.

    Raises:
        RunFolderError: it is no path.
    """
    try:
        return Path(out).expanduser()
    except TypeError as error:
        raise RunFolderError(
            f"out={out!r}: expected the path of a folder, or None to write nothing"
        ) from error


def make_run_folder(path) -> tuple[Path, list[Path]]:
    """A new, empty folder.

    Args:
        path: of the folder, ``~`` for a user's home; or a :class:`NextRunFolder`.

    Returns:
        The folder, and all that was made for it: the folder itself, then its parents, upwards.

    Raises:
        RunFolderError: it exists already, or cannot be made or written; nothing is left then.
    """
    numbered = path if isinstance(path, NextRunFolder) else None
    path = folder_path(path) if numbered is None else numbered.path
    made: list[Path] = []
    try:
        for folder in reversed(path.parents):
            if not folder.exists():
                folder.mkdir(exist_ok=True)
                made.insert(0, folder)
        if numbered is None:
            path.mkdir()
        else:
            path = numbered.make()
        made.insert(0, path)
        (path / HISTORY).touch()
    except FileExistsError as error:
        raise RunFolderError(
            f"{path} exists already: choose another folder with --out (out=), or remove it"
        ) from error
    except OSError as error:
        _remove_empty(made)
        raise RunFolderError(
            f"{path} cannot be written ({error.strerror}): choose another folder with --out (out=)"
        ) from error
    return path, made


def unmake_run_folder(made: list[Path]) -> None:
    """Removes a run folder, and those parents that were made for it and hold nothing else."""
    shutil.rmtree(made[0], ignore_errors=True)
    _remove_empty(made[1:])


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:  # something else is in it
            break


def read_array(path: Path) -> np.ndarray | None:
    """An array of a run, as the shots that its trained state was judged by; None: there is none.

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

    def parse() -> Schema:
        arrays, plain = load_tensors(path)
        plain.pop("version", None)  # of old there is none
        return Schema.from_plain(arrays, plain)

    return _read(path, parse)


def read_summary(folder: Path) -> Summary | None:
    """The contents of ``summary.json``; None for a run that did not end.

    Raises:
        RunFolderError: the file is damaged.
    """
    path = folder / SUMMARY
    return _read(path, lambda: Summary(**json.loads(read_text(path))))


def digest_of_summary(summary: dict) -> str:
    """Of all but the seconds of the run, which are known last."""
    kept = {name: figure for name, figure in summary.items() if name != "run_seconds"}
    return digest_of(json.dumps(kept, sort_keys=True).encode())


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
