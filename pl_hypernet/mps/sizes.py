"""How large a state in closed form may be."""

CLOSED_FORM_BYTES = 2**28  # of its tensors, before gates take over


def tensor_bytes(bond_dim: int, n_sites: int) -> int:
    """Memory of the tensors of a state."""
    return 32 * n_sites * bond_dim**2
