"""Objectives with entropy and MMD: exact values, shots, standard errors, gradients, training."""

import itertools

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.measurements import regularisers
from pl_hypernet.measurements.objective import Objective
from pl_hypernet.measurements.regularisers import NegativeEntropy, UniformMMD
from pl_hypernet.testing import standard_deviations

N = 4
FIELDS = np.array([0.5, -1.0, 0.7, 0.2])
BITS = np.array(list(itertools.product([0, 1], repeat=N)), dtype=np.int8)
SETTINGS = [
    {"entropy": 0.4},
    {"mmd": 2.0},
    {"mmd": 2.0, "mmd_bandwidth": 0.7},
    {"entropy": 0.4, "mmd": 2.0},
]
ALL = {"reduction": "cvar:0.3", "entropy": 0.4, "mmd": 2.0}


def loss(bits):
    return bits @ FIELDS + 0.8 * bits[:, 0] * bits[:, 3]


def angles(seed=0):
    theta = np.random.default_rng(seed).uniform(-1, 1, plh.HardwareEfficientAnsatz.shape(1, N))
    return pnp.array(theta, requires_grad=True)


def make_objective(dev, shots=None, **settings):
    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def objective(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(loss, wires=dev.wires, **settings)

    return objective


def probabilities(theta):
    return plh.log_probability(theta, BITS).exp()


def brute_force(p, entropy=0.0, mmd=0.0, mmd_bandwidth=None):
    """mean - tau H + lambda MMD^2 by double loops over all bitstrings, in torch."""
    width = mmd_bandwidth or N / 2
    kernel = torch.tensor(
        [
            [np.exp(-sum(a != b for a, b in zip(x, y, strict=True)) / width) for y in BITS]
            for x in BITS
        ]
    )
    u = torch.full((2**N,), 1 / 2**N, dtype=torch.float64)
    mmd_squared = p @ kernel @ p - 2 * p @ kernel @ u + u @ kernel @ u
    return p @ torch.from_numpy(loss(BITS)) + entropy * (p * p.log()).sum() + mmd * mmd_squared


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", ["hypernet.mps", "default.qubit"])
def test_exact_values_are_those_of_brute_force(name, settings):
    theta = angles()
    exact = make_objective(plh.device(name, wires=N), **settings)(theta)
    assert exact.stderr == 0
    assert exact == pytest.approx(brute_force(probabilities(theta), **settings).item(), abs=1e-10)


def test_the_uniform_distribution_has_all_entropy_and_no_mmd():
    p = np.full(2**N, 1 / 2**N)
    assert NegativeEntropy().of_distribution(p) == pytest.approx(-N * np.log(2))
    assert UniformMMD().of_distribution(p) == pytest.approx(0, abs=1e-15)
    certain = np.eye(2**N)[3]
    assert NegativeEntropy().of_distribution(certain) == 0
    assert UniformMMD().of_distribution(certain) > 0.5


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["hypernet.mps", "lightning.qubit", "braket.local.qubit"])
@pytest.mark.parametrize("settings", [*SETTINGS, ALL], ids=str)
def test_shots_agree_with_the_exact_value(name, settings):
    theta = angles()
    exact = make_objective(plh.device("default.qubit", wires=N), **settings)(theta)
    drawn = make_objective(plh.device(name, wires=N), 2000, **settings)(theta)
    assert abs(drawn - exact) < 5 * drawn.stderr
    assert 0 < drawn.stderr < 0.2
    assert np.isin(drawn.losses.round(6), loss(BITS).round(6)).all()  # the plain ones


def estimates(settings, shots, repeats, seed=0):
    """Values and standard errors of many batches of shots, and the exact value."""
    p = probabilities(angles()).numpy()
    objective = Objective(**settings)
    rng = np.random.default_rng(seed)
    drawn = []
    for rows in rng.choice(2**N, size=(repeats, shots), p=p / p.sum()):
        drawn.append(objective.estimate(loss(BITS[rows]), BITS[rows], np.log(p[rows])))
    exact = objective.of_distribution(loss(BITS), p)
    return np.array(drawn), np.array([estimate.stderr for estimate in drawn]), float(exact)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("shots", [2, 5, 50])
def test_values_are_unbiased(settings, shots):
    values, _, exact = estimates(settings, shots, 4000)
    assert standard_deviations(values, exact) < 5


def test_many_shots_are_compared_in_blocks(monkeypatch):
    """In a time that is linear in them, without bias and with little more noise."""
    sizes, kernel = set(), UniformMMD._kernel
    monkeypatch.setattr(regularisers, "MMD_BLOCK", 40)
    monkeypatch.setattr(
        UniformMMD, "_kernel", lambda self, bits: sizes.add(len(bits)) or kernel(self, bits)
    )
    in_blocks, errors, exact = estimates({"mmd": 2.0}, 100, 1500)
    assert sizes == {33, 34}
    assert standard_deviations(in_blocks, exact) < 5
    assert errors.mean() == pytest.approx(in_blocks.std(), rel=0.15)
    monkeypatch.setattr(regularisers, "MMD_BLOCK", 100)
    assert in_blocks.std() < 1.2 * estimates({"mmd": 2.0}, 100, 1500)[0].std()


