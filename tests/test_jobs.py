"""Hybrid jobs of Amazon Braket: prepared, created on a fake session, and run as a process."""

import json
import os
import subprocess
import sys

import boto3
import numpy as np
import pytest
from botocore.validate import ParamValidator
from braket.aws import AwsSession
from braket.jobs.metrics_data.definitions import MetricStatistic, MetricType
from braket.jobs.metrics_data.log_metrics_parser import LogMetricsParser
from typer.testing import CliRunner

import pl_hypernet as plh
from pl_hypernet.cli.main import app
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.jobs import prepare, run_job
from pl_hypernet.jobs.hyperparameters import as_hyperparameters, from_hyperparameters
from pl_hypernet.jobs.prepare import HYPERPARAMETERS, SOURCE
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.history import read_history
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import Trainer

ARN = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
ON_QPU = {"device": "braket.aws.qubit", "device_options": {"device_arn": ARN}}
SMALL = {"layers": 1, "shots": 10, "steps": 6, "optimizer": "spsa", "evaluation_shots": 20}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    inputs = np.random.default_rng(0).uniform(size=(60, 3))
    path = tmp_path_factory.mktemp("data") / "task.npz"
    np.savez(path, inputs=inputs, targets=(inputs[:, 0] > inputs[:, 1]).astype(int))
    return path


class FakeSession:
    """What the SDK asks of an AwsSession to create a job; requests are checked as AWS does."""

    region = "eu-north-1"
    construct_s3_uri = staticmethod(AwsSession.construct_s3_uri)

    def __init__(self):
        self.uploaded, self.copied, self.request = [], [], {}

    def default_bucket(self):
        return "amazon-braket-eu-north-1-1"

    def get_default_jobs_role(self):
        return "arn:aws:iam::111111111111:role/AmazonBraketJobsExecutionRole"

    def get_device(self, arn):
        assert arn == ARN

    def upload_to_s3(self, path, uri):
        self.uploaded.append((path, uri))

    def upload_local_data(self, path, uri):
        self.uploaded.append((path, uri))

    def get_job(self, arn):
        return {"checkpointConfig": {"s3Uri": "s3://there/before"}}

    def copy_s3_directory(self, source, target):
        self.copied.append(source)

    def create_job(self, **request):
        secrets = {"aws_access_key_id": "", "aws_secret_access_key": ""}
        model = boto3.client("braket", self.region, **secrets).meta.service_model
        shape = model.operation_model("CreateJob").input_shape
        report = ParamValidator().validate({"clientToken": "1", **request}, shape)
        assert not report.has_errors(), report.generate_report()
        self.request = request
        return "arn:aws:braket:eu-north-1:111111111111:job/1"


def test_the_sdk_takes_the_arguments(tmp_path, table):
    options = {"name": "mine-1", "from_job": "arn:before", "hours": 2, "instance": "ml.c5.xlarge"}
    settings = {**SMALL, **ON_QPU, "max_cost": 5.0, "data": str(table)}
    session = FakeSession()
    created = prepare(settings, tmp_path / "job", **options).create(session)
    request = session.request
    assert created.arn.endswith("job/1")
    assert request["jobName"] == "mine-1"
    assert request["deviceConfig"] == {"device": ARN}
    assert request["algorithmSpecification"]["scriptModeConfig"]["entryPoint"] == f"{SOURCE}.entry"
    assert request["instanceConfig"]["instanceType"] == "ml.c5.xlarge"
    assert request["stoppingCondition"] == {"maxRuntimeInSeconds": 7200}
    assert request["hyperParameters"]["data"] == "task.npz"
    assert request["hyperParameters"]["max_cost"] == "5.0"
    assert session.copied == ["s3://there/before"]
    assert session.uploaded[0][0] == str(table)
    assert request["inputDataConfig"][0]["channelName"] == "input"


def test_settings_survive_as_texts():
    config = RunConfig(
        **{"network": (8, 1), "validation": 0.2, "entropy": "0.02:0", "start": "small"},
        **{"penalties": {"activation": {"sigmoid": 0.1}}, "log": "csv", "bias": ["6-bit", False]},
    )
    texts = as_hyperparameters(config)
    assert all(isinstance(text, str) for text in texts.values())
    assert RunConfig.checked(from_hyperparameters(texts)).plain == config.plain
    assert from_hyperparameters({"optimizer": "score", "steps": "7", "device": "1"}) == {
        "optimizer": "score",
        "steps": 7,
        "device": "1",
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ON_QPU, r"tasks of arn.* cost money: give --max-cost"),
        ({"device_options": {"token": "x"}}, "device option token"),
        ({"tied": [[f"layers.0.weight[0,{k}]", "layers.0.bias"] for k in range(99)]}, "tied has"),
        ({"stepps": 3}, "unknown setting 'stepps': did you mean"),
    ],
    ids=["paid", "secret", "long", "unknown"],
)
def test_what_cannot_be_a_job_is_refused(settings, said, tmp_path):
    with pytest.raises(InputError, match=said):
        prepare(settings, tmp_path / "job")
    assert not (tmp_path / "job").exists()


