"""What the command ``cost`` does: the bill of tasks that ran."""

import math
from pathlib import Path

from pl_hypernet.cli.actions import SAMPLING
from pl_hypernet.console import Console
from pl_hypernet.devices import cost_of_tasks, logged_tasks
from pl_hypernet.errors import RunFolderError
from pl_hypernet.training.folder import TASKS


def show_cost(named: list[str], prices: Path | None) -> None:
    """Prints what tasks cost, a line for each device, and their sum.

    Args:
        named: ARNs of tasks, folders of runs, and task logs.
        prices: TOML file; None: the table with a date.
    """
    arns = [arn for name in named for arn in _arns_of(name)]
    console = Console()
    if not arns:
        console.print("No tasks were sent.")
        return
    paid = cost_of_tasks(arns, prices)
    for entry in paid:
        beside = f"; {entry.free} that cost nothing" if entry.free else ""
        beside += f"; {entry.open} not ended yet" if entry.open else ""
        price = f"{entry.price}, as of {entry.price.as_of}" if entry.price else "no price known"
        least = "at least " if entry.price and entry.price.per_minute else ""
        console.print(
            f"{entry.device}: {least}{_dollars(entry.dollars)} for {entry.tasks:,} tasks of "
            f"{entry.shots:,} shots in all ({price}){beside}",
            soft_wrap=True,
        )
    if len(paid) > 1:
        console.print(f"In all {_dollars(sum(entry.dollars for entry in paid))}")


def _arns_of(name: str) -> list[str]:
    if name.startswith("arn:"):
        return [name]
    path = Path(name).expanduser()
    if not path.exists():
        raise RunFolderError(
            f"{name}: no such folder or file; expected the folder of a run, a task log, or the ARN "
            "of a task"
        )
    logs = [path / log for log in (TASKS, SAMPLING)] if path.is_dir() else [path]
    return [arn for log in logs for arn in logged_tasks(log)]


def _dollars(amount: float) -> str:
    return "an unknown amount" if math.isnan(amount) else f"${amount:,.2f}"
