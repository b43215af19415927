"""Which angles can be shifted in one circuit: those that no measured qubit feels two of.

Parameter shift asks for two circuits an angle. But an angle changes <Z> of the qubits in its light
cone alone, so angles whose cones have no qubit in common are shifted together, and each one's
derivative is read off its own qubits. For a circuit of P layers between neighbours that takes a
number of circuits that does not depend on the number of qubits.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import pennylane as qml
from pennylane.exceptions import ParameterFrequenciesUndefinedError

from pl_hypernet.errors import InputError

Z, X = 1, 2  # what an operator may hold on a wire: a part that commutes with Z, one that does not


@dataclass(frozen=True)
class ParallelShifts:
    """Angles in classes, each of which one circuit shifts at once.

    Attributes:
        n_angles: of the circuit.
        angles, wires: for each class int (m,): its angle ``angles[k]`` changes <Z> of the wire at
            the place ``wires[k]``, where no other angle of the class does.
    """

    n_angles: int
    angles: list[np.ndarray]
    wires: list[np.ndarray]

    @property
    def n_circuits(self) -> int:
        """Circuits of a gradient: a plus and a minus for each class."""
        return 2 * len(self.angles)

    @property
    def shifts(self) -> np.ndarray:
        """What is added to the angles in each circuit: float64 (n_circuits, n_angles), radians."""
        shifts = np.zeros((len(self.angles), 2, self.n_angles))
        for shift, members in zip(shifts, self.angles, strict=True):
            shift[0, members], shift[1, members] = np.pi / 2, -np.pi / 2
        return shifts.reshape(-1, self.n_angles)

    def gradient(self, weights: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The gradient of sum_i weights_i <Z_i>.

        Args:
            weights: float64 (n_wires,).
            z: float64 (n_circuits, n_wires), <Z> in the circuits of :attr:`shifts`.

        Returns:
            float64 (n_angles,).
        """
        gradient = np.zeros(self.n_angles)
        for angles, wires, plus, minus in zip(
            self.angles, self.wires, z[::2], z[1::2], strict=True
        ):
            np.add.at(gradient, angles, weights[wires] * (plus[wires] - minus[wires]) / 2)
        return gradient


def parallel_shifts(gates_at: Callable, n_angles: int, wires) -> ParallelShifts:
    """Divides the angles of a circuit into classes, greedily along the line.

    Args:
        gates_at: angles float64 (n_angles,), radians -> the gates, on one or two wires each, in the
            order in which they act.
        n_angles: how many there are.
        wires: measured wires, in order.

    Raises:
        InputError: an angle that several gates take, or not as it is; one that turns a gate which
            two shifts by pi/2 do not differentiate.
    """
    gates, angle_of = angles_of_gates(gates_at, n_angles)
    place = {wire: i for i, wire in enumerate(wires)}
    gates_on: dict = {wire: [] for wire in wires}
    for i, gate in enumerate(gates):
        for wire in gate.wires:
            gates_on[wire].append(i)
    taken: list[set[int]] = []  # places that the angles of each class are felt at
    pairs: list[list[tuple[int, int]]] = []
    for i in sorted(angle_of, key=lambda i: (min(place[wire] for wire in gates[i].wires), i)):
        _check_rule(gates[i])
        felt = {place[wire] for wire in felt_by(gates, gates_on, i)}
        if not felt:
            continue  # no measured bit depends on it
        which = next((c for c, there in enumerate(taken) if there.isdisjoint(felt)), len(taken))
        if which == len(taken):
            taken.append(set())
            pairs.append([])
        taken[which] |= felt
        pairs[which] += [(angle_of[i], at) for at in sorted(felt)]
    columns = [np.array(members).T for members in pairs]
    return ParallelShifts(n_angles, [angles for angles, _ in columns], [at for _, at in columns])


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
            if not _is_diagonal(gate):
                parts[gate.wires[0]] = Z | X
            continue
        for wire, part in _through_two(gate, parts):
            grow(wire, part, i)
    return [wire for wire, part in parts.items() if part & X]


def _is_diagonal(gate) -> bool:
    return gate in qml.ops.qubit.attributes.diagonal_in_z_basis


def _own_part(gate) -> int:
    return Z if _is_diagonal(gate) else Z | X


def _through_two(gate, parts: dict) -> list[tuple]:
    """What a gate adds to the parts of its wires."""
    a, b = gate.wires
    here = parts.get(a, 0), parts.get(b, 0)
    if _is_diagonal(gate):  # what does not commute with Z on one wire leaves a Z on the other
        left = Z if (here[0] | here[1]) & X else 0
        return [(a, left), (b, left)]
    if gate.name == "CNOT":
        return [(a, here[1] & Z), (b, here[0] & X)]
    return [(a, Z | X), (b, Z | X)]


def _check_rule(gate) -> None:
    try:
        frequencies = gate.parameter_frequencies
    except ParameterFrequenciesUndefinedError:
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