@pytest.mark.parametrize("hours", [float("nan"), float("inf"), 0])
def test_hours_that_cannot_be(hours, tmp_path):
    with pytest.raises(InputError, match=r"hours=.*: expected a number above 0 and below 672"):
        prepare({}, tmp_path / "job", hours=hours)


def test_a_job_that_writes_for_tensorboard_installs_it(tmp_path):
    for log, there in ((["tensorboard"], True), (["csv"], False)):
        job = prepare({"device": "hypernet.mps", "log": log}, tmp_path / log[0])
        needed = (job.folder / "pl_hypernet_job" / "requirements.txt").read_text()
        assert ("tensorboard" in needed) == there
        assert "extra" not in needed


def test_a_folder_that_exists(tmp_path):
    with pytest.raises(RunFolderError, match="exists already"):
        prepare(SMALL, tmp_path)


def test_the_command_sends_nothing_unless_it_is_to(tmp_path, monkeypatch, table):
    created = []

    def create(**arguments):
        created.append(arguments)
        raise ValueError("no such region")

    monkeypatch.setattr("braket.aws.AwsQuantumJob.create", create)
    monkeypatch.chdir(tmp_path)
    typed = ["job", "--data", str(table), "--steps", "5", "--hours", "3"]
    result = CliRunner().invoke(app, typed, catch_exceptions=False)
    assert "Nothing was sent" in result.stdout
    assert "ended after 3 hours" in result.stdout
    assert created == []
    with pytest.raises(plh.errors.DeviceError, match="not created: no such region"):
        CliRunner().invoke(app, [*typed, "--out", "j", "--submit"], catch_exceptions=False)
    assert created[0]["instance_config"].instanceType == "ml.m5.large"


class Killed(BaseException):
    pass


def test_a_job_that_is_started_again_goes_on(tmp_path, table, monkeypatch, capsys):
    job = prepare(SMALL | {"data": str(table)}, tmp_path / "job")
    monkeypatch.setattr(Run, "save_pictures", lambda self, folder=None: [])
    monkeypatch.setenv("AMZN_BRAKET_HP_FILE", str(job.folder / HYPERPARAMETERS))
    monkeypatch.setenv("AMZN_BRAKET_INPUT_DIR", str(tmp_path))
    (tmp_path / "input").symlink_to(table.parent)
    monkeypatch.setenv("AMZN_BRAKET_JOB_RESULTS_DIR", str(tmp_path / "results"))
    monkeypatch.setenv("AMZN_BRAKET_CHECKPOINT_DIR", str(tmp_path / "whole"))
    whole = run_job()
    lines = LogMetricsParser()
    for line in capsys.readouterr().out.splitlines():
        if line.startswith("Metrics"):
            lines.parse_log_message("", line)
    found = lines.get_parsed_metrics(MetricType.ITERATION_NUMBER, MetricStatistic.MAX)
    assert found["energy"] == [record["energy"] for record in whole.history]

    monkeypatch.setenv("AMZN_BRAKET_CHECKPOINT_DIR", str(tmp_path / "cut"))
    real = Trainer.step

    def dies(self):
        if self.n_steps == 3:
            raise Killed
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", dies)
        with pytest.raises(Killed):
            run_job()
    cut = run_job()
    np.testing.assert_array_equal(cut.theta, whole.theta)
    np.testing.assert_array_equal(cut.bits, whole.bits)
    assert len(read_history(tmp_path / "results" / "run")[0]) == 6


def test_the_folder_runs_as_a_process(tmp_path, table):
    """With the package, the network's file and the data that came along."""
    build = "import torch\ndef build(n_inputs):\n    return torch.nn.Linear(n_inputs, 1)\n"
    (tmp_path / "mine.py").write_text(build)
    settings = SMALL | {"data": str(table), "network": f"{tmp_path}/mine.py:build", "steps": 2}
    job = prepare(settings | {"log": "csv"}, tmp_path / "job")
    (tmp_path / "input").symlink_to(table.parent)
    variables = {
        "AMZN_BRAKET_HP_FILE": str(job.folder / HYPERPARAMETERS),
        "AMZN_BRAKET_INPUT_DIR": str(tmp_path),
        "AMZN_BRAKET_CHECKPOINT_DIR": str(tmp_path / "checkpoints"),
        "AMZN_BRAKET_JOB_RESULTS_DIR": str(tmp_path / "results"),
        "AMZN_BRAKET_DEVICE_ARN": job.arguments["device"],
    }
    elsewhere = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, job.folder / SOURCE / "entry.py"],
        cwd=tmp_path,
        env=elsewhere | variables,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "iteration_number=2;" in result.stdout
    assert (tmp_path / "checkpoints" / "run" / "checkpoint.safetensors").exists()
    summary = json.loads((tmp_path / "results" / "run" / "summary.json").read_text())
    assert summary["steps"] == 2
