"""What several test files share."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # threads of processes beside each other would wait in turn
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # also those that tests start; read by imports

import numpy as np
import pytest
from scipy.special import softmax

import pl_hypernet as plh


@pytest.fixture(scope="session")
def tied_vote():
    """A vote in which the classes 0 and 1 always tie, but for rounding.

    Networks of three classes vote beside themselves with the classes 0 and 1 exchanged.

    Returns:
        The network, bits int8 (S, n_qubits), inputs of +1 and -1, and the classes by which the vote
        goes: never 1.
    """
    rng = np.random.default_rng(0)
    network = plh.BinaryNetwork(8, [3])
    weights, biases = rng.choice([-1, 1], (40, 3, 8)), rng.choice([-1, 1], (40, 3))
    weights = np.concatenate([weights, weights[:, [1, 0, 2]]])
    biases = np.concatenate([biases, biases[:, [1, 0, 2]]])
    bits = network.layout.encode({"layers.0.weight": weights, "layers.0.bias": biases})
    inputs = rng.choice([-1.0, 1.0], (500, 8)).astype(np.float32)
    logits = (weights @ inputs.T + biases[..., None]) * network.scale.item()
    first, second, third = softmax(logits, axis=1).mean(axis=0)
    return network, bits, inputs, np.where(third > (first + second) / 2, 2, 0)
