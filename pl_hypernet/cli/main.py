"""The command ``pl-hypernet``. Heavy imports wait until a command needs them."""

import functools
import inspect
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pl_hypernet.errors import HypernetError
from pl_hypernet.version import __version__

app = typer.Typer(
    help="Quantum hypernetworks: every measured shot is a binary neural network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130  # exit code of a program that Ctrl-C ended

RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a run.")]
Pairs = list[str] | None


def run() -> None:
    """Entry point: bad input is one line on standard error and exit code 2."""
    try:
        sys.exit(app(prog_name="pl-hypernet", standalone_mode=False))
    except HypernetError as error:
        fail("; ".join([str(error), *getattr(error, "__notes__", [])]))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's own, as of an option without a value
            fail(error.format_message())
        if type(error).__module__.startswith("pennylane"):  # a device's refusal
            fail(str(error))
        raise


def fail(message: str) -> NoReturn:
    """One line, whatever the message, and exit code 2."""
    line = " ".join(message.split())
    if line:
        print(f"pl-hypernet: {line}", file=sys.stderr)
    sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"pl-hypernet {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def run_settings(
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings, as config.toml of another run.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="mnist, gaussian_mixture, or an .npz of inputs and targets; default mnist."
        ),
    ] = None,
    data_option: Annotated[
        Pairs,
        typer.Option(metavar="KEY=VALUE", help="As digits=3,8 or digits=all, size=16, root=DIR."),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(help="Fraction of the training data to hold out for testing.")
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="Sizes of the layers after the inputs; default 1.")
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="A fixed activation: sigmoid or hard_sigmoid.")
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(help="Of hidden layers: sign, relu, sigmoid or tanh; default sign."),
    ] = None,
    choice: Annotated[
        Pairs,
        typer.Option(
            metavar="NAME=A,B",
            help="Left to a qubit: activation or hidden; default activation=sigmoid,hard_sigmoid.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(help="Factor of the outputs; default 8 / sqrt(inputs of the last layer)."),
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Of weights and biases, as 1,-3; default 1,-1."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="A PennyLane device (see: devices); default hypernet.mps."),
    ] = None,
    device_option: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="An argument of the device.")
    ] = None,
    max_bond_dim: Annotated[
        int | None, typer.Option(help="Bond dimension kept by hypernet.mps; default no limit.")
    ] = None,
    layers: Annotated[int | None, typer.Option(help="Entangling layers P; default 2.")] = None,
    shots: Annotated[int | None, typer.Option(help="Shots of each energy; default 200.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="qnspsa, spsa, score or auto; default qnspsa.")
    ] = None,
    optimizer_option: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="An argument of the optimizer: stepsize=0.1.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="bce or mse of one output, cross_entropy of several."),
    ] = None,
    reduction: Annotated[
        str | None,
        typer.Option(help="Lower the mean loss, or cvar:0.1, that of the best 10 %; default mean."),
    ] = None,
    entropy: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHT", help="Of the networks' entropy, as 0.01, or 0.02:0 over the steps."
        ),
    ] = None,
    mmd: Annotated[
        str | None,
        typer.Option(metavar="WEIGHT", help="The same of bits alone: of MMD^2 from uniform bits."),
    ] = None,
    penalty: Annotated[
        Pairs,
        typer.Option(metavar="CHOICE.OPTION=LOSS", help="As activation.hard_sigmoid=0.01."),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the optimizer; default 1000.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Training samples that a step sees; default 500.")
    ] = None,
    evaluate_every: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Energies on all training samples in between."),
    ] = None,
    evaluation_shots: Annotated[
        int | None, typer.Option(help="Fresh shots that judge the end; default 1000.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same run; default 0.")] = None,
    torch_device: Annotated[
        str | None, typer.Option(help="Where networks are scored, as cuda; default cpu.")
    ] = None,
) -> tuple[Path | None, dict, dict]:
    """The settings of a run as typed: a file, single settings, and tables of options."""
    from pl_hypernet.cli.options import (
        parse_choices,
        parse_network,
        parse_pairs,
        parse_penalties,
    )
    from pl_hypernet.errors import InputError

    choices = parse_choices(choice or [])
    for name, fixed in {"activation": activation, "hidden": hidden}.items():
        if fixed is not None and name in choices:
            raise InputError(f"--{name} fixes what --choice leaves to a qubit: give one of them")
    given = {
        "data": data,
        "validation": validation,
        "network": None if network is None else parse_network(network),
        "activation": activation,
        "hidden": hidden,
        "loss": loss,
        "scale": scale,
        "values": None if values is None else values.split(","),
        "device": device,
        "layers": layers,
        "shots": shots,
        "optimizer": optimizer,
        "reduction": reduction,
        "entropy": entropy,
        "mmd": mmd,
        "penalties": parse_penalties(penalty or []) or None,
        "steps": steps,
        "batch_size": batch_size,
        "evaluate_every": evaluate_every,
        "evaluation_shots": evaluation_shots,
        "seed": seed,
        "torch_device": torch_device,
        **choices,
    }
    options = {
        "data_options": parse_pairs(data_option or [], "--data-option"),
        "device_options": parse_pairs(device_option or [], "--device-option"),
        "optimizer_options": parse_pairs(optimizer_option or [], "--optimizer-option"),
    }
    if max_bond_dim is not None:
        options["device_options"]["max_bond_dim"] = max_bond_dim
    return config, given, options


