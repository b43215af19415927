"""What a run may use at most."""

from typing import Annotated

from pydantic import Field

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option
from pl_hypernet.settings.watch import WatchSettings


class LimitSettings(Settings):
    """A run ends before the step that would go beyond; what judges its end is set aside."""

    max_shots: Annotated[
        int | None, Option("Shots of the whole run, its evaluation included, at most.")
    ] = Field(
        None,
        ge=1,
        description="shots that the run may take, its evaluation included: it ends before a step "
        'that would take more, with ``stop_reason`` ``"max_shots"``. None: any number.',
    )
    max_circuits: Annotated[int | None, Option("The same of circuits.")] = Field(
        None, ge=1, description="the same of circuits."
    )
    max_cost: Annotated[
        float | None,
        Option("The same of US dollars, by the price table; as --budget.", metavar="DOLLARS"),
    ] = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="the same of US dollars that the tasks of a QPU cost, by the price table; "
        "also spelled ``budget``.",
    )
    max_seconds: Annotated[
        float | None, Option("The same of seconds, as its steps take.", metavar="SECONDS")
    ] = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="the same of seconds: a step is taken to last as long as the longest of the "
        "last five, evaluation and pictures as long as :func:`plan` says.",
    )


class _Steps(Settings):
    steps: Annotated[
        int | None, Option("Steps in all; default as many as it was to make.", metavar="STEPS")
    ] = Field(
        None, ge=1, description="in all, those made included; None: as many as it was to make."
    )


class ResumeSettings(WatchSettings, LimitSettings, _Steps):
    """What may be another one when a run goes on; None: as it was."""
