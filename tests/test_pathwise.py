"""Gradients through the network: where they are exact, their bias, and that they train."""

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.measurements import regularisers
from pl_hypernet.measurements.regularisers import UniformMMD
from pl_hypernet.mps.expectations import z_expectations
from pl_hypernet.networks.derivatives import Derivatives
from pl_hypernet.objectives import network_loss
from pl_hypernet.optimizers import PathwiseOptimizer
from pl_hypernet.optimizers.linear_part import LinearPart
from pl_hypernet.testing import standard_deviations

N = 6
RNG = np.random.default_rng(0)
NETWORK = plh.BinaryNetwork(4, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))  # 6 qubits
INPUTS = RNG.normal(size=(30, 4)).astype(np.float32)
TARGETS = (INPUTS @ [1.0, -2.0, 0.5, 0.2] > 0).astype(int)


def make_cost(layers, shots=20, dev=None, loss=None, **settings):
    loss = loss or plh.NetworkLoss(NETWORK, INPUTS, TARGETS)
    dev = dev or plh.device("hypernet.mps", wires=N, seed=0)

    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def cost(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(N))
        return plh.expected_loss(loss, wires=range(N), **settings)

    return cost


def angles(layers, seed=0):
    shape = plh.HardwareEfficientAnsatz.shape(layers, N)
    return pnp.array(np.random.default_rng(seed).uniform(-1, 1, shape), requires_grad=True)


def exact_gradient(theta, loss=None, entropy=0.0, mmd=0.0):
    """Of the objective, from all bitstrings."""
    loss = loss or plh.NetworkLoss(NETWORK, INPUTS, TARGETS)
    bits = ((np.arange(2**N)[:, None] >> np.arange(N)[::-1]) & 1).astype(np.int8)
    t = torch.tensor(np.asarray(theta), requires_grad=True)
    log_p = plh.log_probability(t, bits)
    p = log_p.exp()
    spins = torch.from_numpy(1.0 - 2.0 * bits)
    kernel = torch.exp((spins @ spins.T - N) / N)  # bandwidth N / 2
    value = p @ (torch.from_numpy(loss(bits)) + entropy * log_p) + mmd * (p @ kernel @ p)
    value.backward()
    return t.grad.numpy()


def gradients(optimizer, cost, theta, n_steps):
    found = []
    for _ in range(n_steps):
        optimizer.step(cost, theta)
        found.append(optimizer._angles.grad.numpy().reshape(theta.shape).copy())
    return np.array(found)


def largest_deviation(found, exact):
    moving = found.std(axis=0) > 1e-12
    assert moving.any()
    assert np.abs(exact[~moving]).max(initial=0) < 1e-12
    return max(standard_deviations(found[:, i, j], exact[i, j]) for i, j in np.argwhere(moving))


@pytest.mark.parametrize("settings", [{}, {"entropy": 0.2}, {"mmd": 0.5}])
def test_by_flips_it_is_exact_for_product_states(settings):
    theta = angles(0)
    found = gradients(PathwiseOptimizer(), make_cost(0, **settings), theta, 300)
    assert largest_deviation(found, exact_gradient(theta, **settings)) < 5


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_sharpening_lowers_the_entropies_of_single_bits(layers):
    theta = angles(layers)
    loss = lambda bits: np.zeros(len(bits))  # noqa: E731
    found = gradients(PathwiseOptimizer(sharpen=0.3), make_cost(layers, loss=loss), theta, 1)[0]
    t = torch.tensor(np.asarray(theta), requires_grad=True)
    p = (1 - z_expectations([plh.HardwareEfficientAnsatz(t, wires=range(N))], range(N))) / 2
    entropies = -p * p.log() - (1 - p) * (1 - p).log()
    (0.3 * entropies.sum()).backward()
    np.testing.assert_allclose(found, t.grad, atol=1e-9)


def test_sharpening_rises_and_needs_no_more_than_shots():
    theta, cost = angles(0), make_cost(0, shots=1000, loss=lambda bits: np.zeros(len(bits)))
    rising = PathwiseOptimizer(sharpen=0.3, decay_steps=4, torch_optimizer="SGD", stepsize=1e-9)
    sizes = np.abs(gradients(rising, cost, theta, 4)).max(axis=(1, 2))
    np.testing.assert_allclose(sizes, sizes[-1] * np.arange(4) / 3, rtol=1e-5)
    measured = PathwiseOptimizer(sharpen=1.0, derivatives="measured", stepsize=0.3)
    for _ in range(15):
        theta = measured.step(cost, theta)
    assert np.abs(np.cos(theta)).min() > 0.9


