"""Gates ordered for sweeps: those on one qubit multiplied, those that commute in one layer, and
diagonal ones that share a qubit made one operator."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

# A matrix and the positions it acts on; or the tensors (a, 2, 2, b) of a matrix product operator
# with indices bond, out, in, bond, and their positions in increasing order.
Gate = tuple[np.ndarray | tuple[np.ndarray, ...], tuple[int, ...]]

OFF_DIAGONAL = np.flatnonzero(1 - np.eye(4))


def gate_layers(gates: Iterable[Gate]) -> list[list[Gate]]:
    """The same circuit with fewer gates, in layers of gates that commute.

    One-qubit gates on the same position are multiplied, and so are gates that follow each other on
    the same two positions, with one-qubit gates between them. Diagonal gates pass each other.

    Args:
        gates: matrices complex (2, 2) or (4, 4) and their positions, the first one the more
            significant bit; or matrix product operators.

    Returns:
        The layers, each sorted by position.
    """
    waiting: dict[int, np.ndarray] = {}  # one-qubit gates before the next gate on a position
    newest: dict[int, int] = {}  # the gate that acted last on a position
    free: dict[int, int] = defaultdict(int)  # the first layer after all gates on a position
    soft: dict[int, int] = defaultdict(int)  # and after all that are not diagonal
    placed: list[list] = []  # layer, matrix, positions

    def place(content, positions, diagonal=False) -> None:
        after = soft if diagonal else free
        layer = max([after[position] for position in positions])
        for position in positions:
            free[position] = max(free[position], layer + 1)
            if not diagonal:
                soft[position] = layer + 1
            if len(positions) > 1:
                newest[position] = len(placed)
        placed.append([layer, content, positions])

    def release(positions, diagonal=False) -> None:
        """Places the one-qubit gates that a gate does not commute with."""
        for position in positions:
            matrix = waiting.get(position)
            if matrix is not None and not (diagonal and matrix[0, 1] == 0 == matrix[1, 0]):
                place(waiting.pop(position), (position,))

    for content, positions in gates:
        if isinstance(content, tuple):
            release(positions)
            place(content, positions)
            continue
        if len(positions) == 1:
            (position,) = positions
            before = waiting.get(position)
            waiting[position] = content if before is None else content @ before
            continue
        first, second = positions
        if first > second:
            content, positions = _exchanged(content), (second, first)
            first, second = positions
        last = newest.get(first)
        if last is not None and last == newest.get(second) and _alike(placed[last], positions):
            both = [waiting.pop(position, None) for position in positions]
            if any(matrix is not None for matrix in both):
                content = content @ _kron(*both)
            before = placed[last][1]
            placed[last][1] = content @ before
            if _is_diagonal(before) and not _is_diagonal(placed[last][1]):
                placed[last][0] = layer = max(free[first], free[second])
                free[first] = free[second] = layer + 1
            if not _is_diagonal(placed[last][1]):
                soft[first], soft[second] = free[first], free[second]
            continue
        diagonal = _is_diagonal(content)
        release(positions, diagonal)
        place(content, positions, diagonal)
    release(list(waiting))
    layers: list[list[Gate]] = [[] for _ in range(max(free.values(), default=0))]
    for layer, content, positions in placed:
        layers[layer].append((content, positions))
    return [sorted(_with_stars(layer), key=_positions) for layer in layers if layer]


def _alike(placed: list, positions: tuple[int, ...]) -> bool:
    """Whether a gate is a matrix on these positions."""
    return placed[2] == positions and not isinstance(placed[1], tuple)


def _positions(gate: Gate) -> tuple[int, ...]:
    return gate[1]


def _kron(left: np.ndarray | None, right: np.ndarray | None) -> np.ndarray:
    left = np.eye(2) if left is None else left
    right = np.eye(2) if right is None else right
    return (left[:, None, :, None] * right[None, :, None, :]).reshape(4, 4)


def _exchanged(matrix: np.ndarray) -> np.ndarray:
    """A two-qubit gate with its qubits in the other order."""
    return matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)


def _is_diagonal(matrix: np.ndarray) -> bool:
    return not matrix.take(OFF_DIAGONAL).any()


def _with_stars(layer: list[Gate]) -> list[Gate]:
    """A layer whose diagonal gates between far positions are joined, those at one position into one
    operator of bond dimension 2."""
    far = [
        len(positions) == 2 and positions[1] > positions[0] + 1 and not isinstance(matrix, tuple)
        for matrix, positions in layer
    ]
    diagonal = any(
        is_far and _is_diagonal(matrix) for is_far, (matrix, _) in zip(far, layer, strict=True)
    )
    if not diagonal:
        return layer
    out, edges = [], []
    for gate in layer:
        matrix, positions = gate
        joins = len(positions) == 2 and not isinstance(matrix, tuple) and _is_diagonal(matrix)
        (edges if joins else out).append(gate)
    while edges:
        numbers = Counter(position for _, positions in edges for position in positions)
        centre = max(numbers, key=lambda position: (numbers[position], -position))
        out.append(_star(centre, [gate for gate in edges if centre in gate[1]]))
        edges = [gate for gate in edges if centre not in gate[1]]
    return out


def _star(centre: int, gates: list[Gate]) -> Gate:
    """Diagonal gates of one position with others as one gate: for each bit of the centre a product
    of diagonal gates."""
    if len(gates) == 1:
        return gates[0]
    turns: dict[int, np.ndarray] = {centre: np.eye(2)}  # bit of the centre, own bit -> phase
    for matrix, positions in gates:
        phases = np.diagonal(matrix).reshape(2, 2)
        other = positions[0] if positions[1] == centre else positions[1]
        phases = phases if positions[0] == centre else phases.T
        turns[other] = turns.get(other, 1) * phases
    positions = tuple(sorted(turns))
    tensors = []
    for position in positions:
        tensor = np.zeros((2, 2, 2, 2), dtype=complex)  # bond, out, in, bond
        for bit in (0, 1):
            for own in (0, 1):
                tensor[bit, own, own, bit] = turns[position][bit, own]
        if position == positions[0]:
            tensor = tensor.sum(axis=0, keepdims=True)
        if position == positions[-1]:
            tensor = tensor.sum(axis=3, keepdims=True)
        tensors.append(tensor)
    return tuple(tensors), positions
