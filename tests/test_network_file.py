"""Networks that a file of a user's own makes: the command, from training to predictions."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import pl_hypernet as plh
from pl_hypernet.cli import main as command
from pl_hypernet.errors import InputError, NetworkWarning
from pl_hypernet.settings.file import read_settings
from pl_hypernet.training.run import Run

MINE = """
import neighbour
from torch import nn
import pl_hypernet as plh

def build(n_outputs, width=3):
    return nn.Sequential(
        nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), neighbour.activation(),
        nn.Flatten(), nn.Linear(16 * width, n_outputs),
    )

def rows(*, n_inputs):
    return nn.Sequential(nn.Linear(n_inputs, 4), nn.Tanh(), nn.Linear(4, 1))

def whole():
    return plh.TorchNetwork(rows(n_inputs=36), 36, values="ternary")

def dense(n_inputs):
    return plh.BinaryNetwork(n_inputs, [3, 1])

def backbone(input_shape):
    assert input_shape == (1, 6, 6)
    module = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 1))
    return plh.TorchNetwork(module, input_shape, bits="3.*")

def number():
    return 3

def broken():
    raise KeyError("oh")

def wants(colour):
    return nn.Linear(36, 1)

def lazy():
    return nn.LazyLinear(1)

constant = 3
"""
NEIGHBOUR = """
from torch import nn
import pl_hypernet as plh

def activation():
    return plh.ChooseModule(nn.Tanh(), plh.Sign())
"""
SMALL = ["--data", "images.npz", "--steps", "2", "--shots", "5", "--evaluation-shots", "6",
         "--layers", "0", "--optimizer", "pathwise"]  # fmt: skip


DRAWN = Run.save_pictures


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """A folder with the files; gives a function that runs the command there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Run, "save_pictures", lambda self: [])  # which take longer than all else
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "neighbour.py").write_text(NEIGHBOUR)
    rng = np.random.default_rng(0)
    images = rng.normal(size=(60, 6, 6)).astype(np.float32)
    np.savez("images.npz", inputs=images, targets=(images[:, 0, 0] > 0).astype(int))

    def run(*arguments) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pl-hypernet", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command.run()
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_a_module_from_training_to_predictions(here, monkeypatch):
    monkeypatch.setattr(Run, "save_pictures", DRAWN)
    code, out, _ = here("train", *SMALL, "--network", "mine.py:build")
    assert code == 0
    assert "80 qubits and 6 real parameters" in out
    assert "shots with 2 = Tanh" in out
    written = read_settings("runs/001/config.toml")
    assert written["network"] == "mine.py:build"
    assert len(written["network_digest"]) == 16
    assert not {"hidden", "bias", "choices", "values"} & set(written)
    np.savez("new.npz", inputs=np.load("images.npz")["inputs"][:3])
    commands = (
        ["evaluate", "runs/001"],
        ["report", "runs/001"],
        ["sample", "runs/001", "--shots", "4", "--seed", "1", "--out", "bits.npy"],
        ["predict", "runs/001", "new.npz"],
        ["resume", "runs/001", "--steps", "3"],
        ["export", "runs/001", "--format", "torch"],
    )
    for arguments in commands:
        code, _, said = here(*arguments)
        assert code == 2
        assert said.count("\n") == 1
        assert "add --network mine.py:build" in said
        code, out, said = here(*arguments, "--network", "mine.py:build")
        assert code == 0, said
    assert "60 of 60" in out
    code, out, _ = here("plan", *SMALL, "--network", "mine.py:build", "--json")
    assert json.loads(out)["n_qubits"] == 80


def test_a_run_again_from_its_file_and_from_python(here):
    here("train", *SMALL, "--network", "mine.py:build")
    code, _, said = here("train", "--config", "runs/001/config.toml")
    assert code == 2
    assert "add --network mine.py:build" in said
    code, *_ = here("train", "--config", "runs/001/config.toml", "--network", "mine.py:build")
    assert code == 0
    assert read_settings("runs/001/config.toml") == read_settings("runs/002/config.toml")
    first, again = (plh.load(f"runs/00{n}", network="mine.py:build") for n in (1, 2))
    np.testing.assert_array_equal(first.bits, again.bits)
    assert first.judged().energy == again.judged().energy
    with pytest.raises(InputError, match=r"plh\.load\(folder, network='mine\.py:build'\)\)$"):
        plh.load("runs/001")


@pytest.mark.parametrize("name", ["rows", "whole", "backbone"])
def test_what_a_function_may_return(name, here):
    code, _, said = here("train", *SMALL, "--network", f"mine.py:{name}")
    assert code == 0, said
    run = plh.load("runs/001", network=f"mine.py:{name}")
    given = json.loads(Path("runs/001/summary.json").read_text())["energy"]["mean"]
    assert float(run.judged().energy) == pytest.approx(given, abs=1e-6)  # frozen weights are back
    if name == "rows":
        assert run.hypernet.network.input_shape == (36,)


def test_a_network_that_settings_describe_needs_no_file_afterwards(here):
    here("train", *SMALL, "--network", "mine.py:dense")
    assert read_settings("runs/001/config.toml")["network"] == [3, 1]
    assert plh.load("runs/001").hypernet.n_qubits == 36 * 3 + 3 + 3 + 1