def test_one_pass_takes_the_window_of_the_optimizer(monkeypatch):
    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    network = plh.BinaryNetwork(4, [3, 1], activation="sigmoid")
    loss = plh.NetworkLoss(network, INPUTS, TARGETS)
    hypernet = plh.QuantumHypernetwork(network, layers=0, shots=3)
    asked = []

    def spied(bits, how):
        asked.append(how.window)
        return plh.NetworkLoss.spin_gradients(loss, bits, how)

    monkeypatch.setattr(loss, "spin_gradients", spied)
    PathwiseOptimizer(window=0.5).step(hypernet.energy_qnode(loss), hypernet.start_angles())
    assert asked == [0.5]
    bits = RNG.integers(0, 2, (5, network.n_qubits)).astype(np.int8)
    narrow, wide = (loss.spin_gradients(bits, Derivatives(window))[1] for window in (0.1, 10.0))
    assert (narrow[:, :3] != wide[:, :3]).any()


@pytest.mark.parametrize(("layers", "flips"), [(0, False), (1, False), (2, False), (2, True)])
def test_unbiased_is_unbiased(layers, flips, monkeypatch):
    if not flips:  # whatever the derivatives are
        monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    theta = angles(layers)
    optimizer = PathwiseOptimizer(unbiased=True)
    found = gradients(optimizer, make_cost(layers), theta, 250)
    assert largest_deviation(found, exact_gradient(theta)) < 5
    assert 0.2 < optimizer._linear_part.share < 3  # the linear part takes part


def test_a_baseline_that_sees_the_shot_is_biased(monkeypatch):
    """The planted error: c and the baseline from all shots, this one included."""

    def split(self, losses, by_spin, bits, z):
        linear = (1 - 2 * bits - z) @ by_spin.mean(axis=0)
        rest = losses - linear
        return 1.0, rest - rest.mean()

    monkeypatch.setattr(LinearPart, "split", split)
    theta = angles(2)
    found = gradients(PathwiseOptimizer(unbiased=True), make_cost(2, shots=4), theta, 500)
    assert largest_deviation(found, exact_gradient(theta)) > 5


def test_its_variance_is_below_that_of_the_score_function():
    theta, cost = angles(2), make_cost(2)
    through = gradients(PathwiseOptimizer(unbiased=True), cost, theta, 300)[20:]
    score = gradients(plh.ScoreFunctionOptimizer(), cost, theta, 300)
    assert through.var(axis=0).sum() < 0.7 * score.var(axis=0).sum()


@pytest.mark.parametrize("layers", [0, 2])
def test_measured_derivatives_have_the_same_mean(layers):
    theta, cost = angles(layers), make_cost(layers)
    measured = gradients(PathwiseOptimizer(derivatives="measured"), cost, theta, 200)
    exact = gradients(PathwiseOptimizer(), cost, theta, 200)
    error = np.sqrt(measured.var(axis=0) / 200 + exact.var(axis=0) / 200)
    assert (np.abs(measured.mean(axis=0) - exact.mean(axis=0)) < 5 * error + 1e-12).all()


def test_what_it_sends_out():
    dev = plh.device("hypernet.mps", wires=N, seed=0)
    optimizer = PathwiseOptimizer(derivatives="measured")
    optimizer.step(make_cost(2, 10, dev), angles(2))
    assert (dev.counts.circuits, dev.counts.shots) == (27, 270)
    assert optimizer.circuits_per_step() == [{"energy": 27, "overlap": 0}]
    said = "derivatives of <Z> are measured, 26 circuits a step: as was asked for"
    assert optimizer.messages == [said]


def test_it_measures_where_shots_are_noisy():
    dev = plh.device("default.mixed", wires=N, seed=0)
    optimizer = PathwiseOptimizer()
    optimizer.step(make_cost(1, 10, dev), angles(1))
    assert "measured, 10 circuits a step: " in optimizer.messages[0]
    with pytest.raises(InputError, match="derivatives='exact'"):
        PathwiseOptimizer(derivatives="exact").step(make_cost(1, 10, dev), angles(1))
    for settings, options in (({"entropy": 0.1}, {}), ({}, {"unbiased": True})):
        with pytest.raises(InputError, match="needs log p of the shots"):
            PathwiseOptimizer(**options).step(make_cost(1, 10, dev, **settings), angles(1))


@pytest.mark.filterwarnings("ignore::pl_hypernet.errors.TruncationWarning")
def test_it_measures_where_the_state_is_truncated():
    dev = plh.device("hypernet.mps", wires=N, seed=0, max_bond_dim=1)
    optimizer = PathwiseOptimizer()
    theta = optimizer.step(make_cost(2, 10, dev), angles(2, seed=1))
    assert "26 circuits a step" in optimizer.messages[-1]
    assert "was truncated" in optimizer.messages[-1]
    before = dev.counts
    optimizer.step(make_cost(2, 10, dev), theta)
    assert (dev.counts - before).circuits == 27
    with pytest.raises(InputError, match="was truncated: leave it out"):
        PathwiseOptimizer().step(make_cost(2, 10, dev, entropy=0.1), theta)


