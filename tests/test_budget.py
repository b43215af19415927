"""Tasks that cost money: agreed to beforehand, and stopped before they cost more."""

import io
import math
import sys
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from braket_service import BraketService

import pl_hypernet as plh
from pl_hypernet.cli import main
from pl_hypernet.devices.braket.aws_device import HypernetAwsDevice
from pl_hypernet.devices.braket.emulated_session import EmulatedSession
from pl_hypernet.devices.braket.model_qpus import MODEL_QPUS
from pl_hypernet.errors import BudgetError, InputError

GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
PER_TASK, PER_SHOT = 0.30, 0.00145
STEP = PER_TASK + 3 * 20 * PER_SHOT  # of SPSA, its three energies one task
END = PER_TASK + 30 * PER_SHOT


class Service:
    """Stands for the service before an AWS device: a task costs something, whoever runs it."""

    def __init__(self):
        self.session = EmulatedSession(GARNET, MODEL_QPUS["iqm-20"][1](), noise=False)
        self.shots: list[int] = []

    def __getattr__(self, name):
        return getattr(self.session, name)

    def create_quantum_task(self, **asked):
        self.shots.append(asked["shots"])
        return self.session.create_quantum_task(**asked)

    @property
    def billed(self) -> float:
        return PER_TASK * len(self.shots) + PER_SHOT * sum(self.shots)


def problem():
    inputs = np.random.default_rng(0).normal(size=(40, 2))
    return inputs, (inputs[:, 0] > 0).astype(int)


def paid(**options):
    service = Service()
    device = HypernetAwsDevice(3, GARNET, aws_session=service, verbatim=True)
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(2), device, layers=1, shots=20, **options)
    return service, hypernet


def train(hypernet, optimizer="spsa", steps=5, **options):
    options = {"progress": False, "evaluation_shots": 30} | options
    return plh.train(hypernet, problem(), optimizer, steps=steps, **options)


def test_nothing_is_sent_before_an_amount_is_agreed_to(tmp_path):
    service, hypernet = paid()
    said = (
        rf"5 steps would cost about \${5 * STEP + END:.2f} on qpu/iqm/Garnet \(\$0.30 a task and "
    )
    with pytest.raises(InputError, match=said + r".*give budget=DOLLARS"):
        train(hypernet, out=tmp_path / "run")
    assert service.shots == []
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="we do not know what on qpu/iqm/Garnet"):
        train(hypernet, qml.SPSAOptimizer(maxiter=5))
    for budget in (0, -1, "10", math.nan, True):
        with pytest.raises(InputError, match="expected a positive number of dollars"):
            train(hypernet, budget=budget)


@pytest.mark.parametrize("optimizer", ["spsa", "qnspsa", "score"])
@pytest.mark.parametrize("options", [{}, {"evaluate_every": 2}], ids=str)
def test_the_estimate_is_what_is_billed(optimizer, options):
    service, hypernet = paid()
    with pytest.raises(InputError) as caught:
        train(hypernet, optimizer, **options)
    run = train(hypernet, optimizer, budget=math.inf, **options)
    assert f"about ${service.billed:,.2f} on" in str(caught.value)
    assert run.stop_reason == "steps"
    assert hypernet.device.spending.dollars == pytest.approx(service.billed)


def test_the_estimate_is_that_of_plan(tmp_path):
    np.savez(tmp_path / "data.npz", inputs=problem()[0], targets=problem()[1])
    settings = dict(layers=1, shots=20, steps=5, evaluation_shots=30, optimizer="spsa")
    planned = plh.plan(
        data=str(tmp_path / "data.npz"),
        activation="sigmoid",
        device="braket.aws.qubit",
        device_options={"device_arn": GARNET, "verbatim": True},
        **settings,
    )
    service, hypernet = paid()
    train(hypernet, budget=math.inf)
    assert planned["total"]["usd"] == pytest.approx(service.billed)
    assert planned["per_step"]["usd"] == pytest.approx(STEP)


