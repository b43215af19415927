"""The figures of a run that was not run, and their table."""

import json

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from pl_hypernet.analysis.tables import Figures, in_words
from pl_hypernet.memory import in_bytes
from pl_hypernet.words import counted


class Plan(Figures):
    """Figures of a run that was not run; printing it gives a table."""

    def to_json(self) -> str:
        return json.dumps(self, indent=2)

    def table(self) -> Group:
        """What the command shows: the run, its circuits, what they need, and remarks."""
        size = in_words(self["n_qubits"], self["n_real"])
        title = (
            f"{size}, {counted(self['n_angles'], 'angle')} on {self['device']}; "
            f"{counted(self['steps'], 'step')} of {self['optimizer']} with "
            f"{counted(self['shots_per_energy'], 'shot')}"
        )
        remarks = escape("\n".join(self["remarks"]))
        tables = self._run(), self._circuits(), self._needs()
        parts = [part for table in tables for part in (table, "")]
        return Group(f"[italic]{title}[/]", "", *parts, remarks)

    def _run(self) -> Table:
        """What a step costs, and all of them."""
        step, total, limits = self["per_step"], self["total"], self["limits"]
        table = _table("", "a step", "in all", *(["at most"] if limits else []))

        def most(name: str, shown) -> list[str]:
            return [shown(limits[name])] if name in limits else []

        table.add_row("energies", f"{step['energies']:,}", f"{total['energies']:,}")
        if step["overlaps"]:
            exact = " (exact, no shots)" if self["exact_overlaps"] else ""
            table.add_row(f"overlaps{exact}", f"{step['overlaps']:,}", f"{total['overlaps']:,}")
        for name in ("circuits", "shots"):
            limit = most(f"max_{name}", "{:,}".format)
            table.add_row(name, f"{step[name]:,}", f"{total[name]:,}", *limit)
        if total["tasks"] is not None:
            table.add_row("paid tasks", f"{step['tasks']:,}", f"{total['tasks']:,}")
        seconds = duration(step["seconds"]), duration(total["seconds"])
        table.add_row("time, about", *seconds, *most("max_seconds", duration))
        if self["cost"] is not None:
            label = f"cost, prices of {self['cost']['as_of']}"
            amounts = dollars(step["usd"]), dollars(total["usd"])
            table.add_row(label, *amounts, *most("max_cost", dollars))
        return table

    def _circuits(self) -> Table:
        """Gates of each kind of circuit that a step sends."""
        table = _table("a circuit", "gates of 1 qubit", "of 2 qubits", "depth")
        for kind, gates in self["circuits"].items():
            counts = gates["one_qubit"], gates["two_qubit"], gates["depth"]
            table.add_row(f"an {kind}", *(f"{count:,}" for count in counts))
        return table

    def _needs(self) -> Table:
        """What a state takes, whatever the number of steps."""
        table = _table("", "")
        table.show_header = False
        if self["native_gates"]:
            table.add_row("native gates", " ".join(self["native_gates"]))
        if self["bond_dim"] is not None:
            table.add_row("bond dimension", f"{self['bond_dim']:,}")
        if self["memory"] is not None:
            table.add_row("memory of a state", in_bytes(self["memory"]))
        table.add_row("memory of a step's shots", in_bytes(self["step_memory"]))
        return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table


def duration(seconds: float | None) -> str:
    """As 12 ms, 3.4 s, 5 min, 2.1 h, 3 days."""
    if seconds is None:
        return "?"
    for unit, size, most in (("ms", 1e-3, 1), ("s", 1, 100), ("min", 60, 6000), ("h", 3600, 2e5)):
        if seconds < most:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds / 86_400:,.0f} days"


def dollars(amount: float) -> str:
    return f"${amount:,.2f}"
