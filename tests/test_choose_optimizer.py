"""optimizer="auto": which one, why, and where it is said."""

import re

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.training.choose_optimizer import choose_optimizer

N = 66
MEASURED = "so derivatives are measured: 27 circuits a step"


def template(layers, n_wires=N, **options) -> list:
    theta = np.zeros(plh.HardwareEfficientAnsatz.shape(layers, n_wires))
    return [plh.HardwareEfficientAnsatz(theta, range(n_wires), **options)]


def own(layers=2) -> list:
    """Rotations of pairs of neighbours, gate by gate."""
    gates = [qml.RY(0.1, wire) for wire in range(N)]
    for layer in range(layers):
        gates += [qml.IsingXX(0.3, (wire, wire + 1)) for wire in range(layer % 2, N - 1, 2)]
    return gates


@pytest.mark.parametrize(
    ("device", "options", "operations", "settings", "name", "reason"),
    [
        ("hypernet.mps", {}, template(2), {}, "pathwise", "and of <Z> are exact here"),
        ("lightning.qubit", {"seed": 1}, template(0), {}, "pathwise", "exact here"),
        ("braket.local.qubit", {}, template(6), {}, "pathwise", "exact here"),
        ("hypernet.mps", {}, template(2), {"entropy": True}, "pathwise", "exact here"),
        ("hypernet.mps", {}, own(), {}, "pathwise", "exact here"),
        ("hypernet.mps", {"max_bond_dim": 64}, template(2), {}, "pathwise", "exact here"),
        ("braket.local.qubit", {"backend": "braket_sv"}, template(2), {}, "pathwise", "exact"),
        ("hypernet.mps", {}, template(2, 200), {"own_loss": True}, "score", "log p is exact here"),
        ("hypernet.mps", {}, template(7), {}, "spsa", "of 128, above 64, and .* take 227 circuits"),
        ("hypernet.mps", {}, own(14), {}, "spsa", "of 128, above 64, and which angles"),
        ("hypernet.mps", {}, template(4, pattern="ring"), {}, "pathwise", "of 256, .* 95 circuits"),
        ("hypernet.mps", {"max_bond_dim": 2}, template(2), {}, "pathwise", "truncated .* 27 circ"),
        ("braket.aws.qubit", {}, template(2), {}, "pathwise", f"may be noisy, {MEASURED}"),
        ("braket.aws.qubit", {}, template(2), {"entropy": True}, "spsa", "may be noisy"),
        ("braket.aws.qubit", {}, template(2, 200), {"own_loss": True}, "spsa", "own .* noisy"),
        ("braket.aws.qubit", {}, template(5), {}, "spsa", "noisy, and .* take 123 circuits a step"),
        ("braket.aws.qubit", {}, own(), {}, "spsa", "noisy, and which angles of an ansatz of your"),
        ("default.mixed", {}, template(2), {}, "pathwise", "may be noisy"),
        ("foo.bar", {}, template(2), {}, "pathwise", "may be noisy"),
        ("braket.local.qubit", {"backend": "braket_dm"}, template(2), {}, "pathwise", MEASURED),
    ],
)  # fmt: skip
def test_choice(device, options, operations, settings, name, reason):
    chosen, why = choose_optimizer(device, options, operations, **settings)
    assert chosen == name
    assert re.search(reason, why)


def test_a_loss_of_your_own_is_flipped_where_qubits_are_few():
    for device in ("hypernet.mps", "braket.aws.qubit"):
        assert choose_optimizer(device, {}, template(2, 12), own_loss=True)[0] == "pathwise"


def test_training_says_why_and_keeps_the_choice(tmp_path, capsys):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (60, 3))
    data = (inputs, (inputs[:, 0] > inputs[:, 1]).astype(int))
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3, activation="sigmoid"), shots=50)
    run = plh.train(hypernet, data, optimizer="auto", steps=3, out=tmp_path / "run")
    assert "optimizer pathwise: derivatives through the network" in capsys.readouterr().err
    assert run.summary["optimizer"] == "pathwise"
    assert plh.load(tmp_path / "run", data=data).config.optimizer == "pathwise"


@pytest.mark.parametrize(("layers", "chosen", "circuits"), [(1, "pathwise", 11), (6, "spsa", 3)])
def test_a_plan_says_why(tmp_path, layers, chosen, circuits):
    inputs = np.random.default_rng(0).normal(size=(20, 30))
    np.savez(tmp_path / "small.npz", inputs=inputs, targets=(inputs[:, 0] > 0).astype(int))
    device = {"device": "braket.aws.qubit", "device_options": {"emulator": "rigetti-108"}}
    data = str(tmp_path / "small.npz")
    planned = plh.plan(optimizer="auto", data=data, layers=layers, **device)
    assert planned["optimizer"] == chosen
    assert any(f"optimizer {chosen}: " in remark for remark in planned["remarks"])
    assert planned["per_step"]["circuits"] == circuits