@pytest.mark.parametrize("affordable", [1, 3, 5])
@pytest.mark.parametrize("missing", [0.0, 0.01])
def test_a_run_ends_before_the_step_that_would_cost_more(affordable, missing):
    service, hypernet = paid()
    budget = affordable * STEP + END - missing
    steps = affordable if not missing else affordable - 1
    if steps == 0:
        with pytest.raises(InputError, match="first step and the evaluation would cost"):
            train(hypernet, budget=budget)
        assert service.shots == []
        return
    run = train(hypernet, budget=budget)
    assert len(run.history) == steps
    assert run.stop_reason == run.summary["stop_reason"] == ("steps" if steps == 5 else "max_cost")
    assert service.billed == pytest.approx(steps * STEP + END)
    assert service.billed <= budget + 1e-9
    assert len(run.evaluation.bits) == 30  # the evaluation was paid, too


def test_an_optimizer_that_says_nothing_is_stopped_by_what_its_steps_cost():
    service, hypernet = paid()
    optimizer = qml.SPSAOptimizer(maxiter=9)
    run = train(hypernet, optimizer, steps=9, budget=5.0)
    assert run.stop_reason == "max_cost"
    assert 0 < len(run.history) < 9
    assert service.billed <= 5.0
    dearest = (service.billed - END) / len(run.history)
    assert service.billed + dearest > 5.0


def test_a_step_that_costs_more_than_it_said_is_stopped_in_the_middle(monkeypatch):
    service, hypernet = paid()
    optimizer = plh.SPSAOptimizer(seed=0)
    monkeypatch.setattr(optimizer, "circuits_per_step", lambda *_: [])
    run = train(hypernet, optimizer, budget=2.5 * STEP + END)
    assert (len(run.history), run.stop_reason) == (2, "max_cost")
    assert service.billed == pytest.approx(2 * STEP + END)
    monkeypatch.setattr(hypernet.device.spending, "limit", 0.0)
    with pytest.raises(BudgetError, match=r"a task of 7 shots on .*Garnet was not sent"):
        hypernet.sample(hypernet.start_angles(), 7)
    assert len(service.shots) == 3


def test_what_a_callback_asks_comes_out_of_the_budget():
    service, hypernet = paid()
    look = lambda record, theta: hypernet.sample(theta, 20) is None  # noqa: E731
    run = train(hypernet, budget=3 * STEP + END, callbacks=[look])
    assert run.stop_reason == "max_cost"
    assert service.billed <= 3 * STEP + END


def test_each_training_has_a_budget_of_its_own():
    service, hypernet = paid()
    for _ in range(2):
        assert len(train(hypernet, steps=9, budget=2 * STEP + END).history) == 2
    hypernet.sample(hypernet.start_angles(), 20)  # which nobody limits
    assert service.billed == pytest.approx(4 * STEP + 2 * END + PER_TASK + 20 * PER_SHOT)


def test_prices_of_ones_own(tmp_path):
    _, hypernet = paid()
    table = tmp_path / "prices.toml"
    table.write_text('as_of = "2030"\nper_task = 1.0\nper_shot = {"qpu/iqm/" = 0.0}')
    with pytest.raises(InputError, match=r"about \$6.00 .*as of 2030"):
        train(hypernet, prices=table)
    table.write_text('per_shot = {"qpu/ionq/" = 0.0}')
    with pytest.raises(InputError, match=r"we do not know what .*no price in the table"):
        train(hypernet, prices=table)
    with pytest.raises(InputError, match=r"budget=\$5.00: .*give a table as prices"):
        train(hypernet, budget=5.0)
    assert len(train(hypernet, budget=math.inf).history) == 5


def test_an_emulator_and_a_simulator_cost_nothing():
    for hypernet in (
        plh.QuantumHypernetwork(plh.BinaryNetwork(2), layers=1, shots=20),
        plh.QuantumHypernetwork(
            plh.BinaryNetwork(2), "braket.aws.qubit", layers=1, shots=20, emulator="iqm-20"
        ),
    ):
        assert hypernet.device.spending is None
        assert len(train(hypernet, steps=1, budget=0.01).history) == 1


