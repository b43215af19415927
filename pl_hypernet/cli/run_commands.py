"""The commands that make runs, and say beforehand what they take."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pl_hypernet.cli.loading import loading
from pl_hypernet.cli.options import (
    AnywayOption,
    BudgetOption,
    NetworkOption,
    PricesOption,
    RunFolder,
    YesOption,
)
from pl_hypernet.cli.paths import typed_path
from pl_hypernet.cli.run_settings import with_run_settings
from pl_hypernet.console import Console
from pl_hypernet.settings import ResumeSettings


@with_run_settings
def train(
    settings,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A new folder for the results; default runs/001, 002, ....",
            parser=typed_path,
        ),
    ] = None,
    budget: BudgetOption = None,
    yes: YesOption = False,
    prices: PricesOption = None,
) -> None:
    """Train: 0 against 1 on 66 qubits where no option is given."""
    with loading():
        from pl_hypernet.cli.actions import train_from_settings

    if train_from_settings(settings.merged(), out, budget, yes, prices) == "interrupted":
        raise KeyboardInterrupt


@partial(with_run_settings, group=ResumeSettings)
def resume(
    settings,
    folder: RunFolder,
    budget: BudgetOption = None,
    yes: YesOption = False,
    prices: PricesOption = None,
    network: NetworkOption = None,
    anyway: AnywayOption = False,
) -> None:
    """Go on with a run that was stopped or killed, or add steps to it."""
    with loading():
        from pl_hypernet.cli.actions import resume_run

    if (
        resume_run(folder, settings.merged(), budget, yes, prices, not anyway, network)
        == "interrupted"
    ):
        raise KeyboardInterrupt


def sweep(
    study: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY",
            help="TOML: a run's config.toml and a table [sweep]; or the folder of a sweep.",
            parser=typed_path,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A folder; default the file's name without its ending.",
            parser=typed_path,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes of one thread each; default as many as processors."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask cluster, as tcp://10.0.0.1:8786, instead."),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A file of a network that may be run: mine.py:build."),
    ] = None,
    only_plan: Annotated[
        bool, typer.Option("--plan", help="Only check all runs, and say what they would take.")
    ] = False,
) -> None:
    """Make many runs over seeds and settings, or those that are left."""
    with loading():
        from pl_hypernet.cli.sweep import make_sweep, plan_sweep

    if only_plan:
        plan_sweep(study, out, network or [])
    else:
        make_sweep(study, out, workers, scheduler, network or [])


@with_run_settings
def plan(
    settings,
    prices: PricesOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """What a training would cost; takes the options of train."""
    with loading():
        from pl_hypernet.training import plan as make_plan
        from pl_hypernet.training.table_settings import with_table_defaults

    settings, said = with_table_defaults(settings.merged())
    if said and not json:
        Console().print(said)
    planned = make_plan(prices=prices, **settings)
    print(planned.to_json()) if json else Console().print(planned.table())


@with_run_settings
def job(
    settings,
    out: Annotated[
        Path,
        typer.Option(metavar="PATH", help="A new folder for all it needs.", parser=typed_path),
    ] = Path("job"),
    instance: Annotated[str, typer.Option(help="Of AWS, which it runs on.")] = "ml.m5.large",
    hours: Annotated[float, typer.Option(min=0.1, help="It is ended after so many.")] = 24.0,
    name: Annotated[
        str | None, typer.Option(help="Of the job: letters, digits, hyphens; default the time.")
    ] = None,
    image: Annotated[
        str | None, typer.Option(metavar="URI", help="Of its container; default Braket's.")
    ] = None,
    from_job: Annotated[
        str | None, typer.Option(metavar="ARN", help="A job whose checkpoints it goes on from.")
    ] = None,
    submit: Annotated[
        bool, typer.Option("--submit", help="Create it on Amazon Braket, which costs money.")
    ] = False,
) -> None:
    """Prepare a hybrid job of Amazon Braket; options are train's."""
    with loading():
        from pl_hypernet.cli.job import prepare_job

    options = {"hours": hours, "name": name, "image": image, "from_job": from_job}
    prepare_job(settings.merged(), out, submit, instance=instance, **options)
