"""A choice that the circuit makes: one qubit whose bit picks one of two options."""

from pl_hypernet.errors import InputError


class Choice:
    """Leaves a property of the network to a qubit.

    Args:
        *options: two names; bit 0 picks the first and bit 1 the second.

    Raises:
        InputError: not two different options.

    >>> BinaryNetwork(64, [1], activation=Choice("sigmoid", "hard_sigmoid")).n_qubits
    66
    """

    def __init__(self, *options: str):
        if len(options) != 2 or len(set(options)) != 2:
            raise InputError(f"Choice{options}: expected two different options, one for each bit")
        self.options = options

    def __repr__(self) -> str:
        return f"Choice({', '.join(map(repr, self.options))})"

    def __eq__(self, other) -> bool:
        return isinstance(other, Choice) and self.options == other.options

    def __hash__(self) -> int:
        return hash(self.options)
