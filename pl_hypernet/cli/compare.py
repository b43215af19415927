"""The command ``compare``."""

from pathlib import Path
from typing import Annotated

import typer

from pl_hypernet.cli.loading import loading
from pl_hypernet.cli.paths import typed_path
from pl_hypernet.cli.run_settings import with_run_settings
from pl_hypernet.console import Console


@with_run_settings
def compare(
    settings,
    out: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="A folder for what is made; one that is there goes on.",
            parser=typed_path,
        ),
    ] = Path("compare"),
    method: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="One of them, several times; default all."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many, from --seed on.")] = 5,
    evaluations: Annotated[
        float | None,
        typer.Option(help="Of a network on all training samples; default what train takes."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Of the processor, that each may take; alone it is the only limit."),
    ] = None,
) -> None:
    """Other methods at the same expense; options are train's."""
    with loading():
        from pl_hypernet.studies import compare as make
        from pl_hypernet.training.from_settings import made_of_settings
    with loading("data"):
        config, data, hypernet, said = made_of_settings(settings.merged())
    console = Console()
    if said:
        console.print(said)
    limits = {"seeds": seeds, "evaluations": evaluations, "seconds": seconds}
    try:
        found = make(hypernet, data, methods=method, out=out, **limits, **config.of_training)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped; the same command goes on.")
        raise
    console.print(found.table(console.width))
    console.print(f"Written to {out}", soft_wrap=True, markup=False)
