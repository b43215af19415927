"""Where the wires of a circuit go on a QPU: onto a line of good couplers."""

import heapq
import math

from pl_hypernet.devices.braket.qpu import QPU
from pl_hypernet.errors import DeviceError

BEAM = 300  # partial lines kept at each length
TIGHT_STEPS = 5_000  # steps from each start of the search for a line through nearly all qubits
PERFECT = -1e-9  # log fidelity of a part without errors: a number above it would be none


def best_line(qpu: QPU, n_wires: int) -> tuple[int, ...]:
    """Labels of ``n_wires`` qubits, each coupled to the next, with few errors in all.

    The product of the fidelities along the line is maximised by a beam search, which is not always
    the best line there is. Where the beam runs into dead ends, as when nearly every qubit is
    needed, a depth-first search takes the neighbour with the fewest ways out first (Warnsdorff's
    rule).

    Raises:
        DeviceError: more wires than qubits, or no such line was found.
    """
    if n_wires > len(qpu.rotations):
        raise DeviceError(
            f"{n_wires} wires on a QPU of {len(qpu.rotations)} qubits: choose a larger QPU, or "
            "fewer inputs"
        )
    neighbours: dict[int, dict[int, float]] = {label: {} for label in qpu.rotations}
    for (a, b), fidelity in qpu.couplers.items():
        neighbours[a][b] = neighbours[b][a] = _log(fidelity)
    quality = {
        label: _log(fidelity * qpu.readouts[label]) for label, fidelity in qpu.rotations.items()
    }
    line = _beam_search(neighbours, quality, n_wires) or _tight_search(neighbours, n_wires)
    if line is None:
        raise DeviceError(
            f"found no line of {n_wires} coupled qubits on this QPU: leave the placement to the "
            "service with verbatim=False"
        )
    return line


def _beam_search(neighbours, quality, n_wires: int) -> tuple[int, ...] | None:
    beam = [(quality[label], (label,)) for label in quality]
    for _ in range(n_wires - 1):
        longer = [
            (score + log_fidelity + quality[label], (*line, label))
            for score, line in beam
            for label, log_fidelity in neighbours[line[-1]].items()
            if label not in line
        ]
        if not longer:
            return None
        beam = heapq.nlargest(BEAM, longer)
    return max(beam)[1]


def _tight_search(neighbours, n_wires: int) -> tuple[int, ...] | None:
    for start in sorted(neighbours, key=lambda label: len(neighbours[label])):
        line, used = [start], {start}
        choices = [_ways(neighbours, start, used)]
        for _ in range(TIGHT_STEPS):
            if not line:
                break
            if len(line) == n_wires:
                return tuple(line)
            if choices[-1]:
                label = choices[-1].pop()
                line.append(label)
                used.add(label)
                choices.append(_ways(neighbours, label, used))
            else:
                used.remove(line.pop())
                choices.pop()
    return None


def _ways(neighbours, label: int, used: set[int]) -> list[int]:
    """Free neighbours, the one with the fewest free neighbours of its own last."""
    free = [other for other in neighbours[label] if other not in used]
    return sorted(free, key=lambda o: sum(n not in used for n in neighbours[o]), reverse=True)


def _log(fidelity: float) -> float:
    return min(math.log(max(fidelity, 1e-12)), PERFECT)
