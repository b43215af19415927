"""Settings of a run as hyper-parameters of a job, which are texts."""

import json
from typing import Any

from pl_hypernet.errors import InputError
from pl_hypernet.training.config import RunConfig

MOST = 100  # that the service takes
LONGEST = 2500  # characters of each


def as_hyperparameters(config: RunConfig) -> dict[str, str]:
    """Each setting that is not None as a text: as it is, and anything but a text as JSON.

    Raises:
        InputError: one that the service would not take.
    """
    found = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in config.plain.items()
    }
    for name, text in found.items():
        if not 0 < len(text) <= LONGEST or "\n" in text:
            raise InputError(
                f"{name} has {len(text)} characters: a hyper-parameter of a job is a line of at "
                f"most {LONGEST}; leave it to a file, as --network mine.py:build"
            )
    if len(found) > MOST:
        raise InputError(f"{len(found)} settings: a job takes at most {MOST} hyper-parameters")
    return found


def from_hyperparameters(texts: dict[str, str]) -> dict[str, Any]:
    """The settings, by name."""
    return {name: _setting(name, text) for name, text in texts.items()}


def _setting(name: str, text: str) -> Any:
    field = RunConfig.model_fields.get(name)
    if field is not None and field.annotation is str:  # as a device "1"
        return text
    try:
        return json.loads(text)
    except ValueError:  # a text as it is
        return text