def test_counts_are_shots_in_no_order(monkeypatch):
    """Blocks of equal bitstrings would be far from uniform."""
    monkeypatch.setattr(regularisers, "MMD_BLOCK", 50)
    counts = {"".join(map(str, bits)): 100 for bits in BITS.tolist()}
    value = plh.expected_loss(loss, range(N), mmd=1.0).process_counts(counts, range(N))
    assert value - value.losses.mean() == pytest.approx(0, abs=0.05)


def test_pairs_of_a_shot_with_itself_are_found(monkeypatch):
    """The V-statistic, which counts them, must fail."""
    right = UniformMMD.per_shot

    def wrong(self, bits, log_p=None):
        shots, c = len(bits), self._uniform(N)
        return (right(self, bits) + c) * (shots - 1) / shots + 1 / shots - c

    monkeypatch.setattr(UniformMMD, "per_shot", wrong)
    values, _, exact = estimates({"mmd": 2.0}, 50, 4000)
    assert standard_deviations(values, exact) > 5


@pytest.mark.parametrize("reduction", ["mean", "cvar:0.3", np.mean, lambda x: float(np.mean(x))])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_standard_errors_are_the_spread_of_the_values(settings, reduction):
    own = callable(reduction) and reduction is not np.mean  # a bootstrap, slow
    values, errors, _ = _spread(settings | {"reduction": reduction}, 300 if own else 2000)
    assert errors.mean() == pytest.approx(values.std(), rel=0.2 if own else 0.08)


def _spread(settings, repeats):
    p = probabilities(angles()).numpy()
    objective = Objective(**settings)
    rng = np.random.default_rng(1)
    rows = rng.choice(2**N, size=(repeats, 200), p=p / p.sum())
    found = [objective.estimate(loss(BITS[r]), BITS[r], np.log(p[r])) for r in rows]
    return np.array(found), np.array([e.stderr for e in found]), None


@pytest.mark.parametrize("shots", [3, 20])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_score_weights_give_the_gradient(settings, shots):
    assert worst(*score_gradients(settings, shots)) < 5


def test_a_baseline_with_the_shot_itself_is_found(monkeypatch):
    """Shots / (shots - 1) in place of shots / (shots - 2) for pairs."""
    right = Objective._terms
    monkeypatch.setattr(
        Objective, "_terms", lambda *args: [(2 * numbers, 1) for numbers, _ in right(*args)]
    )
    assert worst(*score_gradients({"mmd": 2.0}, 3)) > 5


def test_the_optimizer_has_this_gradient():
    settings, theta = {"entropy": 0.4, "mmd": 2.0}, angles()
    objective = make_objective(plh.device("hypernet.mps", wires=N, seed=0), 10, **settings)
    optimizer = plh.ScoreFunctionOptimizer()
    found = []
    for _ in range(500):
        optimizer.step(objective, theta)
        found.append(optimizer._angles.grad.numpy().copy())
    assert worst(np.array(found), exact_gradient(settings)) < 5


def exact_gradient(settings):
    theta = torch.tensor(np.asarray(angles()), requires_grad=True)
    brute_force(probabilities(theta), **settings).backward()
    return theta.grad.numpy().ravel()


def score_gradients(settings, shots, repeats=4000):
    """The gradient (repeats, angles) from each of many batches of shots, and the exact one."""
    theta = torch.tensor(np.asarray(angles()))
    log_p = plh.log_probability(theta, BITS).numpy()
    scores = torch.autograd.functional.jacobian(lambda t: plh.log_probability(t, BITS), theta)
    scores = scores.reshape(len(BITS), -1).numpy()
    objective = Objective(**settings)
    p = np.exp(log_p) / np.exp(log_p).sum()
    rows = np.random.default_rng(2).choice(2**N, size=(repeats, shots), p=p)
    found = [
        objective.score_weights(loss(BITS[r]), BITS[r], log_p[r]) @ scores[r] / shots for r in rows
    ]
    return np.array(found), exact_gradient(settings)


def worst(found, exact):
    """The largest deviation of a mean gradient, in standard errors."""
    moving = found.std(axis=0) > 1e-12
    assert np.abs(exact[~moving]).max(initial=0) < 1e-12
    return max(standard_deviations(found[:, i], exact[i]) for i in np.flatnonzero(moving))


def test_the_exact_gradient_is_that_of_finite_differences():
    settings = {"entropy": 0.4, "mmd": 2.0}
    objective = make_objective(plh.device("default.qubit", wires=N), **settings)
    theta, step = angles(), 1e-5
    t = torch.tensor(np.asarray(theta), requires_grad=True)
    brute_force(probabilities(t), **settings).backward()
    for place in [(0, 0), (1, 2), (2, 3)]:
        shift = np.zeros(theta.shape)
        shift[place] = step
        slope = (float(objective(theta + shift)) - float(objective(theta - shift))) / (2 * step)
        assert slope == pytest.approx(t.grad[place].item(), abs=1e-6)


