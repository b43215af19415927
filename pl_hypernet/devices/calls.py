"""Calls of a device that others wrote: tried again, within a time limit, answered in one line."""

import math
import threading
from collections.abc import Callable

import backoff
import numpy as np
import pennylane as qml
from pennylane.exceptions import QuantumFunctionError, WireError
from pennylane.measurements import CountsMP, SampleMP
from pennylane.tape import QuantumScript

from pl_hypernet.errors import DeviceError, HypernetError
from pl_hypernet.user_code import described

PASSING = {"ConnectionError", "Timeout", "TimeoutError"}  # classes, of whatever package
TRIES = 5
FIRST_WAIT = 0.5  # seconds before the second try; doubled before each further one


def call(name: str, execute: Callable, circuits, config, time_limit: float | None) -> tuple:
    """What a device returns for circuits, once it has been checked.

    Errors that are known to pass, as of a connection, are waited for: five tries in 8 seconds.

    Args:
        name: of the device, for messages.
        execute: its method.
        circuits, config: what it takes.
        time_limit: seconds that a try may take; None: any time.

    Raises:
        DeviceError: it fails, takes too long, or returns other than the shots asked for.
    """
    patiently = backoff.on_exception(
        backoff.expo,
        Exception,
        max_tries=TRIES,
        giveup=lambda error: not _passes(error),
        factor=FIRST_WAIT,
        jitter=None,
        logger=None,
    )
    try:
        results = patiently(lambda: within(name, time_limit, lambda: execute(circuits, config)))()
    except (HypernetError, WireError, QuantumFunctionError):  # the last two: of the circuit
        raise
    except Exception as error:
        said = " ".join(str(error).split()) or "no message"
        tried = f" {TRIES} times" if _passes(error) else ""
        raise DeviceError(
            f"device {name!r} failed{tried}: {type(error).__name__}: {said}"
        ) from error
    if not isinstance(results, tuple | list) or len(results) != len(circuits):
        came = len(results) if isinstance(results, tuple | list) else described(results)
        raise DeviceError(f"device {name!r} returned {came} results for {len(circuits)} circuits")
    for circuit, result in zip(circuits, results, strict=True):
        check_shots(name, circuit, result)
    return tuple(results)


def check_shots(name: str, circuit: QuantumScript, result) -> None:
    """Refuses anything but the shots that a circuit asked for, each of bits 0 and 1.

    Raises:
        DeviceError: what came, and what was expected.
    """
    if not circuit.shots:
        return
    bins = [stop - start for start, stop in circuit.shots.bins()]
    parts = result if circuit.shots.has_partitioned_shots else [result]
    for shots, part in zip(bins, _listed(name, parts, len(bins)), strict=True):
        values = part if len(circuit.measurements) > 1 else [part]
        n_values = len(circuit.measurements)
        for measurement, value in zip(
            circuit.measurements, _listed(name, values, n_values), strict=True
        ):
            _check(name, measurement, value, shots, circuit)


def _listed(name: str, values, number: int):
    if not isinstance(values, tuple | list | np.ndarray) or len(values) != number:
        raise DeviceError(
            f"device {name!r} returned {described(values)}: expected {number} results"
        )
    return values


def _check(name: str, measurement, value, shots: int, circuit: QuantumScript) -> None:
    of_bits = measurement.obs is None and measurement.mv is None and measurement._eigvals is None
    n_wires = len(measurement.wires)
    batch, allowed = circuit.batch_size or 1, None
    if isinstance(measurement, CountsMP) and of_bits and n_wires:
        counts = value if isinstance(value, list | tuple) else [value]
        if len(counts) == batch and all(_are_counts(part, shots, n_wires) for part in counts):
            return
        asked = f"counts of {shots} shots of {n_wires} bits"
    elif isinstance(measurement, SampleMP) and measurement.mv is None:
        value = qml.math.unwrap([value])[0]
        if qml.math.is_abstract(value) or (of_bits and not n_wires):
            return
        shape = (shots, n_wires) if of_bits else (shots,)
        allowed = (0, 1) if of_bits else (1, -1) if type(measurement.obs) is qml.Z else None
        if _are_numbers(value, batch, shape, allowed):
            return
        asked = f"{shots} shots"
        asked += f" of {n_wires} bits 0 or 1" if of_bits else f", each {_either(allowed)}"
    else:
        return
    raise DeviceError(f"device {name!r} returned {_came(value, allowed)}: expected {asked}")


def _are_numbers(value, batch: int, shape: tuple[int, ...], allowed: tuple | None) -> bool:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.size != batch * math.prod(shape):
        return False
    squeezed = 1 in shape  # by some devices
    if not squeezed and array.shape[-len(shape) :] != shape:
        return False
    if allowed is None:
        return bool(np.isfinite(array).all())
    if allowed == (0, 1) and array.dtype.kind != "f":
        return bool(array.min() >= 0 and array.max() <= 1)
    return bool(np.isin(array, allowed).all())


def _are_counts(value, shots: int, n_wires: int) -> bool:
    if not isinstance(value, dict):
        return False
    are_bits = all(
        isinstance(key, str) and len(key) == n_wires and set(key) <= {"0", "1"} for key in value
    )
    numbers = list(value.values())
    return are_bits and all(number >= 0 for number in numbers) and sum(numbers) == shots


def _came(value, allowed: tuple | None) -> str:
    """What was returned, with the first value that may not be."""
    if isinstance(value, dict):
        return f"counts {value}" if len(value) < 3 else f"counts of {len(value)} outcomes"
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return described(array if array.ndim else value)
    wrong = array[~(np.isfinite(array) if allowed is None else np.isin(array, allowed))]
    return described(array) + (f" with {wrong.flat[0]}" if wrong.size else "")


def _either(allowed: tuple | None) -> str:
    return "finite" if allowed is None else " or ".join(map(str, allowed))


def _passes(error: Exception) -> bool:
    return any(kind.__name__ in PASSING for kind in type(error).__mro__)


def within(name: str, seconds: float | None, function: Callable):
    """``function()`` of a device, waited for no longer than this; it may go on behind our back.

    Raises:
        DeviceError: it took longer.
    """
    if seconds is None:
        return function()
    outcome = []

    def run() -> None:
        try:
            outcome.append((function(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise DeviceError(f"device {name!r} gave no answer within call_timeout={seconds:g} seconds")
    ((result, error),) = outcome
    if error is not None:
        raise error
    return result
