"""Functions that take settings as keywords."""

import functools
import textwrap
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import TypeVar

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import help_of

PLACE = "{settings}"  # in a docstring


Result = TypeVar("Result")


def takes_settings(
    group: type[Settings],
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Gives a function the settings of a group as arguments, in its signature and its docstring.

    The function takes them as a dict ``settings``, of those that were given. They stand before its
    keyword-only arguments; those that it has itself are left out. ``{settings}`` in its docstring
    becomes a line for each.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        own = signature(function).parameters
        fields = {name: field for name, field in group.model_fields.items() if name not in own}
        added = [
            Parameter(
                name,
                Parameter.POSITIONAL_OR_KEYWORD,
                default=field.get_default(call_default_factory=True),
                annotation=field.annotation,
            )
            for name, field in fields.items()
        ]
        kept = [each for name, each in own.items() if name != "settings"]
        first = [each for each in kept if each.kind is Parameter.POSITIONAL_OR_KEYWORD]
        rest = [each for each in kept if each.kind is not Parameter.POSITIONAL_OR_KEYWORD]
        seen = Signature(
            [*first, *added, *rest], return_annotation=signature(function).return_annotation
        )

        @functools.wraps(function)
        def with_settings(*args, **kwargs):
            given = seen.bind(*args, **kwargs).arguments
            others = given.pop(rest[-1].name, {}) if rest[-1].kind is Parameter.VAR_KEYWORD else {}
            settings = {name: given.pop(name) for name in fields if name in given}
            return function(**given, settings=settings, **others)

        vars(with_settings)["__signature__"] = seen
        if with_settings.__doc__:
            with_settings.__doc__ = with_settings.__doc__.replace(PLACE, _described(fields))
        return with_settings

    return decorate


def _described(fields: dict) -> str:
    """As the lines of a docstring's arguments."""
    lines = []
    for name, field in fields.items():
        text = f"{name}: {field.description or help_of(field)}"
        lines.append(
            textwrap.fill(
                text,
                100,
                break_on_hyphens=False,
                initial_indent=8 * " ",
                subsequent_indent=12 * " ",
            )
        )
    return "\n".join(lines).lstrip()
