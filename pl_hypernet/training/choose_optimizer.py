"""``optimizer="auto"``: which optimizer, and why."""

import math

from pl_hypernet.devices.known import KNOWN
from pl_hypernet.mps.ansatz_state import exact_bond_dim

AUTO = "auto"
MAX_BOND_DIM = 64  # of which log p and its gradient still cost little more than the shots


def choose_optimizer(
    device: str, device_options: dict, ansatz: str, ansatz_options: dict, layers: int, n_qubits: int
) -> tuple[str, str]:
    """The optimizer that needs the fewest shots where it can be had.

    The score function, where the shots are those of the pure state that the circuit's exact matrix
    product state describes; SPSA elsewhere, which needs nothing but energies.

    Args:
        device, device_options, ansatz, ansatz_options, layers: as of a run's settings.
        n_qubits: of the network.

    Returns:
        Its name, and the reason as a clause.
    """
    known = KNOWN.get(device)
    if known is None or not known.pure_with(device_options):
        return "spsa", f"shots of {device} may be noisy, and SPSA needs two energies a step alone"
    if ansatz != "hardware_efficient":
        return "spsa", "what log p costs for an ansatz of your own is not known"
    chi = exact_bond_dim(ansatz_options.get("pattern", "chain"), layers, n_qubits)
    chi = min(chi, 2 ** math.ceil(n_qubits / 2))
    kept = device_options.get("max_bond_dim") or math.inf
    if kept < chi or device_options.get("cutoff") is not None:
        return "spsa", "shots come from a truncated state, of which log p is not known"
    if chi > MAX_BOND_DIM:
        return "spsa", f"log p needs a bond dimension of {chi}, above {MAX_BOND_DIM}"
    return "score", f"log p is at hand (bond dimension {chi}), so one energy gives all derivatives"
