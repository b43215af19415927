"""How bits are read from a device: as samples, as counts, or as Z of each wire.

Every PennyLane plugin supports some way of reading single shots, few support all. A reading asks in
one way and makes bits of the answer, from which any measurement of bits is computed here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.devices import Device
from pennylane.devices.preprocess import null_postprocessing
from pennylane.measurements import MeasurementProcess
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.devices.settings import results_of, settings_of
from pl_hypernet.errors import DeviceError


@dataclass(frozen=True)
class Reading:
    """A way of reading bits.

    Attributes:
        name: for messages.
        ask: wires -> the measurements to send to the device.
        parse: (results, n_wires) -> bits int8 (shots, n_wires).
    """

    name: str
    ask: Callable[[Wires], list[MeasurementProcess]]
    parse: Callable[[Any, int], np.ndarray]


def _ask_samples(wires: Wires) -> list[MeasurementProcess]:
    return [qml.sample(wires=wires)]


def _parse_samples(results, n_wires: int) -> np.ndarray:
    return np.asarray(results).reshape(-1, n_wires).astype(np.int8)


def _ask_counts(wires: Wires) -> list[MeasurementProcess]:
    return [qml.counts(wires=wires)]


def _parse_counts(results, n_wires: int) -> np.ndarray:
    """Counts know no order: shots are shuffled, so that any part of them is a fair sample."""
    outcomes = sorted(results)  # what a device counts in threads has no order of its own
    rows = np.array([[int(bit) for bit in outcome] for outcome in outcomes], dtype=np.int8)
    bits = np.repeat(rows.reshape(-1, n_wires), [int(results[o]) for o in outcomes], axis=0)
    return np.random.default_rng(len(bits)).permutation(bits, axis=0)


def _ask_each_wire(wires: Wires) -> list[MeasurementProcess]:
    return [qml.sample(qml.Z(wire)) for wire in wires]


def _parse_each_wire(results, n_wires: int) -> np.ndarray:
    eigenvalues = np.asarray(results).reshape(n_wires, -1)  # +1 for bit 0, -1 for bit 1
    return np.ascontiguousarray(((1 - eigenvalues.T) / 2).round().astype(np.int8))


# functions of the module, and not lambdas, so that a device that holds a reading can be pickled
SAMPLES = Reading("qml.sample(wires)", _ask_samples, _parse_samples)
COUNTS = Reading("qml.counts(wires)", _ask_counts, _parse_counts)
EACH_WIRE = Reading("qml.sample(Z) of each wire", _ask_each_wire, _parse_each_wire)
READINGS = (SAMPLES, COUNTS, EACH_WIRE)
TRIAL_SHOTS = 5


@qml.transform
def read_bits(tape, reading: Callable[[], Reading], device_wires=None):
    """Replaces all measurements with shots by readings of bits, one for each basis that they take.

    Observables are measured as on our own devices: see :mod:`settings`. Shot vectors are divided up
    here, since not every plugin does it right. Tapes without shots pass through.

    Args:
        tape: a circuit without broadcasting and mid-circuit measurements.
        reading: gives the way to ask, when it is needed.
        device_wires: what a measurement without wires measures; None: the wires of the tape.
    """
    if not tape.shots or not tape.measurements:
        return (tape,), null_postprocessing
    everything = Wires(device_wires if device_wires else tape.wires)
    settings = settings_of(tape, everything)
    asked = reading()
    read = [setting.wires or everything[:1] for setting in settings]
    tapes = [
        tape.copy(
            operations=[*tape.operations, *setting.gates()],
            measurements=asked.ask(wires),
            shots=tape.shots.total_shots,
        )
        for setting, wires in zip(settings, read, strict=True)
    ]
    as_it_is = len(tapes) == 1 and not settings[0].gates() and not tape.shots.has_partitioned_shots
    if as_it_is and [*map(_asks, tapes[0].measurements)] == [*map(_asks, tape.measurements)]:
        return (tape,), null_postprocessing  # asked so already, as when this runs twice

    def post_processing(results):
        bits = [asked.parse(r, len(wires)) for r, wires in zip(results, read, strict=True)]
        return results_of(tape, settings, zip(bits, read, strict=True))

    return tapes, post_processing


def _asks(measurement: MeasurementProcess) -> tuple:
    """What a measurement asks a device for, whatever the type of the numbers."""
    return type(measurement), measurement.obs, measurement.wires


def find_reading(device: Device) -> Reading:
    """The first reading that a device supports, found by trying them on a small circuit.

    Sends one to three circuits of one gate and 5 shots.

    Raises:
        DeviceError: none works.
    """
    wires = Wires(device.wires[:2]) if device.wires else Wires([0, 1])
    expected = np.array([1] + [0] * (len(wires) - 1))
    reasons = []
    for reading in READINGS:
        tape = QuantumScript([qml.PauliX(wires[0])], reading.ask(wires), shots=TRIAL_SHOTS)
        try:
            (results,) = qml.execute([tape], device, diff_method=None, interface=None)
            bits = reading.parse(results, len(wires))
        except Exception as error:
            reasons.append(f"{reading.name}: {type(error).__name__} {str(error).splitlines()[:1]}")
            continue
        # a noisy device may flip a bit; one that answers something else flips most
        if bits.shape == (TRIAL_SHOTS, len(wires)) and (bits == expected).mean() > 0.5:
            return reading
        reasons.append(f"{reading.name}: not the bits of |1>")
    raise DeviceError(f"device {device.name!r} returns no bits: tried " + "; ".join(reasons))
