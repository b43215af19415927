"""What lowers the objective."""

from typing import Annotated, Any

from pydantic import Field

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option, pairs


class OptimizerSettings(Settings):
    """A named optimizer, and its arguments."""

    optimizer: Annotated[
        str, Option("qnspsa, spsa, score, pathwise or auto; default {default}.")
    ] = "qnspsa"
    optimizer_options: Annotated[
        dict[str, Any],
        pairs("An argument of the optimizer: stepsize=0.1.", "optimizer_option"),
    ] = Field({})
