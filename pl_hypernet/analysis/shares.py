"""How many shots took each option of each choice."""

import numpy as np

from pl_hypernet.networks import Network


def chosen(network: Network, bits: np.ndarray) -> dict[str, np.ndarray]:
    """The number of the option that each shot took: int8 (S, *shape) for each choice."""
    names = [f"choice.{name}" for name in network.choices]
    codes = network.layout.decode(bits, names)
    return {name: codes[f"choice.{name}"] for name in network.choices}


def shares(
    network: Network, codes: dict[str, np.ndarray], digits: int | None = None
) -> dict[str, dict[str, float]]:
    """For each choice the share of each option, in [0, 1].

    Args:
        network: whose choices they are.
        codes: as :func:`chosen` gives them. A choice about several neurons, say, counts each.
        digits: that the shares are rounded to; None: they are not.
    """

    def share(name: str, code: int) -> float:
        exact = float((codes[name] == code).mean())
        return exact if digits is None else round(exact, digits)

    return {
        name: {option: share(name, code) for code, option in enumerate(choice.names)}
        for name, choice in network.choices.items()
    }
