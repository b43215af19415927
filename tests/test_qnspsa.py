"""QNSPSAOptimizer: its metric, its algebra, and that it holds."""

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.optimizers.metric import PRIOR, MetricAverage, floored_solve, sampled_metric
from pl_hypernet.testing import standard_deviations


def make_energy(dev, shots, loss=lambda bits: bits.sum(axis=1) / bits.shape[1], n_layers=1):
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, len(dev.wires))

    @qml.set_shots(shots)
    @qml.qnode(dev)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(loss, wires=dev.wires)

    return energy, plh.start_angles(shape, seed=3)


def test_is_a_pennylane_optimizer_with_its_arguments():
    optimizer = plh.QNSPSAOptimizer(
        stepsize=1e-2,
        regularization=1e-2,
        finite_diff_step=1e-2,
        resamplings=2,
        blocking=True,
        history_length=7,
        seed=1,
    )
    assert isinstance(optimizer, qml.QNSPSAOptimizer)
    assert not plh.QNSPSAOptimizer().blocking


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "hypernet.mps"])
@pytest.mark.parametrize("options", [{}, {"blocking": True}, {"resamplings": 3}])
def test_lowers_the_energy(name, options):
    energy, theta = make_energy(plh.device(name, wires=4, seed=0), 200)
    optimizer = plh.QNSPSAOptimizer(seed=1, stepsize=0.1, **options)
    costs = []
    for _ in range(60):
        theta, cost = optimizer.step_and_cost(energy, theta)
        costs.append(cost)
    assert costs[0].stderr > 0
    assert costs[0].shots == 200
    assert np.mean(costs[-5:]) < 0.1 < costs[0]
    assert theta.requires_grad


def test_one_batch_of_circuits_a_step():
    dev = plh.device("hypernet.mps", wires=66, seed=0)
    energy, theta = make_energy(dev, 50)
    optimizer = plh.QNSPSAOptimizer(seed=1)
    with qml.Tracker(dev) as tracker:
        optimizer.step(energy, theta)
    assert tracker.totals["batches"] == 1
    assert tracker.totals["executions"] == dev.counts.circuits == 6
    assert tracker.totals["shots"] == dev.counts.shots == 100  # overlaps are exact
    assert dev.counts.overlaps == 4
    with qml.Tracker(dev) as tracker:
        optimizer.step_and_cost(energy, theta)
    assert tracker.totals["executions"] == 7
    assert tracker.totals["shots"] == 150


def test_overlaps_are_measured_where_they_are_not_exact():
    """A device that we know nothing of: overlaps go out with the circuit's shots."""
    dev = plh.device(qml.device("default.mixed", wires=3, seed=0))
    energy, theta = make_energy(dev, 400)
    optimizer = plh.QNSPSAOptimizer(seed=1)
    with qml.Tracker(dev) as tracker:
        optimizer.step(energy, theta)
    assert tracker.totals["shots"] == dev.counts.shots == 6 * 400
    assert dev.counts.overlaps == 4
    assert np.isfinite(optimizer.metric_tensor).all()


def exact_metric(theta, n):
    """The Fubini-Study metric from derivatives of the state vector, float64 (d, d)."""

    def state(vector):
        op = plh.HardwareEfficientAnsatz(vector.reshape(theta.shape), range(n))
        return qml.matrix(op)[:, 0]

    vector = np.asarray(theta).ravel()
    # a rotation's derivative is a shift by pi, halved
    shifts = np.pi * np.eye(len(vector))
    derivatives = np.array([state(vector + shift) / 2 for shift in shifts])
    along = derivatives.conj() @ state(vector)
    return (derivatives.conj() @ derivatives.T - np.outer(along, along.conj())).real


def estimates_of(dev, n, metric_step, n_estimates, shots):
    """Single estimates of the metric at one theta, from an optimizer that does not move."""
    energy, theta = make_energy(dev, shots)
    optimizer = plh.QNSPSAOptimizer(seed=4, metric_step=metric_step)
    optimizer._natural = lambda gradient: 0 * gradient
    found = []
    for _ in range(n_estimates):
        optimizer.metric_tensor = None
        theta = optimizer.step(energy, theta)
        found.append(optimizer.metric_tensor)
    return np.array(found), exact_metric(theta, n)


