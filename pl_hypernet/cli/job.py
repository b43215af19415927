"""What the command ``job`` does."""

from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pl_hypernet.console import Console
from pl_hypernet.errors import DeviceError
from pl_hypernet.jobs import prepare
from pl_hypernet.training import plan
from pl_hypernet.training.table_settings import with_table_defaults


def prepare_job(settings: dict[str, Any], out: Path, submit: bool, **options) -> None:
    """Writes a job's folder, and says what it would be; creates it only where it is to.

    Args:
        settings: of the run, by name.
        out: new folder.
        submit: create it, which is paid for.
        **options: of :func:`prepare`.

    Raises:
        InputError, RunFolderError: as :func:`prepare`.
        DeviceError: Braket refuses it, or cannot be reached.
    """
    settings, said = with_table_defaults(settings)
    planned = plan(**settings)
    job = prepare(settings, out, **options)
    console = Console()
    if said:
        console.print(said)
    console.print(planned.table())
    arguments = job.arguments
    instance = arguments["instance_config"]["instanceType"]
    hours = arguments["stopping_condition"]["maxRuntimeInSeconds"] / 3600
    console.print(
        f"A hybrid job on {instance}, for {arguments['device']}, ended after {hours:g} hours; "
        "its instance is paid for beside the tasks.",
        soft_wrap=True,
    )
    console.print(f"Written to {out}: code, requirements, arguments", soft_wrap=True)
    if not submit:
        console.print("Nothing was sent; with --submit it is created.")
        return
    try:
        created = job.create()
    except (BotoCoreError, ClientError, ValueError) as error:
        raise DeviceError(f"the job was not created: {error}") from error
    console.print(f"Created: {created.arn}", soft_wrap=True)
