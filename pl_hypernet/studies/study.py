"""A study: the settings that all runs share, and what differs; each run by its name."""

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pl_hypernet.errors import InputError
from pl_hypernet.settings import CircuitSettings, SweepSettings
from pl_hypernet.settings.file import read_settings, written
from pl_hypernet.settings.merge import merge_settings
from pl_hypernet.studies.metrics import check_metric
from pl_hypernet.studies.search import Known, Search, number_of_points, search_of
from pl_hypernet.studies.values import Parameter, Point, parameters_of
from pl_hypernet.training.config import SECRET, RunConfig
from pl_hypernet.training.digests import digest_of

SWEEP = "sweep"  # the table of a study file
LONGEST = 80  # letters of a run's name
DIGITS = 8  # of a digest, where a name says not all
MOST_RUNS = 10_000  # each is checked before any begins


@dataclass(frozen=True)
class SweptRun:
    """One run of a sweep.

    Attributes:
        name: of its folder; of what differs alone, so that it is found again.
        point: what differs, but for the seed.
        seed: of the run.
        settings: all of them.
        config: the same, checked.
    """

    name: str
    point: Point
    seed: int
    settings: dict[str, Any]
    config: RunConfig


@dataclass(frozen=True)
class Study:
    """What a study file says.

    Attributes:
        settings: of all runs, by name, unchecked until a run has them all.
        sweep: how runs differ.
        parameters: in what.
        text: TOML.
        networks: files that make networks and may be run, as ``mine.py:build``.
    """

    settings: dict[str, Any]
    sweep: SweepSettings
    parameters: list[Parameter]
    text: str
    networks: tuple[str, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of each point."""
        first, seeds = self.settings.get("seed", 0), self.sweep.seeds
        return seeds if isinstance(seeds, tuple) else tuple(range(first, first + seeds))

    def search(self) -> Search:
        """Of its points, from the first one on.

        Raises:
            InputError: see :func:`search_of`.
        """
        return search_of(self.parameters, self.sweep, self.settings.get("seed", 0))

    def points_to_check(self) -> list[Point]:
        """All that are known before any run; of a search those of all first values, and of all last
        ones.

        Raises:
            InputError: see :func:`search_of`.
        """
        search = self.search()
        if isinstance(search, Known):
            return search.ask()
        ends = {each.name: each.ends for each in self.parameters}
        return [{name: end[k] for name, end in ends.items()} for k in (0, 1)]

    def runs(self, point: Point) -> list[SweptRun]:
        """A run for each seed.

        Raises:
            InputError: a setting does not fit, or a file would be run that was not named.
        """
        of_point: dict[str, Any] = {}
        for each in self.parameters:
            of_point = merge_settings(of_point, each.settings(point[each.name]))
        found = []
        for seed in self.seeds:
            settings = merge_settings(self.settings, of_point) | {"seed": seed}
            name = run_name(point, seed)
            try:
                config = RunConfig.checked(settings)
                check_metric(self.sweep.metric, config.validation is not None)
            except InputError as error:
                raise InputError(f"run {name}: {error}") from error
            if isinstance(config.network, str) and config.network not in self.networks:
                raise InputError(
                    f"run {name}: its network is made by {config.network}, which is not run unless "
                    f"you name it: add --network {config.network}"
                )
            found.append(SweptRun(name, point, seed, settings, config))
        return found


def read_study(study, networks: Sequence[str] = ()) -> Study:
    """A study, from its file or in hand.

    Args:
        study: path of a TOML file, or a dict as it would hold.
        networks: see :class:`Study`.

    Raises:
        InputError: not TOML, no ``[sweep]``, or an unknown setting.
        RunFolderError: no such file.
    """
    contents = dict(study) if isinstance(study, dict) else read_settings(Path(study).expanduser())
    sweep = contents.pop(SWEEP, None)
    if not isinstance(sweep, dict):
        where = "the study" if isinstance(study, dict) else str(study)
        raise InputError(
            f"{where} has no table [{SWEEP}]: say there what differs, as values.layers = [0, 1, 2]"
        )
    _check_no_secret(contents.get("device_options"), sweep)
    text = written({**contents, SWEEP: sweep}, "a study")
    contents = {name: value for name, value in tomllib.loads(text).items() if name != SWEEP}
    settings = SweepSettings.checked(sweep)
    CircuitSettings.checked({"seed": contents.get("seed", 0)})  # others wait for their run's values
    parameters = parameters_of(settings.values)
    n_seeds = settings.seeds if isinstance(settings.seeds, int) else len(settings.seeds)
    n_runs = n_seeds * number_of_points(parameters, settings)
    if n_runs > MOST_RUNS:
        raise InputError(f"{n_runs:,} runs: expected at most {MOST_RUNS:,} in one study")
    return Study(contents, settings, parameters, text, tuple(networks))


def run_name(point: Point, seed: int) -> str:
    """As ``layers=1,seed=0``: what can be in the name of a folder, and a digest where that is not
    all."""
    exact = json.dumps([point, seed], sort_keys=True, default=str)
    whole = {name: _in_words(value) for name, value in {**point, "seed": seed}.items()}
    name = ",".join(f"{key}={text}" for key, text in whole.items())
    name = re.sub(r"[^\w.,=+-]+", "-", name, flags=re.ASCII)
    plain = all(_is_plain(value, whole[key]) for key, value in point.items())
    if plain and len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]},{digest_of(exact.encode())[:DIGITS]}"


def _in_words(value) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _is_plain(value, text: str) -> bool:
    """Whether a text says all of a value."""
    if isinstance(value, bool | int):
        return True
    if isinstance(value, float):
        return float(text) == value
    is_word = isinstance(value, str) and re.fullmatch(r"[a-z][\w.+-]*", value, re.ASCII)
    return bool(is_word) and text not in ("true", "false", "null", "inf", "nan")


def _check_no_secret(*tables) -> None:
    """Refuses what would stand in the study's file, and in each run's."""
    for table in tables:
        for name, value in table.items() if isinstance(table, dict) else ():
            if SECRET.search(str(name).lower()):
                raise InputError(
                    f"{name} stands in files of a sweep: set it where the workers run, as in their "
                    "environment"
                )
            _check_no_secret(value)
