"""What all groups of settings share: they are immutable, and refuse what does not fit."""

from types import UnionType
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pl_hypernet.errors import InputError, did_you_mean

LARGEST = 10**18 - 1  # of any whole number; a seed may be larger
AUTO = "auto"  # left to us
CUSTOM = "custom"  # stands for an object that a file cannot hold


class Settings(BaseModel):
    """A group of settings, each with its default, its bounds and what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_no_words(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """``steps = true`` and ``shots = "7"`` are mistakes, which pydantic lets pass, and a number
        of hundreds of digits is none that anything could be counted by."""
        for name, value in settings.items():
            field = cls.model_fields.get(name)
            if isinstance(value, int) and name != "seed" and abs(value) > LARGEST:
                raise ValueError(f"{name}: expected a number of at most {len(str(LARGEST))} digits")
            if field is None or not isinstance(value, bool | str):
                continue
            annotation = field.annotation
            kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
            read = any(getattr(each, "parse", None) for each in field.metadata)  # typed text
            words = bool if isinstance(value, bool) else str
            if {int, float} & {*kinds} and words not in kinds and not (words is str and read):
                raise ValueError(f"{name}={value!r}: expected a number")
        return settings

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> Self:
        """As the constructor, with one clear line for what does not fit.

        Raises:
            InputError: an unknown setting, or a value out of range.
        """
        try:
            return cls(**settings)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"][:1])
            if first["type"] == "extra_forbidden":
                known = list(cls.model_fields)
                raise InputError(
                    f"unknown setting {name!r}: {did_you_mean(name, known)}choose from "
                    f"{', '.join(known)}"
                ) from error
            message = first["msg"].removeprefix("Value error, ")
            value = f"{name}={first['input']!r}: " if name else ""  # of several together: none
            raise InputError(value + message) from error

    def part(self, group: type["Settings"]) -> dict[str, Any]:
        """The settings of one group, by name."""
        return {name: getattr(self, name) for name in group.model_fields}