def with_run_settings(command):
    """Gives a command, which takes ``settings`` first, the options of :func:`run_settings`."""
    shared = inspect.signature(run_settings).parameters
    _, *own = inspect.signature(command).parameters.values()

    @functools.wraps(command)
    def wrapper(**options):
        settings = run_settings(**{name: options.pop(name) for name in shared})
        return command(settings, **options)

    wrapper.__signature__ = inspect.Signature([*shared.values(), *own])
    wrapper.__annotations__ = {p.name: p.annotation for p in [*shared.values(), *own]}
    return wrapper


@app.command()
@with_run_settings
def train(
    settings,
    out: Annotated[
        Path | None, typer.Option(help="A new folder for the results; default runs/001, 002, ....")
    ] = None,
) -> None:
    """Train; with no option: 0 against 1 at 8x8 pixels, 66 qubits on hypernet.mps."""
    from pl_hypernet.cli.actions import train_from_settings

    if train_from_settings(*settings, out) == "interrupted":
        raise KeyboardInterrupt


@app.command()
@with_run_settings
def plan(
    settings,
    prices: Annotated[
        Path | None,
        typer.Option(help="TOML of Braket's prices, see README; default: a dated table."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """What a training would cost, without running it; takes the options of train."""
    from pl_hypernet.cli.options import merge_settings
    from pl_hypernet.training import plan as make_plan

    planned = make_plan(prices, **merge_settings(*settings))
    print(planned.to_json()) if json else _console().print(planned.table())


@app.command()
def evaluate(
    folder: RunFolder,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead.")] = False,
) -> None:
    """Accuracy of the shots of a trained state, of the best and of the vote."""
    import json as json_module

    from pl_hypernet.training import load

    summary = load(folder).summary
    print(json_module.dumps(summary, indent=2)) if json else _console().print(summary.table())


@app.command()
def report(folder: RunFolder) -> None:
    """The table and the pictures of a run again, from what it left."""
    from pl_hypernet.training import load

    run = load(folder)
    _console().print(run.summary.table())
    _print_paths(run.save_pictures())


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
        Path | None, typer.Option(help="Write the bits here: .npy, int8 (shots, qubits).")
    ] = None,
) -> None:
    """Draw shots from a trained theta, on the same or on another device."""
    from pl_hypernet.cli.options import parse_pairs

    options = parse_pairs(device_option or [], "--device-option")

    from pl_hypernet.cli.actions import sample_run

    sample_run(folder, shots, device, options, seed, out)


@app.command()
def devices() -> None:
    """The PennyLane devices installed here and what each can do for us."""
    from rich import box
    from rich.table import Table

    from pl_hypernet.devices.known import installed_devices

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
    console = _console()
    console.print(table)
    if others:
        console.print(
            "Also installed, not tried by us; how they return bits is found by trying: "
            + ", ".join(others),
            highlight=False,
        )


def _yes(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"


def _console():
    from rich.console import Console

    return Console()


def _print_paths(paths) -> None:
    for path in paths:
        print(path)
