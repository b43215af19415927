"""The options that describe a run, shared by the commands ``train`` and ``plan``."""

import functools
import inspect
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from pl_hypernet.cli.paths import typed_path
from pl_hypernet.errors import InputError
from pl_hypernet.settings import RunSettings
from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.merge import merge_settings
from pl_hypernet.settings.option import help_of, option_of, typed_as

Pairs = list[str] | None
BOND_DIM = "max_bond_dim"  # so common that it has an option of its own

FILE = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="A TOML file of settings, as config.toml of another run.",
        parser=typed_path,
    ),
]
BOND_DIM_OPTION = Annotated[
    int | None, typer.Option(help="Bond dimension kept by hypernet.mps; default no limit.")
]


@dataclass(frozen=True)
class Typed:
    """The settings of a run as they were typed.

    Attributes:
        config: a TOML file that they override; None: the defaults.
        given: by name; those that are tables are added to the file's.
    """

    config: Path | None
    given: dict[str, Any]

    def merged(self) -> dict[str, Any]:
        """The settings of the file, overridden by what was typed.

        Raises:
            InputError, RunFolderError: the file cannot be read, or holds no table where one is
                added to.
        """
        from pl_hypernet.settings.file import read_settings

        settings = {} if self.config is None else read_settings(self.config)
        file = settings.get("network")
        if isinstance(file, str) and "network" not in self.given:
            raise InputError(
                f"the network of {self.config} is made by {file}, which is not run unless you name "
                f"it: add --network {file}"
            )
        return merge_settings(settings, self.given)


def with_run_settings(command, group: type[Settings] = RunSettings):
    """Gives a command, which takes ``settings`` first, an option for each setting of a run.

    Args:
        command: the function behind it.
        group: whose settings; options that are no setting, as ``--config``, come with all alone.
    """
    options = _options(group)
    _, *own = inspect.signature(command).parameters.values()
    first = [each for each in own if each.default is Parameter.empty]
    seen = [*first, *options.values(), *(each for each in own if each not in first)]

    @functools.wraps(command)
    def wrapper(**typed):
        given = {name: typed.pop(name) for name in options}
        return command(_read(given, group), **typed)

    vars(wrapper)["__signature__"] = inspect.Signature(seen)
    wrapper.__annotations__ = {p.name: p.annotation for p in seen}
    return wrapper


def _options(group: type[Settings]) -> dict[str, Parameter]:
    """By name, as parameters of a command."""
    found = {"config": FILE} if group is RunSettings else {}
    for name, field in group.model_fields.items():
        option = option_of(field)
        if option is None:
            continue
        spelled = option.name or name
        kind = typed_as(field)
        dashed = spelled.replace("_", "-")
        both = [f"--{dashed}/--no-{dashed}"] if kind is bool else []
        said = typer.Option(*both, metavar=option.metavar, help=help_of(field))
        found[spelled] = Annotated[(list[kind] if option.several else kind) | None, said]
        if name == "device_options":
            found[BOND_DIM] = BOND_DIM_OPTION
    return {
        name: Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)
        for name, annotation in found.items()
    }


def _read(typed: dict[str, Any], group: type[Settings]) -> Typed:
    """What was typed, as settings.

    Raises:
        InputError: text that does not read as the setting, or an option that fixes what another
            one leaves to a qubit.
    """
    given = {}
    for name, field in group.model_fields.items():
        option = option_of(field)
        if option is None:
            continue
        value = typed[option.name or name]
        if value is None or value == []:
            continue
        if option.parse is not None:
            value = option.parse(value, "--" + (option.name or name).replace("_", "-"))
        given[name] = value
    if typed.get(BOND_DIM) is not None:
        given.setdefault("device_options", {})[BOND_DIM] = typed[BOND_DIM]
    for name in given.get("choices", {}):
        if name in given:
            raise InputError(f"--{name} fixes what --choice leaves to a qubit: give one of them")
    return Typed(typed.get("config"), given)
