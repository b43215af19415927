"""What is typed on the command line, as settings of a run."""

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


CHOICES = ("activation", "hidden")


def parse_choices(pairs: list[str]) -> dict[str, Any]:
    """``["activation=sigmoid,hard_sigmoid"]`` as ``{"activation": ["sigmoid", ...]}``."""
    choices = parse_pairs(pairs, "--choice")
    for name, options in choices.items():
        if name not in CHOICES:
            raise InputError(
                f"--choice {name!r}: a network leaves {' or '.join(CHOICES)} to a qubit"
            )
        if not isinstance(options, list):
            raise InputError(f"--choice {name}={options}: expected two options, as A,B")
    return choices


def parse_penalties(pairs: list[str]) -> dict[str, dict[str, float]]:
    """``["activation.hard_sigmoid=0.01"]`` as ``{"activation": {"hard_sigmoid": 0.01}}``."""
    penalties: dict[str, dict[str, float]] = {}
    for key, penalty in parse_pairs(pairs, "--penalty").items():
        choice, _, option = key.partition(".")
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
        options: data_options, device_options, optimizer_options; added to those of the file.
    """
    from pl_hypernet.training.config import read_settings

    settings = {} if config_path is None else read_settings(config_path)
    settings |= {name: value for name, value in given.items() if value is not None}
    for name, pairs in options.items():
        before = settings.get(name, {})
        if not isinstance(before, dict):
            raise InputError(f"{name}={before!r}: expected a table of options")
        settings[name] = before | pairs
    return settings
