"""The commands that read the folder of a run."""

from pathlib import Path
from typing import Annotated

import typer

from pl_hypernet.cli.loading import loading
from pl_hypernet.cli.options import AnywayOption, BudgetOption, NetworkOption, RunFolder, YesOption
from pl_hypernet.cli.paths import typed_path
from pl_hypernet.cli.run_settings import Pairs
from pl_hypernet.console import Console
from pl_hypernet.settings.typed import parse_pairs


def evaluate(
    folder: RunFolder,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead.")] = False,
    network: NetworkOption = None,
    anyway: AnywayOption = False,
) -> None:
    """The table of a run again: its shots, the best, their vote."""
    import json as json_module

    with loading():
        from pl_hypernet.training import load
    with loading("the run"):
        run = load(folder, check=not anyway, network=network)
        summary = run.summary
    if json:
        print(json_module.dumps(summary, indent=2))
        return
    console = Console()
    console.print(summary.table())
    if run.is_unfinished:
        console.print(
            f"The run was {run.how_far}: pl-hypernet resume {folder} goes on.", soft_wrap=True
        )


def report(folder: RunFolder, network: NetworkOption = None, anyway: AnywayOption = False) -> None:
    """Table and pictures of a run again, all of it in report.html."""
    with loading():
        from pl_hypernet.training import load
    with loading("the run"):
        run = load(folder, check=not anyway, network=network)
        paths = [*run.save_pictures(), run.save_report()]
    Console().print(run.summary.table())
    for table in run.trained_state.tables():
        Console().print(table)
    for path in paths:
        print(path)


def sample(
    folder: RunFolder,
    shots: Annotated[int, typer.Option(help="How many.")] = 1000,
    device: Annotated[
        str | None, typer.Option(help="Another PennyLane device; default that of the run.")
    ] = None,
    device_option: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="An argument of the device.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same shots; default fresh.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write the bits here: .npy, int8 (shots, qubits).",
            parser=typed_path,
        ),
    ] = None,
    budget: BudgetOption = None,
    yes: YesOption = False,
    network: NetworkOption = None,
    anyway: AnywayOption = False,
) -> None:
    """Draw shots from a trained theta, on this or another device."""
    options = parse_pairs(device_option or [], "--device-option")

    with loading():
        from pl_hypernet.cli.actions import sample_run

    sample_run(folder, shots, device, options, seed, out, budget, yes, not anyway, network)


def predict(
    folder: RunFolder,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A .csv with the columns of the training; .npz.",
            parser=typed_path,
        ),
    ],
    which: Annotated[
        str,
        typer.Option(help="vote, by mean probability; majority; or best, the best shot."),
    ] = "vote",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="A new file; default standard output.", parser=typed_path
        ),
    ] = None,
    network: NetworkOption = None,
    anyway: AnywayOption = False,
) -> None:
    """Answers for new samples, in the labels or units of training."""
    with loading():
        from pl_hypernet.cli.predict import predict_file

    predict_file(folder, data, which, out, not anyway, network)


def export(
    folder: RunFolder,
    what: Annotated[
        str, typer.Option(help="best, the shot of the lowest training loss, or vote, all shots.")
    ] = "best",
    format: Annotated[
        str | None, typer.Option(help="torch, onnx or packed; default all, or by --out.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A new file: .pt2, .onnx or .npz; default in DIR.",
            parser=typed_path,
        ),
    ] = None,
    network: NetworkOption = None,
    anyway: AnywayOption = False,
) -> None:
    """Write networks as files that need no pl_hypernet."""
    with loading():
        from pl_hypernet.cli.export import export_run

    export_run(folder, what, format, out, not anyway, network)