def test_a_run_that_did_not_end_is_judged_for_money(tmp_path):
    service, hypernet = paid()
    folder = tmp_path / "run"
    run = train(hypernet, steps=2, budget=math.inf, out=folder)
    (folder / "shots.npy").unlink()
    taken_up = plh.load(folder, hypernet, problem())  # its log has the task
    np.testing.assert_array_equal(taken_up.evaluation.bits, run.evaluation.bits)
    (folder / "tasks.jsonl").unlink()
    billed = service.billed
    with pytest.raises(
        InputError, match=rf"30 shots .* cost about \${END:.2f} on .*budget=DOLLARS"
    ):
        plh.load(folder, hypernet, problem())
    assert service.billed == billed
    assert len(plh.load(folder, hypernet, problem(), budget=1.0).evaluation.bits) == 30
    assert service.billed == pytest.approx(billed + END)


def test_an_estimator_has_a_budget(monkeypatch):
    def stop(*_, budget, **options):
        raise BudgetError(f"${budget}")

    monkeypatch.setattr("pl_hypernet.estimators.base.train", stop)
    for kind in (plh.QuantumHypernetClassifier, plh.QuantumHypernetRegressor):
        with pytest.raises(BudgetError, match=r"\$5.5"):
            kind(budget=5.5).fit(*problem())


# ------------------------------------------------------------------------------------- the command


class Terminal(io.StringIO):
    """Where somebody types, and reads."""

    def isatty(self):
        return True


@pytest.fixture
def command(tmp_path, monkeypatch):
    """``pl-hypernet`` in this process and the real client of AWS, before a service of ours."""
    service = BraketService(EmulatedSession(GARNET, MODEL_QPUS["iqm-20"][1](), noise=False))
    for name, value in service.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", inputs=problem()[0], targets=problem()[1])

    def run(*arguments, types: str | None = None) -> tuple[int, str]:
        """The exit code, and what was said on standard error."""
        said = io.StringIO() if types is None else Terminal()
        monkeypatch.setattr(sys, "stdin", io.StringIO() if types is None else Terminal(types))
        monkeypatch.setattr(sys, "stderr", said)
        monkeypatch.setattr(sys, "argv", ["pl-hypernet", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        return ended.value.code or 0, said.getvalue()

    yield service, run
    service.close()


QPU = ("--device", "braket.aws.qubit", "--device-option", f"device_arn={GARNET}",
       "--device-option", "s3_destination_folder=bucket,runs")  # fmt: skip
JOB = (*QPU, "--device-option", "verbatim=true", "--data", "data.npz", "--activation", "sigmoid",
       "--layers", 1, "--shots", 20, "--evaluation-shots", 30, "--optimizer", "spsa")  # fmt: skip


def test_the_command_asks_before_the_first_task(command, capsys):
    service, run = command
    job = ("train", *JOB, "--steps", 2)
    cost = f"2 steps would cost about ${2 * STEP + END:.2f} on qpu/iqm/Garnet"
    code, said = run(*job)  # no terminal
    assert code == 2
    assert cost in said
    assert said.strip().endswith("give --budget DOLLARS, which it stops at, or --yes")
    code, said = run(*job, types="n\n")
    assert code == 2
    assert f"{cost} ($0.30 a task and $0.00145 a shot" in said
    assert "Go on? [y/N]" in said
    assert said.strip().endswith("pl-hypernet: nothing was sent")
    assert service.requests == []
    assert not Path("runs").exists()
    code, said = run(*job, "--budget", "2")
    assert code == 0
    shown = capsys.readouterr().out
    assert f"about ${2 * STEP + END:.2f} on qpu/iqm/Garnet" in shown


def test_the_command_stops_at_the_budget(command, capsys):
    service, run = command
    assert run("train", *JOB, "--steps", 9, "--budget", STEP + END)[0] == 0
    shown = capsys.readouterr().out
    assert "Stopped by max_cost after step 1." in shown
    assert f"Tasks: 2 made, 0 of a task log taken up; about ${STEP + END:.2f} on qpu/" in shown
    sample = ("sample", "runs/001", "--shots", 40)
    code, said = run(*sample)
    assert code == 2
    assert f"40 shots would cost about ${PER_TASK + 40 * PER_SHOT:.2f} on qpu/iqm/Garnet" in said
    assert len(service.requests) == 2
    assert run(*sample, types="y\n")[0] == 0
    assert run(*sample, "--yes")[0] == 0
    assert len(service.requests) == 4
    assert run(*sample, "--budget", "0.1")[0] == 2
    assert len(service.requests) == 4
