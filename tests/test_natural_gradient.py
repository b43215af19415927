"""The natural gradient of the score function: score vectors of each shot, steps, trainings."""

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps.score_vectors import score_vectors
from pl_hypernet.optimizers.sample_space import natural_step

FIELDS = np.array([0.5, -1.0, 0.7, 0.2, 0.4])


def one_by_one(operations, bits, wires, angles):
    """By torch's derivative of log p of each shot alone."""
    rows = []
    for x in bits:
        log_p = plh.circuit_log_probability(operations(angles), x[None], wires)
        rows.append(torch.autograd.grad(log_p.sum(), angles)[0])
    return torch.stack(rows)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rotations": ("RX", "RZ", "RY")},
        {"pattern": "none"},
        {"pattern": "ring", "entangler": "CNOT"},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_layers", range(4))
def test_score_vectors_of_each_shot(options, n_layers):
    wires = qml.wires.Wires(range(4))
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, 4, options.get("rotations", ("RY", "RZ")))
    rng = np.random.default_rng(0)
    angles = torch.tensor(rng.uniform(-2, 2, np.prod(shape)), requires_grad=True)
    bits = rng.integers(0, 2, (70, 4)).astype(np.int8)  # more than a block of the kernel

    def operations(angles):
        # angles twice as fast: the derivative by what the ansatz was made of is wanted
        return [plh.HardwareEfficientAnsatz(2 * angles.reshape(shape), wires=wires, **options)]

    made = operations(angles)
    found = score_vectors(made, bits, wires, angles, plh.circuit_log_probability(made, bits, wires))
    expected = one_by_one(operations, bits, wires, angles)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_score_vectors_of_any_circuit():
    wires = qml.wires.Wires(["a", "b"])
    angles = torch.tensor([0.3, 0.9], dtype=torch.float64, requires_grad=True)
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.int8)

    def operations(angles):
        return [qml.RY(angles[0], "a"), qml.RX(0.4, "b"), qml.CRY(angles[1], ["a", "b"])]

    made = operations(angles)
    found = score_vectors(made, bits, wires, angles, plh.circuit_log_probability(made, bits, wires))
    torch.testing.assert_close(found, one_by_one(operations, bits, wires, angles))


@pytest.mark.parametrize(("n", "d"), [(5, 40), (40, 5)])
def test_the_step_is_that_of_the_dense_fisher_matrix(n, d):
    rng = np.random.default_rng(0)
    scores, weights = rng.normal(size=(n, d)), rng.normal(size=n)
    weights -= weights.mean()
    step = natural_step(scores, weights, damping=0.1, kl=0.02)
    metric = np.cov(scores.T, bias=True) + 0.1 * np.eye(d)
    expected = np.linalg.solve(metric, scores.T @ weights / n)
    expected *= -np.sqrt(2 * 0.02 / (expected @ metric @ expected))
    np.testing.assert_allclose(step, expected, atol=1e-12)
    assert step @ metric @ step / 2 == pytest.approx(0.02)


def test_no_gradient_no_step():
    assert not natural_step(np.ones((4, 3)), np.zeros(4), 0.1, 1.0).any()
    assert not natural_step(np.zeros((4, 3)), np.ones(4), 0.1, 1.0).any()


def energy_of(dev, shots):
    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(lambda bits: bits @ FIELDS, wires=dev.wires)

    return energy


def test_a_step_changes_the_distribution_by_as_much_as_asked():
    """Damping, which counts as change, is small here; the divergence is that of all bitstrings."""
    dev = plh.device("hypernet.mps", wires=5, seed=0)
    theta = np.random.default_rng(1).uniform(-1, 1, plh.HardwareEfficientAnsatz.shape(1, 5))
    all_bits = (np.arange(32)[:, None] >> np.arange(5)[::-1]) & 1
    before = plh.log_probability(theta, all_bits)
    for kl in (1e-5, 1e-4):
        optimizer = plh.ScoreFunctionOptimizer(natural_gradient=True, kl_step=kl, damping=1e-4)
        after = optimizer.step(energy_of(dev, 20_000), pnp.array(theta, requires_grad=True))
        moved = plh.log_probability(np.asarray(after), all_bits)
        divergence = float((before.exp() * (before - moved)).sum())
        assert divergence == pytest.approx(5 * kl, rel=0.1)


@pytest.mark.parametrize("name", ["hypernet.mps", "braket.local.qubit"])
def test_trains(name):
    dev = plh.device(name, wires=5)
    energy = energy_of(dev, 100)
    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(1, 5), seed=0)
    optimizer = plh.ScoreFunctionOptimizer(natural_gradient=True, kl_step=0.03, decay_steps=60)
    for _ in range(60):
        theta, cost = optimizer.step_and_cost(energy, theta)
    assert cost < -0.9  # the best bitstring has -1
    assert dev.counts.circuits == 60


def test_it_goes_on_from_its_state():
    def run(steps, optimizer, theta, dev):
        for _ in range(steps):
            theta = optimizer.step(energy_of(dev, 50), theta)
        return theta

    start = plh.start_angles(plh.HardwareEfficientAnsatz.shape(1, 5), seed=0)
    dev = plh.device("hypernet.mps", wires=5, seed=0)
    optimizer = plh.ScoreFunctionOptimizer(natural_gradient=True, decay_steps=9)
    middle = run(3, optimizer, start, dev)
    state, rng = optimizer.state(), dev._rng.bit_generator.state
    end = run(3, optimizer, middle, dev)
    other = plh.ScoreFunctionOptimizer(natural_gradient=True, decay_steps=9)
    other.restore(*state)
    dev._rng.bit_generator.state = rng
    np.testing.assert_array_equal(run(3, other, middle, dev), end)


@pytest.mark.parametrize("name", ["kl_step", "damping"])
def test_bad_settings(name):
    with pytest.raises(InputError, match=f"{name}=0: expected a positive number"):
        plh.ScoreFunctionOptimizer(**{name: 0})


@pytest.mark.parametrize(
    ("optimizer", "options", "said"),
    [
        ("qnspsa", {}, "metric of 198 angles"),
        ("score", {"natural_gradient": True}, "natural gradient of 198 angles"),
        ("score", {}, ""),
        ("spsa", {}, ""),
    ],
    ids=str,
)
def test_a_training_of_many_angles_says_what_its_first_step_solves(
    optimizer, options, said, monkeypatch, capsys
):
    monkeypatch.setattr("pl_hypernet.training.loop.MANY_ANGLES", 100)
    inputs = np.random.default_rng(0).normal(size=(20, 65))
    data = (inputs, (inputs[:, 0] > 0).astype(int))
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(65), layers=1, shots=5)
    plh.train(hypernet, data, optimizer, steps=1, evaluation_shots=5, **options)
    assert (f"step 1: {said}\n" in capsys.readouterr().err) == bool(said)
