"""The edges of the MPS engine: depth, size, odd operators, odd arguments, forks."""

import multiprocessing
from functools import partial

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet import memory
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.mps.cones import cones
from pl_hypernet.mps.layers import layers_of


def angles(n_layers, n_wires, seed=0):
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires)
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)


def run(n_layers, n_wires, measured, shots=None, theta=None, **options):
    dev = plh.device("hypernet.mps", wires=n_wires, seed=0)
    theta = angles(n_layers, n_wires) if theta is None else theta

    @qml.set_shots(shots)
    @qml.qnode(dev, diff_method=None)
    def circuit():
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires, **options)
        return measured()

    return circuit(), dev


@pytest.mark.parametrize(("n_wires", "n_layers"), [(1, 30), (2, 12), (4, 11), (5, 10)])
@pytest.mark.parametrize("pattern", ["chain", "ring"])
def test_deep_circuits_on_few_wires(n_wires, n_layers, pattern):
    (value, dev) = run(n_layers, n_wires, lambda: qml.expval(qml.Z(0)), pattern=pattern)
    ansatz = plh.HardwareEfficientAnsatz(angles(n_layers, n_wires), range(n_wires), pattern=pattern)
    vector = qml.matrix(ansatz, wire_order=range(n_wires))[:, 0]
    exact = np.abs(vector.reshape(2, -1) ** 2).sum(axis=1) @ [1, -1]
    assert value == pytest.approx(exact, abs=1e-10)
    assert dev.bond_dim <= 2 ** (n_wires // 2)


@pytest.mark.parametrize(("n_wires", "n_layers"), [(66, 9), (2112, 6), (10_000, 4)])
def test_shots_do_without_tensors_that_would_be_too_large(n_wires, n_layers):
    bits, _ = run(n_layers, n_wires, qml.sample, shots=3)
    assert np.shape(bits) == (3, n_wires)


def test_tensors_that_would_be_too_large():
    with pytest.raises(DeviceError, match="bond dimension 512 at 66 wires are too large to hold"):
        run(9, 66, lambda: qml.expval(qml.Z(3)))


@pytest.mark.parametrize(
    "operation",
    [
        lambda: qml.Identity(),
        lambda: qml.adjoint(qml.GlobalPhase(0.3)),
        lambda: qml.pow(qml.GlobalPhase(0.3), 2),
        lambda: qml.GlobalPhase(0.3, wires=1),
    ],
    ids=["identity", "adjoint", "power", "phase of a wire"],
)
def test_operators_without_wires(operation):
    def circuit():
        qml.Hadamard(0)
        operation()
        qml.CNOT([0, 1])
        return qml.state()

    names = ("default.qubit", "hypernet.mps")
    exact, ours = (qml.QNode(circuit, qml.device(name, wires=2))() for name in names)
    np.testing.assert_allclose(ours, exact, atol=1e-12)


@pytest.mark.parametrize("turns", [1, 1000, 10**6])
def test_angles_of_many_turns(turns):
    theta = angles(2, 5)
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(5))
    uniforms = np.random.default_rng(0).random((1, 5, 300))
    _, logs = cones(theta[None], layers_of(ansatz)).draw(uniforms)
    _, same = cones(theta[None] + 2 * np.pi * turns, layers_of(ansatz)).draw(uniforms)
    np.testing.assert_allclose(same, logs, atol=1e-6)


def _sample(connection=None):
    bits, _ = run(2, 20, qml.sample, shots=1000)
    if connection is not None:
        connection.send(np.shape(bits))
    return bits


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        _sample()
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        child = context.Process(target=_sample, args=(theirs,))
        child.start()
        assert ours.poll(60)
        assert ours.recv() == (1000, 20)
        child.join(10)
    finally:
        torch.set_num_threads(before)


def test_angles_that_are_no_numbers():
    theta = angles(1, 3)
    theta[1, 1] = np.nan
    with pytest.raises(InputError, match="NaN or infinite angles"):
        run(1, 3, lambda: qml.expval(qml.Z(0)), theta=theta)


def test_angles_of_torch_that_are_trained():
    theta = torch.tensor(angles(1, 3), requires_grad=True)
    value, _ = run(1, 3, lambda: qml.expval(qml.Z(0)), theta=theta)
    expected, _ = run(1, 3, lambda: qml.expval(qml.Z(0)), theta=theta.detach().numpy())
    assert value.item() == pytest.approx(float(expected))


def test_numbers_of_wires():
    assert len(plh.device("hypernet.mps", wires=np.int64(3)).wires) == 3
    with pytest.raises(InputError, match=r"wires=3\.0: expected a whole number, or labels"):
        plh.device("hypernet.mps", wires=3.0)
    with pytest.raises(InputError, match="cutoff='a': expected a Schmidt coefficient"):
        plh.device("hypernet.mps", wires=3, cutoff="a")


