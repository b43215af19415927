"""Files that are there whole or not at all, whatever ends the program or the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pl_hypernet.errors import RunFolderError


def write_whole(path: Path, content: bytes, before: Path | None = None) -> None:
    """Replaces a file: written aside, on the disk before it is renamed.

    Args:
        path: of the file.
        content: of it.
        before: what the file that is there becomes; None: it goes.

    Raises:
        OSError: it cannot be written; the file that was there is as it was.
    """
    draft = path.with_name(path.name + ".part")
    with open(draft, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if before is not None and path.exists():
        os.replace(path, before)
    os.replace(draft, path)
    sync_names(path.parent)


def sync_names(folder: Path) -> None:
    """The names in a folder are on the disk too, where the system has a way to ask for it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError:  # nor do some file systems
        pass
    finally:
        os.close(descriptor)


@contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """What cannot be written inside is one clear line.

    Raises:
        RunFolderError: as of a full disk, or a folder that was removed.
    """
    try:
        yield
    except RunFolderError:
        raise
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be written: {error.strerror or error}") from error
