"""What a run is trained on."""

from typing import Annotated, Any

from pydantic import Field

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option
from pl_hypernet.settings.typed import parse_pairs


class DataSettings(Settings):
    """A dataset by name, or a file."""

    data: Annotated[
        str, Option("A dataset, or a .csv or .npz file; default {default}. See README.")
    ] = "mnist"
    data_options: Annotated[
        dict[str, Any],
        Option(
            "digits=3,8, size=16, root=DIR, features=pca:16.",
            metavar="KEY=VALUE",
            name="data_option",
            parse=parse_pairs,
            several=True,
        ),
    ] = Field({})