def farthest_entry(estimates, truth):
    """How many standard errors the entry that is farthest off lies off."""
    return max(
        standard_deviations(estimates[:, i, j], truth[i, j])
        for i, j in np.ndindex(truth.shape)
        if estimates[:, i, j].std() > 1e-12
    )


def test_exact_metric_agrees_with_pennylane():
    theta = plh.start_angles((3, 3), seed=3)

    @qml.qnode(qml.device("default.qubit", wires=3))
    def circuit(theta):
        options = ("RY", "RZ"), "CZ", "chain"
        plh.HardwareEfficientAnsatz.compute_decomposition(theta, range(3), *options)
        return qml.expval(qml.Z(0))

    block = qml.metric_tensor(circuit, approx="block-diag")(theta).reshape(9, 9)
    ours = exact_metric(theta, 3)
    for rows in (slice(0, 3), slice(3, 6), slice(6, 9)):
        np.testing.assert_allclose(ours[rows, rows], block[rows, rows], atol=1e-10)


def test_sampled_metric_is_unbiased_with_exact_overlaps():
    dev = plh.device("hypernet.mps", wires=3, seed=0)
    estimates, truth = estimates_of(dev, 3, 0.02, 3000, 2)
    assert farthest_entry(estimates, truth) < 5
    assert farthest_entry(1.3 * estimates, truth) > 5  # a wrong factor is noticed
    assert farthest_entry(-estimates, truth) > 5  # and a wrong sign


def test_sampled_metric_from_shots():
    """As before, where overlaps are measured: a device that we know nothing of."""
    dev = plh.device(qml.device("default.mixed", wires=3, seed=0))
    estimates, truth = estimates_of(dev, 3, 0.15, 200, 4000)
    along = np.array([(estimate * truth).sum() for estimate in estimates]) / (truth**2).sum()
    assert standard_deviations(along, 1.0) < 5
    assert standard_deviations(-along, 1.0) > 5


def test_average_is_the_plain_mean_and_never_fed_back():
    energy, theta = make_energy(plh.device("hypernet.mps", wires=3, seed=0), 50)
    optimizer = plh.QNSPSAOptimizer(seed=2)
    seen, add = [], MetricAverage.add

    def noted(self, first, second, coefficient, shot_variance):
        seen.append(coefficient * (np.outer(first, second) + np.outer(second, first)))
        add(self, first, second, coefficient, shot_variance)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MetricAverage, "add", noted)
        for _ in range(12):
            theta = optimizer.step(energy, theta)
    np.testing.assert_allclose(optimizer.metric_tensor, np.mean(seen, axis=0), atol=1e-12)
    assert np.linalg.matrix_rank(seen[0]) <= 2


def random_average(d, k, seed=0):
    """A MetricAverage of k random estimates, and the plain mean of them as a matrix."""
    rng = np.random.default_rng(seed)
    average, plain = MetricAverage(d), np.zeros((d, d))
    for _ in range(k):
        first, second = rng.choice([-1, 1], size=(2, d))
        difference = rng.normal()
        average.add(first, second, -difference / (8 * 0.1**2))
        plain += sampled_metric(first, second, difference, 0.1) / k
    return average, plain


@pytest.mark.parametrize(("d", "k"), [(1, 1), (40, 3), (40, 19), (40, 20), (40, 200), (200, 60)])
@pytest.mark.parametrize("floor", [0.05, 0.2])
def test_low_rank_algebra_equals_the_dense_rule(d, k, floor):
    average, plain = random_average(d, k)
    np.testing.assert_allclose(average.dense(), plain, atol=1e-12)
    metric = average.weight * plain + (1 - average.weight) * PRIOR * np.eye(d)
    values, vectors = np.linalg.eigh(metric)
    gradient = np.random.default_rng(1).normal(size=d)
    expected = vectors @ (vectors.T @ gradient / np.maximum(values, floor))
    np.testing.assert_allclose(average.natural(gradient, floor), expected, rtol=0, atol=1e-10)
    if k > 3:  # otherwise the metric is the prior to some digits
        assert np.abs(expected - gradient / PRIOR).max() > 1e-3


@pytest.mark.parametrize("k", [3, 30])  # directions, and the matrix
def test_state_of_the_average(k):
    average, _ = random_average(20, k)
    other = MetricAverage.of_state(average.state())
    for which in (average, other):
        which.add(np.ones(20), np.ones(20), 0.3, 0.1)
    np.testing.assert_array_equal(average.dense(), other.dense())
    assert average.weight == other.weight


