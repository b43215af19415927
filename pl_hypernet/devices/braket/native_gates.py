"""Any circuit of PennyLane in the native gates of a QPU, on couplers that exist.

Rotations about Z are not played: they turn the frame of the pulses that follow (McKay et al.,
arXiv:1612.00858, Eq. 3), and what is left of them before a measurement of bits does not matter.
"""

from collections.abc import Collection

import numpy as np
import pennylane as qml
from braket.pennylane_plugin import GPi2, PRx
from pennylane.devices.preprocess import decompose, null_postprocessing
from pennylane.operation import Operator

SMALLEST_ANGLE = 1e-9  # radians; a pulse below it is left out
QUARTER = np.pi / 2
HADAMARD = qml.Hadamard.compute_matrix()


@qml.transform
def compile_native(
    tape,
    native_gates: Collection[str],
    couplers: Collection[tuple] | None = None,
    device_wires=None,
):
    """Compiles a circuit to the native gates of a QPU.

    Neighbouring rotations of a wire become one pulse (PRX), or two of a quarter turn (GPi2, RX).
    Running it twice changes nothing.

    Args:
        tape: a circuit without broadcasting, whose measurements are diagonal in Z.
        native_gates: Braket's names: ``cz``, ``iswap`` or ``zz`` for two qubits; ``prx``, ``gpi2``
            or ``rx`` and ``rz`` for one.
        couplers: pairs of wires that a two-qubit gate may join; others are swapped together
            first. None: all may.
        device_wires: wires that get a pulse even if the circuit leaves them alone, since a QPU
            measures what it has touched; None: those of the tape.
    """
    (tape,), _ = qml.transforms.convert_to_numpy_parameters(tape)
    ops = _in_basic_gates(tape, native_gates)
    measurements = tape.measurements
    if couplers is not None:
        allowed = {frozenset(pair) for pair in couplers}
        if any(len(op.wires) == 2 and frozenset(op.wires) not in allowed for op in ops):
            # transpile takes few measurements: it is asked where each wire ends up
            wires = tape.wires
            (routed,), _ = qml.transforms.transpile(
                tape.copy(operations=ops, measurements=[qml.sample(qml.Z(w)) for w in wires]),
                coupling_map=[tuple(pair) for pair in couplers],
            )
            ends = {w: m.wires[0] for w, m in zip(wires, routed.measurements, strict=True)}
            ops = _in_basic_gates(routed, native_gates)
            measurements = [m.map_wires(ends) for m in measurements]
    wires = device_wires if device_wires else tape.wires
    pulses = _Pulses(wires, frozenset(native_gates))
    for op in ops:
        pulses.add(op)
    return (tape.copy(operations=pulses.finish(), measurements=measurements),), null_postprocessing


def _in_basic_gates(tape, native_gates) -> list[Operator]:
    """Gates of one qubit with a matrix, CZ, CNOT and the native gate of two qubits."""

    def is_basic(op: Operator) -> bool:
        return (
            (len(op.wires) == 1 and op.has_matrix)
            or op.name in ("CZ", "CNOT")
            or (op.name == "ISWAP" and "iswap" in native_gates)
            or _is_quarter_zz(op, native_gates)
        )

    (basic,), _ = decompose(tape, stopping_condition=is_basic, skip_initial_state_prep=False)
    return [op for op in basic.operations if len(op.wires)]


def _is_quarter_zz(op: Operator, native_gates) -> bool:
    return op.name == "IsingZZ" and "zz" in native_gates and bool(np.isclose(op.data[0], QUARTER))


