"""What is typed on the command line, as settings of a run."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pl_hypernet.errors import InputError


def parse_pairs(pairs: list[str], option: str) -> dict[str, Any]:
    """``["size=16", "digits=3,8", "root=data"]`` as ``{"size": 16, "digits": [3, 8], ...}``.

    Values are read as TOML (numbers, true, false, lists), True and False as in Python; what is
    neither is text.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise InputError(f"{option} {pair!r}: expected key=value")
        settings[key] = _value(value)
    return settings


def _value(text: str):
    if text in ("True", "False"):
        return text == "True"
    for form in (text, f"[{text}]") if "," in text else (text,):
        try:
            return tomllib.loads(f"value = {form}")["value"]
        except tomllib.TOMLDecodeError:
            pass
    return text.split(",") if "," in text else text


def parse_network(text: str) -> tuple[int, ...]:
    """``"1"`` or ``"64-10"`` as the sizes of the layers after the inputs."""
    try:
        return tuple(int(size) for size in text.split("-"))
    except ValueError as error:
        raise InputError(
            f"--network {text!r}: expected the sizes of the layers, as 1 or 64-10"
        ) from error


def parse_choices(texts: list[str]) -> dict[str, Any]:
    """``["hidden=relu,sign", "neurons.0"]`` as a dict, what has no value as True."""
    choices: dict[str, Any] = {}
    for text in texts:
        choices |= parse_pairs([text], "--choice") if "=" in text else {text: True}
    return choices


def parse_values(texts: list[str]) -> list | str:
    """``["1,-3"]`` as ``[1, -3]``, a name as it is; several texts: one for each layer."""
    each = [_value(text) for text in texts]
    return each[0] if len(each) == 1 else each


def parse_ties(texts: list[str]) -> list[list[str]]:
    """``["layers.0.bias=layers.1.bias"]`` as ``[["layers.0.bias", "layers.1.bias"]]``."""
    groups = [text.split("=") for text in texts]
    for text, group in zip(texts, groups, strict=True):
        if len(group) < 2 or not all(group):
            raise InputError(f"--tie {text!r}: expected names of bits, as A=B")
    return groups


def parse_penalties(pairs: list[str]) -> dict[str, dict[str, float]]:
    """``["activation.hard_sigmoid=0.01"]`` as ``{"activation": {"hard_sigmoid": 0.01}}``."""
    penalties: dict[str, dict[str, float]] = {}
    for key, penalty in parse_pairs(pairs, "--penalty").items():
        # a choice may be of a layer, neurons.0, and an option have dots, threshold:0.5
        match = re.fullmatch(r"(\w+(?:\.\d+)?)\.(.+)", key)
        choice, option = match.groups() if match else (key, None)
        if not option or isinstance(penalty, bool) or not isinstance(penalty, int | float):
            raise InputError(
                f"--penalty {key}={penalty}: expected CHOICE.OPTION=LOSS, as "
                "activation.hard_sigmoid=0.01"
            )
        penalties.setdefault(choice, {})[option] = penalty
    return penalties


def merge_settings(
    config_path: Path | None, given: dict[str, Any], options: dict[str, dict]
) -> dict[str, Any]:
    """The settings of a file, overridden by what was given.

    Args:
        config_path: a TOML file; None: the defaults.
        given: settings by name; None where nothing was given.
        options: tables, as data_options and choices; added to those of the file.
    """
    from pl_hypernet.training.config import read_settings

    settings = {} if config_path is None else read_settings(config_path)
    given = {name: value for name, value in given.items() if value is not None}
    typed = options.get("choices", {})
    for name in ("activation", "hidden", "values"):  # a choice that is typed takes their place
        if name in typed:
            settings.pop(name, None)
    if isinstance(settings.get("choices"), dict):
        settings["choices"] = {
            name: setting
            for name, setting in settings["choices"].items()
            if not any(_excludes(other, name) for other in [*given, *typed])
        }
    settings |= given
    for name, pairs in options.items():
        before = settings.get(name, {})
        if not isinstance(before, dict):
            raise InputError(f"{name}={before!r}: expected a table of options")
        settings[name] = before | pairs
    return settings


def _excludes(typed: str, name: str) -> bool:
    """Whether a setting that is typed, as hidden, leaves no place for a choice, as hidden.1."""
    same_kind = typed.split(".")[0] == name.split(".")[0]
    return same_kind and not ("." in typed and "." in name)
