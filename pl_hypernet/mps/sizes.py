"""How large a state in closed form may be."""

CLOSED_FORM_BYTES = 2**28  # of its tensors, before gates take over
SMALL_BOND_DIM = 64  # up to here the closed form is used even where the wires allow less


def tensor_bytes(bond_dim: int, n_sites: int) -> int:
    """Memory of the tensors of a state."""
    return 32 * n_sites * bond_dim**2


def is_deep(bond_dim: int, n_sites: int) -> bool:
    """Whether a circuit is deep for its wires: gates then make smaller tensors than a closed form
    of this bond dimension."""
    return bond_dim > max(SMALL_BOND_DIM, 2 ** (n_sites // 2))
