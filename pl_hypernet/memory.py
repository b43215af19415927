"""What does not fit into this machine's memory is refused before it is allocated."""

import os

from pl_hypernet.errors import InputError


def memory_here() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # not a POSIX system
        return 2**34


def check_memory(n_bytes: int, what: str, advice: str) -> None:
    """Refuses what takes more than this machine has.

    Args:
        n_bytes: that it takes at the least.
        what: it is, in the plural, as ``"10 shots of 3 qubits"``.
        advice: how to need less.

    Raises:
        InputError: with both.
    """
    if n_bytes > memory_here():
        raise InputError(
            f"{what} take {in_bytes(n_bytes)}, and this machine has {in_bytes(memory_here())}: "
            f"{advice}"
        )


def rounded(number: float) -> str:
    """A number of things in full, as 1,048,576, or in three digits, however large."""
    if number < 10**12:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number < 10**300 else "more than 10^300"


def in_bytes(n_bytes: float) -> str:
    """As 64 B, 1.5 kB, 17 MB."""
    n_bytes = min(n_bytes, 10**30)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} PB" if n_bytes < 10**9 else "more than 10^9 PB"
