"""How long a training goes on, what a step sees, and what it is judged by."""

from typing import Annotated

from pydantic import Field

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option


class LoopSettings(Settings):
    """Steps, samples, and what is measured beside them."""

    steps: Annotated[int, Option("Steps of the optimizer; default {default}.")] = Field(
        1000, ge=1, description="how many steps, unless a callback ends it sooner."
    )
    batch_size: Annotated[int, Option("Training samples that a step sees; default {default}.")] = (
        Field(500, ge=1, description="training samples that a step sees.")
    )
    adaptive_shots: Annotated[
        int | None,
        Option("Shots adapt to the gradient's noise, from so many up to --shots.", metavar="LEAST"),
    ] = Field(
        None,
        ge=2,
        description="shots of each energy of a step adapt to the noise of its gradient, from so "
        "many up to ``shots``: see :class:`AdaptiveShots`. None: always ``shots``.",
    )
    validation: Annotated[
        float | None, Option("Fraction of the training data to hold out for testing.")
    ] = Field(
        None,
        gt=0,
        lt=1,
        description="fraction of the training samples to hold out as validation samples."
        " These take the place of the test samples.",
    )
    evaluate_every: Annotated[
        int | None, Option("Energies on all training samples in between.", metavar="STEPS")
    ] = Field(
        None,
        ge=1,
        description="steps between energies on all training samples, of ``shots`` shots each, "
        "which are counted; the history has them as ``full_energy``. None: only at the end.",
    )
    evaluation_shots: Annotated[
        int, Option("Fresh shots that judge the end; default {default}.")
    ] = Field(1000, ge=2, description="fresh shots that the trained state is judged by.")
