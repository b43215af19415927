"""The real command, in a process of its own."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pl_hypernet.cli import main
from pl_hypernet.settings.file import read_settings
from pl_hypernet.settings.merge import merge_settings
from pl_hypernet.testing import ALPHA

COMMAND = str(Path(sys.executable).with_name("pl-hypernet"))
AWS = ["--device", "braket.aws.qubit", "--device-option"]
GARNET = "device_arn=arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
SV1 = "device_arn=arn:aws:braket:::device/quantum-simulator/amazon/sv1"
SMALL = ["--steps", "3", "--shots", "20", "--batch-size", "50"]


def run(*arguments, cwd, check=True, **options):
    result = subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, **options
    )
    assert not check or result.returncode == 0, result.stderr
    return result


def run_here(*arguments, cwd, check=True):
    """As :func:`run`, in this process, as starting one takes seconds."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["pl-hypernet", *map(str, arguments)])
        try:
            main.run()
        except SystemExit as exit_:
            code = exit_.code or 0
    assert not check or code == 0, err.getvalue()
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one short run of the main job in runs/001."""
    folder = tmp_path_factory.mktemp("trained")
    result = run("train", *SMALL, cwd=folder)
    return folder, result


def test_train_prints_the_table_and_where_the_pictures_are(trained):
    folder, result = trained
    for text in ("66 qubits, 330 angles on hypernet.mps", "accuracy, vote by majority",
                 "activation = hard_sigmoid", "21 circuits (12 overlaps)",
                 "Written to runs/001", "Pictures (.png): "):  # fmt: skip
        assert text in result.stdout
    assert "step 3/3  E = " in result.stderr
    assert "±" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 100
    summary = json.loads((folder / "runs/001/summary.json").read_text())
    assert summary["n_qubits"] == 66
    assert summary["n_angles"] == 330
    assert len((folder / "runs/001/history.jsonl").read_text().splitlines()) == 3


def test_evaluate_and_report_and_sample(trained, tmp_path):
    folder, _ = trained
    summary = json.loads((folder / "runs/001/summary.json").read_text())
    assert json.loads(run_here("evaluate", "runs/001", "--json", cwd=folder).stdout) == summary
    (folder / "runs/001/energy.png").unlink()
    report = run_here("report", "runs/001", cwd=folder)
    assert "66 qubits on hypernet.mps" in report.stdout
    assert (folder / "runs/001/energy.png").stat().st_size > 5000
    bits = tmp_path / "bits.npy"
    sample = run_here("sample", "runs/001", "--shots", 30, "--seed", 1, "--out", bits, cwd=folder)
    assert "30 shots on hypernet.mps" in sample.stdout
    drawn = np.load(bits)
    assert drawn.shape == (30, 66)
    assert set(np.unique(drawn)) == {0, 1}


def test_config_reruns_a_run(trained, tmp_path):
    folder, _ = trained
    run_here(
        "train",
        "--config",
        folder / "runs/001/config.toml",
        "--out",
        tmp_path / "again",
        cwd=folder,
    )
    histories = [
        [json.loads(line)["energy"] for line in (path / "history.jsonl").read_text().splitlines()]
        for path in (folder / "runs/001", tmp_path / "again")
    ]
    assert histories[0] == histories[1]


def test_own_data_on_another_device(tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(80, 4))
    np.savez(tmp_path / "own.npz", inputs=inputs, targets=inputs[:, 0] > 0.5)
    result = run_here(
        "train", *SMALL, "--data", "own.npz", "--validation", 0.25, "--activation", "sigmoid",
        "--device", "lightning.qubit", "--layers", 1, "--seed", 4, "--out", "here",
        "--optimizer-option", "stepsize=0.02", cwd=tmp_path,
    )  # fmt: skip
    assert "5 qubits, 15 angles on lightning.qubit" in result.stdout
    summary = json.loads((tmp_path / "here/summary.json").read_text())
    assert summary["device"] == "lightning.qubit"
    assert summary["seed"] == 4
    assert summary["choices"] == {}
    sampled = run_here("sample", "here", "--device", "default.qubit", "--shots", 50, cwd=tmp_path)
    assert "50 shots on default.qubit" in sampled.stdout
    assert "The same angles on both devices" in sampled.stdout
    p_value = float(
        re.search(r"test\s+of\s+the\s+shots'\s+accuracy:\s+p\s+=\s+(\S+);", sampled.stdout)[1]
    )
    assert p_value > ALPHA


def test_help_and_version_and_devices(tmp_path):
    top = run_here("--help", cwd=tmp_path)
    for command in ("train", "sample", "evaluate", "report", "devices"):
        assert command in top.stdout
    assert "--max-bond-dim" in run_here("train", "--help", cwd=tmp_path).stdout
    assert run_here("--version", cwd=tmp_path).stdout.startswith("pl-hypernet 0.")
    listed = run_here("devices", cwd=tmp_path).stdout
    for name in ("hypernet.mps", "lightning.qubit", "braket.local.qubit"):
        assert name in listed


def test_help_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; sys.argv = ['pl-hypernet', '--help']\n"
        "from pl_hypernet.cli.main import run\n"
        "try: run()\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'pennylane', 'numpy', 'numba', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "foo.bar"], "device 'foo.bar' is not installed: install"),
        (["--device", "lightning.qubit"], "wires here, not 66: use hypernet.mps"),
        (["--device", "cirq.simulator"], "pip install pennylane-cirq, or choose one of"),
        (["--device", "braket.aws.qubit"], "needs a device_arn, as arn:aws:braket:"),
        ([*AWS, "device_arn=arn:nowhere"], "'arn:nowhere' is no ARN of a Braket device"),
        (
            [*AWS, GARNET],
            "NoCredentialsError: Unable to locate credentials; set AWS_",
        ),
        ([*AWS, SV1], "Amazon Braket: NoRegionError: You must specify a region"),
        ([*AWS, GARNET, "--shots", "0"], "shots=0"),
        ([*AWS, "emulator=iqm-54"], "66 wires on a QPU of 54 qubits: choose a larger QPU"),
        ([*AWS, "emulator=rigetti-108"], "on an emulated QPU with noise=True, which stops at 12"),
        (["--device-option", "wires=3"], "device option 'wires'"),
        (["--device-option", "max_bnd_dim=3"], "no option 'max_bnd_dim': did you mean 'max_bond_"),
        (["--data-option", "digit=3,8"], "dataset 'mnist': no option 'digit': did you mean 'digi"),
        (["--device-option", "red"], "expected key=value"),
        (["--max-bond-dim", "0"], "max_bond_dim=0: expected an int of at least 1"),
        (["--layers", "30"], "of 1,073,741,824 at 66 wires, too large to hold: set max_bond_dim"),
        (
            ["--data", "cifar"],
            "unknown dataset 'cifar': did you mean 'cifar10'? Or choose one of mnist, fashion_mn",
        ),
        (["--data", "nan.npz"], "values that are NaN or infinite"),
        (["--data", "flat.npz"], "expected (n_samples, n_inputs)"),
        (["--data-option", "size=99"], "size=99: expected 1 to 28"),
        (["--activation", "relu"], "unknown activation 'relu': choose one of"),
        (["--choice", "activation=sigmoid,relu"], "unknown activation 'relu'"),
        (["--choice", "depth=1,2"], "unknown choice 'depth': choose one of activation, hidden"),
        (["--choice", "neurons"], "choice 'neurons': expected the number of a layer, as neurons.0"),
        (["--choice", "neurons.0"], "expected the number of a hidden layer, none here"),
        (["--network", "8-1", "--choice", "skip.0"], "8 neurons behind 64 cannot be skipped"),
        (["--choice", "dropout.0=100"], "groups=100: the layer has only 64 weights"),
        (["--choice", "dropout.0=x"], "expected no value, or dropout.0=GROUPS"),
        (["--choice", "dropout.0=8,3,4"], "expected no value, or dropout.0=GROUPS"),
        (["--choice", "dropout.0=8,-1"], "seed=-1: expected a whole number of at least 0"),
        (["--choice", "dropout.0=[]"], "expected no value, or dropout.0=GROUPS"),
        (["--choice", "dropout.²"], "expected the number of a layer, as dropout.0"),
        (["--network", "4-1", "--choice", "hidden=[[1]],[2]"], "unknown hidden activation"),
        (
            ["--network", "4-1", "--choice", "hidden=sign,relu", "--choice", "hidden.0=tanh,relu"],
            "choices hidden and hidden.0: give one for all layers, or for each",
        ),
        (
            ["--choice", "features=pca:4,random:4", "--data-option", "features=pca:16"],
            "are fixed, and a choice is left to a qubit",
        ),
        (["--penalty", "depth.2=0.1"], "choose one of activation.sigmoid, activation.hard_sigmoid"),
        (["--activation", "identity"], "mnist has classes, activation='identity' is for targets"),
        (
            [
                "--network",
                "8-8-8-1",
                "--hidden",
                "sign",
                "--hidden",
                "tanh",
                "--choice",
                "hidden.2=sign,relu",
            ],
            "expected one for all layers, or a list of 3",
        ),
        (["--choice", "values=1,2"], "expected two or more integers"),
        (["--choice", "values"], "choice values=True: expected its options, as A,B"),
        (["--choice", "values.1=binary,ternary"], "the network has no such layer"),
        (["--bias", "7-it"], "bias: expected True, False, or values"),
        (["--bias", "6-bit", "--bias", "no"], "expected one for all layers, or a list of 1"),
        (["--values", "1,1"], "expected two or more integers from -64 to 63, not all equal"),
        (["--values", "ternary", "--values", "binary"], "expected one for all layers, or a list"),
        (["--hidden", "step", "--network", "4-1"], "unknown hidden activation 'step'"),
        (["--fix", "layers.1.bias=0"], "no bit is named 'layers.1.bias'"),
        (["--fix", "layers.0.bias=2"], "expected a bit 0 or 1"),
        (["--fix", "layers=0", "--activation", "sigmoid"], "every bit is fixed"),
        (["--tie", "layers.0.bias"], "expected names of bits, as A=B"),
        (["--tie", "layers.0.bias=layers.0.weight"], "expected two or more names of equally many"),
        (["--choice", "hidden=relu,sigmoid"], "has no hidden one to choose"),
        (["--network", "large"], "expected the sizes of the layers"),
        (["--network", "3"], "data have 2 classes, the network tells 3 apart"),
        (["--shots", "0"], "shots=0"),
        (["--shots"], "Option '--shots' requires an argument"),
        (["--shots", "many"], "Invalid value for '--shots'"),
        (["--steps", "0"], "steps=0"),
        (["--seed", "-1"], "seed=-1"),
        (["--optimizer", "adam"], "unknown optimizer 'adam'"),
        (["--optimizer-option", "stepsize=inf"], "stepsize=inf: expected a positive number"),
        (["--optimizer-option", "resamplings=1.5"], "expected a whole number"),
        (["--device-option", "max_bond_dim=2.5"], "max_bond_dim=2.5: expected an int"),
        (["--data", "empty.npz"], "cannot be read as npz"),
        (["--config", "nan.npz"], "nan.npz is not TOML"),
        (["--config", "table.toml", "--data-option", "size=8"], "expected a table of options"),
        (["--optimizer-option", "stepsize=-1"], "stepsize=-1: expected a positive number"),
        (["--optimizer-option", "stepsize=0"], "stepsize=0: expected a positive number"),
        (["--optimizer-option", "resamplings=0"], "resamplings=0: expected a positive number"),
        (["--optimizer-option", "metric=full"], "unknown metric 'full': choose one of sampled"),
        (["--evaluate-every", "0"], "evaluate_every=0"),
        (["--config", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["--config", "bad.toml"], "unknown setting 'colour'"),
        (["--out", "there"], "there exists already"),
        (["--out", "file/run"], "file/run cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments, message, tmp_path, monkeypatch, capsys
):
    """In this process; the next test does it for real."""
    np.savez(tmp_path / "nan.npz", inputs=np.full((4, 2), np.nan), targets=[0, 1, 0, 1])
    np.savez(tmp_path / "flat.npz", inputs=np.ones(4), targets=[0, 1, 0, 1])
    (tmp_path / "bad.toml").write_text("colour = 1\n")
    (tmp_path / "table.toml").write_text("data_options = 3\n")
    (tmp_path / "empty.npz").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["pl-hypernet", "train", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main.run()
    assert exit_.value.code == 2
    stderr = capsys.readouterr().err
    lines = [line for line in stderr.splitlines() if line]
    assert len(lines) == 1, stderr
    assert lines[0].startswith("pl-hypernet: ")
    assert message in lines[0]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("runs", "arguments", "message"),
    [
        (run, ["train", "--device", "foo.bar"], "device 'foo.bar' is not installed"),
        (run, ["dance"], "No such command 'dance'"),
        (run_here, ["train", *AWS, "emulator=iqm-20"], "66 wires on a QPU of 20 qubits"),
        (run_here, ["plan", "--device", "default.qubit"], "wires here, not 66: use hypernet.mps"),
        (run_here, ["train", "--out", "/dev/null/run"], "cannot be written"),
        (run_here, ["evaluate", "."], "is not a run folder"),
    ],
)
def test_bad_input_of_other_commands(runs, arguments, message, tmp_path):
    result = runs(*arguments, cwd=tmp_path, check=False)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_bad_samples(trained, tmp_path, monkeypatch, capsys):
    folder, _ = trained
    (tmp_path / "there.npy").touch()
    monkeypatch.chdir(folder)
    for arguments, message in (
        (["--shots", "0"], "--shots 0: expected at least 2"),
        (["--device", "lightning.qubit"], "wires here, not 66: use hypernet.mps"),
        (["--out", str(tmp_path / "there.npy")], "exists already"),
        (["--out", "there"], "ends in .npy"),
        (["--seed", "-1"], "seed=-1"),
        (["--device-option", "layers=3"], "device option 'layers'"),
    ):
        monkeypatch.setattr(sys, "argv", ["pl-hypernet", "sample", "runs/001", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main.run()
        assert exit_.value.code == 2
        assert message in capsys.readouterr().err


def test_a_run_on_an_emulated_qpu_and_elsewhere(tmp_path):
    """Rehearsed on a QPU, taken up again without paying, measured on another device."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3))
    targets = (inputs[:, 0] > 0).astype(int)
    np.savez(tmp_path / "small.npz", inputs=inputs, targets=targets)
    job = ["--data", "small.npz", "--layers", 1, "--steps", 2, "--shots", 30]
    run_here("train", *AWS, "emulator=iqm-20", *job, cwd=tmp_path)
    folder = tmp_path / "runs" / "001"
    lines = [json.loads(line) for line in (folder / "tasks.jsonl").read_text().splitlines()]
    assert sum("task" in line for line in lines) == 3
    assert 'emulator = "iqm-20"' in (folder / "config.toml").read_text()
    sampled = run_here("sample", folder, "--device", "default.qubit", "--shots", 200, cwd=tmp_path)
    assert "The same angles on both devices" in sampled.stdout
    assert "braket.aws.qubit" in sampled.stdout
    assert "p = " in sampled.stdout