@pytest.mark.parametrize("weight", [{"entropy": 1.0}, {"mmd": 5.0}], ids=str)
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: plh.SPSAOptimizer(stepsize=0.3, seed=0),
        lambda: plh.QNSPSAOptimizer(stepsize=0.05, seed=0),
        lambda: plh.ScoreFunctionOptimizer(stepsize=0.1),
    ],
    ids=["SPSA", "QNSPSA", "score"],
)
def test_every_optimizer_keeps_more_entropy(optimizer, weight):
    ends = []
    for settings in ({}, weight):
        objective = make_objective(plh.device("hypernet.mps", wires=N, seed=0), 200, **settings)
        rule, theta = optimizer(), angles()
        for _ in range(150):
            theta = rule.step(objective, theta)
        p = probabilities(np.asarray(theta)).numpy()
        ends.append(-NegativeEntropy().of_distribution(p))
    assert ends[1] > ends[0] + 0.3


def test_mmd_on_a_noisy_device():
    dev = plh.device("default.mixed", wires=N, seed=0)

    @qml.qnode(dev, interface=None)
    def objective(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        for wire in dev.wires:
            qml.DepolarizingChannel(0.1, wires=wire)
        return plh.expected_loss(loss, wires=dev.wires, mmd=2.0)

    exact, drawn = objective(angles()), qml.set_shots(objective, 3000)(angles())
    assert abs(drawn - exact) < 5 * drawn.stderr
    without = make_objective(plh.device("default.qubit", wires=N), mmd=2.0)(angles())
    assert abs(exact - without) > 0.01


def test_batches_of_angles_and_parts_of_shots():
    objective = make_objective(plh.device("hypernet.mps", wires=N, seed=0), 2000, **ALL)
    batch = np.array([angles(0), angles(1)])
    exact = make_objective(plh.device("hypernet.mps", wires=N), **ALL)
    np.testing.assert_allclose(objective(batch), [exact(a) for a in batch], atol=0.3)
    first, second = qml.set_shots(objective, [2000, 1000])(batch[0])
    assert (first.shots, second.shots) == (2000, 1000)
    assert abs(first - exact(batch[0])) < 5 * first.stderr


def test_permuted_wires():
    dev = plh.device("hypernet.mps", wires=N, seed=0)
    order = [2, 0, 3, 1]

    @qml.qnode(dev, interface=None)
    def objective(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(loss, wires=order, entropy=0.4)

    exact, drawn = objective(angles()), qml.set_shots(objective, 3000)(angles())
    assert abs(drawn - exact) < 5 * drawn.stderr


def refuse(dev, message, ansatz=plh.HardwareEfficientAnsatz, wires=None, **settings):
    @qml.set_shots(10)
    @qml.qnode(dev, interface=None)
    def objective(theta):
        ansatz(theta, wires=dev.wires)
        return plh.expected_loss(lambda bits: bits[:, 0], wires=wires, **settings)

    for execute in (
        objective,
        lambda t: plh.SPSAOptimizer(seed=0, stepsize=0.1).step(objective, t),
    ):
        with pytest.raises(InputError, match=message) as raised:
            execute(angles())
        assert "\n" not in str(raised.value)


def test_an_entropy_of_shots_whose_log_p_is_not_known():
    mps = plh.device("hypernet.mps", wires=N, seed=0)
    refuse(mps, "does not see wire 3", wires=[0, 1, 2], entropy=0.1)
    refuse(plh.device("default.mixed", wires=N), "may have noise; use mmd", entropy=0.1)
    noisy = plh.device("braket.local.qubit", wires=N, backend="braket_dm")
    refuse(noisy, "may have noise; use mmd", entropy=0.1)

    def truncated(theta, wires):
        for wire in wires:
            qml.RY(2.0, wire)
        qml.CZ(wires[:2])
        qml.RY(2.0, wires[0])

    cut = plh.device("hypernet.mps", wires=N, max_bond_dim=1)
    with pytest.warns(plh.errors.TruncationWarning):
        refuse(cut, "was truncated: raise max_bond_dim, or use mmd", truncated, entropy=0.1)


def test_a_bond_dimension_out_of_reach():
    dev = plh.device("hypernet.mps", wires=20, seed=0)

    @qml.set_shots(10)
    @qml.qnode(dev, interface=None)
    def objective():
        for _ in range(12):
            for i in range(19):
                qml.CNOT([i, i + 1])
        return plh.expected_loss(lambda bits: bits[:, 0], entropy=0.1)

    with pytest.raises(InputError, match=r"needs log p of the circuit.*use mmd"):
        objective()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"entropy": -1}, "entropy=-1: expected a weight of at least 0"),
        ({"mmd": float("nan")}, "mmd=nan: expected a weight of at least 0"),
        ({"mmd": 1, "mmd_bandwidth": 0}, "mmd_bandwidth=0: expected a positive number of bits"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        plh.expected_loss(loss, **settings)


def test_mmd_of_one_shot():
    with pytest.raises(InputError, match="at least 2 shots"):
        make_objective(plh.device("hypernet.mps", wires=N, seed=0), 1, mmd=1.0)(angles())
