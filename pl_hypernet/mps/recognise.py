"""Circuits written gate by gate that have a closed form: rotations, and chains of CZ or CNOT.

The hardware-efficient ansatz as most people write it: loops over gates. Gates on one qubit between
two entangling layers are multiplied and brought to RZ RY RZ, so that any of them will do. What
depends on the kinds of gates and their wires alone is kept: an optimizer asks for the same circuit
again and again, at other angles.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pennylane as qml
from pennylane.wires import Wires

from pl_hypernet.mps.circuit import Circuit
from pl_hypernet.mps.cones import rotations
from pl_hypernet.mps.layered_form import LayeredForm
from pl_hypernet.mps.layers import ROTATION_CODES, Layers

ENTANGLERS = {qml.CZ: "CZ", qml.CNOT: "CNOT"}
ROTATIONS = (qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.Rot, qml.U1, qml.U2, qml.U3)
TAKEN = {*ENTANGLERS, *ROTATIONS, qml.GlobalPhase}
EULER = ("RZ", "RY", "RZ")
# where a gate leads to from a site: of the two of a CNOT chain the left one acts first
LEFT, RIGHT, FROM_LAST, TO_FIRST = 1, 2, 4, 8
TOLERANCE = 1e-9  # by how much a matrix may differ from the unitary of its angles


def recognise(operations: list, wires: Wires) -> tuple[LayeredForm | None, list]:
    """A closed form of the beginning of a circuit, and the operations after it.

    Each site has gates on one qubit between two entangling layers that it takes part in. CNOTs go
    from left to right, and of the two on a site in one layer the left one comes first. A ring has
    its closing gate in every layer.

    Args:
        operations: in the order in which they act.
        wires: all wires, in the order of the line.

    Returns:
        A form on all wires, and the operations that it leaves, which act after it. None and all
        operations where gates one by one are as good: where it would leave as many gates on two
        qubits as it takes.
    """
    skeleton = skeleton_of(operations, wires)
    if skeleton is None:
        return None, operations
    layers = skeleton.layers
    matrices = np.empty((skeleton.n_turns, 2, 2), dtype=complex)
    for kind, numbers, places in skeleton.turns:
        made = _matrices(kind, [operations[i] for i in numbers])
        if made is None:
            return None, operations
        matrices[places] = made
    products = np.zeros((layers.n_layers + 1, layers.n_sites, 2, 2), dtype=complex)
    products[..., 0, 0] = products[..., 1, 1] = 1
    flat = products.reshape(-1, 2, 2)
    for nth, (acting, places) in enumerate(skeleton.rounds):
        flat[places] = matrices[acting] @ flat[places] if nth else matrices[acting]
    angles, phases = _euler(products)
    known = all(kind in ROTATIONS for kind, *_ in skeleton.turns)
    if not known and not np.abs(_unitary(angles, phases) - products).max() < TOLERANCE:
        return None, operations
    phase = phases.sum() - sum(float(operations[i].data[0]) for i in skeleton.phases)
    theta = angles.swapaxes(0, 1).reshape(-1, layers.n_sites)
    rest = [operations[i] for i in skeleton.rest]
    return LayeredForm(theta, layers, wires, float(phase)), rest


def skeleton_of(operations: list, wires: Wires) -> "Skeleton | None":
    """The layers of a circuit, but for its angles; None where :func:`recognise` finds none."""
    circuit = Circuit.of(operations)
    known = TAKEN.issuperset(circuit.kinds)
    kinds = circuit.kinds if known else tuple(map(_kind, operations))
    return _skeleton(kinds, circuit.labels, wires.labels)


def _kind(operation) -> type | None:
    """None for operations that have no part in a form."""
    kind = type(operation)
    if kind in TAKEN:
        return kind
    return kind if len(operation.wires) == 1 and operation.has_matrix else None


@dataclass(frozen=True)
class Skeleton:
    """A circuit in layers, but for its angles; numbers are those of the operations.

    Attributes:
        layers: what joins the sites.
        n_turns: gates on one qubit.
        turns: kinds of these, the operations of each kind, and where they stand among all turns.
        rounds: turns that are first, second, ... on their site and layer, and the place of each
            among the sites of all layers.
        phases: the global phases.
        rest: operations that the layers leave.
    """

    layers: Layers
    n_turns: int
    turns: list[tuple[type, list[int], np.ndarray]]
    rounds: list[tuple[np.ndarray, np.ndarray]]
    phases: list[int]
    rest: list[int]


@lru_cache(maxsize=32)
def _skeleton(kinds: tuple, labels: tuple, wires: tuple) -> Skeleton | None:
    """Of operations of some kinds on wires with these labels; None if there is no form."""
    taken = _Taken(kinds, labels, wires)
    layers = taken.layers()
    if layers is None:
        return None
    last = 2 * layers.n_layers
    rest = [i for i in range(len(kinds)) if i >= len(taken.layer) or taken.layer[i] > last]
    n_gates = sum(map(len, layers.joined)) + layers.ring * layers.n_layers
    if rest and n_gates <= sum(len(labels[i]) > 1 for i in rest):
        return None
    left = set(rest)
    turned = [i for i, site in enumerate(taken.site) if site >= 0 and i not in left]
    turns: dict[type, tuple[list[int], list[int]]] = {}
    rounds: list[tuple[list[int], list[int]]] = []
    count: dict[int, int] = {}
    for turn, i in enumerate(turned):
        for numbers, number in zip(turns.setdefault(kinds[i], ([], [])), (i, turn), strict=True):
            numbers.append(number)
        place = taken.layer[i] // 2 * len(wires) + taken.site[i]
        nth = count[place] = count.get(place, -1) + 1
        if nth == len(rounds):
            rounds.append(([], []))
        for numbers, number in zip(rounds[nth], (turn, place), strict=True):
            numbers.append(number)
    return Skeleton(
        layers,
        len(turned),
        [(kind, numbers, np.array(places)) for kind, (numbers, places) in turns.items()],
        [(np.array(acting), np.array(places)) for acting, places in rounds],
        [i for i, kind in enumerate(kinds) if kind is qml.GlobalPhase and i not in left],
        rest,
    )


class _Taken:
    """What operations in a row are in layers, up to the first one that fits in none.

    Attributes:
        layer: of each operation taken, 2p for a gate on one qubit in the rotation layer p, 2p + 1
            for an entangler after it.
        site: of each gate on one qubit, -1 for other operations.
        joined: sites with a gate to the next one, of each entangling layer.
        closed: the layers with a gate from the last site to the first.
    """

    def __init__(self, kinds: tuple, labels: tuple, wires: tuple):
        self.layer: list[int] = []
        self.site: list[int] = []
        self.entangler: str | None = None
        self.joined: list[list[int]] = []
        self.closed: list[int] = []
        self._begun = [0] * len(wires)  # entangling layers that a site has taken part in
        self._turned = [False] * len(wires)  # whether it has been turned since
        self._used = [0] * len(wires)  # where the gates of its last layer lead to
        place = {wire: i for i, wire in enumerate(wires)}
        for kind, its_labels in zip(kinds, labels, strict=True):
            site, layer = -1, 0
            if kind in ENTANGLERS:
                layer = self._entangle(ENTANGLERS[kind], *[place[wire] for wire in its_labels])
            elif kind is None:
                layer = None
            elif kind is not qml.GlobalPhase:
                site = place[its_labels[0]]
                self._turned[site] = True
                layer = 2 * self._begun[site]
            if layer is None:
                return
            self.layer.append(layer)
            self.site.append(site)

    def _entangle(self, name: str, a: int, b: int) -> int | None:
        """Takes an entangler from site a to site b, if it fits in a layer."""
        if self.entangler is None:
            self.entangler = name
        last = len(self._begun) - 1
        around = abs(a - b) == last > 1
        if name == "CZ" and (a > b) != around:
            a, b = b, a
        if name != self.entangler or (a, b) != ((last, 0) if around else (a, a + 1)):
            return None
        from_a, from_b = (TO_FIRST, FROM_LAST) if around else (RIGHT, LEFT)
        begun, turned, used = self._begun, self._turned, self._used
        if turned[a] and turned[b]:
            layer = max(begun[a], begun[b])
        else:  # the last layer of a site that was not turned since
            layer = begun[b if turned[a] else a] - 1
            if layer < 0 or not (self._joins(layer, a, from_a) and self._joins(layer, b, from_b)):
                return None
        used[a] = from_a if turned[a] else from_a | used[a]
        used[b] = from_b if turned[b] else from_b | used[b]
        begun[a] = begun[b] = layer + 1
        turned[a] = turned[b] = False
        if layer == len(self.joined):
            self.joined.append([])
        if around:
            self.closed.append(layer)
        else:
            self.joined[layer].append(a)
        return 2 * layer + 1

    def _joins(self, layer: int, site: int, leads: int) -> bool:
        """Whether a gate that leads from a site can be in a layer."""
        if self._turned[site]:
            return self._begun[site] <= layer
        used = self._used[site]
        in_order = leads > used if self.entangler == "CNOT" else not leads & used
        return self._begun[site] == layer + 1 and in_order

    def layers(self) -> Layers | None:
        """Those that are whole, if there is a closing gate; None if there is nothing."""
        n_layers = len(self.joined)
        ring = 0 in self.closed
        if self.closed:
            n_layers = min(self.closed)
        if ring:
            n_layers = next(p for p in range(len(self.joined) + 1) if p not in self.closed)
        if not self.layer or not all(self.joined[:n_layers]):
            return None
        joined = tuple(tuple(sorted(sites)) for sites in self.joined[:n_layers])
        euler = (EULER,) * (n_layers + 1)
        return Layers(len(self._begun), euler, joined, self.entangler or "CZ", ring)


def _matrices(kind: type, gates: list) -> np.ndarray | None:
    """Matrices complex128 (n, 2, 2) of gates of one kind on one qubit; None if one is a batch."""
    if kind not in ROTATIONS:
        matrices = [gate.matrix() for gate in gates]
        return None if any(matrix.shape != (2, 2) for matrix in matrices) else np.array(matrices)
    data = [np.array([gate.data[k] for gate in gates], float) for k in range(kind.num_params)]
    if data[0].ndim != 1:
        return None
    named = kind.__name__ in ROTATION_CODES  # PennyLane's own matrices take four times as long
    return rotations(kind.__name__, *data) if named else kind.compute_matrix(*data)


def _euler(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unitary matrices as RZ(before), RY(turn), RZ(after) and a phase, without RZ if they are real.

    Args:
        matrices: complex128 (..., 2, 2).

    Returns:
        Angles float64 (3, ...) in the order in which they act, phases float64 (...).
    """
    (m00, m01), (m10, m11) = np.moveaxis(matrices, (-2, -1), (0, 1))
    total, difference = np.angle(m11 * m00.conj()), np.angle(-m10 * m01.conj())
    kept, flipped = m00 * np.exp(0.5j * total), m10 * np.exp(-0.5j * difference)
    phases = np.angle(np.where(np.abs(kept) >= np.abs(flipped), kept, flipped))
    turn = 2 * np.arctan2(*((part * np.exp(-1j * phases)).real for part in (flipped, kept)))
    return np.stack([(total - difference) / 2, turn, (total + difference) / 2]), phases


def _unitary(angles: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """What :func:`_euler` takes apart."""
    before, turn, after = angles
    kept, flipped = np.cos(turn / 2) * np.exp(1j * phases), np.sin(turn / 2) * np.exp(1j * phases)
    total, difference = np.exp(0.5j * (after + before)), np.exp(0.5j * (after - before))
    rows = [[kept / total, -flipped / difference], [flipped * difference, kept * total]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))
