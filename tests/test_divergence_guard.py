"""The guard against divergence, and step sizes that calibrate themselves."""

import json

import numpy as np
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.optimizers.divergence_guard import WINDOW, DivergenceGuard


def make_energy(shots=200, loss=lambda bits: bits.mean(axis=1), wires=4):
    import pennylane as qml

    dev = plh.device("hypernet.mps", wires=wires, seed=0)

    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(loss, wires=dev.wires)

    return energy, plh.start_angles(plh.HardwareEfficientAnsatz.shape(1, wires), seed=3)


def watch(guard, energies):
    """The steps at which the guard steps in; theta is the number of the step."""
    answers = [guard.check(np.array([float(i)]), energy) for i, energy in enumerate(energies)]
    return [(i, answer[0]) for i, answer in enumerate(answers) if answer is not None]


def test_goes_back_to_where_the_mean_was_lowest():
    rng = np.random.default_rng(0)
    falling = np.linspace(1, 0.1, 100) + rng.normal(size=100) * 0.02
    rising = np.linspace(0.1, 0.6, 100) + rng.normal(size=100) * 0.02
    found = watch(DivergenceGuard(), [*falling, *rising])
    assert found
    step, best = found[0]
    assert 110 < step < 170
    assert 90 < best < 120


@pytest.mark.parametrize(("end", "diverged"), [(0.18, False), (0.22, True)])
def test_a_tenth_of_what_was_gained_may_be_lost(end, diverged):
    """However small the scatter is."""
    falling = np.linspace(1.1, 0.1, 200).repeat(WINDOW)  # from 1.1 to 0.1: 1 is gained
    assert bool(watch(DivergenceGuard(), [*falling, *[end] * WINDOW])) == diverged


@pytest.mark.parametrize("seed", range(5))
def test_leaves_noise_alone(seed):
    rng = np.random.default_rng(seed)
    energies = 0.1 + 0.6 * np.exp(-np.arange(2000) / 100) + rng.normal(size=2000) * 0.05
    assert not watch(DivergenceGuard(), energies)


def test_state_and_restore():
    energies = np.concatenate([np.linspace(1, 0.1, 50), np.linspace(0.1, 1, 50)])
    one = DivergenceGuard()
    for n_before in (3, WINDOW + 5):
        one = DivergenceGuard()
        watch(one, energies[:n_before])
        arrays, plain = one.state()
        other = DivergenceGuard()
        other.restore(arrays, json.loads(json.dumps(plain)))
        assert watch(one, energies[n_before:]) == watch(other, energies[n_before:])


@pytest.mark.parametrize("optimizer", [plh.SPSAOptimizer, plh.QNSPSAOptimizer])
@pytest.mark.parametrize("with_cost", [True, False])
def test_steps_that_become_far_too_large_are_mended(optimizer, with_cost):
    ends = []
    for guard in (True, False):
        energy, theta = make_energy()
        opt, said = optimizer(divergence_guard=guard, seed=0), []
        opt.stepsize *= 4

        def steps(n, opt=opt, energy=energy, said=said):
            nonlocal theta
            for _ in range(n):
                if with_cost:
                    theta = opt.step_and_cost(energy, theta)[0]
                else:
                    theta = opt.step(energy, theta)
                said += opt.messages

        steps(100)
        assert not said
        opt.stepsize = 40.0
        steps(400)
        ends.append(np.mean([energy(np.asarray(theta)) for _ in range(3)]))
        assert bool(said) == guard
        if guard:
            assert said[0] == "diverged: back to the best angles, step size halved to 20"
    assert ends[0] < 0.15 < ends[1]


@pytest.mark.parametrize("optimizer", [plh.SPSAOptimizer, plh.QNSPSAOptimizer])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_calibrated_steps_do_not_depend_on_the_unit_of_the_loss(optimizer, scale):
    energy, theta = make_energy(loss=lambda bits: scale * bits.mean(axis=1))
    opt = optimizer(stepsize="auto", seed=0)
    moved = theta
    for _ in range(120):
        moved, cost = opt.step_and_cost(energy, moved)
        if opt.k == 2:
            assert "calibrated by 10 gradients (20 circuits)" in opt.messages[0]
            assert 0.002 < np.abs(moved - theta).mean() < 0.2
    each = 7 if optimizer is plh.QNSPSAOptimizer else 3
    assert energy.device.counts.circuits == 20 + 120 * each
    assert energy.device.counts.overlaps == 120 * (each - 3)
    assert cost < 0.15 * scale
    again = optimizer(stepsize="auto", seed=0)
    again.restore(*opt.state())
    assert again.stepsize == opt.stepsize


def test_nothing_to_calibrate_by():
    energy, theta = make_energy(loss=lambda bits: np.ones(len(bits)))
    with pytest.raises(InputError, match="the energy is the same in all directions"):
        plh.SPSAOptimizer(stepsize="auto").step(energy, theta)
