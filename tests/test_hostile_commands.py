"""The command with hostile options: each ends well, or in one line and exit code 2.

PL_HYPERNET_CASES=2000 pytest tests/test_hostile_commands.py
"""

import sys
import traceback

import numpy as np
import pytest
import typer
from hostile import CASES, SEED, memory_limit, time_limit

import pl_hypernet as plh
from pl_hypernet.cli.main import app, run

VALUES = (
    "", " ", "0", "-1", "1", "2", "3.5", "1e308", "-1e-320", "nan", "inf", "10" * 20, "9" * 400,
    "true", "None", "[]", "{}", "a", "a=b", "=", "a=", "=1", "a=b=c", "1,2", ",", "1-1", "-",
    "x" * 5000, "\u0661", "\u2212" "1", "h\u00e9", "\U0001f600", "\ud800", "a\nb", "../..", "/",
    "/dev/null", "/dev/zero", "/nonexistent/x", "~", "config.toml", "small.npz", "small.csv",
    "none.npz", "mnist", "meta", "cuda:99", "hypernet.mps", "default.mixed", "null.qubit",
    "custom", "seed=-1", "wires=3", "shots=5", "max_bond_dim=0", "cutoff=nan", "precision=half",
    "n_samples=-5", "digits=3", "size=10000", "features=pca:0", "activation=sigmoid,tanh",
    "layers.0.bias=0", "layers.0=layers.1", "layers.0.weight[0, 0]=2", "hidden=relu,sign",
    "activation.sigmoid=nan", "stepsize=auto", "stepsize=-1", "resamplings=1e9", "pattern=ring",
    "cvar:0", "cvar:nan", "0.02:0", "1:2:3", "auto", "score", "pathwise", "uniform",
)  # fmt: skip
SMALL = ["--data", "small.npz", "--layers", "1", "--shots", "4", "--evaluation-shots", "4"]
COMMANDS = {  # what goes before the options, and options that would make a case long
    "plan": (SMALL, ()),
    "train": (
        [*SMALL, "--steps", "1", "--out", "out"],
        ("--steps", "--layers", "--shots", "--evaluation-shots", "--network"),
    ),
    "evaluate": (["run"], ()),
    "sample": (["run", "--shots", "4"], ()),
    "predict": (["run", "small.npz"], ()),
    "export": (["run", "--format", "packed", "--out", "out.npz"], ()),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    inputs = np.random.default_rng(0).uniform(size=(12, 3))
    targets = (inputs[:, 0] > 0.5).astype(int)
    np.savez(folder / "small.npz", inputs=inputs, targets=targets)
    rows = [",".join(map(str, row)) for row in np.c_[inputs, targets]]
    (folder / "small.csv").write_text("\n".join(["a,b,c,y", *rows]))
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=4)
    data = plh.datasets.load(folder / "small.npz")
    plh.train(hypernet, data, "spsa", 1, evaluation_shots=4, progress=False, out=folder / "run")
    (folder / "config.toml").write_bytes((folder / "run" / "config.toml").read_bytes())
    return folder


def options_of(command: str) -> list[tuple[str, bool]]:
    """Names of a command's options, and whether each is a flag."""
    parameters = typer.main.get_command(app).commands[command].params
    long = COMMANDS[command][1]
    named = [(p.opts[-1], p.is_flag) for p in parameters if p.opts[-1].startswith("--")]
    return [pair for pair in named if pair[0] not in ("--help", *long)]


def hostile_line(command: str, rng: np.random.Generator) -> list[str]:
    """A command line with one to three odd options or arguments."""
    line = [command, *COMMANDS[command][0]]
    options = options_of(command)
    for _ in range(rng.integers(1, 4)):
        value = VALUES[rng.integers(len(VALUES))]
        if rng.random() < 0.1:
            line[rng.integers(1, len(line))] = value
        else:
            name, is_flag = options[rng.integers(len(options))]
            line += [name] if is_flag else [name, value]
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_options(command, folder, monkeypatch, capfd, recwarn):
    monkeypatch.chdir(folder)
    rng = np.random.default_rng([SEED, len(command)])
    failed = []
    with memory_limit():
        for i in range(round(CASES * (5 if command == "plan" else 0.4))):
            line = hostile_line(command, rng)
            line = [f"out{SEED}-{i}" if word == "out" else word for word in line]
            monkeypatch.setattr(sys, "argv", ["pl-hypernet", *line])
            try:
                with time_limit():
                    run()
            except SystemExit as ended:
                said = capfd.readouterr().err
                one_line = said.count("pl-hypernet: ") == 1 and "Traceback" not in said
                if ended.code not in (0, None) and not (ended.code == 2 and one_line):
                    failed.append((line, ended.code, said))
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                failed.append((line, type(error).__name__, str(error)[:300], where))
    assert not failed, "\n".join(map(str, failed))
