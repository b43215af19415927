"""What a hybrid job does, in a container of Braket's or as any process with its variables set."""

import shutil
from pathlib import Path

from braket.jobs.environment_variables import (
    get_checkpoint_dir,
    get_hyperparameters,
    get_input_data_dir,
    get_results_dir,
)

import pl_hypernet
from pl_hypernet.jobs.hyperparameters import from_hyperparameters
from pl_hypernet.jobs.metrics import JobMetrics
from pl_hypernet.settings import ResumeSettings
from pl_hypernet.training import QuantumHypernetwork, Run, resume, train
from pl_hypernet.training.checkpoint import has_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.network_file import make_network

RUN = "run"  # in the folders of checkpoints and results


def run_job() -> Run:
    """Trains by the job's hyper-parameters, or goes on with the run in its folder of checkpoints.

    ``AMZN_BRAKET_HP_FILE`` names the hyper-parameters, ``AMZN_BRAKET_CHECKPOINT_DIR`` the folder
    that outlives the job, ``AMZN_BRAKET_INPUT_DIR`` the data, where they are a file; the run's
    folder is copied to ``AMZN_BRAKET_JOB_RESULTS_DIR``. Metrics are printed.

    Raises:
        InputError, DataError, DeviceError, RunFolderError: as :func:`train` and :func:`resume`.
    """
    settings = from_hyperparameters(get_hyperparameters())
    came_along = Path(get_input_data_dir()) / Path(settings.get("data", "")).name
    if came_along.is_file():
        settings["data"] = str(came_along)
    config = RunConfig.checked(settings)
    if isinstance(config.network, str):  # the file came along beside the package
        beside = Path(pl_hypernet.__file__).parent.parent / config.network
        config = config.model_copy(update={"network": str(beside)})
    folder = Path(get_checkpoint_dir()) / RUN
    data, watching = config.load_data(), [JobMetrics()]
    if has_checkpoint(folder):
        further = {name: settings[name] for name in ResumeSettings.model_fields if name in settings}
        network = config.network if isinstance(config.network, str) else None
        run = resume(folder, data=data, network=network, callbacks=watching, **further)
    else:
        shutil.rmtree(folder, ignore_errors=True)  # a job that died before it wrote anything
        hypernet = QuantumHypernetwork.of(make_network(config, data), config)
        run = train(hypernet, data, out=folder, callbacks=watching, **config.of_training)
    shutil.copytree(folder, Path(get_results_dir()) / RUN, dirs_exist_ok=True)
    print(run.summary)
    return run
