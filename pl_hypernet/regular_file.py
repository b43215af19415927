"""Files that may be anything, as a pipe that nobody writes to."""

import os
import stat
from typing import BinaryIO


def open_regular(path) -> BinaryIO:
    """A file opened to read its bytes; what is no file, as a pipe, is not waited for.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_text(path) -> str:
    """The text of a file, in UTF-8.

    Raises:
        OSError: see :func:`open_regular`.
        ValueError: it is no text.
    """
    with open_regular(path) as file:
        return file.read().decode()