def test_a_changed_file_is_said(here, tmp_path):
    here("train", *SMALL, "--network", "mine.py:rows")
    (tmp_path / "mine.py").write_text(MINE + "\n# later\n")
    code, _, said = here("evaluate", "runs/001", "--network", "mine.py:rows")
    assert code == 0
    assert said.count("\n") == 1
    assert "mine.py is not the file that the run was trained with" in said
    with pytest.warns(NetworkWarning, match="its digest is"):
        plh.load("runs/001", network="mine.py:rows")
    (tmp_path / "mine.py").write_text(
        MINE.replace("return nn.Seq", "return nn.Linear(36, 1) or nn.Seq")
    )
    code, _, said = here("evaluate", "runs/001", "--network", "mine.py:rows")
    assert code == 2
    assert "theta has shape" in said


def test_a_run_made_in_python_takes_a_file_too(here):
    data = np.load("images.npz")["inputs"], np.load("images.npz")["targets"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(36, 4), nn.Tanh(), nn.Linear(4, 1))
    hypernet = plh.QuantumHypernetwork(plh.TorchNetwork(module, 36), layers=0, shots=5)
    options = {"steps": 2, "evaluation_shots": 6, "progress": False}
    run = plh.train(hypernet, data, "score", out="runs/python", **options)
    for network in ("mine.py:rows", hypernet.network):
        again = plh.load("runs/python", data=data, network=network)
        np.testing.assert_array_equal(again.predict(data[0]), run.predict(data[0]))
    plh.train(
        plh.QuantumHypernetwork(plh.BinaryNetwork(36, [1]), layers=0, shots=5),
        data, "score", out="runs/binary", **options,
    )  # fmt: skip
    code, _, said = here("evaluate", "runs/binary", "--network", "mine.py:rows")
    assert code == 2
    assert "the network of this run is 1, no file's: leave out 'mine.py:rows'" in said


BAD = {
    "no file": (["no.py:build"], "no.py cannot be read"),
    "no function": (["mine.py:model"], "no function 'model': it has build, rows, whole"),
    "constant": (["mine.py:constant"], "no function 'constant'"),
    "no python": (["mine.txt:build"], "as mine.py:build"),
    "a number": (["mine.py:number"], "'number' returned 3; expected a torch.nn.Module"),
    "raises": (["mine.py:broken"], "'broken' raised KeyError: 'oh'; expected"),
    "wants": (["mine.py:wants"], "wants 'colour': it can have n_inputs, n_outputs, input_shape"),
    "lazy": (["mine.py:lazy"], "call the module once"),
    "hidden": (["mine.py:rows", "--hidden", "relu"], "hidden='relu' does not go with mine.py:rows"),
    "bias": (["mine.py:rows", "--bias", "no"], "bias=False does not go"),
    "choice": (["mine.py:rows", "--choice", "neurons.0"], "put plh.ChooseModule and the like"),
    "values": (["mine.py:whole", "--values", "ternary"], "makes the whole network"),
    "scale": (["mine.py:whole", "--scale", "2"], "scale=2.0 does not go"),
    "tie": (["mine.py:whole", "--tie", "a=b"], "tied="),
    "activation": (["mine.py:rows", "--activation", "hard_sigmoid"], "are logits; expected"),
    "syntax": (["syntax.py:build"], "syntax.py raised SyntaxError"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(what, here, tmp_path):
    (tmp_path / "syntax.py").write_text("def build(:\n")
    arguments, message = BAD[what]
    code, _, said = here("train", *SMALL, "--network", *arguments)
    assert code == 2
    assert said.count("\n") == 1
    assert message in said
    assert not (tmp_path / "runs").exists()


def test_what_to_write_for_a_module_in_hand():
    data = np.zeros((10, 6, 6)), np.arange(10) % 2
    with pytest.raises(InputError, match=r"TorchNetwork\(module, \(1, 6, 6\)\)\)$"):
        plh.train(nn.Linear(36, 1), data)
    with pytest.raises(InputError, match=r"write plh\.QuantumHypernetwork\(network\)$"):
        plh.train(plh.BinaryNetwork(36, [1]), data)
    with pytest.raises(InputError, match=r"write plh\.TorchNetwork\(module, input_shape\)"):
        plh.QuantumHypernetwork(nn.Linear(36, 1))
    with pytest.raises(InputError, match="are logits"):
        plh.TorchNetwork(nn.Linear(36, 1), 36, activation="hard_sigmoid")


LENET = """
import torch
from torch import nn

class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))
"""
MOBILE = """
from torch import nn
from torchvision.models import mobilenet_v3_small
import pl_hypernet as plh

def head(n_outputs):
    module = mobilenet_v3_small(num_classes=n_outputs, dropout=0.0)
    module.features[0][0] = nn.Conv2d(1, 16, 3, 2, 1, bias=False)
    return plh.TorchNetwork(module, (1, 28, 28), bits="classifier.3.*")
"""


def test_modules_of_others(here, tmp_path):
    """LeNet-5 as tutorials have it, and the head of a module of torchvision."""
    rng = np.random.default_rng(0)
    np.savez("digits.npz", inputs=rng.random((20, 28, 28)), targets=np.arange(20) % 10)
    (tmp_path / "lenet.py").write_text(LENET)
    (tmp_path / "mobile.py").write_text(MOBILE)
    options = ["--data", "digits.npz", "--steps", "1", "--shots", "2", "--evaluation-shots", "2",
               "--layers", "0", "--optimizer", "pathwise"]  # fmt: skip
    for file, said in (("lenet.py:LeNet5", "61,706 qubits"), ("mobile.py:head", "10,250 qubits")):
        code, out, error = here("train", *options, "--network", file)
        assert code == 0, error
        assert said in out
