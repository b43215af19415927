"""Training: reproducible, resumable, and nothing lost."""

import dataclasses
import json
import os
import signal
import sys
from itertools import count

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.errors import DataError, DeviceError, InputError, RunFolderError
from pl_hypernet.settings import TrainingSettings
from pl_hypernet.training.checkpoint import CheckpointPace, load_checkpoint, save_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import NextRunFolder
from pl_hypernet.training.history import History, read_history
from pl_hypernet.training.run import Run
from pl_hypernet.training.trainer import Trainer

DEVICES = ["hypernet.mps", "lightning.qubit", "default.qubit"]


def small_task(n_inputs=4):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(300, n_inputs))
    # one binary network does it
    targets = (inputs[:, :4] @ [1, -1, 1, 1][:n_inputs] > 1).astype(int)
    return plh.datasets.as_data((inputs[:200], targets[:200], inputs[200:], targets[200:]))


def small_hypernet(device="hypernet.mps", seed=0, **options):
    network = plh.BinaryNetwork(4, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    return plh.QuantumHypernetwork(
        network, device, shots=options.pop("shots", 40), seed=seed, **options
    )


def small_run(steps=6, device="hypernet.mps", seed=0, **options):
    hypernet = small_hypernet(device, seed)
    options = {"progress": False, "batch_size": 50, "evaluation_shots": 60} | options
    return plh.train(hypernet, options.pop("data", small_task()), steps=steps, **options)


def without_times(path):
    return [
        {key: value for key, value in json.loads(line).items() if key != "seconds"}
        for line in path.read_text().splitlines()
    ]


@pytest.mark.parametrize("device", DEVICES)
def test_same_seed_same_run(device, tmp_path):
    runs = [small_run(device=device, out=tmp_path / str(i)) for i in range(2)]
    histories = [without_times(tmp_path / str(i) / "history.jsonl") for i in range(2)]
    assert len(histories[0]) == 6
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)
    np.testing.assert_array_equal(runs[0].evaluation.bits, runs[1].evaluation.bits)
    other = small_run(device=device, seed=1)
    assert other.history[-1]["energy"] != runs[0].history[-1]["energy"]


@pytest.mark.parametrize("device", DEVICES)
def test_a_checkpoint_holds_all_that_a_resume_needs(device, tmp_path):
    def trainer():
        hypernet = small_hypernet(device)
        optimizer = plh.QNSPSAOptimizer(seed=hypernet.generator("optimizer"), blocking=True)
        return Trainer(hypernet, small_task(), optimizer, TrainingSettings(batch_size=50))

    one = trainer()
    for _ in range(3):
        one.step()
    save_checkpoint(tmp_path, *one.state())
    rest = [one.step() for _ in range(3)]
    other = trainer()
    other.restore(*load_checkpoint(tmp_path))
    again = [other.step() for _ in range(3)]
    for record in rest + again:
        del record["seconds"]
    assert rest == again
    np.testing.assert_array_equal(one.theta, other.theta)


BIT_GENERATORS = ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"]


@pytest.mark.parametrize("kind", BIT_GENERATORS)
def test_a_checkpoint_of_any_bit_generator(kind, tmp_path):
    def trainer(kind=kind):
        draws = [np.random.Generator(getattr(np.random, kind)(seed)) for seed in (1, 2)]
        hypernet = small_hypernet(plh.device("hypernet.mps", wires=6, seed=draws[0]))
        return Trainer(
            hypernet,
            small_task(),
            plh.SPSAOptimizer(seed=draws[1]),
            TrainingSettings(batch_size=50),
        )

    one, other = trainer(), trainer()
    one.step()
    save_checkpoint(tmp_path, *one.state())
    other.restore(*load_checkpoint(tmp_path))
    assert one.step()["energy"] == other.step()["energy"]
    np.testing.assert_array_equal(one.theta, other.theta)
    another = BIT_GENERATORS[BIT_GENERATORS.index(kind) - 1]
    with pytest.raises(InputError, match=f"random numbers of a {kind} cannot go on in a {another}"):
        trainer(another).restore(*load_checkpoint(tmp_path))


