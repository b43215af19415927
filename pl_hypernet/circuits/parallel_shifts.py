"""Which angles can be shifted in one circuit: those that no measured qubit feels two of.

Parameter shift asks for two circuits an angle. But an angle changes <Z> of the qubits in its light
cone alone, so angles whose cones have no qubit in common are shifted together, and each one's
derivative is read off its own qubits. For a circuit of P layers between neighbours that takes a
number of circuits that does not depend on the number of qubits.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import pennylane as qml

from pl_hypernet.errors import InputError

Z, X = 1, 2  # what an operator may hold on a wire: a part that commutes with Z, one that does not


@dataclass(frozen=True)
class ParallelShifts:
    """Angles in classes, each of which one circuit shifts at once.

    Attributes:
        classes: for each class the angles, int (n,).
        angles: int (m,), angles and the wires that feel them: angle ``angles[k]`` changes <Z> of
            ``wires[k]``.
        wires: int (m,), positions.
        members: of each class the places k of its angles.
    """

    classes: list[np.ndarray]
    angles: np.ndarray
    wires: np.ndarray
    members: list[np.ndarray]

    @property
    def n_circuits(self) -> int:
        return 2 * len(self.classes)

    def shifts(self, n_angles: int) -> np.ndarray:
        """What is added to the angles, a plus and a minus for each class: float64 (2 n, n_angles),
        radians."""
        shifts = np.zeros((len(self.classes), 2, n_angles))
        for shift, members in zip(shifts, self.classes, strict=True):
            shift[0, members], shift[1, members] = np.pi / 2, -np.pi / 2
        return shifts.reshape(-1, n_angles)

    def gradient(self, weights: np.ndarray, z: np.ndarray, n_angles: int) -> np.ndarray:
        """The gradient of sum_i weights_i <Z_i>.

        Args:
            weights: float64 (n_wires,).
            z: float64 (2 n, n_wires), <Z> in the circuits of :meth:`shifts`.
            n_angles: d.

        Returns:
            float64 (d,).
        """
        gradient = np.zeros(n_angles)
        for which, places in enumerate(self.members):
            wires = self.wires[places]
            slopes = (z[2 * which, wires] - z[2 * which + 1, wires]) / 2
            np.add.at(gradient, self.angles[places], weights[wires] * slopes)
        return gradient


def parallel_shifts(
    gates: Sequence[qml.operation.Operator], angle_of: dict[int, int], wires
) -> ParallelShifts:
    """Divides the angles of a circuit into classes, greedily.

    Args:
        gates: on one or two wires, in the order in which they act.
        angle_of: the angle that each parametrised gate takes, by the number of the gate.
        wires: measured wires, in order.

    Raises:
        InputError: an angle turns a gate that two shifts by pi/2 do not differentiate.
    """
    position = {wire: i for i, wire in enumerate(wires)}
    gates_on: dict = {wire: [] for wire in wires}
    for i, gate in enumerate(gates):
        for wire in gate.wires:
            gates_on[wire].append(i)
    taken: list[set] = []  # wires that the angles of each class are felt by
    classes: list[list[int]] = []
    angles, felt, places = [], [], []
    order = sorted(angle_of, key=lambda i: (min(position[w] for w in gates[i].wires), i))
    for i in order:
        _check_rule(gates[i])
        reached = sorted(position[w] for w in felt_by(gates, gates_on, i))
        if not reached:
            continue  # no measured bit depends on it
        which = next((c for c, t in enumerate(taken) if t.isdisjoint(reached)), len(taken))
        if which == len(taken):
            taken.append(set())
            classes.append([])
            places.append([])
        taken[which].update(reached)
        classes[which].append(angle_of[i])
        places[which].extend(range(len(angles), len(angles) + len(reached)))
        angles += [angle_of[i]] * len(reached)
        felt += reached
    return ParallelShifts(
        classes=[np.array(members) for members in classes],
        angles=np.array(angles, dtype=int),
        wires=np.array(felt, dtype=int),
        members=[np.array(members) for members in places],
    )


def felt_by(gates, gates_on: dict, which: int) -> list:
    """The wires whose <Z> a change of one gate can change.

    The change is an operator on the wires of the gate, followed forwards through the circuit. On
    each wire it may hold a part that commutes with Z, which spreads through no diagonal gate, and
    one that does not, which spreads through all. Only the latter changes <Z> at the end.
    """
    parts = dict.fromkeys(gates[which].wires, 0)
    waiting: list[int] = []

    def grow(wire, part: int, after: int) -> None:
        new = wire not in parts or parts[wire] == 0
        parts[wire] = parts.get(wire, 0) | part
        if new and parts[wire]:
            on = gates_on[wire]
            for i in on[bisect_right(on, after) :]:
                heappush(waiting, i)

    for wire in gates[which].wires:
        grow(wire, _own_part(gates[which]), which)
    done = which
    while waiting:
        i = heappop(waiting)
        if i == done:  # a gate on two wires waits twice
            continue
        done = i
        gate = gates[i]
        if len(gate.wires) == 1:
            (wire,) = gate.wires
            parts[wire] = _through_one(gate, parts[wire])
            continue
        for wire, part in _through_two(gate, parts):
            grow(wire, part, i)
    return [wire for wire, part in parts.items() if part & X]


def _is_diagonal(gate) -> bool:
    return gate in qml.ops.qubit.attributes.diagonal_in_z_basis or gate.name in (
        "CZ", "ControlledPhaseShift", "CPhase", "IsingZZ", "CRZ",
    )  # fmt: skip


def _own_part(gate) -> int:
    if _is_diagonal(gate):
        return Z
    return X if gate.name in ("RX", "IsingXX") else Z | X


def _through_one(gate, part: int) -> int:
    if _is_diagonal(gate):
        return part
    if gate.name in ("RX", "PauliX", "SX"):
        return part if part == X else Z | X
    return Z | X


def _through_two(gate, parts: dict) -> list[tuple]:
    """What a gate adds to the parts of its wires."""
    a, b = gate.wires
    here = parts.get(a, 0), parts.get(b, 0)
    if _is_diagonal(gate):
        of_a, of_b = (Z if part & X else 0 for part in here)
        if gate.name == "CZ":
            return [(a, of_b), (b, of_a)]
        return [(a, of_a | of_b), (b, of_a | of_b)]
    if gate.name == "CNOT":
        return [(a, here[1] & Z), (b, here[0] & X)]
    return [(a, Z | X), (b, Z | X)]


def _check_rule(gate) -> None:
    try:
        frequencies = gate.parameter_frequencies
    except Exception:
        frequencies = None
    if frequencies != [(1,)]:
        raise InputError(
            f"{gate.name} is not differentiated by two shifts of pi/2, as gradients measured in "
            "parallel are: write the circuit in RX, RY, RZ and gates without angles, or use a "
            "device whose derivatives are exact"
        )


def angles_of_gates(gates_at, n_angles: int) -> tuple[list, dict[int, int]]:
    """The gates of a circuit, and which angle each takes, found by trying two sets of angles.

    Args:
        gates_at: angles float64 (n_angles,) -> list of gates.
        n_angles: d.

    Returns:
        gates, and {number of a gate: number of an angle}.

    Raises:
        InputError: an angle that several gates take, or not as it is.
    """
    first, second = np.random.default_rng(0).uniform(0.1, 1.0, (2, n_angles))
    numbers = {value: i for i, value in enumerate(first)}
    gates, others = gates_at(first), gates_at(second)
    found: dict[int, int] = {}
    used: set[int] = set()
    for i, (gate, other) in enumerate(zip(gates, others, strict=True)):
        for value, moved in zip(gate.data, other.data, strict=True):
            if np.ndim(value) or value == moved:
                continue
            angle = numbers.get(float(value), -1)
            if angle < 0 or float(moved) != second[angle] or angle in used:
                raise InputError(
                    f"{gate.name} on {list(gate.wires)} takes an angle of the circuit changed, or "
                    "one that another gate takes too: gradients measured in parallel expect an "
                    "angle of its own for each gate"
                )
            found[i] = angle
            used.add(angle)
    return gates, found