def test_ctrl_c_leaves_what_was_reached(tmp_path):
    process = subprocess.Popen(
        [COMMAND, "train", "--steps", "100000", "--shots", "20", "--out", "run"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    history = tmp_path / "run" / "history.jsonl"
    deadline = time.monotonic() + 120
    while not (history.exists() and history.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert "Stopped after step" in stdout
    assert "Traceback" not in stderr
    steps = json.loads((tmp_path / "run" / "summary.json").read_text())["steps"]
    assert steps == len(history.read_text().splitlines())
    assert (tmp_path / "run" / "overview.png").exists()
    loaded = run_here("evaluate", "run", "--json", cwd=tmp_path)
    assert json.loads(loaded.stdout)["steps"] == steps


def test_objectives_as_typed(tmp_path):
    options = ["--entropy", "0.02:0", "--mmd", "0.1", "--penalty", "activation.hard_sigmoid=0.01"]
    more = ["--scale", "0.5", "--evaluate-every", "1"]
    run_here("train", *SMALL, *options, *more, cwd=tmp_path)
    config = (tmp_path / "runs/001/config.toml").read_text()
    assert "scale = 0.5\n" in config
    history = (tmp_path / "runs/001/history.jsonl").read_text().splitlines()
    assert all("full_energy" in json.loads(line) for line in history)
    assert re.search(r"entropy = \[\s*0.02,\s*0.0,?\s*\]\nmmd = 0.1\n", config)
    assert "[penalties.activation]\nhard_sigmoid = 0.01" in config
    refused = run_here("train", *SMALL, "--penalty", "activation.relu=1", cwd=tmp_path, check=False)
    assert refused.returncode == 2
    assert "unknown option of activation 'relu'" in refused.stderr


def test_what_is_typed_takes_the_place_of_a_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        'hidden = "tanh"\n[choices]\n"hidden.1" = ["sign", "relu"]\n"neurons.0" = true\n'
    )

    def merged(given, choices):
        made = merge_settings(read_settings(path), given | {"choices": choices})
        return made.get("hidden"), made["choices"]

    of_layer, neurons = {"hidden.1": ["sign", "relu"]}, {"neurons.0": True}
    assert merged({}, {}) == ("tanh", of_layer | neurons)
    assert merged({"hidden": "relu"}, {}) == ("relu", neurons)
    both = {"hidden": ["sign", "tanh"]}
    assert merged({}, both) == (None, neurons | both)
    other = {"hidden.0": ["sign", "tanh"], "neurons.1": True}
    assert merged({}, other) == ("tanh", of_layer | neurons | other)
