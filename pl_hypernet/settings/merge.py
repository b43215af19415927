"""Settings that override others."""

from typing import Any

from pl_hypernet.errors import InputError


def merge_settings(settings: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Settings, overridden by those given; tables are added, also those within tables.

    A choice that is given takes the place of what fixes the same, and the other way round.
    """
    chosen = given.get("choices", {})
    settings = {name: setting for name, setting in settings.items() if name not in chosen}
    if isinstance(settings.get("choices"), dict):
        settings["choices"] = {
            name: setting
            for name, setting in settings["choices"].items()
            if not any(_excludes(other, name) for other in [*given, *chosen])
        }
    for name, value in given.items():
        if isinstance(value, dict):
            before = settings.get(name, {})
            if not isinstance(before, dict):
                raise InputError(f"{name}={before!r}: expected a table of options")
            value = _added(before, value)
        settings[name] = value
    return settings


def _added(before: dict, given: dict) -> dict:
    """Tables within tables, penalties say, are added as well."""
    return before | {
        name: _added(before[name], value)
        if isinstance(value, dict) and isinstance(before.get(name), dict)
        else value
        for name, value in given.items()
    }


def _excludes(typed: str, name: str) -> bool:
    """Whether a setting that is typed, as hidden, leaves no place for a choice, as hidden.1."""
    same_kind = typed.split(".")[0] == name.split(".")[0]
    return same_kind and not ("." in typed and "." in name)
