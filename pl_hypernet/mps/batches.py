"""Circuits that differ only in their angles, as those of one optimiser step, in one go."""

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from pl_hypernet.mps.closed_form_state import ClosedFormState
from pl_hypernet.mps.outcomes import Outcomes, Turned
from pl_hypernet.mps.state import DTYPES, MatrixProductState

MAX_NUMBERS = 2**24  # held at once, if one circuit needs no more


def sample_all(
    states: list[MatrixProductState | Turned | Outcomes],
    shots: list[int],
    rng: np.random.Generator,
    precision: str,
) -> Iterator[np.ndarray]:
    """Bits of each state, int8 (shots, n_sites): the same as of one after the other."""
    for group in _groups(states, shots):
        first, n_shots = states[group[0]], shots[group[0]]
        if not (isinstance(first, ClosedFormState) and first.draws_by_form):
            for i in group:
                yield states[i].sample(n_shots, rng, precision)[0]
            continue
        # random numbers, and what a circuit's angles become
        numbers = len(first.wires) * max(n_shots, 16 * first.bond_dim)
        at_once = max(1, MAX_NUMBERS // numbers)
        for begin in range(0, len(group), at_once):
            part = [states[i].form for i in group[begin : begin + at_once]]
            yield from first.form.bits(part, n_shots, rng, DTYPES[precision])


def _groups(states, shots) -> list[list[int]]:
    """Indices of states in a row that are alike and have as many shots."""
    first = 0  # of this group

    def key(i: int) -> int:
        nonlocal first
        alike = isinstance(states[i], ClosedFormState) and states[i].is_like(states[first])
        if not (alike and shots[i] == shots[first]):
            first = i
        return first

    return [list(group) for _, group in groupby(range(len(states)), key)]


def overlap_all(pairs: list[tuple[MatrixProductState, MatrixProductState]]) -> list[float]:
    """The fidelity of the two states of each pair; of forms that are alike in one go."""
    overlaps = [0.0] * len(pairs)
    groups: list[list[int]] = []
    for i, (ket, bra) in enumerate(pairs):
        if not (isinstance(ket, ClosedFormState) and ket.form.has_overlaps and ket.is_like(bra)):
            overlaps[i] = ket.overlap(bra)
            continue
        group = next((g for g in groups if ket.is_like(pairs[g[0]][0])), None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    for group in groups:
        forms = [(pairs[i][0].form, pairs[i][1].form) for i in group]
        for i, amplitude in zip(group, forms[0][0].overlaps(forms), strict=True):
            overlaps[i] = abs(amplitude) ** 2
    return overlaps
