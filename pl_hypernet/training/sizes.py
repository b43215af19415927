"""Sizes of a run that no machine could hold, before anything is allocated."""

import numpy as np

from pl_hypernet.devices import check_bond_dim
from pl_hypernet.devices.known import options_of
from pl_hypernet.memory import check_memory, rounded

GATE_BYTES = (
    6000  # of an operation of PennyLane's in each of three circuits that are there at a time
)
BIT_BYTES = 6  # of a bit of a shot: as int8, the random number that it is drawn from, a copy


def check_sizes(n_qubits: int, n_angles: int, shots: int) -> None:
    """Refuses a circuit or shots of it that do not fit into memory.

    Angles of large networks are few for each qubit, and need no operations; those of deep circuits
    do, so a circuit may have 50 a qubit without.

    Raises:
        InputError: with what it takes.
    """
    check_memory(
        GATE_BYTES * max(0, n_angles - 50 * n_qubits),
        f"the gates of {rounded(n_angles)} angles",
        "use fewer layers",
    )
    check_memory(
        BIT_BYTES * shots * n_qubits,
        f"{rounded(shots)} shots of {n_qubits} qubits",
        "ask for fewer, as with shots or evaluation_shots",
    )


def step_bytes(optimizer, n_qubits: int, n_angles: int, shots: int) -> int:
    """Memory that the shots of a step take; arguments as of :func:`check_step_fits`."""
    of_shot = n_qubits * getattr(optimizer, "bit_bytes", BIT_BYTES)
    of_shot += n_angles * getattr(optimizer, "angle_bytes", 0)
    return of_shot * shots * getattr(optimizer, "resamplings", 1)


def check_step_fits(optimizer, n_qubits: int, n_angles: int, shots: int) -> None:
    """Refuses shots of which a step of an optimizer takes more memory than there is.

    Args:
        optimizer: one of this package's, which says what it takes, or any other.
        n_qubits, n_angles, shots: of the circuit.

    Raises:
        InputError: with what it takes.
    """
    times, said, fewer = getattr(optimizer, "resamplings", 1), "", "shots"
    if times > 1:
        said, fewer = f", {rounded(times)} times,", "shots or resamplings"
    check_memory(
        step_bytes(optimizer, n_qubits, n_angles, shots),
        f"{rounded(shots)} shots of {n_qubits} qubits{said} in a step",
        f"use fewer {fewer}",
    )


def check_ansatz_fits(hypernet) -> None:
    """Refuses an ansatz whose state may not fit into memory.

    Raises:
        InputError, DeviceError: with the bond dimension that it may need.
    """
    angles = np.random.default_rng(0).uniform(0.1, 3.0, hypernet.theta_shape)  # not special
    device = hypernet.device
    check_bond_dim(device.name, hypernet.operator(angles), options_of(device))
