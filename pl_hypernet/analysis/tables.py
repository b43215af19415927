"""Figures that print as a table."""

import io

from rich.console import Console, RenderableType

from pl_hypernet.words import counted

WIDTH = 80


def in_words(n_qubits: int, n_real: int = 0) -> str:
    """The size of a network: ``"153 qubits and 16 real parameters"``, or of qubits alone."""
    qubits = counted(n_qubits, "qubit")
    return f"{qubits} and {counted(n_real, 'real parameter')}" if n_real else qubits


def as_text(table: RenderableType) -> str:
    """A table, or several, of 80 columns, plain wherever this runs."""
    out = io.StringIO()
    plain = {"force_terminal": False, "force_jupyter": False, "color_system": None}
    Console(file=out, width=WIDTH, **plain).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


class Figures(dict):
    """A dict of figures; printing it gives its table, 80 columns wide."""

    def __str__(self) -> str:
        return as_text(self.table())

    def table(self) -> RenderableType:
        """The table, or several, that the command shows."""
        raise NotImplementedError
