"""What is typed on the command line, as settings of a run."""

import tomllib
from typing import Any

from pl_hypernet.errors import InputError


def parse_pairs(pairs: list[str], option: str) -> dict[str, Any]:
    """``["size=16", "digits=3,8", "root=data"]`` as ``{"size": 16, "digits": [3, 8], ...}``.

    Values are read as TOML (numbers, true, false, lists); what is not TOML is text.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise InputError(f"{option} {pair!r}: expected key=value")
        settings[key] = _value(value)
    return settings


def _value(text: str):
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


def parse_choices(pairs: list[str]) -> dict[str, Any]:
    """``["activation=sigmoid,hard_sigmoid"]`` as ``{"activation": ["sigmoid", ...]}``."""
    choices = parse_pairs(pairs, "--choice")
    for name, options in choices.items():
        if name != "activation":
            raise InputError(f"--choice {name!r}: the one choice of this network is 'activation'")
        if not isinstance(options, list):
            raise InputError(f"--choice {name}={options}: expected two options, as A,B")
    return choices
