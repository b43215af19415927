"""Annealing on matrix product states (benchmarks/reproductions) against all 2^N amplitudes."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pl_hypernet as plh

FOLDER = Path(__file__).parents[1] / "benchmarks" / "reproductions"
sys.path.append(str(FOLDER))
from annealed_state import AnnealedState, signed_patterns  # noqa: E402

sys.path.remove(str(FOLDER))

COSTS = [(0.0, 0.3), (1.0, 0.0), (0.4, 0.2)]  # linear, the number of wrong patterns, both


def patterns(n: int, seed: int = 3) -> np.ndarray:
    return signed_patterns(plh.datasets.random_patterns(n, 0.8, seed))


def exact_state(signs, cost, schedule) -> np.ndarray:
    n = signs.shape[1]
    sums = (1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1)) @ signs.T
    costs = np.where(sums < 0, cost[0] + cost[1] * abs(sums), 0).sum(axis=1)
    psi = np.full(2**n, 2 ** (-n / 2), dtype=complex)
    for gamma, beta in schedule:
        psi = (np.exp(-1j * gamma * costs) * psi).reshape([2] * n)
        for site in range(n):
            psi = np.cos(beta) * psi + 1j * np.sin(beta) * np.flip(psi, site)
        psi = psi.ravel()
    return psi


@pytest.mark.parametrize("cost", COSTS)
def test_with_enough_bonds_it_is_the_state_vector(cost):
    signs, (steps, dt) = patterns(9), (4, 0.7)
    mine = AnnealedState(signs, 16, cost).anneal(steps, dt)
    s = (np.arange(steps) + 1) / steps
    psi = exact_state(signs, cost, zip(s * dt, (1 - s) * dt, strict=True))
    assert np.allclose(mine.state().state_vector(), psi, atol=1e-10)
    assert abs(mine.log_kept) < 1e-10


@pytest.mark.parametrize("chi", [1, 2, 3])
def test_a_truncation_keeps_what_it_says_and_nearly_the_best(chi):
    n, cost = 11, (0.0, 1.0)
    signs = patterns(n)[:1]
    mine = AnnealedState(signs, chi, cost)
    mine.step(0.9, 0.4)
    psi = exact_state(signs, cost, [(0.9, 0.4)])
    kept = np.exp(mine.log_kept)
    assert np.isclose(abs(np.vdot(mine.state().state_vector(), psi)) ** 2, kept, atol=1e-10)
    spectra = [np.linalg.svd(psi.reshape(2**j, -1), compute_uv=False) ** 2 for j in range(1, n)]
    tails = [spectrum[chi:].sum() for spectrum in spectra]
    assert 1 - sum(tails) < kept <= 1 - max(tails) + 1e-10
    assert mine.state().bond_dim == chi


def test_counts_that_are_rare_are_not_needed():
    n, steps, dt = 13, 3, 0.8
    cost, signs, s = (0.0, n**-0.5), patterns(n)[:3], (np.arange(steps) + 1) / steps
    psi = exact_state(signs, cost, zip(s * dt, (1 - s) * dt, strict=True))
    mine = AnnealedState(signs, 64, cost, width=2.0).anneal(steps, dt)
    wrong = 1 - abs(np.vdot(mine.state().state_vector(), psi)) ** 2
    assert 1e-6 < wrong < 1e-3  # of width 3, none are left out
    assert abs(mine.log_kept) < 1e-10  # and what is done is unitary all the same


def test_an_even_number_of_weights_is_refused():
    with pytest.raises(ValueError, match="odd"):
        AnnealedState(np.ones((2, 4)), 2)