def test_the_weight_makes_the_error_least():
    """Estimates of a metric, with and without noise of shots: no other weight does better."""
    d = 12
    rng = np.random.default_rng(0)
    root = rng.normal(size=(d, d))
    metric = root @ root.T / (4 * d)  # about as far from the prior as it is large
    for std in (0.0, 0.3):
        errors = []
        for _ in range(100):
            average = MetricAverage(d)
            for _ in range(60):
                first, second = rng.choice([-1.0, 1.0], size=(2, d))
                coefficient = first @ metric @ second / 2 + std * rng.normal()
                average.add(first, second, coefficient, std**2)
            raw, prior = average.dense(), PRIOR * np.eye(d)
            error = [
                np.sum((w * raw + (1 - w) * prior - metric) ** 2)
                for w in (average.weight, 0, 0.7, 1)
            ]
            errors.append(error)
        ours, *others = np.mean(errors, axis=0)
        assert ours < min(others)


@pytest.mark.parametrize("std", [0.0, 0.5])
def test_the_weight_is_the_best_one(std):
    """Of a metric that is as far from the prior as it is large, the case that it is made for."""
    d, k = 20, 200
    rng = np.random.default_rng(0)
    beside = np.triu(rng.normal(size=(d, d)), 1) / d
    prior = PRIOR * np.eye(d)
    metric = prior / 2 + beside + beside.T
    assert np.linalg.norm(metric) == pytest.approx(np.linalg.norm(metric - prior))
    weights, along, squares = [], [], []
    for _ in range(20):
        average = MetricAverage(d)
        for first, second in rng.choice([-1.0, 1.0], size=(k, 2, d)):
            coefficient = first @ metric @ second / 2 + std * rng.normal()
            average.add(first, second, coefficient, std**2)
        learned = average.dense() - prior
        weights.append(average.weight)
        along.append((learned * (metric - prior)).sum())
        squares.append((learned**2).sum())
    best = np.mean(along) / np.mean(squares)  # where the mean-square error has its minimum
    assert np.mean(weights) == pytest.approx(best, rel=0.1)


def test_noise_of_the_shots_is_known():
    """The variance of an estimate from measured overlaps is what is subtracted for it."""
    dev = plh.device(qml.device("default.mixed", wires=3, seed=0))
    energy, theta = make_energy(dev, 100)
    optimizer = plh.QNSPSAOptimizer(seed=4)
    optimizer._natural = lambda gradient: 0 * gradient
    same = optimizer._draw([theta.size])
    optimizer._draw = lambda sizes: same
    coefficients, variances = [], []
    for _ in range(150):
        optimizer.metric_tensor = None
        theta = optimizer.step(energy, theta)
        average = optimizer._learned
        coefficients.append(optimizer.metric_tensor[0, 0] / 2 * same[1][0] * same[2][0])
        variances.append(average._sums[1])
    assert np.mean(variances) == pytest.approx(np.var(coefficients), rel=0.3)


@pytest.mark.parametrize("seed", range(5))
def test_solve_equals_eigenvalues_with_a_floor(seed):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(40, 40))
    for metric in (noise @ noise.T + 0.2 * np.eye(40), noise + noise.T, np.eye(40)):
        gradient = rng.normal(size=40)
        values, vectors = np.linalg.eigh(metric)
        expected = vectors @ (vectors.T @ gradient / np.maximum(values, 0.05))
        found = floored_solve(lambda vector, metric=metric: metric @ vector, gradient, 0.05)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
        assert np.linalg.norm(expected) <= np.linalg.norm(gradient) / 0.05 * (1 + 1e-12)
    np.testing.assert_array_equal(floored_solve(lambda vector: vector, np.zeros(3), 1), np.zeros(3))


