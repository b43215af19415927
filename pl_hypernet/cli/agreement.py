"""Money is asked for before the first task is sent."""

import math
import sys
from pathlib import Path

import typer

from pl_hypernet.errors import InputError
from pl_hypernet.training import QuantumHypernetwork
from pl_hypernet.training.budget import Budget, check_dollars
from pl_hypernet.training.config import RunConfig


def agree_to_run(
    hypernet: QuantumHypernetwork,
    config: RunConfig,
    dollars: float | None,
    yes: bool,
    prices: Path | None,
) -> float | None:
    """What a training may cost: as given, else as answered on a terminal.

    Args:
        hypernet, config: of the training.
        dollars: ``--budget``.
        yes: ``--yes``.
        prices: ``--prices``.

    Raises:
        InputError: tasks would cost something that nobody agreed to.
    """
    check_dollars(dollars)
    spending = hypernet.device.spending
    if spending is None:
        return dollars
    if prices is not None:
        spending.use_prices(prices)
    chosen, _ = config.with_optimizer_chosen(lambda: hypernet.operations(hypernet.start_angles()))
    optimizer = chosen.build_optimizer(seed=0)
    cost = Budget(hypernet, optimizer, config)
    return _agreed(str(cost), dollars, yes)


def agree_to_shots(
    hypernet: QuantumHypernetwork, shots: int, dollars: float | None, yes: bool
) -> float:
    """The same for one circuit."""
    check_dollars(dollars)
    spending = hypernet.device.spending
    if spending is None:
        return math.inf
    cost = f"{shots} shots would cost about ${spending.cost_of(1, shots):,.2f} {spending.terms}"
    return _agreed(cost, dollars, yes)


def _agreed(cost: str, dollars: float | None, yes: bool) -> float:
    if dollars is not None:
        return dollars
    if yes:
        return math.inf
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(f"{cost}: give --budget DOLLARS, which it stops at, or --yes")
    if not typer.confirm(f"{cost}. Go on?", err=True):
        raise InputError("nothing was sent")
    return math.inf
