"""What an option of a choice costs beside the loss, as the hardware that it would take."""

import math

import numpy as np

from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.networks import Network

Penalties = dict[str, dict[str, float]]


def check_penalties(network: Network, penalties: Penalties) -> Penalties:
    """Penalties {choice: {option: penalty}} that fit a network.

    Raises:
        InputError: a choice or option that the network does not have, or a penalty that is not a
            finite number.
    """
    for name, options in penalties.items():
        if not isinstance(options, dict):
            raise InputError(
                f"penalty {name}={options}: expected one for each option, as "
                f"{{{name!r}: {{'OPTION': {options}}}}}"
            )
        if name not in network.choices:
            if not network.choices:
                raise InputError(f"penalty of {name!r}: this network leaves no choice to a qubit")
            known = [
                f"{name}.{o}" for name, choice in network.choices.items() for o in choice.names
            ]
            raise unknown_name("choice with a penalty", name, known)
        for option, penalty in options.items():
            if option not in network.choices[name].names:
                raise unknown_name(f"option of {name}", option, network.choices[name].names)
            if isinstance(penalty, str) or not math.isfinite(penalty):
                raise InputError(f"penalty {name}.{option}={penalty}: expected a finite number")
    return penalties


def penalty_of(network: Network, penalties: Penalties, bits) -> np.ndarray:
    """The sum of the penalties of the options that each bitstring chose, neuron by neuron.

    Args:
        network: what a bitstring means.
        penalties: {choice: {option: penalty}}, in units of the loss.
        bits: int8 (S, n_qubits) in {0, 1}, numpy or torch.

    Returns:
        float64 (S,).
    """
    bits = bits.cpu().numpy() if hasattr(bits, "cpu") else np.asarray(bits)
    total = np.zeros(len(bits))
    values = network.layout.decode(bits)
    for name, options in penalties.items():
        costs = np.array([options.get(option, 0.0) for option in network.choices[name].names])
        chosen = values[f"choice.{name}"].astype(int)
        total += costs[chosen].reshape(len(bits), -1).sum(axis=1)
    return total
