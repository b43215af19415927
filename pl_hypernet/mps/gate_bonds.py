"""How large the bonds of a circuit become that has no closed form, found without running it."""

import numpy as np

from pl_hypernet.mps.gate_layers import gate_layers
from pl_hypernet.mps.operator_gates import line_gates
from pl_hypernet.mps.operator_schmidt import schmidt_terms

EXACT = 50  # log2 of whole numbers that floats hold


def bond_dim_bound(operations, wires) -> int:
    """A bond dimension that the exact state does not exceed.

    The Schmidt rank across a bond grows at most by the operator Schmidt rank of a gate across it,
    and is at most that of all states of the wires on either side. Gates that undo each other, or
    are close to the identity, end lower.

    Args:
        operations: in the order in which they act, with a matrix or a decomposition.
        wires: labels in the order of the line.
    """
    n = len(wires)
    gates, _ = line_gates(operations, {wire: i for i, wire in enumerate(wires)})
    ranks = np.zeros(n + 1)  # log2 of them; bond i is left of site i
    for layer in gate_layers(gates):
        for content, positions in layer:
            if len(positions) == 1:
                continue
            parts = content if isinstance(content, tuple) else schmidt_terms(content)
            places = sorted(positions)
            for i, tensor in enumerate(parts[:-1]):
                ranks[places[i] + 1 : places[i + 1] + 1] += np.log2(tensor.shape[3])
    sites = np.arange(n + 1)
    largest = float(np.minimum(ranks, np.minimum(sites, n - sites)).max())
    return round(2**largest) if largest < EXACT else 2 ** round(largest)
