"""The folder of a study: what was asked for, the runs, and what they reached."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.settings.file import read_settings
from pl_hypernet.studies.study import SWEEP, Study
from pl_hypernet.training.folder import folder_path
from pl_hypernet.training.history import lock
from pl_hypernet.training.whole_files import write_whole, written_to

STUDY, RUNS = "study.toml", "runs"


def places(study, out) -> tuple[Path | dict, Path]:
    """The study, and the folder that it is for.

    Args:
        study: a file, a folder of a study that is to go on, or a dict.
        out: the folder; None: the name of the file without its ending.

    Raises:
        InputError: no folder for a dict, or another one for a folder.
    """
    if isinstance(study, dict):
        if out is None:
            raise InputError("a study in hand needs a folder: out='study'")
        return study, folder_path(out)
    path = Path(study).expanduser()
    if path.is_dir():
        if out is not None and folder_path(out).resolve() != path.resolve():
            raise InputError(f"out={str(out)!r}: the study in {path} goes on there")
        return path / STUDY, path
    if out is None and not path.suffix:
        raise InputError(f"study {path}: expected a file as study.toml, or the folder of a study")
    return path, path.with_suffix("") if out is None else folder_path(out)


@contextmanager
def study_folder(folder: Path, study: Study) -> Iterator[None]:
    """Makes the folder of a sweep, or takes up the one that is there; see :func:`own_folder`."""
    with own_folder(folder, STUDY, study.text, RUNS, may_differ=(SWEEP,), what="sweep"):
        yield


@contextmanager
def own_folder(
    folder: Path, file: str, text: str, inner: str, may_differ: tuple[str, ...], what: str
) -> Iterator[None]:
    """Makes a folder, or takes up the one that is there; meanwhile it is nobody else's.

    Args:
        folder: of all that is made.
        file: the name of the file of settings in it.
        text: what it holds, TOML.
        inner: the folder in it.
        may_differ: settings that may be others than there.
        what: is made there, for messages.

    Raises:
        RunFolderError: it is something else's, or has other settings; another process has it, or it
            cannot be written.
    """
    with written_to(folder):
        if folder.exists() and not folder.is_dir():
            raise RunFolderError(f"{folder} is a file: choose a folder with --out (out=)")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / file).is_file():
            raise RunFolderError(
                f"{folder} exists already and is no {what}'s: choose another with --out (out=)"
            )
        (folder / inner).mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
    try:
        lock(opened, f"{folder}: another process is making this {what}")
        there = read_settings(folder / file) if (folder / file).is_file() else None
        here = tomllib.loads(text)
        if there is not None:
            _check_same(folder, there, here, may_differ, what)
        if there != here:  # else it may be the very file, with the user's own words in it
            with written_to(folder):
                write_whole(folder / file, text.encode())
        yield
    finally:
        os.close(opened)


def _check_same(
    folder: Path, there: dict, here: dict, may_differ: tuple[str, ...], what: str
) -> None:
    """Refuses other settings than those there.

    Raises:
        RunFolderError: with the first setting that is another one.
    """
    names = (here.keys() | there.keys()) - set(may_differ)
    for name in sorted(names, key=lambda name: (isinstance(here.get(name), dict), name)):
        if here.get(name) != there.get(name):
            raise RunFolderError(
                f"{folder} holds runs with {name} = {there.get(name)!r}, and this {what} has "
                f"{here.get(name)!r}: choose another folder with --out (out=)"
            )
