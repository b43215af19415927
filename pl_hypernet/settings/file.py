"""Settings in a file."""

import tomllib
from typing import Any

import tomli_w

from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.regular_file import read_text


def read_settings(path) -> dict[str, Any]:
    """The settings in a TOML file, unchecked.

    Raises:
        InputError: not TOML.
        RunFolderError: no such file.
    """
    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not even text
        raise InputError(f"{path} is not TOML: {error}") from error


def written(settings: dict[str, Any], file: str) -> str:
    """As TOML; settings and options that are None are left out.

    Args:
        settings: by name.
        file: for the message.

    Raises:
        InputError: an option that TOML cannot hold.
    """
    settings = {name: value for name, value in settings.items() if value is not None}
    for name, value in settings.items():
        if isinstance(value, dict):
            settings[name] = {key: v for key, v in value.items() if v is not None}
    try:
        return tomli_w.dumps(settings)
    except TypeError as error:
        raise InputError(
            f"a setting cannot be written to {file} ({error}): give numbers, text or lists"
        ) from error
