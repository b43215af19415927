"""The methods that a comparison knows by name, in the order of its table."""

from collections.abc import Callable, Sequence

from pl_hypernet.baselines.annealing import annealing
from pl_hypernet.baselines.branch_and_bound import branch_and_bound
from pl_hypernet.baselines.gumbel_softmax import gumbel_softmax
from pl_hypernet.baselines.hypernetworks import hypernetwork, product_state
from pl_hypernet.baselines.one_flip import one_flip
from pl_hypernet.baselines.plain_search import exhaustive, random_search
from pl_hypernet.baselines.task import Method
from pl_hypernet.baselines.trained_by_gradients import (
    binarised,
    float_network,
    straight_through_restarts,
)
from pl_hypernet.baselines.two_loops import two_loops, two_loops_straight_through
from pl_hypernet.errors import InputError, unknown_name

METHODS: dict[str, Method] = {
    "hypernetwork": hypernetwork,
    "product-state": product_state,
    "two-loops": two_loops,
    "straight-through": straight_through_restarts,
    "two-loops-straight-through": two_loops_straight_through,
    "gumbel-softmax": gumbel_softmax,
    "binarised": binarised,
    "annealing": annealing,
    "one-flip": one_flip,
    "random": random_search,
    "exhaustive": exhaustive,
    "branch-and-bound": branch_and_bound,
    "float": float_network,
}


def find_methods(methods: str | Callable | Sequence[str | Callable] | None) -> dict[str, Method]:
    """Methods by name; None: all; a function of a user's own goes by its name; or one of them.

    Raises:
        InputError: an unknown name, one that comes twice, or none.
    """
    if isinstance(methods, str) or callable(methods):
        methods = [methods]
    found: dict[str, Method] = {}
    for method in METHODS if methods is None else methods:
        name = getattr(method, "__name__", str(method)) if callable(method) else method
        if name in found:
            raise InputError(f"method {name!r} comes twice: give each a name of its own")
        if callable(method):
            found[name] = method
        elif name in METHODS:
            found[name] = METHODS[name]
        else:
            raise unknown_name("method", name, METHODS)
    if not found:
        raise InputError(f"no methods: choose from {', '.join(METHODS)}")
    return found
