"""How the runs of a sweep differ."""

from typing import Any, Literal

from pydantic import Field, field_validator

from pl_hypernet.settings.base import Settings

Seeds = int | tuple[int, ...]


class SweepSettings(Settings):
    """The table ``[sweep]`` of a study file; the rest of it are settings of all runs."""

    values: dict[str, Any] = Field(
        {},
        description="what a setting is in turn: a list, or a range ``{low = 0.01, high = 1.0, log "
        "= true}``; within tables, as ``optimizer_options``, in tables.",
    )
    search: Literal["grid", "list", "random", "optuna"] = Field(
        "grid",
        description="each value with each other; the first of all lists, then the second, ...; "
        "drawn at random; or as Optuna proposes.",
    )
    points: int | None = Field(None, ge=1, description='of ``"random"`` and ``"optuna"``.')
    at_once: int = Field(
        4, ge=1, description="points that Optuna proposes at once; the next ones know of these."
    )
    seeds: Seeds = Field(
        1, description="of each point: how many, from the setting ``seed`` on, or which."
    )
    metric: str = Field(
        "energy.mean",
        description="what the table and the picture show and Optuna improves: a figure of "
        "``summary.json``; on what ``validation`` holds out ``validation_accuracy.vote``.",
    )

    @field_validator("seeds")
    @classmethod
    def _are_several(cls, seeds: Seeds) -> Seeds:
        each = seeds if isinstance(seeds, tuple) else (seeds - 1,)
        if not each or min(each) < 0 or len(set(each)) < len(each):
            raise ValueError("expected a number of at least 1, or a list of different seeds")
        return seeds
