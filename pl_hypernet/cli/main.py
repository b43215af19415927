"""The command ``pl-hypernet``. Heavy imports wait until a command needs them."""

import errno
import os
import sys
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pl_hypernet.cli.loading import loading
from pl_hypernet.cli.paths import typed_path
from pl_hypernet.cli.run_settings import Pairs, with_run_settings
from pl_hypernet.console import Console, take_all_characters
from pl_hypernet.errors import HypernetError
from pl_hypernet.settings import ResumeSettings
from pl_hypernet.settings.typed import parse_pairs
from pl_hypernet.version import __version__

app = typer.Typer(
    help="Quantum hypernetworks: every measured shot is a binary neural network.",
    add_completion=False,
    rich_markup_mode=None,  # boxes cut what is long
    pretty_exceptions_enable=False,
)

LONGEST = 200  # characters of a word in a message
OF_OUTPUT = (errno.ENOSPC, errno.EPIPE, errno.EFBIG, errno.EIO)  # of a stream, which has no name
INTERRUPTED = 130  # exit code of a program that Ctrl-C ended

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


def run() -> None:
    """Entry point: bad input is one line on standard error and exit code 2."""
    take_all_characters()
    warnings.showwarning = _warn
    try:
        code = app(prog_name="pl-hypernet", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except HypernetError as error:
        fail("; ".join([str(error), *getattr(error, "__notes__", [])]))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except OSError as error:  # of a path that nobody else looked at, as one that is too long
        if error.filename is None and error.errno in OF_OUTPUT:
            _leave_output()
            if isinstance(error, BrokenPipeError):  # nobody reads any more
                sys.exit(1)
            fail(f"standard output cannot be written: {error.strerror}")
        fail(f"{_short(error.filename)}: {error.strerror}" if error.filename else str(error))
    except MemoryError as error:
        fail(f"not enough memory: {error}")
    except Exception as error:
        said = getattr(error, "format_message", None)
        if said is not None:  # typer's own, as of an option without a value
            fail(said())
        if type(error).__module__.startswith("pennylane"):  # a device's refusal
            fail(str(error))
        raise


def _warn(message, category, filename, lineno, file=None, line=None) -> None:
    """One line, without the place in our code."""
    if issubclass(category, UserWarning):
        print(f"pl-hypernet: {' '.join(str(message).split())}", file=sys.stderr)


def _leave_output() -> None:
    """What waits to be written goes nowhere, so that Python does not try again as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str) -> NoReturn:
    """One line, whatever the message, and exit code 2."""
    line = " ".join(_short(word) for word in message.split())
    if line:
        print(f"pl-hypernet: {line}", file=sys.stderr)
    sys.exit(2)


def _short(word) -> str:
    """A path or another word that a line can hold."""
    text = str(word)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _version(wanted: bool) -> None:
    if wanted:
        print(f"pl-hypernet {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def cost(
    tasks: Annotated[
        list[str],
        typer.Argument(metavar="DIR|ARN...", help="Folders of runs, task logs, ARNs of tasks."),
    ],
    prices: PricesOption = None,
) -> None:
    """What the tasks of a QPU did cost, asked of Amazon Braket."""
    with loading():
        from pl_hypernet.cli.cost import show_cost

    show_cost(tasks, prices)


@app.command()
def devices() -> None:
    """The PennyLane devices installed here and what each can do."""
    from rich import box
    from rich.table import Table

    with loading():
        from pl_hypernet.devices.installed import installed_devices

    table = Table(
        title="PennyLane devices installed here",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        caption_justify="left",
        caption="shots: finite shots; 'ours' are drawn by our sampler, 'by wire' read as Z of each "
        "wire\nlargest N: as this machine's memory allows\noverlaps: of two states, for the metric "
        "of QN-SPSA",
    )
    for heading in ("device", "what it is", "shots", "seed", "largest N", "overlaps"):
        table.add_column(heading, no_wrap=heading == "device")
    others = []
    for entry in installed_devices():
        known = entry.known
        if known is None:
            others.append(entry.name)
            continue
        most, overlaps = known.wires_here(), known.exact_overlap_wires
        table.add_row(
            entry.name,
            known.remark,
            known.shots,
            _yes(entry.seedable),
            "any" if most is None else f"{most}",
            "exact" if overlaps is None else f"exact to {overlaps}" if overlaps else "by shots",
        )
    console = Console()
    console.print(table)
    if others:
        console.print(
            "Also installed, not tried by us; how they return bits is found by trying: "
            + ", ".join(others)
        )


def _yes(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"
