"""Numbers of things, for people."""


def counted(number: int, noun: str) -> str:
    """As ``"1 step"`` or ``"1,000 steps"``."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
