"""log p of shots, for entropies: of the circuit that a device has run, where they follow it."""

import numpy as np
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.errors import InputError
from pl_hypernet.mps.log_probability import circuit_log_probability

TRUNCATION_LIMIT = 1e-3  # 1 - fidelity above which results visibly suffer
INSTEAD = "use mmd in place of entropy, which needs bits alone"


def exact_log_p(operations, bits: np.ndarray, wires: Wires) -> np.ndarray:
    """log p of bits (shots, wires) for an entropy: float64 (shots,).

    Raises:
        InputError: log p of this circuit is out of reach.
    """
    try:
        return circuit_log_probability(operations, bits, wires).detach().numpy()
    except InputError as error:
        raise InputError(f"the entropy needs log p of the circuit: {error}; {INSTEAD}") from error


def check_no_noise(noise: str | None) -> None:
    """Refuses an entropy where shots may have another distribution than the circuit's.

    Raises:
        InputError: there is a reason why they may, as given.
    """
    if noise is not None:
        raise InputError(f"the entropy needs log p of the shots, but {noise}; {INSTEAD}")


def check_before(tape: QuantumScript, wires: Wires, noise: str | None) -> None:
    """Refuses an entropy of shots that do not follow the circuit, before they are paid for.

    Args:
        tape: the circuit.
        wires: of the bitstring.
        noise: why shots of the device may have another distribution; None: they have not.

    Raises:
        InputError: noise, or a wire of the circuit that the bitstring leaves out.
    """
    check_no_noise(noise)
    seen = set(wires)  # Wires themselves take a time linear in their number
    missing = [wire for wire in tape.wires if wire not in seen]
    if missing:
        raise InputError(
            f"the loss does not see wire {missing[0]!r} of the circuit, and the entropy needs "
            f"log p of the whole bitstring: give expected_loss all wires, or {INSTEAD}"
        )


def check_after(truncation_error: float) -> None:
    """Refuses an entropy of shots of a truncated state.

    Raises:
        InputError: more than 1e-3 of the weight was discarded.
    """
    if truncation_error > TRUNCATION_LIMIT:
        raise InputError(
            f"the entropy needs log p of the shots, but {truncation_error:.2g} of the weight of "
            f"their state was truncated: raise max_bond_dim, or {INSTEAD}"
        )
