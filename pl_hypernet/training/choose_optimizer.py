"""``optimizer="auto"``: which optimizer, and why."""

import math

from pl_hypernet.devices.known import noise_of
from pl_hypernet.mps.closed_form import ClosedForm

AUTO = "auto"
MAX_BOND_DIM = 64  # of which log p and its gradient still cost little more than the shots


def choose_optimizer(device: str, device_options: dict, form: ClosedForm | None) -> tuple[str, str]:
    """The optimizer that needs the fewest shots where it can be had.

    The score function, where the shots are those of the pure state that the circuit's exact matrix
    product state describes; SPSA elsewhere, which needs nothing but energies.

    Args:
        device, device_options: as of a run's settings.
        form: of the circuit; None: none is known.

    Returns:
        Its name, and the reason as a clause.
    """
    if noise_of(device, device_options):
        return "spsa", f"shots of {device} may be noisy, and SPSA needs but two energies a step"
    if form is None:
        return "spsa", "what log p costs for an ansatz of your own is not known"
    chi = min(form.bond_dim, 2 ** math.ceil(len(form.wires) / 2))
    kept = device_options.get("max_bond_dim") or math.inf
    if kept < chi or device_options.get("cutoff") is not None:
        return "spsa", "shots come from a truncated state, of which log p is not known"
    if chi > MAX_BOND_DIM:
        return "spsa", f"log p needs a bond dimension of {chi}, above {MAX_BOND_DIM}"
    return "score", f"log p is exact here (bond dimension {chi}): one energy gives all derivatives"
