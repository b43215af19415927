"""The folder of a study: what was asked for, the runs, and what they reached."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.settings.file import read_settings
from pl_hypernet.studies.study import SWEEP, Study
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
        return study, Path(out).expanduser()
    path = Path(study).expanduser()
    if path.is_dir():
        if out is not None and Path(out).expanduser().resolve() != path.resolve():
            raise InputError(f"out={str(out)!r}: the study in {path} goes on there")
        return path / STUDY, path
    if out is None and not path.suffix:
        raise InputError(f"study {path}: expected a file as study.toml, or the folder of a study")
    return path, path.with_suffix("") if out is None else Path(out).expanduser()


@contextmanager
def study_folder(folder: Path, study: Study) -> Iterator[None]:
    """Makes the folder, or takes up the one that is there; meanwhile it is nobody else's.

    Raises:
        RunFolderError: it is no study's, or another one's; another process has it, or it cannot be
            written.
    """
    with written_to(folder):
        if folder.exists() and not folder.is_dir():
            raise RunFolderError(f"{folder} is a file: choose a folder with --out (out=)")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / STUDY).is_file():
            raise RunFolderError(
                f"{folder} exists already and is no study's: choose another with --out (out=)"
            )
        (folder / RUNS).mkdir(parents=True, exist_ok=True)
        opened = os.open(folder, os.O_RDONLY)
    try:
        lock(opened, f"{folder}: another process is making this sweep")
        there = read_settings(folder / STUDY) if (folder / STUDY).is_file() else None
        here = tomllib.loads(study.text)
        if there is not None:
            _check_same(folder, there, here)
        if there != here:  # else it may be the very file, with the user's own words in it
            with written_to(folder):
                write_whole(folder / STUDY, study.text.encode())
        yield
    finally:
        os.close(opened)


def _check_same(folder: Path, there: dict, here: dict) -> None:
    """Refuses a study of other settings; what differs among its runs may be more by now.

    Raises:
        RunFolderError: with the first setting that is another one.
    """
    for name in sorted((here.keys() | there.keys()) - {SWEEP}):
        if here.get(name) != there.get(name):
            raise RunFolderError(
                f"{folder} holds runs with {name} = {there.get(name)!r}, and this study has "
                f"{here.get(name)!r}: choose another folder with --out (out=)"
            )