def test_learns():
    hypernet = small_hypernet(shots=200)
    run = plh.train(hypernet, small_task(), steps=300, stepsize=0.02, progress=False)
    assert run.history[0]["energy"] > 2
    assert run.summary["energy"]["mean"] < 0.3  # the best network has 0.21
    assert run.summary["test_accuracy"]["mean"] > 0.95


def judged_again(run):
    """The summary of a loaded run, from its data and not from its file, which has its time too."""
    path = run.folder / "summary.json"
    written = json.loads(path.read_text())
    made = dataclasses.replace(run, written=None).summary
    return made | {"run_seconds": written["run_seconds"]}


def test_the_folder_of_a_run(tmp_path):
    folder = tmp_path / "run"
    run = small_run(out=folder, validation=0.25)
    assert sorted(path.name for path in folder.iterdir()) == [
        "accuracy.png", "checkpoint.before.safetensors", "checkpoint.safetensors", "choices.png",
        "config.toml", "digests.json", "energy.png", "entanglement.png", "hamming.png",
        "history.jsonl", "losses.npy", "overview.png", "schema.safetensors", "shots.npy",
        "summary.json", "weights.png",
    ]  # fmt: skip
    assert json.loads((folder / "summary.json").read_text()) == run.summary
    assert run.summary["circuits"] == 6 * 7
    assert run.summary["shots"] == 6 * 3 * 40
    loaded = plh.load(folder, data=small_task())
    assert loaded.summary == run.summary
    assert judged_again(loaded) == run.summary
    assert loaded.history == run.history
    np.testing.assert_array_equal(loaded.evaluation.bits, run.evaluation.bits)
    with pytest.raises(InputError, match="trained on arrays of its own"):
        _ = plh.load(folder).evaluation
    (folder / "shots.npy").write_bytes(b"no array")
    with pytest.raises(RunFolderError, match=r"shots\.npy is not as it was written: put it back"):
        plh.load(folder, data=small_task())
    with pytest.warns(UserWarning, match=r"shots\.npy is damaged: .* made again"):
        again = plh.load(folder, data=small_task(), check=False)
    np.testing.assert_array_equal(again.bits, run.bits)
    with pytest.raises(RunFolderError, match="exists already"):
        small_run(out=folder)


def test_config_reruns_the_run(tmp_path):
    data = plh.datasets.mnist()
    hypernet = plh.QuantumHypernetwork(
        plh.BinaryNetwork(64, [1], activation="hard_sigmoid"), layers=1, shots=20, seed=3,
        max_bond_dim=4, ansatz_options={"pattern": "brick"},
    )  # fmt: skip
    run = plh.train(
        hypernet, data, steps=2, batch_size=30, out=tmp_path / "a", progress=False, stepsize=0.02,
        evaluation_shots=10,
    )  # fmt: skip
    config = RunConfig.read(tmp_path / "a" / "config.toml")
    assert config == run.config
    again = config.build_hypernetwork(64)
    assert again.device.max_bond_dim == 4
    rerun = plh.train(
        again, config.load_data(), config.optimizer, steps=config.steps, progress=False,
        batch_size=config.batch_size, evaluation_shots=10, **config.optimizer_options,
    )  # fmt: skip
    np.testing.assert_array_equal(rerun.theta, run.theta)


def test_callbacks_stop_and_start_angles_continue():
    seen = []

    def callback(record, theta):
        seen.append((record["step"], theta.shape))
        return "good enough" if record["step"] == 3 else None

    run = small_run(steps=50, callbacks=[callback])
    assert run.stop_reason == run.summary["stop_reason"] == "good enough"
    assert seen == [(k, (5, 6)) for k in (1, 2, 3)]
    further = small_run(steps=1, theta=run.theta)
    assert np.abs(np.asarray(further.theta - run.theta)).max() < 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_keeps_what_was_reached(sent, tmp_path):
    if sent == signal.SIGHUP and signal.getsignal(sent) == signal.SIG_IGN:
        pytest.skip("the tests run under nohup")
    before = signal.getsignal(sent)

    def press(record, theta):
        if record["step"] == 4:
            os.kill(os.getpid(), sent)

    run = small_run(steps=500, callbacks=[press], out=tmp_path / "run")
    assert run.stop_reason == "interrupted"
    assert 4 <= len(run.history) <= 5
    arrays, plain = load_checkpoint(tmp_path / "run")
    assert plain["n_steps"] == len(run.history)
    np.testing.assert_array_equal(arrays["theta"], run.theta)
    assert (tmp_path / "run" / "summary.json").exists()
    assert signal.getsignal(sent) == before


