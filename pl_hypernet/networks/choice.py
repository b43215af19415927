"""A choice that the circuit makes: qubits whose bits pick one of several options."""

from collections.abc import Callable, Hashable

from pl_hypernet.errors import InputError

MOST_OPTIONS = 127  # they are numbered by int8


class Choice:
    """Leaves a property of the network to qubits, one for two options, two for up to four, ....

    Args:
        *options: two or more different options, as ``BinaryNetwork`` takes them for the property.
            Code c, of which the first qubit is the most significant bit, picks option
            ``c % len(options)``: with three options the codes 0 and 3 both pick the first.

    Attributes:
        options (tuple): as given.
        names (tuple): of each option its name, as in tables and for penalties.

    Raises:
        InputError: fewer than two options, or equal ones.

    >>> BinaryNetwork(64, [1], activation=Choice("sigmoid", "hard_sigmoid")).n_qubits
    66
    """

    shape: tuple[int, ...] = ()  # one decision

    def __init__(self, *options: Hashable | Callable):
        self.options = tuple(tuple(o) if isinstance(o, list) else o for o in options)
        if not 2 <= len(self.options) <= MOST_OPTIONS or len(set(self.names)) != len(self.options):
            raise InputError(
                f"Choice{options}: expected two or more different options, of different names"
            )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(option_name(option) for option in self.options)

    def __repr__(self) -> str:
        return f"Choice({', '.join(map(repr, self.options))})"

    def __eq__(self, other) -> bool:
        return isinstance(other, Choice) and self.options == other.options

    def __hash__(self) -> int:
        return hash(self.options)


def option_name(option) -> str:
    """``sigmoid``, ``1,-3`` for a tuple of numbers, the name of a function."""
    if isinstance(option, tuple):
        return ",".join(map(str, option))
    return getattr(option, "__name__", str(option))
