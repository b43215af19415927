"""Random generators: of a seed, and where one stands, in a form that JSON holds."""

import numpy as np

from pl_hypernet.errors import InputError


def generator(seed) -> np.random.Generator:
    """As ``numpy.random.default_rng``, also of a key of JAX, which is an array of its own kind.

    Raises:
        InputError: no seed.
    """
    try:
        is_array = np.ndim(seed) > 0 and not isinstance(seed, list | tuple)
        return np.random.default_rng(np.asarray(seed) if is_array else seed)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"seed={seed!r}: expected a whole number of at least 0, a numpy Generator, or None"
        ) from error


def random_state_of(generator: np.random.Generator) -> dict:
    """The state of any of numpy's bit generators, of plain ints, text and lists."""
    return _plain(generator.bit_generator.state)


def set_random_state(generator: np.random.Generator, state: dict) -> None:
    """Takes over what :func:`random_state_of` gave; the numbers that follow are the same.

    Raises:
        InputError: the state of another kind of bit generator.
    """
    try:
        generator.bit_generator.state = state
    except (ValueError, TypeError, KeyError) as error:
        kind = type(generator.bit_generator).__name__
        raise InputError(
            f"random numbers of a {state.get('bit_generator')} cannot go on in a {kind}: make the "
            "generator of the same kind as before"
        ) from error


def _plain(value):
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