def test_a_run_that_is_killed_in_its_first_step_loads(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", kill)
        patch.setattr(sys.modules["pl_hypernet.training.train"], "unmake_run_folder", print)
        with pytest.raises(Killed):
            small_run(out=tmp_path / "run")
    run = plh.load(tmp_path / "run", data=small_task())
    assert run.history == []
    assert run.stop_reason == "unfinished"
    np.testing.assert_array_equal(run.theta, small_hypernet().start_angles())
    for path in (tmp_path / "run").glob("checkpoint*"):
        path.unlink()
    with pytest.raises(RunFolderError, match="ended before its first step: start it again with"):
        plh.load(tmp_path / "run", data=small_task())


def test_checkpoints_that_are_long_to_write_are_rare(tmp_path, monkeypatch):
    """By a clock that goes on by a second when it is read: a step, and a second to write."""
    module = sys.modules["pl_hypernet.training.writer"]
    seconds, saved = count(), []
    monkeypatch.setattr(module, "CheckpointPace", lambda: CheckpointPace(lambda: next(seconds)))
    monkeypatch.setattr(module, "save_checkpoint", lambda *args: saved.append(args[2]["n_steps"]))
    monkeypatch.setattr(Run, "save_pictures", lambda self: None)
    small_run(steps=60, out=tmp_path / "run")
    assert saved == [0, 1, 51, 60]  # the start, and at last the end
    assert len(read_history(tmp_path / "run")[0]) == 60


def test_checkpoints_are_a_second_apart():
    pace = CheckpointPace(iter([0.0, 5.0, 5.01, 6.0, 6.1]).__next__)
    assert pace.is_due()
    with pace.writing():
        pass
    assert [pace.is_due(), pace.is_due()] == [False, True]


def test_a_failing_run_leaves_its_last_checkpoint(tmp_path):
    def fail(record, theta):
        if record["step"] == 3:
            raise RuntimeError("the device went away")

    with pytest.raises(InputError, match="'fail' raised RuntimeError: the device went away"):
        small_run(callbacks=[fail], out=tmp_path / "run")
    plain = load_checkpoint(tmp_path / "run")[1]
    assert plain["n_steps"] == 3
    assert plain["stop_reason"] == "failed"
    assert len(read_history(tmp_path / "run")[0]) == 3


@pytest.mark.parametrize("optimizer", ["qnspsa", "spsa", "score"])
def test_a_loss_that_turns_nan_loses_nothing(optimizer, tmp_path):
    reached = []

    def loss(outputs, targets):
        losses = (torch.sigmoid(outputs[..., 0]) - targets).square().mean(dim=1)
        return losses * (float("nan") if len(reached) == 3 else 1)

    with pytest.raises(InputError, match="is nan: expected finite") as caught:
        small_run(
            optimizer=optimizer,
            loss=loss,
            callbacks=[lambda record, theta: reached.append(theta.copy())],
            out=tmp_path / "run",
        )
    arrays, plain = load_checkpoint(tmp_path / "run")
    assert (plain["n_steps"], plain["stop_reason"]) == (3, "failed")
    np.testing.assert_array_equal(arrays["theta"], reached[2])
    np.testing.assert_array_equal(caught.value.theta, reached[2])
    assert caught.value.__notes__ == [
        f"the angles after step 3 are in the checkpoint of {tmp_path / 'run'}"
    ]
    assert len(read_history(tmp_path / "run")[0]) == 3


def test_energies_on_all_samples_in_between():
    plain, looked = (small_run(steps=6, evaluate_every=every) for every in (None, 2))
    for before, record in zip(plain.history, looked.history, strict=True):
        full = record["step"] % 2 == 0
        assert ("full_energy" in record) == full
        assert record["circuits"] == before["circuits"] + record["step"] // 2
        assert record["shots"] == before["shots"] + 40 * (record["step"] // 2)
        assert record["energy"] == before["energy"]  # looking changes nothing
    np.testing.assert_array_equal(plain.theta, looked.theta)

    hypernet, data = small_hypernet(), small_task()
    loss = plh.NetworkLoss(hypernet.network, data.inputs, data.targets)
    exact = plh.Estimate.from_losses(loss(hypernet.sample(looked.theta, 20_000)))
    last = looked.history[-1]
    assert abs(last["full_energy"] - exact) < 5 * np.hypot(last["full_stderr"], exact.stderr)


@pytest.mark.parametrize("optimizer", ["qnspsa", "spsa", "score"])
def test_the_history_tells_what_the_shots_of_the_energy_chose(optimizer):
    """Of 7 shots shares are sevenths; those of the three energies of a step would be others."""
    hypernet = small_hypernet(shots=7)
    run = plh.train(hypernet, small_task(), optimizer, steps=8, progress=False)
    chosen = [record["choices"]["activation"] for record in run.history]
    for shares in chosen:
        assert sum(shares.values()) == pytest.approx(1, abs=2e-4)
        assert 7 * shares["sigmoid"] == pytest.approx(round(7 * shares["sigmoid"]), abs=1e-3)
    assert len({shares["sigmoid"] for shares in chosen}) > 1


def test_what_an_optimizer_has_to_say(capsys):
    run = small_run(progress=True, stepsize="auto")
    (message,) = run.history[0]["messages"]
    assert message.startswith("step size 0.")
    assert f"step 1: {message}" in capsys.readouterr().err
    assert all("messages" not in record for record in run.history[1:])
    assert run.history[-1]["overlaps"] == run.summary["overlaps"] == 4 * 6
    assert run.summary["circuits"] == 20 + 7 * 6


def test_a_run_that_never_started_leaves_nothing(tmp_path):
    network = plh.BinaryNetwork(40)
    hypernet = plh.QuantumHypernetwork(network, layers=20, shots=10)
    with pytest.raises(DeviceError, match="bond dimension of 1,048,576"):
        plh.train(hypernet, small_task(40), steps=2, progress=False, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_optimizer_that_has_only_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "save_pictures", lambda self: None)

    class Still:
        def step_and_cost(self, qnode, theta):
            return theta, qnode(theta)

    run = small_run(optimizer=Still(), entropy=(0.1, 0.0), out=tmp_path / "run", steps=2)
    assert run.history[0]["stderr"] > 0
    assert run.history[0]["objective"] < run.history[0]["energy"]
    assert "messages" not in run.history[0]
    assert "optimizer" not in load_checkpoint(tmp_path / "run")[1]


@pytest.mark.parametrize(("entropy", "kept"), [((0.1, 0.0), False), ((0.1, 0.1), True)])
def test_a_changing_objective_has_no_divergence_guard(entropy, kept):
    optimizer = plh.SPSAOptimizer(seed=0)
    Trainer(small_hypernet(), small_task(), optimizer, TrainingSettings(entropy=entropy))
    assert (optimizer.guard is not None) == kept


def test_an_undo_touches_no_other_run(tmp_path):
    """The first step fails, and meanwhile another run has begun beside it."""

    class Failing:
        def step_and_cost(self, qnode, theta):
            (tmp_path / "runs" / "002").mkdir()
            raise DeviceError("refused")

    with pytest.raises(DeviceError, match="refused"):
        small_run(optimizer=Failing(), out=tmp_path / "runs" / "001")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["002"]


def test_a_folder_that_cannot_be_made_leaves_no_parents(tmp_path):
    with pytest.raises(RunFolderError, match="cannot be written"):
        small_run(out=tmp_path / "x" / "y" / ("z" * 300))
    assert not list(tmp_path.iterdir())


def test_a_loss_of_ones_own(tmp_path):
    def zero_one(outputs, targets):
        return ((outputs[..., 0] > 0) != (targets == 1)).double().mean(dim=1)

    run = small_run(loss=zero_one, out=tmp_path / "run")
    assert 0 <= run.summary["energy"]["mean"] <= 1
    with pytest.raises(InputError, match="a loss of its own"):
        _ = plh.load(tmp_path / "run", data=small_task()).evaluation
    again = plh.load(tmp_path / "run", data=small_task(), loss=zero_one)
    assert judged_again(again) == run.summary


def test_an_unseeded_run_writes_down_its_seed(tmp_path):
    run = small_run(seed=None, validation=0.3, out=tmp_path / "run")
    assert run.config.seed == run.summary["seed"] is not None
    loaded = plh.load(tmp_path / "run", data=small_task())
    np.testing.assert_array_equal(loaded.data.test_inputs, run.data.test_inputs)
    assert judged_again(loaded) == run.summary


def test_a_run_does_not_depend_on_what_was_sampled_before():
    hypernet = small_hypernet()
    energies = []
    for _ in range(2):
        hypernet.sample(hypernet.start_angles(), 30)
        run = plh.train(hypernet, small_task(), steps=3, progress=False, evaluation_shots=10)
        energies.append([record["energy"] for record in run.history])
    assert energies[0] == energies[1]


def test_loading_leaves_a_hypernetwork_as_it_is(tmp_path):
    run = small_run(out=tmp_path / "run")
    hypernet = small_hypernet(seed=5)
    expected = small_hypernet(seed=5).sample(run.theta, 30)
    plh.load(tmp_path / "run", hypernet=hypernet, data=small_task())
    np.testing.assert_array_equal(hypernet.sample(run.theta, 30), expected)


def test_gate_classes_and_none_in_the_options_of_a_config(tmp_path):
    hypernet = small_hypernet(max_bond_dim=None, ansatz_options={"rotations": (qml.RX, qml.RZ)})
    plh.train(hypernet, small_task(), steps=1, progress=False, out=tmp_path / "run")
    config = RunConfig.read(tmp_path / "run" / "config.toml")
    assert config.ansatz_options == {"rotations": ["RX", "RZ"]}
    assert config.device_options == {}


def test_an_ansatz_of_ones_own(tmp_path):
    def ansatz(theta, wires):
        for i, wire in enumerate(wires):
            qml.RY(theta[i], wires=wire)
        qml.CNOT(wires=[wires[0], wires[-1]])

    network = plh.BinaryNetwork(4, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, ansatz=ansatz, n_angles=6, shots=50)
    run = plh.train(
        hypernet, small_task(), steps=5, progress=False, out=tmp_path / "run", evaluation_shots=20
    )
    assert run.theta.shape == (6,)
    with pytest.raises(InputError, match="hand over its QuantumHypernetwork"):
        plh.load(tmp_path / "run", data=small_task())
    again = plh.load(tmp_path / "run", hypernet=hypernet, data=small_task())
    np.testing.assert_array_equal(again.theta, run.theta)


def test_stock_optimizers_train_too(tmp_path):
    run = small_run(optimizer=qml.SPSAOptimizer(maxiter=10), steps=3, out=tmp_path / "run")
    assert run.summary["optimizer"] == "custom"
    assert [line["circuits"] for line in run.history] == [3, 6, 9]


def test_sample_and_energy():
    hypernet = small_hypernet()
    theta = hypernet.start_angles()
    bits = hypernet.sample(theta, shots=500)
    assert bits.shape == (500, 6)
    assert bits.dtype == np.int8
    data = small_task()
    loss = plh.NetworkLoss(hypernet.network, data.inputs, data.targets)
    energy = hypernet.energy(theta, loss, shots=2000)
    assert energy.shots == 2000
    assert abs(energy - loss(hypernet.sample(theta, 2000)).mean()) < 8 * energy.stderr
    assert np.array_equal(hypernet.start_angles(), theta)


@pytest.mark.parametrize("shots", [0, -1, 1.5, True])
def test_shots_that_are_none_are_not_the_default(shots):
    hypernet = small_hypernet()
    theta = hypernet.start_angles()
    for ask in (hypernet.sample, lambda *args: hypernet.energy(args[0], len, args[1])):
        with pytest.raises(InputError, match=f"shots={shots}: expected an int of at least 1"):
            ask(theta, shots)
    assert hypernet.sample(theta, np.int64(1)).shape == (1, 6)


def test_a_device_object_with_its_wires():
    network = plh.BinaryNetwork(4)
    dev = qml.device("default.qubit", wires=["a", "b", "c", "d", "e"], seed=0)
    hypernet = plh.QuantumHypernetwork(network, dev, shots=20)
    assert hypernet.sample(hypernet.start_angles()).shape == (20, 5)
    with pytest.raises(InputError, match="has 3 wires but the network needs 5"):
        plh.QuantumHypernetwork(network, qml.device("default.qubit", wires=3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: small_hypernet(shots=0), InputError, "shots=0: expected an int of at least 2"),
        (lambda: small_hypernet(shots=None), InputError, "shots=None: expected an int"),
        (lambda: small_hypernet(ansatz=len), InputError, "ansatz and n_angles go together"),
        (lambda: small_hypernet(ansatz=len, n_angles=0), InputError, "n_angles=0"),
        (lambda: small_hypernet(layers=-1), InputError, "n_layers=-1"),
        (lambda: small_hypernet(seed=-1), InputError, "seed=-1"),
        (lambda: small_hypernet(start="bogus"), InputError, "unknown start 'bogus'"),
        (lambda: small_hypernet(ansatz_options={"colour": 1}), InputError, "option of the ansatz"),
        (
            lambda: small_run(stepsize=1 + 0j, out="never"),
            InputError,
            r"stepsize=\(1\+0j\): expected a positive",
        ),
        (lambda: small_hypernet("foo.bar"), DeviceError, "not installed"),
        (lambda: small_run(data=small_task(3)), InputError, "data have 3 inputs, the network 4"),
        (lambda: small_run(data=3), DataError, "expected a Data"),
        (lambda: small_run(optimizer="adam"), InputError, "unknown optimizer 'adam'"),
        (lambda: small_run(optimizer=3), InputError, "step_and_cost"),
        (lambda: small_run(steps=0), InputError, "steps=0"),
        (lambda: small_run(colour=3), InputError, "no option 'colour'"),
        (lambda: plh.QuantumHypernetwork(torch.nn.Linear(3, 2)), InputError, "TorchNetwork"),
        (lambda: small_run(loss="hinge"), InputError, "unknown loss 'hinge'"),
        (lambda: small_run(theta=np.zeros(3)), InputError, r"shape \(3,\): expected \(5, 6\)"),
        (lambda: small_run(theta=np.full((5, 6), np.nan)), InputError, "NaN or infinite angles"),
        (lambda: small_run(out="/dev/null/run"), RunFolderError, "cannot be written"),
        (lambda: plh.load("/dev/null"), RunFolderError, "not a run folder"),
        (lambda: RunConfig.checked({"colour": 1}), InputError, "unknown setting 'colour'"),
        (lambda: RunConfig.read("/dev/null/x"), RunFolderError, "cannot be read"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_damaged_folders(tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"damaged")
    with pytest.raises(RunFolderError, match="is damaged"):
        load_checkpoint(tmp_path)
    counts = {"circuits": 1, "overlaps": 0, "shots": 10}
    record = {"step": 1, "energy": 0.5, "stderr": None, **counts, "seconds": 0.1}
    (tmp_path / "history.jsonl").touch()
    history = History(tmp_path)
    history.append(record)
    digest = history.kept()
    history.close()
    with open(tmp_path / "history.jsonl", "a") as file:
        file.write('{"step": 2, "ener')
    assert read_history(tmp_path) == ([record], digest)
    with pytest.raises(InputError, match="is not TOML"):
        RunConfig.read(tmp_path / "history.jsonl")


def test_next_run_folder(tmp_path):
    first, second = NextRunFolder(tmp_path), NextRunFolder(tmp_path)
    assert first.path == second.path == tmp_path / "001"
    assert [folder.make().name for folder in (first, second)] == ["001", "002"]
    assert first.make().name == "001"


def test_66_qubits_hold():
    """A shortened main job; benchmarks/main_job.py runs it in full for ten seeds."""
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, seed=0)
    assert hypernet.n_angles == 330
    run = plh.train(hypernet, plh.datasets.mnist(), steps=250, progress=False)
    energies = np.array([record["energy"] for record in run.history])
    assert energies[:10].mean() > 1
    assert energies[-20:].mean() < 0.3
    assert run.summary["test_accuracy"]["vote"] > 0.97
