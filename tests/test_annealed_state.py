"""Annealing on matrix product states (benchmarks/reproductions) against all 2^N amplitudes."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import pl_hypernet as plh

FOLDER = Path(__file__).parents[1] / "benchmarks" / "reproductions"
sys.path.append(str(FOLDER))
import annealed_state  # noqa: E402
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
def test_a_truncation_keeps_what_it_says(chi):
    signs = patterns(11)[:1]
    mine = AnnealedState(signs, chi)
    mine.step(0.9, 0.4)
    psi = exact_state(signs, (0.0, 1.0), [(0.9, 0.4)])
    overlap = np.vdot(mine.state().state_vector(), psi)
    assert np.isclose(abs(overlap) ** 2, np.exp(mine.log_kept), atol=1e-10)
    assert mine.state().bond_dim == chi


@pytest.mark.parametrize("n", [11, 101])
@pytest.mark.parametrize("chi", [1, 2, 4])
def test_a_truncation_keeps_nearly_the_best(n, chi):
    """One pattern's phases on |+...+>: counts at both sides of a bond are binomial."""
    gamma, slope = 0.9, n**-0.5
    mine = AnnealedState(patterns(n)[:1], chi, (0.0, slope))
    mine.step(gamma, 0.0)
    tails = []
    for j in range(1, n):
        before, after = (np.arange(m + 1) for m in (j, n - j))
        sums = 2 * (before[:, None] + after) - n
        weights = binom.pmf(before, j, 0.5)[:, None] * binom.pmf(after, n - j, 0.5)
        product = np.sqrt(weights) * np.exp(-1j * gamma * slope * np.maximum(0, -sums))
        tails.append((np.linalg.svd(product, compute_uv=False)[chi:] ** 2).sum())
    assert max(tails) - 1e-10 < 1 - np.exp(mine.log_kept) < min(10 * max(tails), sum(tails)) + 1e-10


def test_twisted_copies_halve_what_a_truncation_loses(monkeypatch):
    """What a pattern's phases do to a state in the middle of an annealing is not in the state."""
    signs = signed_patterns(plh.datasets.random_patterns(51, 0.4, 3))
    lost = []
    for twists in (annealed_state.TWISTS, (0.0,)):
        mine = AnnealedState(signs, 4, (1.0, 0.0), width=3.0)
        for gamma in (0.15, 0.3):  # the first two steps of ten
            mine.step(gamma, 1.5 - gamma)
        one = AnnealedState(signs[:1], 4, (1.0, 0.0), width=3.0)
        one._tensors, one._dims = mine._tensors, mine._dims
        monkeypatch.setattr(annealed_state, "TWISTS", twists)
        one.step(0.45, 0.0)
        monkeypatch.undo()
        lost.append(1 - np.exp(one.log_kept))
    assert lost[0] < 0.7 * lost[1]


def test_counts_that_are_rare_are_not_needed():
    n, steps, dt = 11, 3, 0.8
    cost, signs, s = (0.0, n**-0.5), patterns(n)[:3], (np.arange(steps) + 1) / steps
    psi = exact_state(signs, cost, zip(s * dt, (1 - s) * dt, strict=True))
    mine = AnnealedState(signs, 32, cost, width=2.0).anneal(steps, dt)
    wrong = 1 - abs(np.vdot(mine.state().state_vector(), psi)) ** 2
    assert 1e-6 < wrong < 1e-3  # of width 3, none are left out
    assert abs(mine.log_kept) < 1e-10  # and what is done is unitary all the same


def test_an_even_number_of_weights_is_refused():
    with pytest.raises(ValueError, match="odd"):
        AnnealedState(np.ones((2, 4)), 2)
