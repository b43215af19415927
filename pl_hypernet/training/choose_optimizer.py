"""``optimizer="auto"``: which optimizer, and why."""

import math

from pl_hypernet.devices.known import noise_of
from pl_hypernet.errors import InputError
from pl_hypernet.memory import rounded
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.mps.log_probability_by_gates import bond_dim_by_gates
from pl_hypernet.objectives.spin_gradients import MOST_FLIPPED
from pl_hypernet.optimizers import PathwiseOptimizer

MAX_BOND_DIM = 64  # of which exact derivatives still cost little more than the shots
MOST_CIRCUITS = 100  # of a step whose derivatives are measured; four layers take 83


def choose_optimizer(
    device: str,
    device_options: dict,
    operations: list,
    own_loss: bool = False,
    entropy: bool = False,
) -> tuple[str, str]:
    """The optimizer that needs the fewest shots where it can be had.

    Gradients through the network, wherever the loss has derivatives and those of <Z> are exact, or
    measured in a few circuits; the score function, where log p is exact; SPSA elsewhere, which
    needs nothing but energies.

    Args:
        device, device_options: as of a run's settings.
        operations: of the circuit, at any angles, on wires 0, 1, ....
        own_loss: whether the loss is a user's own, of which we do not know if torch follows it.
        entropy: whether the objective has one, which needs log p.

    Returns:
        Its name, and the reason as a clause.
    """
    wires = sorted({wire for operation in operations for wire in operation.wires})
    is_known = not own_loss or len(wires) <= MOST_FLIPPED
    unknown = "whether torch can differentiate a loss of your own is not known"
    why_not_exact = _why_not_exact(device, device_options, operations, wires)
    if why_not_exact is None:
        z_is_known = _z_is_known(operations, wires)
        if is_known and z_is_known:
            return "pathwise", "derivatives through the network and of <Z> are exact here"
        but = "those of <Z> are not known" if is_known else unknown
        return "score", f"{but}, but log p is exact here: one energy gives all derivatives"
    if not is_known:
        return "spsa", f"{unknown}, and {why_not_exact}"
    if entropy:
        return "spsa", why_not_exact
    n_circuits, why_not_measured = _circuits_if_measured(operations)
    if why_not_measured is not None:
        return "spsa", f"{why_not_exact}, and {why_not_measured}"
    return "pathwise", f"{why_not_exact}, so derivatives are measured: {n_circuits} circuits a step"


def _why_not_exact(device: str, options: dict, operations: list, wires: list) -> str | None:
    """Why log p of the shots, and so <Z>, is not exact, or dear; None: it is."""
    if noise_of(device, options):
        return f"shots of {device} may be noisy"
    form = closed_form_alone(operations)
    try:
        chi = bond_dim_by_gates(operations, wires) if form is None else form.bond_dim
    except InputError as error:
        return str(error)
    chi = min(chi, 2 ** math.ceil(len(wires) / 2))
    kept = options.get("max_bond_dim") or math.inf
    if kept < chi or options.get("cutoff") is not None:
        return "shots come from a truncated state"
    if chi > MAX_BOND_DIM:
        return f"the circuit needs a bond dimension of {rounded(chi)}, above {MAX_BOND_DIM}"
    return None


def _z_is_known(operations: list, wires: list) -> bool:
    """Whether <Z> has derivatives, where log p has."""
    form = closed_form_alone(operations)
    if form is None or form.z_expectations() is not None:
        return True
    try:
        return bond_dim_by_gates(operations, wires) <= MAX_BOND_DIM
    except InputError:
        return False


def _circuits_if_measured(operations: list) -> tuple[int, str | None]:
    """How many circuits a step takes if derivatives are measured; or why they cannot be."""
    if len(operations) != 1 or len(operations[0].data) != 1:
        return 0, "which angles of an ansatz of your own can be shifted together is not known"
    try:
        (step,) = PathwiseOptimizer(derivatives="measured").circuits_per_step(operations[0])
    except InputError as error:
        return 0, str(error)
    if step["energy"] > MOST_CIRCUITS:
        return 0, f"derivatives measured in parallel take {step['energy']} circuits a step"
    return step["energy"], None
