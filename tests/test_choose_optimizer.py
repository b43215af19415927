"""optimizer="auto": which one, why, and where it is said."""

import numpy as np
import pytest

import pl_hypernet as plh
from pl_hypernet.mps.closed_form import closed_form
from pl_hypernet.training.choose_optimizer import choose_optimizer


@pytest.mark.parametrize(
    ("device", "options", "ansatz_options", "layers", "name", "reason"),
    [
        ("hypernet.mps", {}, {}, 2, "score", "bond dimension 4"),
        ("lightning.qubit", {"seed": 1}, {}, 0, "score", "dimension 1"),
        ("braket.local.qubit", {}, {}, 6, "score", "bond dimension 64"),
        ("hypernet.mps", {}, {}, 7, "spsa", "bond dimension of 128"),
        ("hypernet.mps", {}, {"pattern": "ring"}, 4, "spsa", "of 256"),
        ("hypernet.mps", {"max_bond_dim": 2}, {}, 2, "spsa", "truncated"),
        ("hypernet.mps", {"max_bond_dim": 64}, {}, 2, "score", "dimension 4"),
        ("hypernet.mps", {}, None, 2, "spsa", "ansatz of your own"),
        ("braket.aws.qubit", {}, {}, 2, "spsa", "may be noisy"),
        ("default.mixed", {}, {}, 2, "spsa", "may be noisy"),
        ("foo.bar", {}, {}, 2, "spsa", "may be noisy"),
        ("braket.local.qubit", {"backend": "braket_sv"}, {}, 2, "score", "4"),
        ("braket.local.qubit", {"backend": "braket_dm"}, {}, 2, "spsa", "no"),
    ],
)
def test_choice(device, options, ansatz_options, layers, name, reason):
    form = None
    if ansatz_options is not None:
        theta = np.zeros(plh.HardwareEfficientAnsatz.shape(layers, 66))
        form = closed_form(plh.HardwareEfficientAnsatz(theta, range(66), **ansatz_options))
    chosen, why = choose_optimizer(device, options, form)
    assert chosen == name
    assert reason in why


def test_training_says_why_and_keeps_the_choice(tmp_path, capsys):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (60, 3))
    data = (inputs, (inputs[:, 0] > inputs[:, 1]).astype(int))
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3, activation="sigmoid"), shots=50)
    run = plh.train(hypernet, data, optimizer="auto", steps=3, out=tmp_path / "run")
    assert "optimizer score: log p is exact here (bond dimension 4)" in capsys.readouterr().err
    assert run.summary["optimizer"] == "score"
    assert plh.load(tmp_path / "run", data=data).config.optimizer == "score"


def test_a_plan_says_why(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(20, 3))
    np.savez(tmp_path / "small.npz", inputs=inputs, targets=(inputs[:, 0] > 0).astype(int))
    settings = {"data": str(tmp_path / "small.npz"), "device": "default.mixed", "layers": 1}
    planned = plh.plan(optimizer="auto", **settings)
    assert planned["optimizer"] == "spsa"
    assert any("optimizer spsa" in remark for remark in planned["remarks"])
    assert planned["per_step"]["overlaps"] == 0
