"""About how long networks take to score and a run to draw: fits to one core of a 2024 server."""

from pl_hypernet.networks import Network

# seconds for each network and sample: at all, for each neuron, for each weight
AT_ALL, NEURON, WEIGHT = 1e-8, 3e-9, 1.7e-11
VOTE = 8e-9  # for each output, of class and probability
PICTURE_SECONDS = 1.5  # all pictures of a run


def scoring_seconds(network: Network, shots: int, n_samples: int) -> float:
    """Of the losses of all shots."""
    one = AT_ALL + NEURON * network.n_neurons + WEIGHT * network.n_multiplications
    return one * shots * n_samples


def evaluation_seconds(network: Network, shots: int, n_samples: int) -> float:
    """Of losses, accuracies and the vote of all shots."""
    votes = VOTE * network.n_outputs * shots * n_samples
    return scoring_seconds(network, shots, n_samples) + votes
