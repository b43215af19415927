"""Expected losses in terms of what every device can return: bits, or probabilities."""

from functools import partial

import numpy as np
import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing

from pl_hypernet.devices.exact_log_p import check_after, check_before, exact_log_p
from pl_hypernet.devices.record import Counts, Record
from pl_hypernet.errors import DeviceError
from pl_hypernet.measurements import ExpectedLoss, ZeroProbability
from pl_hypernet.mps.state import MAX_EXACT_WIRES


@qml.transform
def lower_expected_loss(
    tape,
    device_wires=None,
    native: tuple[type, ...] = (),
    record: Record | None = None,
    noise: str | None = None,
):
    """Replaces each :class:`ExpectedLoss` by ``qml.sample`` or, without shots, ``qml.probs``.

    All measurements of one tape see the same shots. A tape that holds no ExpectedLoss passes
    through, so the transform can run twice, as PennyLane's blocking QN-SPSA has it.

    Args:
        tape: the circuit.
        device_wires: what an ExpectedLoss without wires measures; None: the wires of the tape.
        record: of the device, which takes every :class:`Estimate`, counts the overlaps, and knows
            the discarded weight of the last execution.
        native: measurement classes that the device takes as they are when there are no shots.
        noise: why shots may not follow the circuit; None: they do. An entropy is then refused.
    """
    all_wires = device_wires if device_wires else tape.wires
    alone = len(tape.measurements) == 1

    measurements = [
        m.on_wires(all_wires) if isinstance(m, ExpectedLoss) and not m.wires else m
        for m in tape.measurements
    ]
    lowered = {
        i: measurement
        for i, measurement in enumerate(measurements)
        if isinstance(measurement, ExpectedLoss) and (tape.shots or type(measurement) not in native)
    }
    if not lowered:
        named = any(m is not old for m, old in zip(measurements, tape.measurements, strict=True))
        return (tape.copy(measurements=measurements) if named else tape,), null_postprocessing
    for i, measurement in lowered.items():
        if tape.shots:
            if measurement.objective.needs_log_p:
                check_before(tape, measurement.wires, noise)
            measurements[i] = qml.sample(wires=measurement.wires, dtype="int8")
        elif len(measurement.wires) > MAX_EXACT_WIRES:
            raise DeviceError(
                f"{len(measurement.wires)} wires without shots: an exact value "
                f"sums over 2^n bitstrings and stops at {MAX_EXACT_WIRES} wires; set shots on the "
                "QNode with qml.set_shots"
            )
        else:
            measurements[i] = qml.probs(wires=measurement.wires)

    def raise_up(results):
        """The results of one execution, with energies in place of bits or probabilities."""
        results = [results] if alone else list(results)
        for i, measurement in lowered.items():
            raw = qml.math.unwrap([results[i]])[0]
            if tape.shots:
                depth, n_wires = 2, len(measurement.wires)
                if n_wires == 1 or tape.shots.total_shots == 1:  # squeezed by some devices
                    raw = raw.reshape(*((tape.batch_size,) if tape.batch_size else ()), -1, n_wires)
                process = partial(measurement.process_samples, wire_order=measurement.wires)
            else:
                depth, process = 1, measurement.process_probabilities
            parts = raw if raw.ndim > depth else [raw]
            if tape.shots and measurement.objective.needs_log_p:
                if record is not None:
                    check_after(record.truncation_error)
                (circuits, _) = qml.transforms.broadcast_expand(tape)
                known = [
                    partial(exact_log_p, circuit.operations, wires=measurement.wires)
                    for circuit in circuits
                ]
                estimates = [
                    process(part, log_p=log_p) for part, log_p in zip(parts, known, strict=True)
                ]
            else:
                estimates = [process(part) for part in parts]
            if record is not None:
                record.estimates.extend(estimates)
                if isinstance(measurement, ZeroProbability):
                    record.counts += Counts(overlaps=len(estimates))
            results[i] = np.array(estimates, float) if raw.ndim > depth else estimates[0]
        return results[0] if alone else tuple(results)

    def post_processing(batch):
        if tape.shots.has_partitioned_shots:
            return tuple(raise_up(part) for part in batch[0])
        return raise_up(batch[0])

    return (tape.copy(measurements=measurements),), post_processing


@qml.transform
def refuse_without_shots(tape, name: str = "device"):
    """For devices that, asked for an exact value, would silently give one from shots."""
    if not tape.shots:
        raise DeviceError(f"device {name!r} gives no exact values: set shots with qml.set_shots")
    return (tape,), null_postprocessing
