"""In which order the wires of a circuit lie on the line of its matrix product state."""

from collections.abc import Iterable
from itertools import chain

import pennylane as qml
from pennylane.wires import Wires

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.mps.circuit import Circuit
from pl_hypernet.mps.closed_form import closed_form
from pl_hypernet.mps.narrow_order import narrow_order


def site_order(operations, wires: Wires) -> Wires:
    """All wires, in an order in which the circuit's state has small bonds.

    Those of an operation with a closed form that comes first, in its order, then the others; else
    in an order in which all gates on two wires are between neighbours, if there is one: the given
    one, or along the lines of wires that the gates join; else in one in which far fewer gates cross
    a bond, if that is found; else as given.

    Args:
        operations: of the circuit.
        wires: those that it may use; others come after them.
    """
    form = closed_form(operations[0]) if operations else None
    if form is not None and len(operations) == 1 and same_wires(form.wires, wires):
        return wires
    circuit = Circuit.of(operations)
    labels = circuit.labels
    given = set(wires)
    if not given.issuperset(chain.from_iterable(labels)):
        wires = Wires(list(dict.fromkeys([*wires, *chain.from_iterable(labels)])))
    if form is not None:
        return Wires.all_wires([form.wires, wires])
    pairs = dict.fromkeys(pair for pair in labels if len(pair) == 2)  # a set, but in order
    place = {wire: i for i, wire in enumerate(wires)}
    order = list(wires)
    if any(abs(place[a] - place[b]) != 1 for a, b in pairs):
        order = _along_lines(order, pairs)
        if order == list(wires) and all(len(labels) <= 2 for labels in circuit.labels):
            joined = {tuple(sorted((place[a], place[b]))) for a, b in pairs}
            order = [wires[i] for i in narrow_order(len(wires), tuple(sorted(joined)))]
        place = {wire: i for i, wire in enumerate(order)}
    if qml.CNOT in circuit.kinds:
        control, target = labels[circuit.kinds.index(qml.CNOT)]
        if place[control] == place[target] + 1:
            order.reverse()  # closed forms have CNOTs from left to right
    return wires if order == list(wires) else Wires(order)


def _along_lines(wires: list, pairs: Iterable[tuple]) -> list:
    """The wires along the lines that pairs of them form; as given if some form no line.

    A ring is a line and a pair that closes it.
    """
    joined: dict = {wire: [] for wire in wires}
    line_of = {wire: [wire] for wire in wires}
    for a, b in pairs:
        if b in joined[a]:
            continue
        if line_of[a] is line_of[b]:
            if len(line_of[a]) < len(wires) or {a, b} != {line_of[a][0], line_of[a][-1]}:
                return wires
            continue
        if len(joined[a]) == 2 or len(joined[b]) == 2:
            return wires
        joined[a].append(b)
        joined[b].append(a)
        left, right = line_of[a], line_of[b]
        if left[-1] != a:
            left.reverse()
        if right[0] != b:
            right.reverse()
        left += right
        for wire in right:
            line_of[wire] = left
    lines = {id(line): line for line in line_of.values()}
    return [wire for line in lines.values() for wire in line]
