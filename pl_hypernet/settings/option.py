"""How a setting is typed on a command line."""

from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Any, get_args

from pydantic.fields import FieldInfo

from pl_hypernet.settings.typed import parse_pairs

SCALARS = (bool, int, float, str)


@dataclass(frozen=True)
class Option:
    """What a command says of a setting; stands in the ``Annotated`` type of its field.

    Attributes:
        help: one line, in which ``{default}`` is the setting's default.
        metavar: what stands for the value; None: its type.
        name: of the option, where it is not the setting's.
        parse: makes the setting of typed text and the option's name; None: text is left as it is,
            and checked as the setting is.
        several: whether it may be typed several times: ``parse`` then takes a list.
    """

    help: str
    metavar: str | None = None
    name: str | None = None
    parse: Callable[[Any, str], Any] | None = None
    several: bool = False


def pairs(help: str, name: str, metavar: str = "KEY=VALUE") -> Option:
    """The option of a setting that is a table, of which each ``name=value`` is typed by itself."""
    return Option(help, metavar, name, parse_pairs, several=True)


def option_of(field: FieldInfo) -> Option | None:
    """The option of a setting; None: it can stand in a file only."""
    return next((each for each in field.metadata if isinstance(each, Option)), None)


def help_of(field: FieldInfo) -> str:
    """The line of its option, with its default."""
    option = option_of(field)
    return "" if option is None else option.help.format(default=_typed(field.default))


def typed_as(field: FieldInfo) -> type:
    """The type of a single typed value: the first plain one of the setting, or text to parse."""
    option, annotation = option_of(field), field.annotation
    if option is not None and option.parse is not None:
        return str
    types = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return next((each for each in types if each in SCALARS), str)


def _typed(value) -> str:
    """A default as it would be typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
