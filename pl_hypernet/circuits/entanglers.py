"""Which pairs of neighbouring qubits an entangling layer joins."""

from pl_hypernet.errors import unknown_name

PATTERNS = ("chain", "brick", "ring", "none")


def entangled_pairs(pattern: str, layer: int, n_wires: int) -> list[tuple[int, int]]:
    """Pairs (control, target) of wire positions in the order in which the gates act.

    Args:
        pattern: ``"chain"`` (0,1), (1,2), ...; ``"brick"`` every second of these, even ones in
            even layers, odd ones in odd layers; ``"ring"`` the chain and then (n_wires - 1, 0);
            ``"none"`` no pair, for the product state that any claim about entanglement is held
            against.
        layer: index of the entangling layer, from 0.
        n_wires: number of wires; with two wires the ring is the chain, as in PennyLane's templates.
    """
    if pattern not in PATTERNS:
        raise unknown_name("pattern", pattern, PATTERNS)
    if pattern == "none":
        return []
    first, stride = (layer % 2, 2) if pattern == "brick" else (0, 1)
    pairs = [(i, i + 1) for i in range(first, n_wires - 1, stride)]
    if pattern == "ring" and n_wires > 2:
        pairs.append((n_wires - 1, 0))
    return pairs
