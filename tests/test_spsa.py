"""SPSAOptimizer: two energies a step, and what it shares with QN-SPSA."""

from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.testing import standard_deviations


def make_energy(dev, shots):
    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(lambda bits: bits.mean(axis=1), wires=dev.wires)

    shape = plh.HardwareEfficientAnsatz.shape(1, len(dev.wires))
    return energy, plh.start_angles(shape, seed=3)


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "hypernet.mps"])
@pytest.mark.parametrize("options", [{}, {"blocking": True}, {"resamplings": 3}], ids=str)
def test_lowers_the_energy(name, options):
    energy, theta = make_energy(plh.device(name, wires=4, seed=0), 200)
    optimizer = plh.SPSAOptimizer(seed=1, stepsize=0.4, **options)
    costs = []
    for _ in range(60):
        theta, cost = optimizer.step_and_cost(energy, theta)
        costs.append(cost)
    assert costs[0].shots == 200
    assert np.mean(costs[-5:]) < 0.1 < costs[0]


@pytest.mark.parametrize(("rise", "accepted"), [(1.9, True), (2.1, False)])
def test_blocking_allows_two_standard_deviations(rise, accepted):
    optimizer = plh.SPSAOptimizer(blocking=True, history_length=4)
    answers = []
    for energy in [9.0, 1.0, 3.0, 1.0, 3.0]:  # the last four scatter by 1
        optimizer.k += 1
        function = SimpleNamespace(at=float, evaluate=lambda _, e=energy: [e + rise])
        answers.append(optimizer._accepts(energy, 0.0, function))
    assert answers[-1] == accepted


def test_two_energies_a_step_and_no_overlaps():
    dev = plh.device("default.mixed", wires=3, seed=0)
    energy, theta = make_energy(dev, 50)
    optimizer = plh.SPSAOptimizer(seed=1)
    with qml.Tracker(dev) as tracker:
        optimizer.step(energy, theta)
    assert tracker.totals["batches"] == 1
    assert tracker.totals["executions"] == dev.counts.circuits == 2
    assert tracker.totals["shots"] == dev.counts.shots == 100
    assert optimizer.circuits_per_step() == [{"energy": 3, "overlap": 0}]


def test_the_gradient_is_that_of_the_exact_energy():
    """With a small difference the mean step is minus the gradient times the step size."""
    dev = plh.device("default.qubit", wires=3)
    energy, theta = make_energy(dev, None)
    optimizer = plh.SPSAOptimizer(seed=1, stepsize=1.0, finite_diff_step=1e-4)
    moves = np.array([np.asarray(theta - optimizer.step(energy, theta)) for _ in range(400)])
    flat = np.asarray(theta)
    for index in np.ndindex(flat.shape):
        shifted = [flat.copy(), flat.copy()]
        shifted[0][index] += 1e-4
        shifted[1][index] -= 1e-4
        exact = (float(energy(shifted[0])) - float(energy(shifted[1]))) / 2e-4
        assert standard_deviations(moves[(slice(None), *index)], exact) < 5


def test_state_and_restore_go_on_bit_for_bit():
    def steps(optimizer, theta, seed, n):
        energy, _ = make_energy(plh.device("hypernet.mps", wires=3, seed=seed), 50)
        for _ in range(n):
            theta = optimizer.step(energy, theta)
        return theta

    one, other = (plh.SPSAOptimizer(seed=5, blocking=True) for _ in range(2))
    theta = steps(one, plh.start_angles((3, 3), seed=0), 0, 4)
    other.restore(*one.state())
    np.testing.assert_array_equal(steps(one, theta, 1, 3), steps(other, theta, 1, 3))


@pytest.mark.parametrize("name", ["stepsize", "finite_diff_step", "resamplings", "history_length"])
def test_bad_settings(name):
    with pytest.raises(InputError, match=f"{name}=-1: expected a positive number"):
        plh.SPSAOptimizer(**{name: -1})