@pytest.mark.parametrize("name", ["hypernet.mps", "default.qubit"])
@pytest.mark.parametrize("metric", ["exact", "block", "diagonal"])
def test_exact_metrics(name, metric):
    dev = plh.device(name, wires=3, seed=0)
    energy, theta = make_energy(dev, 50)
    optimizer = plh.QNSPSAOptimizer(seed=1, metric=metric)
    with qml.Tracker(dev) as tracker:
        optimizer.step(energy, theta)
    assert tracker.totals["executions"] == dev.counts.circuits == 2
    qubit = np.arange(9) % 3
    mask = {"exact": 1, "block": np.equal.outer(qubit, qubit), "diagonal": np.eye(9)}[metric]
    expected = exact_metric(theta, 3) * mask
    np.testing.assert_allclose(optimizer.metric_tensor, expected, atol=1e-10)
    assert optimizer.metric_weight == 1
    before = np.asarray(theta).copy()
    for _ in range(40):
        theta, cost = optimizer.step_and_cost(energy, theta)
    assert cost < 0.25
    np.testing.assert_array_equal(before, make_energy(dev, 50)[1])


def test_exact_metric_where_it_cannot_be_had():
    optimizer = plh.QNSPSAOptimizer(metric="exact")
    energy, theta = make_energy(plh.device("default.mixed", wires=3, seed=0), 50)
    with pytest.raises(DeviceError, match=r"'default.mixed' gives no exact overlaps at 3 wires"):
        optimizer.step(energy, theta)
    dev = plh.device("hypernet.mps", wires=3, seed=0)

    @qml.set_shots(10)
    @qml.qnode(dev)
    def other(theta):
        plh.HardwareEfficientAnsatz(2 * theta, wires=range(3))
        return plh.expected_loss(lambda bits: bits[:, 0])

    with pytest.raises(InputError, match="one operation of all trained angles whose metric"):
        optimizer.step(other, theta)
    with pytest.raises(InputError, match="unknown metric 'dense'"):
        plh.QNSPSAOptimizer(metric="dense")
    with pytest.raises(InputError, match="PennyLane's rule samples it"):
        plh.QNSPSAOptimizer(metric="exact", stock=True)


def test_several_arguments_of_which_some_are_trained():
    dev = plh.device("hypernet.mps", wires=3, seed=0)

    @qml.set_shots(300)
    @qml.qnode(dev)
    def energy(theta, fixed, last):
        plh.HardwareEfficientAnsatz(theta, wires=range(3))
        qml.RX(fixed, wires=0)
        qml.RY(last[0], wires=1)
        return plh.expected_loss(lambda bits: bits.sum(axis=1) * 1.0)

    theta = plh.start_angles((3, 3), seed=0)
    fixed = pnp.array(0.0, requires_grad=False)
    last = pnp.array([1.0], requires_grad=True)
    optimizer = plh.QNSPSAOptimizer(seed=0, stepsize=0.1)
    args = [theta, fixed, last]
    first = None
    for _ in range(40):
        args, cost = optimizer.step_and_cost(energy, *args)
        first = cost if first is None else first
    assert args[1] == 0.0
    assert args[0].shape == (3, 3)
    assert args[2].shape == (1,)
    assert cost < first - 0.3
    assert optimizer.metric_tensor.shape == (10, 10)


def test_blocking_refuses_a_rise():
    dev = plh.device("hypernet.mps", wires=3, seed=0)
    energy, _ = make_energy(dev, 400)
    theta = pnp.full((3, 3), 0.1, requires_grad=True)  # almost all bits 0: almost the best
    wild = {"stepsize": 100.0, "seed": 0}
    for _ in range(5):
        moved = plh.QNSPSAOptimizer(blocking=True, **wild).step(energy, theta)
        np.testing.assert_array_equal(moved, theta)
    free = plh.QNSPSAOptimizer(**wild)
    assert not np.array_equal(free.step(energy, theta), theta)


def test_state_and_restore_go_on_bit_for_bit():
    def fresh():
        return plh.QNSPSAOptimizer(seed=5, blocking=True)

    def steps(optimizer, theta, seed, n):
        energy, _ = make_energy(plh.device("hypernet.mps", wires=3, seed=seed), 50)
        for _ in range(n):
            theta = optimizer.step(energy, theta)
        return theta

    theta = plh.start_angles((3, 3), seed=0)
    one = fresh()
    theta = steps(one, theta, 0, 4)
    arrays, plain = one.state()
    other = fresh()
    other.restore(arrays, plain)
    np.testing.assert_array_equal(steps(one, theta, 1, 3), steps(other, theta, 1, 3))


@pytest.mark.parametrize(
    "name", ["stepsize", "regularization", "finite_diff_step", "resamplings", "metric_step"]
)
def test_bad_settings(name):
    with pytest.raises(InputError, match=f"{name}=-1: expected a positive number"):
        plh.QNSPSAOptimizer(**{name: -1})


