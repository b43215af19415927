"""Names of test cases that are the same in each process, as parallel runs need them."""

import re


def name(value) -> str:
    """What stands in a case's name: without addresses in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))
