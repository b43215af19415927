"""Which points a sweep visits: all known from the start, or proposed by what others reached."""

import itertools
import math
from typing import Protocol

import numpy as np

from pl_hypernet.errors import InputError
from pl_hypernet.settings import SweepSettings
from pl_hypernet.studies.values import Parameter, Point, Range

FROM_RANGES = ("random", "optuna")  # searches that take them, and a number of points


class Search(Protocol):
    """Points by batches; the same again where the same is told."""

    def ask(self) -> list[Point]:
        """The next points, which may run side by side; none: it is over."""
        ...

    def tell(self, scores: list[float | None]) -> None:
        """What these points reached, their metric; None: nothing."""
        ...


class Known:
    """Points that depend on nothing."""

    def __init__(self, points: list[Point]):
        self._points = points

    def ask(self) -> list[Point]:
        points, self._points = self._points, []
        return points

    def tell(self, scores: list[float | None]) -> None:
        pass


def search_of(parameters: list[Parameter], settings: SweepSettings, seed: int) -> Search:
    """The search of a study.

    Args:
        parameters: what differs.
        settings: of the sweep.
        seed: of ``"random"`` and ``"optuna"``.

    Raises:
        InputError: settings that do not fit together, or Optuna is not installed.
    """
    kind, n_points = settings.search, settings.points
    if (kind in FROM_RANGES) != (n_points is not None):
        how = "wants a number of points" if n_points is None else "has as many points as values say"
        raise InputError(f"sweep.points = {n_points}: search = {kind!r} {how}")
    if kind == "optuna":
        from pl_hypernet.studies.optuna_search import OptunaSearch

        return OptunaSearch(parameters, settings, seed)
    if kind == "random":
        return Known(drawn(parameters, n_points or 0, seed))
    for each in parameters:
        if isinstance(each.values, Range):
            raise InputError(
                f"sweep.values.{each.name} is a range: search = {kind!r} takes lists; "
                "'random' and 'optuna' take ranges"
            )
    return Known(grid(parameters) if kind == "grid" else listed(parameters))


def number_of_points(parameters: list[Parameter], settings: SweepSettings) -> int:
    """How many there will be, without making them; 0 where a range is in the place of a list."""
    if settings.search in FROM_RANGES:
        return settings.points or 0
    lengths = [0 if isinstance(p.values, Range) else len(p.values) for p in parameters]
    return max(lengths) if settings.search == "list" else math.prod(lengths)


def grid(parameters: list[Parameter]) -> list[Point]:
    """Each value with each other; the last parameter changes fastest."""
    names = [each.name for each in parameters]
    values = [each.values for each in parameters]
    return [dict(zip(names, point, strict=True)) for point in itertools.product(*values)]


def listed(parameters: list[Parameter]) -> list[Point]:
    """The first values of all, then the second, ...

    Raises:
        InputError: lists of different lengths.
    """
    lengths = {each.name: len(each.values) for each in parameters}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise InputError(f"search = 'list' takes lists of one length: {said}")
    names, values = list(lengths), [each.values for each in parameters]
    return [dict(zip(names, point, strict=True)) for point in zip(*values, strict=True)]


def drawn(parameters: list[Parameter], n_points: int, seed: int) -> list[Point]:
    """At random; more points begin with the same ones."""
    rng = np.random.default_rng(seed)
    return [{each.name: _drawn(each, rng) for each in parameters} for _ in range(n_points)]


def _drawn(parameter: Parameter, rng: np.random.Generator):
    values = parameter.values
    if isinstance(values, Range):
        return values.drawn(rng)
    return values[rng.integers(len(values))]
