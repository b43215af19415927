"""What files and options are damaged with, and what is allowed to come of it.

Environment: PL_HYPERNET_CASES of each kind, PL_HYPERNET_SEED of all of them. Used by
test_hostile_files.py and test_hostile_commands.py, and many times over by benchmarks/mutations.py.
"""

import os
import resource
import signal
from contextlib import contextmanager
from copy import deepcopy

import numpy as np

from pl_hypernet.errors import HypernetError
from pl_hypernet.numpy_files import FileError

SEED = int(os.environ.get("PL_HYPERNET_SEED", "0"))
LONGEST = 60  # seconds of a case; more is a hang
MOST_MEMORY = 300 * 2**20  # bytes that all cases of a file may add to what it began with
CASES = int(os.environ.get("PL_HYPERNET_CASES", "40"))  # of each kind
ODD = (None, True, -1, 0, 1e308, float("nan"), "", "cz", "\0", [], {}, [[]], "a" * 99, 10**30)


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, cut out, doubled or put in, at one to four places."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        at, size = rng.integers(len(data) + 1), int(rng.integers(1, 40))
        match rng.integers(5):
            case 0:
                data[at : at + 1] = rng.bytes(1)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size]
            case 3:
                data[at:at] = rng.bytes(size)
            case 4:
                data = data[:at]
    return bytes(data)


def changed(document, rng: np.random.Generator):
    """A JSON document with one value, at any depth, made odd or taken away."""
    document = deepcopy(document)
    place, key = None, None
    here = document
    while isinstance(here, dict | list) and here and (place is None or rng.random() < 0.8):
        keys = list(here) if isinstance(here, dict) else range(len(here))
        place, key = here, keys[rng.integers(len(keys))]
        here = here[key]
    if rng.random() < 0.3:
        del place[key]
    else:
        place[key] = ODD[rng.integers(len(ODD))]
    return document


def refused_in_one_line(read) -> bool:
    """Whether an error of ours came, of one line; any other one fails the test."""
    said = ""
    with time_limit():
        try:
            read()
        except (HypernetError, FileError) as error:
            said = str(error)
    assert "\n" not in said
    return bool(said)


@contextmanager
def time_limit():
    """Fails what takes longer than LONGEST."""

    def hang(*_):
        raise AssertionError(f"a case takes more than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def memory_limit():
    """Fails what adds more than MOST_MEMORY to the memory of this process at its peak so far."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < MOST_MEMORY, f"memory grew by {grown / 2**20:.0f} MB"
