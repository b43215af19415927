"""Arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from pl_hypernet.cli.paths import typed_path

RunFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The folder of a run.", parser=typed_path)
]
AnywayOption = Annotated[
    bool, typer.Option("--anyway", help="Also where its files are not as they were written.")
]
BudgetOption = Annotated[
    float | None,
    typer.Option(metavar="DOLLARS", help="What a QPU may cost; it stops before it costs more."),
]
NetworkOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Of a run with it: mine.py:build makes the network; the file is run."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Whatever a QPU costs, do not ask.")]
PricesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="TOML of Braket's prices, see README; default: a dated table.",
        parser=typed_path,
    ),
]
