"""What looks on while a run is trained."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option
from pl_hypernet.settings.typed import parse_names


class WatchSettings(Settings):
    """Callbacks that a file can name; none of them changes a step."""

    stop_early: Annotated[
        int | None,
        Option("End once the mean energy of so many steps no longer falls.", metavar="STEPS"),
    ] = Field(
        None,
        ge=0,
        description='ends the run, with ``stop_reason`` ``"stop_early"``, once the mean energy of '
        "so many steps has not fallen by more than its error, see "
        ":class:`pl_hypernet.callbacks.EarlyStopping`. None or 0: never.",
    )
    log: Annotated[
        tuple[Literal["csv", "tensorboard"], ...] | None,
        Option(
            "Steps as csv or for tensorboard too, in the run's folder.",
            metavar="NAME",
            parse=parse_names,
            several=True,
        ),
    ] = Field(
        None,
        description='``"csv"``, ``"tensorboard"`` or both: the steps are written so too, in the '
        "run's folder.",
    )

    @field_validator("stop_early")
    @classmethod
    def _more_than_one(cls, steps):
        if steps == 1:
            raise ValueError("expected 0 or at least 2 steps")
        return steps

    @field_validator("log", mode="before")
    @classmethod
    def _several(cls, log):
        return (log,) if isinstance(log, str) else log
