"""How a command ends that cannot do what it was asked: one line, and an exit code."""

import errno
import os
import sys
from contextlib import suppress
from typing import NoReturn

from typer import Abort

from pl_hypernet.errors import HypernetError

LONGEST = 200  # characters of a word in a message
OF_OUTPUT = (errno.ENOSPC, errno.EPIPE, errno.EFBIG, errno.EIO)  # of a stream, which has no name
INTERRUPTED = 130  # exit code of a program that Ctrl-C ended


def end(error: BaseException) -> NoReturn:
    """Bad input is one line on standard error and exit code 2.

    Raises:
        BaseException: what is nobody's input but a mistake of ours, as it came.
    """
    if isinstance(error, HypernetError):
        fail("; ".join([str(error), *getattr(error, "__notes__", [])]))
    if isinstance(error, (KeyboardInterrupt, Abort)):
        sys.exit(INTERRUPTED)
    if isinstance(error, OSError):  # of a path that nobody else looked at, as one that is too long
        if error.filename is None and error.errno in OF_OUTPUT:
            _leave_output()
            if isinstance(error, BrokenPipeError):  # nobody reads any more
                sys.exit(1)
            fail(f"standard output cannot be written: {error.strerror}")
        fail(f"{_short(error.filename)}: {error.strerror}" if error.filename else str(error))
    if isinstance(error, MemoryError):
        fail(f"not enough memory: {error}")
    said = getattr(error, "format_message", None)
    if said is not None:  # typer's own, as of an option without a value
        fail(said())
    if type(error).__module__.startswith("pennylane"):  # a device's refusal
        fail(str(error))
    raise error


def warn(message, category, filename, lineno, file=None, line=None) -> None:
    """One line, without the place in our code; as :func:`warnings.showwarning`."""
    if issubclass(category, UserWarning):
        print(f"pl-hypernet: {' '.join(str(message).split())}", file=sys.stderr)


def fail(message: str) -> NoReturn:
    """One line, whatever the message, and exit code 2."""
    line = " ".join(_short(word) for word in message.split())
    if line:
        print(f"pl-hypernet: {line}", file=sys.stderr)
    sys.exit(2)


def _leave_output() -> None:
    """What waits to be written goes nowhere, so that Python does not try again as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _short(word) -> str:
    """A path or another word that a line can hold."""
    text = str(word)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
