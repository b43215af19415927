"""Figures that print as a table."""

import io

from rich.console import Console
from rich.table import Table

WIDTH = 80


class Figures(dict):
    """A dict of figures; printing it gives its table, 80 columns wide."""

    def __str__(self) -> str:
        console = Console(file=io.StringIO(), width=WIDTH)
        console.print(self.table())
        return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())

    def table(self) -> Table:
        """The table that the command shows."""
        raise NotImplementedError