def test_it_looks_at_each_circuit_anew():
    optimizer = PathwiseOptimizer(derivatives="measured")
    optimizer.step(make_cost(2, 10), angles(2))
    optimizer.step(make_cost(1, 10), angles(1))
    assert optimizer.circuits_per_step() == [{"energy": 11, "overlap": 0}]
    optimizer.step(make_cost(1, 10), angles(1))
    assert optimizer.messages == []
    noisy = plh.device("default.mixed", wires=N, seed=0)
    free = PathwiseOptimizer()
    for dev, said in ((None, "exact"), (noisy, "measured")):
        free.step(make_cost(1, 10, dev), angles(1))
        assert said in free.messages[0]


@pytest.mark.parametrize("block", [1000, 3])
def test_mmd_by_spins_is_the_derivative_of_its_mean(block, monkeypatch):
    """Of independent spins: against all pairs of bitstrings."""
    monkeypatch.setattr(regularisers, "MMD_BLOCK", block)
    n, mmd = 3, UniformMMD()
    z = torch.tensor([0.3, -0.6, 0.1], dtype=torch.float64, requires_grad=True)
    rows = ((np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1).astype(np.int8)
    p = ((1 + z * torch.from_numpy(1.0 - 2.0 * rows)) / 2).prod(dim=1)
    spins = torch.from_numpy(1.0 - 2.0 * rows)
    (exact,) = torch.autograd.grad(p @ torch.exp((spins @ spins.T - n) / n) @ p, z)
    rng = np.random.default_rng(0)
    draws = (rng.random((3000, 5, n)) > (1 + z.detach().numpy()) / 2).astype(np.int8)
    found = np.array([mmd.by_spin(bits) for bits in draws])
    assert max(standard_deviations(found[:, i], float(exact[i])) for i in range(n)) < 5


def test_cvar_asks_the_best_shots_alone():
    cost = make_cost(0, 8, reduction="cvar:0.25")
    optimizer = PathwiseOptimizer()
    theta = angles(0)
    optimizer.step(cost, theta)
    drawn = PathwiseOptimizer()  # the same seed draws the same shots
    loss = plh.NetworkLoss(NETWORK, INPUTS, TARGETS)
    kept = []
    right = loss.spin_gradients

    def spied(bits, how):
        kept.append(right(bits))
        return right(bits, how)

    loss.spin_gradients = spied
    drawn.step(make_cost(0, 8, loss=loss), theta)
    losses, by_spin = kept[0]
    best = np.argsort(losses)[:2]
    expected = by_spin[best].mean(axis=0) * -np.sin(np.asarray(theta)[0])
    np.testing.assert_allclose(optimizer._angles.grad.numpy(), expected, atol=1e-9)
    with pytest.raises(InputError, match="expected the mean"):
        PathwiseOptimizer(unbiased=True).step(cost, theta)


def test_nan_gradients_are_refused():
    class Broken(torch.nn.Module):
        def forward(self, bits):
            return (bits.sum(dim=1) - bits.sum(dim=1).detach()).sqrt()

    theta = angles(0)
    with pytest.raises(InputError, match="the gradient is not finite"):
        PathwiseOptimizer().step(make_cost(0, loss=Broken()), theta)


def test_it_goes_on_bit_for_bit():
    theta = angles(1)
    dev = plh.device("hypernet.mps", wires=N, seed=3)
    cost, first = make_cost(1, dev=dev), PathwiseOptimizer(unbiased=True)
    for _ in range(5):
        theta = first.step(cost, theta)
    state, random = first.state(), dev.random_state
    expected = first.step(cost, first.step(cost, theta))
    second = PathwiseOptimizer(unbiased=True)
    second.restore(*state)
    dev.random_state = random
    np.testing.assert_array_equal(second.step(cost, second.step(cost, theta)), expected)


def test_few_shots_train_the_main_job():
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, shots=5, seed=1)
    run = plh.train(hypernet, data, "pathwise", steps=60, stepsize=0.2, progress=False)
    assert run.summary["shots"] == 300
    assert run.evaluation.energy < 0.08  # QN-SPSA: 0.06 with 600,000
    assert run.evaluation.test.mean > 0.98


def test_hidden_layers_of_signs_train():
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, [16, 8, 1])
    hypernet = plh.QuantumHypernetwork(network, layers=0, shots=10, seed=0, start="random_signs")
    run = plh.train(hypernet, data, "pathwise", steps=60, stepsize=0.1, progress=False)
    assert run.evaluation.test.vote > 0.98


def test_the_plan_counts_its_circuits():
    per_step = plh.plan(device="braket.aws.qubit", device_options={"emulator": "rigetti-108"},
                        optimizer="pathwise", shots=20, steps=70)["per_step"]  # fmt: skip
    assert (per_step["circuits"], per_step["shots"]) == (27, 540)
    assert plh.plan(optimizer="pathwise")["per_step"]["circuits"] == 1
