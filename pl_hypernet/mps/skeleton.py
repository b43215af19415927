"""Circuits in layers of gates on one qubit and chains of CZ or CNOT, but for their angles.

What depends on the kinds of gates and their wires alone is kept: an optimizer asks for the same
circuit again and again, at other angles.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pennylane as qml
from pennylane.wires import Wires

from pl_hypernet.mps.circuit import Circuit
from pl_hypernet.mps.layers import Layers

ENTANGLERS = {qml.CZ: "CZ", qml.CNOT: "CNOT"}
ROTATIONS = (qml.RX, qml.RY, qml.RZ, qml.PhaseShift, qml.Rot, qml.U1, qml.U2, qml.U3)
TAKEN = {*ENTANGLERS, *ROTATIONS, qml.GlobalPhase}
EULER = ("RZ", "RY", "RZ")
# where a gate leads to from a site: of the two of a CNOT chain the left one acts first
LEFT, RIGHT, FROM_LAST, TO_FIRST = 1, 2, 4, 8


@dataclass(frozen=True)
class Skeleton:
    """A circuit in layers, but for its angles; numbers are those of the operations.

    Attributes:
        layers: what joins the sites.
        n_turns: gates on one qubit.
        turns: kinds of these, the operations of each kind, and where they stand among all turns.
        rounds: turns that are first, second, ... on their site and layer, and the place of each
            among the sites of all layers.
        angles: where the angle of each turn stands among the Euler angles of all layers, which it
            is added to; None where they are not RZ and at most one RY on each place.
        phases: the global phases.
        rest: operations that the layers leave.
    """

    layers: Layers
    n_turns: int
    turns: list[tuple[type, list[int], np.ndarray]]
    rounds: list[tuple[np.ndarray, np.ndarray]]
    angles: np.ndarray | None
    phases: list[int]
    rest: list[int]


def skeleton_of(operations: list, wires: Wires) -> Skeleton | None:
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
    places = [taken.layer[i] // 2 * len(wires) + taken.site[i] for i in turned]
    turns: dict[type, tuple[list[int], list[int]]] = {}
    for turn, i in enumerate(turned):
        numbers, turns_of_kind = turns.setdefault(kinds[i], ([], []))
        numbers.append(i)
        turns_of_kind.append(turn)
    return Skeleton(
        layers,
        len(turned),
        [(kind, numbers, np.array(which)) for kind, (numbers, which) in turns.items()],
        _rounds(places),
        _euler_places([kinds[i] for i in turned], places, len(wires)),
        [i for i, kind in enumerate(kinds) if kind is qml.GlobalPhase and i not in left],
        rest,
    )


def _rounds(places: list[int]) -> list[tuple[np.ndarray, np.ndarray]]:
    rounds: list[tuple[list[int], list[int]]] = []
    count: dict[int, int] = {}
    for turn, place in enumerate(places):
        nth = count[place] = count.get(place, -1) + 1
        if nth == len(rounds):
            rounds.append(([], []))
        rounds[nth][0].append(turn)
        rounds[nth][1].append(place)
    return [(np.array(turns), np.array(where)) for turns, where in rounds]


def _euler_places(kinds: list[type], places: list[int], n_sites: int) -> np.ndarray | None:
    found = []
    turned: set[int] = set()  # places with an RY
    for kind, place in zip(kinds, places, strict=True):
        if kind not in (qml.RY, qml.RZ) or (kind is qml.RY and place in turned):
            return None
        row = 1 if kind is qml.RY else 2 * (place in turned)
        if kind is qml.RY:
            turned.add(place)
        layer, site = divmod(place, n_sites)
        found.append((3 * layer + row) * n_sites + site)
    return np.array(found, dtype=int)


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
