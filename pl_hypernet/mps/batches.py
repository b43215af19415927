"""Circuits that differ only in their angles, as those of one optimiser step, in one go."""

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from pl_hypernet.mps import walsh
from pl_hypernet.mps.ansatz_mps import AnsatzState, draw_together
from pl_hypernet.mps.state import DTYPES, MatrixProductState

MAX_NUMBERS = 2**24  # held at once, if one circuit needs no more


def sample_all(
    states: list[MatrixProductState], shots: list[int], rng: np.random.Generator, precision: str
) -> Iterator[np.ndarray]:
    """Bits of each state, int8 (shots, n_sites): the same as of one after the other."""
    for group in _groups(states, shots):
        first, n_shots = states[group[0]], shots[group[0]]
        if not (isinstance(first, AnsatzState) and first.has_light_cones):
            for i in group:
                yield states[i].sample(n_shots, rng, precision)[0]
            continue
        # random numbers, and what a circuit's angles become
        numbers = len(first.wires) * max(n_shots, 16 * first.bond_dim)
        at_once = max(1, MAX_NUMBERS // numbers)
        for begin in range(0, len(group), at_once):
            part = [states[i] for i in group[begin : begin + at_once]]
            shape = (len(part), len(first.wires), n_shots)
            yield from draw_together(part, rng.random(shape, dtype=DTYPES[precision]))[0]


def _groups(states, shots) -> list[list[int]]:
    """Indices of states in a row that are alike and have as many shots."""
    first = 0  # of the group at hand

    def key(i: int) -> int:
        nonlocal first
        alike = isinstance(states[i], AnsatzState) and states[i].is_like(states[first])
        if not (alike and shots[i] == shots[first]):
            first = i
        return first

    return [list(group) for _, group in groupby(range(len(states)), key)]


def overlap_all(pairs: list[tuple[MatrixProductState, MatrixProductState]]) -> list[float]:
    """The fidelity of the two states of each pair; chains of CZ on equally many qubits together."""
    overlaps = [0.0] * len(pairs)
    chains: dict[tuple, list[int]] = {}
    for i, (ket, bra) in enumerate(pairs):
        if isinstance(ket, AnsatzState) and ket.is_cz_chain and ket.is_like(bra):
            chains.setdefault(ket.theta.shape, []).append(i)
        else:
            overlaps[i] = ket.overlap(bra)
    for group in chains.values():
        kets, bras = (np.stack([pairs[i][side].paths for i in group]) for side in (0, 1))
        for i, amplitude in zip(group, walsh.overlaps(bras, kets), strict=True):
            overlaps[i] = abs(amplitude) ** 2
    return overlaps
