"""What a run is trained on."""

from typing import Annotated, Any

from pydantic import Field

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option, pairs


class DataSettings(Settings):
    """A dataset by name, or a file."""

    data: Annotated[
        str, Option("A dataset, or a .csv or .npz file; default {default}. See README.")
    ] = "mnist"
    data_options: Annotated[
        dict[str, Any],
        pairs("digits=3,8, size=16, root=DIR, features=pca:16.", "data_option"),
    ] = Field({})
