"""The commands about devices and what they cost."""

from typing import Annotated

import typer

from pl_hypernet.cli.loading import loading
from pl_hypernet.cli.options import PricesOption
from pl_hypernet.console import Console


def cost(
    tasks: Annotated[
        list[str],
        typer.Argument(metavar="DIR|ARN...", help="Folders of runs, task logs, ARNs of tasks."),
    ],
    prices: PricesOption = None,
) -> None:
    """What the tasks of a QPU did cost, asked of Amazon Braket."""
    with loading():
        from pl_hypernet.cli.cost import show_cost

    show_cost(tasks, prices)


def devices() -> None:
    """The PennyLane devices installed here and what each can do."""
    from rich import box
    from rich.table import Table

    with loading():
        from pl_hypernet.devices.installed import installed_devices

    table = Table(
        title="PennyLane devices installed here",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        caption_justify="left",
        caption="shots: finite shots; 'ours' are drawn by our sampler, 'by wire' read as Z of each "
        "wire\nlargest N: as this machine's memory allows\noverlaps: of two states, for the metric "
        "of QN-SPSA",
    )
    for heading in ("device", "what it is", "shots", "seed", "largest N", "overlaps"):
        table.add_column(heading, no_wrap=heading == "device")
    others = []
    for entry in installed_devices():
        known = entry.known
        if known is None:
            others.append(entry.name)
            continue
        most, overlaps = known.wires_here(), known.exact_overlap_wires
        table.add_row(
            entry.name,
            known.remark,
            known.shots,
            _yes(entry.seedable),
            "any" if most is None else f"{most}",
            "exact" if overlaps is None else f"exact to {overlaps}" if overlaps else "by shots",
        )
    console = Console()
    console.print(table)
    if others:
        console.print(
            "Also installed, not tried by us; how they return bits is found by trying: "
            + ", ".join(others)
        )


def _yes(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"
