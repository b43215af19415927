"""The figures of a run that was not run, and their table."""

import json

from rich import box
from rich.table import Table

from pl_hypernet.analysis.tables import Figures, in_words
from pl_hypernet.memory import in_bytes


class Plan(Figures):
    """Figures of a run that was not run; printing it gives a table."""

    def to_json(self) -> str:
        return json.dumps(self, indent=2)

    def table(self) -> Table:
        """The table that the command shows."""
        size = in_words(self["n_qubits"], self["n_real"])
        table = Table(
            title=f"{size}, {self['n_angles']:,} angles on {self['device']}; "
            f"{self['steps']} steps of {self['optimizer']} with {self['shots_per_energy']} shots",
            title_justify="left",
            box=box.SIMPLE_HEAD,
            caption="\n".join(self["remarks"]),
            caption_justify="left",
        )
        table.add_column("")
        table.add_column("a step", justify="right")
        table.add_column("in all", justify="right")
        step, total, limits = self["per_step"], self["total"], self["limits"]
        if limits:
            table.add_column("at most", justify="right")

        def most(name: str, shown) -> list[str]:
            return [shown(limits[name])] if name in limits else []

        table.add_row("energies", f"{step['energies']}", f"{total['energies']:,}")
        exact = " (exact, no shots)" if self["exact_overlaps"] else ""
        table.add_row("overlaps" + exact, f"{step['overlaps']}", f"{total['overlaps']:,}")
        table.add_row(
            "circuits",
            f"{step['circuits']}",
            f"{total['circuits']:,}",
            *most("max_circuits", "{:,}".format),
        )
        table.add_row(
            "shots", f"{step['shots']:,}", f"{total['shots']:,}", *most("max_shots", "{:,}".format)
        )
        if total["tasks"] is not None:
            table.add_row("paid tasks", f"{step['tasks']}", f"{total['tasks']:,}")
        table.add_row(
            "about", duration(step["seconds"]), duration(total["seconds"]),
            *most("max_seconds", duration),
        )  # fmt: skip
        if self["cost"] is not None:
            label = f"cost, prices of {self['cost']['as_of']}"
            amounts = dollars(step["usd"]), dollars(total["usd"])
            table.add_row(label, *amounts, *most("max_cost", dollars))
        table.add_section()
        for kind, gates in self["circuits"].items():
            size = f"{gates['one_qubit']} + {gates['two_qubit']}"
            table.add_row(f"gates of 1 + 2 qubits, an {kind}", size, f"depth {gates['depth']}")
        if self["native_gates"]:
            table.add_row("native gates", "", " ".join(self["native_gates"]))
        if self["bond_dim"] is not None:
            table.add_row("bond dimension", "", f"{self['bond_dim']}")
        if self["memory"] is not None:
            table.add_row("memory of a state", "", in_bytes(self["memory"]))
        table.add_row("memory of a step's shots", "", in_bytes(self["step_memory"]))
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
