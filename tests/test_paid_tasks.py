"""What tasks cost is asked of the service by their ARNs, after they ran."""

import json
import math

import pytest
from braket_service import BraketService

import pl_hypernet as plh
from pl_hypernet.cli import main
from pl_hypernet.devices.braket.emulated_session import EmulatedSession
from pl_hypernet.devices.braket.model_qpus import MODEL_QPUS
from pl_hypernet.errors import DeviceError, InputError

GARNET, CAPABILITIES = MODEL_QPUS["iqm-20"]
HEADER = {"name": "braket.ir.openqasm.program", "version": "1"}
ARN = "arn:aws:braket:eu-north-1:000000000000:quantum-task/"


@pytest.fixture(scope="module")
def session():
    return EmulatedSession(GARNET, CAPABILITIES(), noise=False)


def task(session, shots: int, gate: str = "prx(1.5, 0.0) $1;", **answer) -> str:
    source = f"OPENQASM 3.0;\n#pragma braket verbatim\nbox{{\n{gate}\n}}\n"
    arn = session.create_quantum_task(
        deviceArn=GARNET,
        shots=shots,
        action=json.dumps({"braketSchemaHeader": HEADER, "source": source}),
        outputS3Bucket="bucket",
        outputS3KeyPrefix="runs",
    )
    session.tasks[arn] |= answer
    return arn


def test_finished_tasks_are_summed(session):
    """0.30 dollars a task and 0.00145 a shot, of what completed and of nothing else."""
    arns = [
        task(session, 100),
        task(session, 50),
        task(session, 70, "h $1;"),  # no native gate
        task(session, 60, status="CANCELLED"),
        task(session, 30, status="QUEUED"),
        task(session, 40, numSuccessfulShots=20),
        task(session, 80, associations=[{"type": "RESERVATION_TIME_WINDOW_ARN", "arn": "a"}]),
    ]
    assert session.tasks[arns[2]]["status"] == "FAILED"
    (paid,) = plh.devices.cost_of_tasks([*arns, arns[0]], aws_session=session)
    assert (paid.device, paid.tasks, paid.shots, paid.free, paid.open) == (GARNET, 3, 170, 3, 1)
    assert paid.dollars == pytest.approx(3 * 0.30 + 170 * 0.00145)


def test_devices_apart_and_without_a_price(session):
    arns = [
        task(session, 10, deviceArn="arn:aws:braket:us-east-1::device/qpu/new/One"),
        task(session, 10, deviceArn="arn:aws:braket:::device/quantum-simulator/amazon/sv1"),
    ]
    unknown, simulator = plh.devices.cost_of_tasks(arns, aws_session=session)
    assert unknown.price is None
    assert math.isnan(unknown.dollars)
    assert simulator.dollars == pytest.approx(0.075 * 3 / 60)


@pytest.mark.parametrize("arn", ["runs/001", GARNET, "arn:aws:braket:eu-north-1"])
def test_no_arn_of_a_task(session, arn):
    with pytest.raises(InputError, match="no ARN of a quantum task"):
        plh.devices.cost_of_tasks([arn], aws_session=session)


def test_a_task_that_the_service_does_not_know(session):
    with pytest.raises(DeviceError, match="ResourceNotFound"):
        plh.devices.cost_of_tasks([ARN + "none"], aws_session=session)


def test_the_command_asks_the_service(session, tmp_path, monkeypatch, capsys):
    """The real client: of the folder of a run, its task log, and an ARN that stands in it too."""
    service = BraketService(session)
    for name, value in service.environment().items():
        monkeypatch.setenv(name, value)
    arns = [task(session, 100), task(session, 50)]
    lines = [{"token": f"{i}", "digest": "d"} for i in range(3)]
    lines += [{"token": f"{i}", "task": arn} for i, arn in enumerate(arns)]
    lines += [{"token": "2", "refused": "ValidationException"}]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    try:
        assert main.app(["cost", str(tmp_path), arns[0]], standalone_mode=False) in (None, 0)
    finally:
        service.close()
    said = capsys.readouterr().out
    assert f"{GARNET}: $0.82 for 2 tasks of 150 shots in all" in said


def test_a_folder_without_tasks_and_none_at_all(tmp_path, monkeypatch, capsys):
    main.app(["cost", str(tmp_path)], standalone_mode=False)
    assert "No tasks were sent" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["pl-hypernet", "cost", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 2
    assert "no such folder or file" in capsys.readouterr().err
