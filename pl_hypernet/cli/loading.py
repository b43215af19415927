"""What is said while packages and data are loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

from pl_hypernet.console import Console


@contextmanager
def loading(what: str = "PennyLane and torch") -> Iterator[None]:
    """Shows on a terminal that something is loaded, which takes seconds."""
    console = Console(stderr=True)
    if console.is_live:
        with console.status(f"loading {what}"):
            yield
        return
    if getattr(console.file, "isatty", bool)():  # a dumb terminal; in a log nobody waits
        console.print(f"loading {what}")
    yield
