"""Whether two orders of wires are the same."""

from pennylane.wires import Wires


def same_wires(one: Wires, other: Wires) -> bool:
    """As ``==``, at once where both are one object: PennyLane compares thousands of labels."""
    return one is other or one == other
