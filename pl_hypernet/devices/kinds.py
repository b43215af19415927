"""What kinds of operations a circuit has, without asking each of thousands."""


def holds(operations, classes: type | tuple[type, ...]) -> bool:
    """Whether any of the operations is an instance of these classes."""
    return any(issubclass(kind, classes) for kind in set(map(type, operations)))
