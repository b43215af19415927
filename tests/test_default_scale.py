"""Where no scale is given, logits of random networks are about 2 in size, whatever is hidden."""

import numpy as np
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.networks.default_scale import PIXELS


def size_of_outputs(network, mean_square: float) -> float:
    """Standard deviation over random networks and normal inputs."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, network.n_inputs)) * np.sqrt(mean_square)
    bits = rng.integers(0, 2, (1000, network.n_qubits)).astype(np.int8)
    return float(network(bits, inputs.astype(np.float32)).std())


@pytest.mark.parametrize(
    "hidden",
    [
        "sign", "relu", "tanh", "sigmoid", "hard_tanh", "hard_sigmoid", "identity", torch.square,
        ["sign", "relu"], ["relu", "relu"], plh.Choice("sign", "tanh"),
    ],
    ids=str,
)  # fmt: skip
def test_logits_of_random_networks(hidden):
    layers = [30, 40, 1] if isinstance(hidden, list) else [40, 1]
    network = plh.BinaryNetwork(
        64, layers, "sigmoid", hidden=hidden, bias=[True] * (len(layers) - 1) + [False]
    )
    assert size_of_outputs(network, PIXELS) == pytest.approx(2, rel=0.15)


def test_one_layer_and_digits():
    assert plh.BinaryNetwork(64).scale == 1
    assert plh.BinaryNetwork(256).scale == 0.5
    assert plh.BinaryNetwork(64, values="2-bit").scale == 1
    assert plh.BinaryNetwork(64, [10]).scale == 1
    assert plh.datasets.mnist().inputs.var() == pytest.approx(PIXELS, rel=0.3)
    assert (plh.datasets.mnist().inputs ** 2).mean() == pytest.approx(PIXELS, rel=0.05)


def test_a_regression_of_standardised_inputs():
    network = plh.BinaryNetwork(20, [1], "identity", bias=False)
    assert network.scale.item() == pytest.approx(1 / np.sqrt(20))
    assert size_of_outputs(network, 1.0) == pytest.approx(1, rel=0.1)
    hidden = plh.BinaryNetwork(20, [30, 1], "identity", hidden="relu", bias=[True, False])
    assert size_of_outputs(hidden, 1.0) == pytest.approx(1, rel=0.15)


def test_weights_of_many_values_behind_relu():
    network = plh.BinaryNetwork(
        64, [40, 1], "sigmoid", hidden="relu", values=["4-bit", "binary"], bias=False
    )
    assert size_of_outputs(network, PIXELS) == pytest.approx(2, rel=0.15)