# Sizes that cannot be: refused before anything is allocated


def test_a_deep_circuit_on_many_wires_is_refused_and_truncated_ones_are_not():
    network = plh.BinaryNetwork(64)
    hypernet = plh.QuantumHypernetwork(network, layers=40, shots=2)
    with pytest.raises(DeviceError, match=r"bond dimension of .* too large to hold"):
        hypernet.sample(hypernet.start_angles())
    data = {"data": "teacher_student", "data_options": {"n_inputs": 64}}
    with pytest.raises(DeviceError, match=r"bond dimension of .* too large to hold"):
        plh.plan(layers=40, **data)
    planned = plh.plan(layers=40, device_options={"max_bond_dim": 4}, **data)
    assert planned["bond_dim"] == 4


def test_a_plan_allows_what_is_drawn_without_tensors():
    planned = plh.plan(
        layers=9, data="teacher_student", data_options={"n_inputs": 64}, optimizer="spsa"
    )
    assert planned["bond_dim"] == 512
    assert planned["memory"] < 2**28


def test_a_deep_circuit_on_few_wires_takes_little():
    """Its closed forms would take 4^40 numbers."""
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(2), layers=40, shots=5)
    inputs = np.random.default_rng(0).normal(size=(20, 2))
    data = (inputs, (inputs[:, 0] > 0).astype(int))
    run = plh.train(hypernet, data, "score", steps=1, evaluation_shots=5, progress=False)
    assert run.summary["remarks"] is not None
    assert run.most_likely.shape == (3,)


@pytest.mark.parametrize(
    "settings",
    [
        {"layers": 10**8},
        {"shots": 10**12},
        {"evaluation_shots": 10**12},
        {"network": [10**6, 10**6, 1]},
        {"data_options": {"n_samples": 10**13}},
    ],
    ids=str,
)
def test_what_no_memory_holds_is_refused_by_plan_and_training(settings):
    with pytest.raises(InputError, match="and this machine has"):
        plh.plan(**{"data": "gaussian_mixture"} | settings)
    if "data_options" in settings:
        return

    def train(layers=1, shots=5, network=(1,), **many):
        hypernet = plh.QuantumHypernetwork(
            plh.BinaryNetwork(2, network), layers=layers, shots=shots
        )
        plh.train(hypernet, (np.eye(2), [0, 1]), steps=1, progress=False, **many)

    with pytest.raises(InputError, match="and this machine has"):
        train(**settings)


@pytest.mark.parametrize(
    ("optimizer", "options", "bytes_of_shot"),
    [
        ("score", {}, 30 * 65),
        ("score", {"natural_gradient": True}, 30 * 65 + 50 * 3 * 65),
        ("qnspsa", {}, 20 * 65),
        ("spsa", {}, 20 * 65),
        ("pathwise", {}, 24 * 65),
    ],
    ids=str,
)
def test_a_step_that_does_not_fit_is_refused_before_it_begins(
    optimizer, options, bytes_of_shot, monkeypatch
):
    """The peak of each rule as benchmarks/step_memory.py measures it, and not the bits alone."""
    monkeypatch.setattr(memory, "memory_here", lambda: 10**7)
    fits = 10**7 // bytes_of_shot
    inputs = np.random.default_rng(0).normal(size=(20, 64))
    data = (inputs, (inputs[:, 0] > 0).astype(int))
    network = plh.BinaryNetwork(64)
    monkeypatch.setattr(
        plh.QuantumHypernetwork, "sample", lambda *_: pytest.fail("shots were drawn")
    )
    hypernet = plh.QuantumHypernetwork(network, layers=1, shots=fits + 1)
    end = {"steps": 1, "evaluation_shots": 5}
    with pytest.raises(InputError, match=r"shots of 65 qubits in a step take .*: use fewer shots"):
        plh.plan(hypernet, data, optimizer, **end, **options)
    with pytest.raises(InputError, match=r"shots of 65 qubits in a step take .*: use fewer shots"):
        plh.train(hypernet, data, optimizer, progress=False, **end, **options)
    hypernet = plh.QuantumHypernetwork(network, layers=1, shots=fits)
    assert plh.plan(hypernet, data, optimizer, **end, **options)["n_qubits"] == 65


@pytest.mark.parametrize("optimizer", ["spsa", "qnspsa"])
def test_estimates_of_a_step_count_too(optimizer):
    data = (np.zeros((4, 2), np.float32) + np.arange(4)[:, None], [0, 1, 0, 1])
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(2), layers=0, shots=10)
    for run in (plh.plan, partial(plh.train, progress=False)):
        with pytest.raises(InputError, match=r"1e\+25 times, in a step .* or resamplings"):
            run(hypernet, data, optimizer, steps=1, resamplings=10**25)
