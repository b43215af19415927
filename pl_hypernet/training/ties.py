"""Whether the files of a run belong together, as they were written."""

import json
from pathlib import Path

from pl_hypernet.errors import RunFolderError
from pl_hypernet.regular_file import read_text
from pl_hypernet.settings import ResumeSettings
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.digests import digest_of, digest_of_theta
from pl_hypernet.training.folder import (
    CONFIG,
    DIGESTS,
    LOSSES,
    SCHEMA,
    SHOTS,
    SUMMARY,
    digest_of_summary,
)
from pl_hypernet.training.history import HISTORY

HOW_FAR = {*ResumeSettings.model_fields}  # may be changed by hand: how far a run will go
MISSING = object()


def broken_ties(folder: Path, plain: dict, config: RunConfig, history: str) -> list[str]:
    """What does not fit to the checkpoint of a run, each in a clause; of old folders nothing.

    Args:
        folder: of the run.
        plain: of its checkpoint.
        config: the contents of its ``config.toml``.
        history: the digest of the lines of its history up to the checkpoint.
    """
    if plain.get("config") is None:
        return []
    found = [
        f"{CONFIG} has {name} = {here!r}, and the run was made with {there!r}"
        for name, here, there in changed_settings(config, plain["config"])
    ]
    if plain["history"] != history:
        found.append(f"{HISTORY} is not as it was written")
    try:
        schema = (folder / SCHEMA).read_bytes()
    except OSError:
        schema = b""
    if plain["schema_digest"] != digest_of(schema):
        found.append(f"{SCHEMA} is not as it was written")
    return found


def changed_settings(config: RunConfig, of_run: dict) -> list[tuple]:
    """Names, values here, values there. A setting that a later version added has its default."""
    here, defaults = config.plain, RunConfig.model_fields
    found = []
    for name in sorted((here.keys() | of_run.keys()) - HOW_FAR):
        now, then = here.get(name), of_run.get(name, MISSING)
        if then is MISSING:
            default = defaults[name].get_default(call_default_factory=True)
            then = None if default is None else json.loads(json.dumps(default))
        if now != then:
            found.append((name, now, then))
    return found


def broken_ends(folder: Path, arrays: dict, plain: dict) -> tuple[list[str], bool]:
    """The same of shots, losses and summary; and whether they are of the checkpoint's angles."""
    there = [name for name in (SHOTS, LOSSES, SUMMARY) if (folder / name).exists()]
    if plain.get("config") is None or not there:
        return [], True
    try:
        noted = json.loads(read_text(folder / DIGESTS))
        theta = noted["theta"]
    except (OSError, ValueError, RecursionError, TypeError, KeyError, IndexError):
        return [f"{DIGESTS} is missing or damaged"], True
    if theta != digest_of_theta(arrays["theta"]):
        return [], False
    return [
        f"{name} is not as it was written"
        for name in there
        if noted.get(name) != _digest(folder / name)
    ], True


def _digest(path: Path) -> str | None:
    try:
        if not path.is_file():
            return None
        if path.name != SUMMARY:
            return digest_of(path.read_bytes())
        return digest_of_summary(json.loads(read_text(path)))
    except (OSError, ValueError, RecursionError, AttributeError):
        return None


def refuse(folder: Path, broken: list[str]) -> None:
    """One line of all that does not fit.

    Raises:
        RunFolderError: there is anything.
    """
    if broken:
        raise RunFolderError(
            f"{folder}: {'; '.join(broken)}: put it back, or go on all the same with --anyway "
            "(check=False)"
        )
