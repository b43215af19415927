"""log p of shots, for entropies and score functions: of the circuit that a device has run."""

import numpy as np
import torch
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.circuits import HardwareEfficientAnsatz
from pl_hypernet.errors import InputError
from pl_hypernet.mps import cones
from pl_hypernet.mps.circuit_log_probability import circuit_log_probability
from pl_hypernet.mps.log_probability import log_probability
from pl_hypernet.mps.score_vectors import ansatz_score_vectors

TRUNCATION_LIMIT = 1e-3  # discarded weight above which results visibly suffer
INSTEAD = "use mmd in place of entropy, which needs bits alone"


def torch_log_p(operations, bits: np.ndarray, wires: Wires) -> torch.Tensor:
    """log p of bits (shots, wires), by the kernels of the ansatz where it stands alone.

    Returns:
        float64 (shots,), differentiable by the parameters that are torch tensors.
    """
    ansatz = _ansatz_alone(operations, wires)
    if ansatz is None:
        return circuit_log_probability(operations, bits, wires)
    names = ("rotations", "entangler", "pattern")
    options = {name: ansatz.hyperparameters[name] for name in names}
    return log_probability(ansatz.data[0], bits, **options)


def torch_score_vectors(
    operations, bits: np.ndarray, wires: Wires, angles: torch.Tensor, log_p: torch.Tensor
) -> torch.Tensor:
    """d log p / d angles of each shot: in closed form for the ansatz, else by a pass for each shot.

    Args:
        operations, bits, wires: as of :func:`torch_log_p`.
        angles: float64 (d,), that the operations were made of.
        log_p: (shots,), what :func:`torch_log_p` gave.

    Returns:
        float64 (shots, d).
    """
    ansatz = _ansatz_alone(operations, wires)
    if ansatz is not None and cones.fits(ansatz):
        scores = torch.from_numpy(ansatz_score_vectors(ansatz, bits))
        return torch.autograd.grad(ansatz.data[0], angles, scores, is_grads_batched=True)[0]
    return torch.stack([torch.autograd.grad(one, angles, retain_graph=True)[0] for one in log_p])


def _ansatz_alone(operations, wires: Wires) -> HardwareEfficientAnsatz | None:
    first = operations[0] if len(operations) == 1 else None
    return first if isinstance(first, HardwareEfficientAnsatz) and first.wires == wires else None


def exact_log_p(operations, bits: np.ndarray, wires: Wires) -> np.ndarray:
    """log p of bits (shots, wires) for an entropy: float64 (shots,).

    Raises:
        InputError: log p of this circuit is out of reach.
    """
    try:
        return torch_log_p(operations, bits, wires).detach().numpy()
    except InputError as error:
        raise InputError(f"the entropy needs log p of the circuit: {error}; {INSTEAD}") from error


def check_before(tape: QuantumScript, wires: Wires, noise: str | None) -> None:
    """Refuses an entropy of shots that do not follow the circuit, before they are paid for.

    Args:
        tape: the circuit.
        wires: of the bitstring.
        noise: why shots of the device may have another distribution; None: they have not.

    Raises:
        InputError: noise, or a wire of the circuit that the bitstring leaves out.
    """
    if noise is not None:
        raise InputError(f"the entropy needs log p of the shots, but {noise}; {INSTEAD}")
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
