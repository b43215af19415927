"""Gates ordered for a sweep: one-qubit gates merged into their neighbours, the rest in layers."""

from collections.abc import Iterable

import numpy as np

Gate = tuple[np.ndarray, tuple[int, ...]]  # a matrix and the positions it acts on


def gate_layers(gates: Iterable[Gate]) -> list[list[Gate]]:
    """The same circuit with fewer gates, in layers of gates that commute.

    One-qubit gates are multiplied into the next two-qubit gate on their position, and gates that
    follow each other on the same two positions into one. A gate goes into the first layer after
    those of the gates before it on its positions.

    Args:
        gates: matrices complex (2, 2) or (4, 4) and their positions, the first one the more
            significant bit.

    Returns:
        The layers, each sorted by position; one-qubit gates that nothing follows come last.
    """
    waiting: dict[int, np.ndarray] = {}  # one-qubit gates before the next gate on a position
    newest: dict[int, int] = {}  # the gate that acted last on a position
    depth: dict[int, int] = {}  # layers so far on a position
    merged: list[tuple[int, np.ndarray, tuple[int, int]]] = []
    for matrix, positions in gates:
        if len(positions) == 1:
            (position,) = positions
            waiting[position] = matrix @ waiting.get(position, np.eye(2))
            continue
        first, second = positions
        if first > second:
            matrix = _exchanged(matrix)
            first, second = second, first
        if first in waiting or second in waiting:
            before = [waiting.pop(position, np.eye(2)) for position in (first, second)]
            matrix = matrix @ np.kron(*before)
        last = newest.get(first)
        if last is not None and last == newest.get(second):
            layer, earlier, _ = merged[last]
            merged[last] = layer, matrix @ earlier, (first, second)
            continue
        newest[first] = newest[second] = len(merged)
        layer = max(depth.get(first, 0), depth.get(second, 0))
        depth[first] = depth[second] = layer + 1
        merged.append((layer, matrix, (first, second)))
    layers: list[list[Gate]] = [[] for _ in range(max(depth.values(), default=0))]
    for layer, matrix, positions in merged:
        layers[layer].append((matrix, positions))
    layers.append([(matrix, (position,)) for position, matrix in waiting.items()])
    return [sorted(layer, key=lambda gate: gate[1]) for layer in layers if layer]


def _exchanged(matrix: np.ndarray) -> np.ndarray:
    """A two-qubit gate with its qubits in the other order."""
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
