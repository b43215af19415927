"""Text as it is typed on a command line, as settings; each takes the name of its option as well."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pl_hypernet.errors import InputError

NETWORK_FILE = re.compile(r"(.+\.py):([^\W\d]\w*)")


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
    if text == ",":  # as decimal=,
        return text
    for form in (text, f"[{text}]") if "," in text else (text,):
        try:
            return tomllib.loads(f"value = {form}")["value"]
        except tomllib.TOMLDecodeError:
            pass
    return text.split(",") if "," in text else text


def as_typed(text: str, option: str) -> str:
    """Text that the setting itself reads."""
    return text


def parse_names(texts: list[str], option: str) -> str | list[str]:
    """``["sign"]`` as ``"sign"``, several as they are."""
    return texts[0] if len(texts) == 1 else texts


def parse_network(text: str, option: str) -> tuple[int, ...] | str:
    """``"1"`` or ``"64-10"`` as ``(64, 10)``; ``"mine.py:build"`` as it is."""
    if NETWORK_FILE.fullmatch(text):
        return text
    try:
        return tuple(int(size) for size in text.split("-"))
    except ValueError as error:
        raise InputError(
            f"{option} {text!r}: expected the sizes of the layers, as 1 or 64-10, or a file and "
            "its function that makes the network, as mine.py:build"
        ) from error


def split_network_file(text: str) -> tuple[Path, str]:
    """``"mine.py:build"`` as its path and the name of the function.

    Raises:
        InputError: another text.
    """
    match = NETWORK_FILE.fullmatch(text)
    if match is None:
        raise InputError(f"network {text!r}: expected a file and its function, as mine.py:build")
    return Path(match[1]), match[2]


def parse_choices(texts: list[str], option: str) -> dict[str, Any]:
    """``["hidden=relu,sign", "neurons.0"]`` as a dict, what has no value as True."""
    choices: dict[str, Any] = {}
    for text in texts:
        choices |= parse_pairs([text], option) if "=" in text else {text: True}
    return choices


def parse_values(texts: list[str], option: str) -> Any:
    """``["1,-3"]`` as ``[1, -3]``, a name as it is; several texts: one for each layer."""
    each = [_value(text) for text in texts]
    return each[0] if len(each) == 1 else each


def parse_bias(texts: list[str], option: str) -> Any:
    """``["no"]`` as False, ``["6-bit"]`` as it is; several texts: one for each layer."""
    words = {"yes": True, "no": False}
    each = [words[text] if text in words else _value(text) for text in texts]
    return each[0] if len(each) == 1 else each


def parse_ties(texts: list[str], option: str) -> list[list[str]]:
    """``["layers.0.bias=layers.1.bias"]`` as ``[["layers.0.bias", "layers.1.bias"]]``."""
    groups = [text.split("=") for text in texts]
    for text, group in zip(texts, groups, strict=True):
        if len(group) < 2 or not all(group):
            raise InputError(f"{option} {text!r}: expected names of bits, as A=B")
    return groups


def parse_penalties(pairs: list[str], option: str) -> dict[str, dict[str, float]]:
    """``["activation.hard_sigmoid=0.01"]`` as ``{"activation": {"hard_sigmoid": 0.01}}``."""
    penalties: dict[str, dict[str, float]] = {}
    for key, penalty in parse_pairs(pairs, option).items():
        # a choice may be of a layer, neurons.0 or block.act, and an option have dots, threshold:0.5
        match = re.fullmatch(r"([\w.]+)\.([a-zA-Z_].*)", key)
        match = match or re.fullmatch(r"(\w+(?:\.\d+)?)\.(.+)", key)
        choice, chosen = match.groups() if match else (key, None)
        if not chosen or isinstance(penalty, bool) or not isinstance(penalty, int | float):
            raise InputError(
                f"{option} {key}={penalty}: expected CHOICE.OPTION=LOSS, as "
                "activation.hard_sigmoid=0.01"
            )
        penalties.setdefault(choice, {})[chosen] = penalty
    return penalties
