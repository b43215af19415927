"""The command ``pl-hypernet``. Heavy imports wait until a command needs them."""

import sys
import warnings
from typing import Annotated

import typer

from pl_hypernet.cli import compare, device_commands, folder_commands, run_commands
from pl_hypernet.cli.failures import end, warn
from pl_hypernet.console import take_all_characters
from pl_hypernet.version import __version__

app = typer.Typer(
    help="Quantum hypernetworks: every measured shot is a binary neural network.",
    add_completion=False,
    rich_markup_mode=None,  # boxes cut what is long
    pretty_exceptions_enable=False,
)
for command in (
    run_commands.train,
    run_commands.resume,
    run_commands.sweep,
    compare.compare,
    run_commands.plan,
    run_commands.job,
    folder_commands.evaluate,
    folder_commands.report,
    folder_commands.sample,
    folder_commands.predict,
    folder_commands.export,
    device_commands.cost,
    device_commands.devices,
):
    app.command()(command)


def run() -> None:
    """Entry point."""
    take_all_characters()
    warnings.showwarning = warn
    try:
        code = app(prog_name="pl-hypernet", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        end(error)
    sys.exit(code)


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
