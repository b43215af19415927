"""<Z> of every qubit, of any circuit, differentiable in torch."""

import torch
from pennylane.wires import Wires

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.mps.log_probability_by_gates import differentiable_state


def z_expectations(operations, wires: Wires) -> torch.Tensor:
    """<Z> of each wire, of the state that a circuit makes of ``|0...0>``.

    Where the circuit has a closed form that knows them, as the hardware-efficient ansatz with a
    chain of CZ has, that is used; else the circuit's site tensors, as of
    :func:`circuit_log_probability`, whose limits hold.

    Args:
        operations: operators in the order in which they act.
        wires: labels of the sites, in order.

    Returns:
        float64 (n_wires,) in [-1, 1], differentiable (once) with respect to parameters that are
        torch tensors.

    Raises:
        InputError: as of :func:`circuit_log_probability`.
    """
    form = closed_form_alone(operations)
    known = form.z_expectations() if form is not None and same_wires(form.wires, wires) else None
    return z_expectations_by_gates(operations, wires) if known is None else known


def z_expectations_by_gates(operations, wires: Wires) -> torch.Tensor:
    """As :func:`z_expectations`, from tensors that torch differentiates."""
    state = differentiable_state(operations, wires)
    if torch.is_tensor(state):
        return _of_vector(state, len(wires))
    left = [torch.ones(1, 1).to(state[0])]
    for site in state:
        left.append(torch.einsum("ab,axc,bxd->cd", left[-1], site.conj(), site))
    signs = torch.tensor([1.0, -1.0]).to(state[0])
    z, right = [], torch.ones(1, 1).to(state[0])
    for site, env in zip(reversed(state), reversed(left[:-1]), strict=True):
        half = torch.einsum("ab,axc,bxd->xcd", env, site.conj(), site)
        z.append(torch.einsum("x,xcd,cd->", signs, half, right).real)
        right = torch.einsum("axc,cd,bxd->ab", site.conj(), right, site)
    return torch.stack(z[::-1]) / left[-1].real.reshape(())


def _of_vector(psi: torch.Tensor, n_wires: int) -> torch.Tensor:
    """<Z> of each wire from all amplitudes, the first wire the most significant bit."""
    p = psi.real**2 + psi.imag**2
    halves = [p.reshape(2**wire, 2, -1).sum(dim=(0, 2)) for wire in range(n_wires)]
    return torch.stack([half[0] - half[1] for half in halves])