class _Pulses:
    """Collects native gates, wire by wire: a pending rotation, and the frame it is played in."""

    def __init__(self, wires, native_gates: frozenset[str]):
        self.native_gates = native_gates
        self.played: list[Operator] = []
        self.pending = {wire: np.eye(2, dtype=complex) for wire in wires}
        self.frame = dict.fromkeys(wires, 0.0)  # an RZ of this angle is still to come
        self.touched: set = set()

    def add(self, op: Operator) -> None:
        if len(op.wires) == 1:
            self._rotate(op.wires[0], qml.matrix(op))
            return
        a, b = op.wires
        if op.name == "CNOT":
            self._rotate(b, HADAMARD)
            self._cz(a, b)
            self._rotate(b, HADAMARD)
        elif op.name == "CZ":
            self._cz(a, b)
        elif op.name == "ISWAP":
            self._iswap(a, b)
        else:
            self._play_pair(qml.IsingZZ(QUARTER, [a, b]))

    def finish(self) -> list[Operator]:
        for wire in self.pending:
            self._flush(wire)
        for wire in self.pending:
            if wire not in self.touched:
                self._play_y(wire, 0.0)
        return self.played

    def _rotate(self, wire, matrix: np.ndarray) -> None:
        self.pending[wire] = matrix @ self.pending[wire]

    def _cz(self, a, b) -> None:
        if "cz" in self.native_gates:
            self._play_pair(qml.CZ([a, b]))
        elif "zz" in self.native_gates:  # CZ = ZZ(pi/2) RZ(-pi/2) RZ(-pi/2), but for a phase
            for wire in (a, b):
                self._rotate(wire, qml.RZ.compute_matrix(-QUARTER))
            self._play_pair(qml.IsingZZ(QUARTER, [a, b]))
        else:  # CZ = b: RY RZ . iSWAP . a: RX . iSWAP . a: RZ, b: RX, each of pi/2
            self._rotate(a, qml.RZ.compute_matrix(QUARTER))
            self._rotate(b, qml.RX.compute_matrix(QUARTER))
            self._iswap(a, b)
            self._rotate(a, qml.RX.compute_matrix(QUARTER))
            self._iswap(a, b)
            self._rotate(b, qml.RZ.compute_matrix(QUARTER))
            self._rotate(b, qml.RY.compute_matrix(QUARTER))

    def _iswap(self, a, b) -> None:
        self._play_pair(qml.ISWAP([a, b]))
        self.frame[a], self.frame[b] = self.frame[b], self.frame[a]  # it carries Z along

    def _play_pair(self, op: Operator) -> None:
        """A gate that commutes with the frames, up to swapping them."""
        for wire in op.wires:
            self._flush(wire)
        self.played.append(op)
        self.touched.update(op.wires)

    def _flush(self, wire) -> None:
        """Plays the pending rotation RZ(after) RY(turn) RZ(before)."""
        before, turn, after = zyz_angles(self.pending[wire])
        self.pending[wire] = np.eye(2, dtype=complex)
        self.frame[wire] += before
        if turn > SMALLEST_ANGLE:
            self._play_y(wire, turn)
        self.frame[wire] += after

    def _play_y(self, wire, turn: float) -> None:
        """RY(turn) after the frame; the frame stays behind it."""
        frame = self.frame[wire]
        self.touched.add(wire)
        if "prx" in self.native_gates:
            self.played.append(PRx(_wrapped(turn), _wrapped(QUARTER - frame), wires=wire))
        elif "gpi2" in self.native_gates:  # RY(b) = RX(-pi/2) RZ(b) RX(pi/2)
            self.played.append(GPi2(_wrapped(-frame), wires=wire))
            self.frame[wire] = frame + turn
            self.played.append(GPi2(_wrapped(np.pi - frame - turn), wires=wire))
        else:
            if abs(_wrapped(frame)) > SMALLEST_ANGLE:
                self.played.append(qml.RZ(_wrapped(frame), wire))
            self.played.append(qml.RX(QUARTER, wire))
            self.played.append(qml.RZ(_wrapped(turn), wire))
            self.played.append(qml.RX(-QUARTER, wire))
            self.frame[wire] = 0.0


def zyz_angles(matrix: np.ndarray) -> tuple[float, float, float]:
    """(a, b, c) with matrix = RZ(c) RY(b) RZ(a) but for a phase, b in [0, pi]; radians."""
    (u00, u01), (u10, u11) = matrix
    b = 2 * np.arctan2(abs(u10), abs(u00))
    if abs(u10) < SMALLEST_ANGLE:
        return 0.0, float(b), float(np.angle(u11 * np.conj(u00)))
    if abs(u00) < SMALLEST_ANGLE:
        return float(np.angle(-u01 * np.conj(u10))), float(b), 0.0
    return (
        float(np.angle(-u01 * np.conj(u00))),
        float(b),
        float(np.angle(u10 * np.conj(u00))),
    )


def _wrapped(angle: float) -> float:
    """In [-pi, pi), which every maker takes."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
