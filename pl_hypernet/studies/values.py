"""What settings are in turn: lists and ranges, each by the name of its setting."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pl_hypernet.errors import InputError, did_you_mean
from pl_hypernet.settings import RunSettings
from pl_hypernet.settings.base import LARGEST

Point = dict[str, Any]  # a value for each parameter, by its name
RANGE = {"low", "high", "log"}


@dataclass(frozen=True)
class Range:
    """All numbers from low to high, these included; whole ones if both are."""

    low: int | float
    high: int | float
    log: bool = False

    @property
    def is_whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def drawn(self, rng: np.random.Generator) -> int | float:
        """One of them, each as likely; of ``log`` each of its logarithm."""
        if self.is_whole and not self.log:
            return int(rng.integers(self.low, self.high, endpoint=True))
        low, high = self.low, self.high
        if self.is_whole:  # each whole number has half a unit on both sides
            low, high = low - 0.5, high + 0.5
        number = rng.uniform(math.log(low), math.log(high)) if self.log else rng.uniform(low, high)
        number = math.exp(number) if self.log else number
        number = round(number) if self.is_whole else float(number)
        return min(max(number, self.low), self.high)


@dataclass(frozen=True)
class Parameter:
    """A setting that is another one in each run.

    Attributes:
        path: its name, and those in tables within: ``("optimizer_options", "stepsize")``.
        values: what it may be.
    """

    path: tuple[str, ...]
    values: tuple[Any, ...] | Range

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first value and the last."""
        if isinstance(self.values, Range):
            return self.values.low, self.values.high
        return self.values[0], self.values[-1]

    def settings(self, value) -> dict[str, Any]:
        """A setting of this value, in its tables."""
        for key in reversed(self.path):
            value = {key: value}
        return value


def parameters_of(values: dict[str, Any]) -> list[Parameter]:
    """What ``[sweep.values]`` of a study says.

    Raises:
        InputError: an unknown setting, or what is neither a list nor a range.
    """
    fields = RunSettings.model_fields
    for name in values:
        if name not in fields:
            raise InputError(
                f"sweep.values: unknown setting {name!r}: {did_you_mean(name, fields)}choose from "
                f"{', '.join(fields)}"
            )
    if "seed" in values:
        raise InputError("sweep.values.seed: give seeds in [sweep], a number or a list")
    found = list(_leaves(values, ()))
    if not found:
        raise InputError("sweep.values is empty: say what differs, as values.layers = [0, 1, 2]")
    return found


def _leaves(values: dict[str, Any], above: tuple[str, ...]) -> Iterator[Parameter]:
    for key, given in values.items():
        path = (*above, key)
        name = ".".join(("sweep.values", *path))
        if isinstance(given, list | tuple):
            yield Parameter(path, _listed(name, given))
        elif isinstance(given, dict) and given.keys() & {"low", "high"}:
            yield Parameter(path, _ranged(name, given))
        elif isinstance(given, dict) and given:
            yield from _leaves(given, path)
        else:
            raise InputError(
                f"{name} = {given!r}: expected a list, or a range {{low = ..., high = ...}}"
            )


def _listed(name: str, given) -> tuple[Any, ...]:
    if not given:
        raise InputError(f"{name} is an empty list")
    for k, value in enumerate(given):
        if any(_same(value, other) for other in given[:k]):
            raise InputError(f"{name} has {value!r} twice")
    return tuple(given)


def _same(value, other) -> bool:
    """Numbers and their like in another type; True is no number."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _ranged(name: str, given: dict) -> Range:
    low, high, log = given.get("low"), given.get("high"), given.get("log", False)
    numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in (low, high))
    if given.keys() - RANGE or not numbers or not isinstance(log, bool):
        raise InputError(
            f"{name} = {given!r}: expected a range {{low = NUMBER, high = NUMBER}}, and log = true "
            "for one of orders of magnitude"
        )
    if not (-LARGEST <= low < high <= LARGEST):
        raise InputError(f"{name}: low = {low} and high = {high}: expected low below high")
    if log and low <= 0:
        raise InputError(f"{name}: low = {low} has no logarithm: expected one above 0")
    return Range(low, high, log)
