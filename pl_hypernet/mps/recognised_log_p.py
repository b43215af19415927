"""log p of bitstrings under a chain of CZ or a product written gate by gate, in torch."""

import numpy as np
import torch
from pennylane.wires import Wires

from pl_hypernet.mps.chain_log_probability import log_p_of_paths, paths_through
from pl_hypernet.mps.site_order import site_order
from pl_hypernet.mps.skeleton import ROTATIONS, Skeleton, skeleton_of

MAX_BOND_DIM = 64  # of the form; beyond it the state may need less


def recognised_log_p(operations: list, bits: torch.Tensor, wires: Wires) -> torch.Tensor | None:
    """log p, differentiable by parameters that are torch tensors; None if there is no such form.

    Args:
        operations: of the circuit.
        bits: (shots, n_wires) in {0, 1}.
        wires: labels of their columns.

    Returns:
        float64 (shots,).
    """
    order = site_order(operations, wires)
    skeleton = skeleton_of(operations, order) if len(order) == len(wires) else None
    if skeleton is None or skeleton.rest or skeleton.layers.bond_dim > MAX_BOND_DIM:
        return None
    layers = skeleton.layers
    if not (layers.is_cz_chain or layers.is_product):
        return None
    matrices = _layer_matrices(operations, skeleton)
    if matrices is None:
        return None
    column = {wire: i for i, wire in enumerate(wires)}
    return log_p_of_paths(paths_through(matrices), bits[:, [column[wire] for wire in order]])


def _layer_matrices(operations: list, skeleton: Skeleton) -> torch.Tensor | None:
    """The product of the gates of each layer on each site: complex128 (P + 1, n_sites, 2, 2)."""
    made, order = [], []
    for kind, numbers, places in skeleton.turns:
        matrices = _matrices(kind, [operations[i] for i in numbers])
        if matrices is None:
            return None
        made.append(matrices)
        order.append(places)
    shape = skeleton.layers.n_layers + 1, skeleton.layers.n_sites, 2, 2
    products = torch.eye(2, dtype=torch.complex128).expand(shape).reshape(-1, 2, 2)
    if not made:
        return products.reshape(shape)
    turns = torch.cat(made)[torch.as_tensor(np.argsort(np.concatenate(order)))]
    products = products.to(turns.device)
    for acting, places in skeleton.rounds:
        acting, places = torch.as_tensor(acting), torch.as_tensor(places)
        products = products.index_put((places,), turns[acting] @ products[places])
    return products.reshape(shape)


def _matrices(kind: type, gates: list) -> torch.Tensor | None:
    """complex128 (n, 2, 2) of gates of one kind; None if one is a batch."""
    if kind in ROTATIONS:
        data = [_stack([gate.data[k] for gate in gates]) for k in range(kind.num_params)]
        matrices = kind.compute_matrix(*data) if data[0].ndim == 1 else None
    else:
        matrices = _stack([gate.matrix() for gate in gates])
    if matrices is None or matrices.shape[1:] != (2, 2):
        return None
    return matrices.to(torch.complex128)


def _stack(values: list) -> torch.Tensor:
    """Numbers, arrays or tensors in double precision, those of the user with their derivatives."""
    known = next((value for value in values if torch.is_tensor(value)), None)
    if known is None:
        values = torch.as_tensor(np.array(values))
    else:  # a plain number would become one of single precision
        plain = [v if torch.is_tensor(v) else torch.as_tensor(np.asarray(v)) for v in values]
        values = torch.stack([value.to(known.device) for value in plain])
    return values.to(torch.complex128 if values.is_complex() else torch.float64)
