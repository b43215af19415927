"""Angles, and whatever else gates and observables are made of, are finite numbers."""

import math

import numpy as np
import pennylane as qml
from pennylane.devices.preprocess import null_postprocessing

from pl_hypernet.errors import InputError


@qml.transform
def check_parameters(tape):
    """Refuses NaN and infinity where a circuit enters: many simulators draw bits of them.

    Raises:
        InputError: with the first gate or observable that holds some.
    """
    observables = [m.obs for m in tape.measurements if m.obs is not None]
    for part in (*tape.operations, *observables):
        for value in part.data:
            if not _is_finite(value):
                raise InputError(
                    f"{part.name} has NaN or infinite parameters: expected finite numbers"
                )
    return (tape,), null_postprocessing


def _is_finite(value) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, np.ndarray):
        if qml.math.is_abstract(value):  # while JAX traces
            return True
        value = np.asarray(qml.math.unwrap([value])[0])
    if value.ndim == 0 and value.dtype == float:
        return math.isfinite(value)
    return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())
