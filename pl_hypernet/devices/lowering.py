"""Expected losses in terms of what every device can return: bits, or probabilities."""

import pennylane as qml

from pl_hypernet.devices.mps.state import MAX_EXACT_WIRES
from pl_hypernet.errors import DeviceError
from pl_hypernet.measurements import ExpectedLoss


@qml.transform
def lower_expected_loss(
    tape, device_wires=None, native: tuple[type, ...] = (), record: list | None = None
):
    """Replaces each :class:`ExpectedLoss` by ``qml.sample`` or, without shots, ``qml.probs``.

    All measurements of one tape see the same shots. A tape that holds no ExpectedLoss passes
    through, so the transform can run twice, as PennyLane's blocking QN-SPSA has it.

    Args:
        tape: the circuit.
        device_wires: what an ExpectedLoss without wires measures; None: the wires of the tape.
        record: a list that every :class:`Estimate` is appended to.
        native: measurement classes that the device takes as they are when there are no shots.
    """
    all_wires = device_wires if device_wires else tape.wires
    lowered = {
        i: measurement if measurement.wires else measurement.on_wires(all_wires)
        for i, measurement in enumerate(tape.measurements)
        if isinstance(measurement, ExpectedLoss) and (tape.shots or type(measurement) not in native)
    }
    if not lowered:
        return (tape,), _first
    measurements = list(tape.measurements)
    for i, measurement in lowered.items():
        if tape.shots:
            measurements[i] = qml.sample(wires=measurement.wires, dtype="int8")
        elif len(measurement.wires) > MAX_EXACT_WIRES:
            raise DeviceError(
                f"{len(measurement.wires)} wires without shots: an exact value "
                f"sums over 2^n bitstrings and stops at {MAX_EXACT_WIRES} wires; set shots on the "
                "QNode with qml.set_shots"
            )
        else:
            measurements[i] = qml.probs(wires=measurement.wires)
    alone = len(measurements) == 1

    def raise_up(results):
        """The results of one execution, with energies in place of bits or probabilities."""
        results = [results] if alone else list(results)
        for i, measurement in lowered.items():
            if tape.shots:
                bits = qml.math.unwrap([results[i]])[0]
                if bits.ndim == 1:  # one shot or one wire, squeezed by the device
                    bits = bits.reshape(-1, len(measurement.wires))
                results[i] = measurement.process_samples(bits, measurement.wires)
            else:
                results[i] = measurement.process_probabilities(qml.math.unwrap([results[i]])[0])
            if record is not None:
                record.append(results[i])
        return results[0] if alone else tuple(results)

    def post_processing(batch):
        if tape.shots.has_partitioned_shots:
            return tuple(raise_up(part) for part in batch[0])
        return raise_up(batch[0])

    return (tape.copy(measurements=measurements),), post_processing


def _first(results):
    return results[0]
