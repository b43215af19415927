"""A folder with all that a hybrid job is created from."""

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pl_hypernet
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.jobs.hyperparameters import as_hyperparameters
from pl_hypernet.settings.typed import split_network_file
from pl_hypernet.training.config import RunConfig

MOST_HOURS = 24 * 28  # that the service lets a job run
SOURCE = "pl_hypernet_job"  # the folder with the code, and the first part of the entry point
HYPERPARAMETERS, ARGUMENTS = "hyperparameters.json", "job.json"
CHANNEL = "input"  # of data
ENTRY = Path(__file__).with_name("entry.py")


@dataclass(frozen=True)
class Job:
    """A hybrid job that could be created.

    Attributes:
        folder: all that it needs.
        arguments: of ``AwsQuantumJob.create``, plain ones: those that are objects of the SDK's by
            their fields.
    """

    folder: Path
    arguments: dict[str, Any]

    def create(self, aws_session=None):
        """Creates it, which is paid for: its instance, and the tasks that it makes.

        Returns:
            AwsQuantumJob: of Braket's SDK.
        """
        from braket.aws import AwsQuantumJob
        from braket.jobs.config import InstanceConfig, StoppingCondition

        arguments = self.arguments | {
            "instance_config": InstanceConfig(**self.arguments["instance_config"]),
            "stopping_condition": StoppingCondition(**self.arguments["stopping_condition"]),
        }
        return AwsQuantumJob.create(**arguments, aws_session=aws_session)


def prepare(
    settings: dict[str, Any],
    folder,
    instance: str = "ml.m5.large",
    hours: float = 24.0,
    name: str | None = None,
    image: str | None = None,
    from_job: str | None = None,
) -> Job:
    """Writes a folder: the code, its requirements, hyper-parameters, and the job's arguments.

    Args:
        settings: of the run, by name.
        folder: a new one.
        instance: of AWS, on which the job runs.
        hours: after which the service ends it.
        name: of the job; None: one with the time.
        image: of its container; None: Braket's own.
        from_job: ARN of a job whose checkpoints it goes on from.

    Raises:
        InputError: settings that do not fit, or cannot be handed to a job.
        RunFolderError: the folder exists, or cannot be written.
    """
    if not 0 < hours < MOST_HOURS:
        raise InputError(f"hours={hours}: expected a number above 0 and below {MOST_HOURS}")
    config = RunConfig.checked(settings)
    if config.secrets:
        raise InputError(f"device option {config.secrets[0]}: hyper-parameters of a job are public")
    files = [Path(config.data)] if Path(config.data).is_file() else []
    code = []
    if isinstance(config.network, str):
        path, build = split_network_file(config.network)
        code = [path]
        config = config.model_copy(update={"network": f"{path.name}:{build}"})
    hyperparameters = as_hyperparameters(config)
    if files:
        hyperparameters["data"] = files[0].name
    arn = config.device_options.get("device_arn")
    if arn is not None and config.max_cost is None:
        raise InputError(f"the tasks of {arn} cost money: give --max-cost DOLLARS (max_cost=)")
    folder = Path(folder).expanduser()
    arguments = {
        "device": arn or f"local:pl_hypernet/{config.device}",
        "source_module": str(folder.resolve() / SOURCE),
        "entry_point": f"{SOURCE}.{ENTRY.stem}",
        "hyperparameters": hyperparameters,
        "instance_config": {"instanceType": instance},
        "stopping_condition": {"maxRuntimeInSeconds": round(3600 * hours)},
    }
    if files:
        arguments["input_data"] = {CHANNEL: str(files[0].resolve())}
    for key, value in {
        "job_name": name,
        "image_uri": image,
        "copy_checkpoints_from_job": from_job,
    }.items():
        if value is not None:
            arguments[key] = value
    try:
        folder.mkdir(parents=True)
        _write_code(folder / SOURCE, code, logs="tensorboard" in (config.log or ()))
        (folder / HYPERPARAMETERS).write_text(json.dumps(hyperparameters, indent=2) + "\n")
        (folder / ARGUMENTS).write_text(json.dumps(arguments, indent=2) + "\n")
    except FileExistsError as error:
        raise RunFolderError(
            f"{folder} exists already: choose another folder with --out"
        ) from error
    except OSError as error:
        raise RunFolderError(
            f"{error.filename or folder} cannot be used: {error.strerror}"
        ) from error
    return Job(folder, arguments)


def _write_code(source: Path, code: list[Path], logs: bool) -> None:
    """The package as it is here with its metadata, by which PennyLane finds its device; what it
    requires, which the container installs; the entry point, and files of a user's own."""
    package = Path(pl_hypernet.__file__).parent
    shutil.copytree(package, source / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (ENTRY, *code):
        shutil.copy(path, source)
    installed = distribution(package.name)
    metadata = source / f"{package.name}-{installed.version}.dist-info"
    metadata.mkdir()
    for part in ("METADATA", "entry_points.txt"):
        (metadata / part).write_text(installed.read_text(part) or "")
    needed = [
        line.partition(";")[0] if "extra ==" in line else line
        for line in installed.requires or []
        if "extra ==" not in line or (logs and "extra == 'logs'" in line.replace('"', "'"))
    ]
    (source / "requirements.txt").write_text("\n".join(needed) + "\n")