def test_a_snapshot_does_not_change_with_the_next_step():
    energy, theta = make_energy(plh.device("hypernet.mps", wires=3, seed=0), 50)
    optimizer = plh.QNSPSAOptimizer(seed=0)
    theta = optimizer.step(energy, theta)
    arrays, _ = optimizer.state()
    kept = {name: array.copy() for name, array in arrays.items()}
    optimizer.step(energy, theta)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, kept[name])


def test_few_shots_do_not_touch_exact_overlaps():
    """Overlaps below half a shot are clipped where they are measured, not where they are exact."""
    metrics = []
    for shots in (2, 1000):
        energy, theta = make_energy(plh.device("hypernet.mps", wires=20, seed=0), shots)
        optimizer = plh.QNSPSAOptimizer(seed=0, metric_step=0.3)
        optimizer.step(energy, theta)
        metrics.append(optimizer.metric_tensor)
    np.testing.assert_allclose(*metrics)


def test_counts_are_whole_numbers():
    with pytest.raises(InputError, match=r"resamplings=1.5: expected a whole number"):
        plh.QNSPSAOptimizer(resamplings=1.5)


def test_nothing_to_train():
    energy, theta = make_energy(plh.device("hypernet.mps", wires=3, seed=0), 50)
    with pytest.raises(InputError, match="no argument of the cost function is trainable"):
        plh.QNSPSAOptimizer().step(energy, np.asarray(theta))


@pytest.mark.filterwarnings("ignore:step_and_cost")
@pytest.mark.parametrize(
    "options",
    [
        {"blocking": False},
        {"blocking": True},
        {"blocking": False, "resamplings": 3},
        {"blocking": False, "stepsize": 0.05, "finite_diff_step": 0.1, "regularization": 0.1},
    ],
    ids=str,
)
@pytest.mark.parametrize("several", [False, True])
def test_stock_updates_equal_pennylanes(options, several):
    """Exact energies and overlaps, the same seed: the same angles after many steps."""
    dev = qml.device("default.qubit", wires=3)

    @qml.qnode(dev)
    def energy(theta, fixed, last):
        plh.HardwareEfficientAnsatz(theta, wires=range(3))
        qml.RX(fixed, 0)
        plh.HardwareEfficientAnsatz(last, wires=range(3))
        return qml.expval(qml.Z(0) @ qml.Z(1) + 0.5 * qml.X(2))

    start = (
        plh.start_angles((3, 3), seed=3, method="uniform"),
        pnp.array(0.3, requires_grad=False),
        # of one shape: PennyLane's own rule cannot do with arguments of different ones
        pnp.array(np.linspace(0, 1, 9).reshape(3, 3), requires_grad=several),
    )
    pennylanes = {"stepsize": 1e-3, "regularization": 1e-3, "finite_diff_step": 1e-2} | options
    stock = qml.QNSPSAOptimizer(seed=1, **pennylanes)
    ours = plh.QNSPSAOptimizer(seed=1, stock=True, **pennylanes)
    theirs, args = list(start), list(start)
    for _ in range(6):
        theirs, their_cost = stock.step_and_cost(energy, *theirs)
        args, cost = ours.step_and_cost(energy, *args)
        assert cost == pytest.approx(float(their_cost), abs=1e-8 if several else 1e-10)
        for arg, their_arg in zip(args, theirs, strict=True):
            # sqrtm of a square amplifies the rounding of overlaps where an eigenvalue is almost 0
            np.testing.assert_allclose(arg, their_arg, rtol=0, atol=1e-8 if several else 1e-10)
    np.testing.assert_allclose(ours.metric_tensor, stock.metric_tensor, rtol=0, atol=1e-6)
    other = plh.QNSPSAOptimizer(seed=1, **pennylanes)
    moved, _ = other.step_and_cost(energy, *start)
    assert np.abs(moved[0] - stock.step(energy, *start)[0]).max() > 1e-6


def test_stock_state_and_restore():
    energy, theta = make_energy(plh.device("default.qubit", wires=3), None)
    one, other = (plh.QNSPSAOptimizer(seed=5, stock=True) for _ in range(2))
    for _ in range(3):
        theta = one.step(energy, theta)
    other.restore(*one.state())
    np.testing.assert_array_equal(one.step(energy, theta), other.step(energy, theta))
