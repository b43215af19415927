"""What is shown to people: on any terminal, in a log, in a file."""

import sys

from rich.console import Console as RichConsole
from rich.text import Text

PLAIN = str.maketrans({"±": "+-", "²": "^2", "µ": "u", "π": "pi", "×": "x", "…": "..."})


class Console(RichConsole):
    """rich's console, for streams that take few characters as well.

    Args:
        stderr: standard error, not standard output.
        **options: of rich's console.
    """

    def __init__(self, stderr: bool = False, **options):
        super().__init__(stderr=stderr, highlight=False, **options)

    def plain(self, text: str) -> str:
        """The text, with ``+-`` for ``±`` and the like where the stream does not take these."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.translate(PLAIN)
        return text

    def render_str(self, text: str, **options) -> Text:  # what is printed, and cells of tables
        return super().render_str(self.plain(text), **options)

    @property
    def is_live(self) -> bool:
        """Whether a line can be drawn again and again: on a terminal, and not a dumb one. Colours
        that are forced, as into a file, make no terminal."""
        isatty = getattr(self.file, "isatty", lambda: False)
        return isatty() and self.is_interactive and not self.is_dumb_terminal


def take_all_characters() -> None:
    """From now on what standard output and error do not take, as in the name of a file, is
    escaped and stops no program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
