"""Where no scale is given, logits of random networks are about 2 in size, whatever is hidden."""

import numpy as np
import pytest
import torch
from case_names import name
from sklearn.datasets import load_breast_cancer

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks.default_scale import PIXELS
from pl_hypernet.networks.settings import network_of, settings_of
from pl_hypernet.settings import NetworkSettings
from pl_hypernet.training.config import RunConfig


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
    ids=name,
)  # fmt: skip
def test_logits_of_random_networks(hidden):
    layers = [30, 40, 1] if isinstance(hidden, list) else [40, 1]
    network = plh.BinaryNetwork(
        64, layers, "sigmoid", hidden=hidden, bias=[True] * (len(layers) - 1) + [False]
    )
    assert size_of_outputs(network, PIXELS) == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(("sizes", "values"), [([40, 500, 1], "binary"), ([9, 1], "3-bit")])
def test_biases_of_several_bits_cover_the_sums(sizes, values):
    """By the sums of random networks: 0.5 standard deviations, to the next power of 2."""
    network = plh.BinaryNetwork(64, sizes, values=values, bias="6-bit", hidden="tanh")
    inputs = np.random.default_rng(0).normal(size=(50, 64)) * PIXELS**0.5
    bits = np.random.default_rng(1).integers(0, 2, (60, network.n_qubits)).astype(np.int8)
    decoded = network.layout.decode(bits)
    h = np.broadcast_to(inputs, (60, 50, 64))
    for i, scale in enumerate(network.bias_scale):
        sums = np.einsum("smi,soi->smo", h, decoded[f"layers.{i}.weight"].astype(float))
        assert 2**-0.6 < 32 * scale / (0.5 * sums.std()) < 2**0.6
        assert np.log2(scale) % 1 == 0
        h = np.tanh(sums + scale * decoded[f"layers.{i}.bias"][:, None])
    if values == "binary":  # levels of two's complement have a mean
        assert size_of_outputs(network, PIXELS) == pytest.approx(2, rel=0.25)
    settings = NetworkSettings.checked(settings_of(network))
    again = network_of(settings, 64, mean_square=9.0)  # as a run is read, whatever its data
    assert (again(bits, inputs) == network(bits, inputs)).all()
    for wrong in (0, "1", [1.0], True):
        with pytest.raises(InputError, match=r"bias_scale=.*expected a positive"):
            plh.BinaryNetwork(64, sizes, bias="6-bit", bias_scale=wrong)
    with pytest.raises(InputError, match="bias: expected True, False, or values; values='two'"):
        plh.BinaryNetwork(64, bias="two")


def test_one_layer_and_digits():
    assert plh.BinaryNetwork(64).scale == 1
    assert plh.BinaryNetwork(256).scale == 0.5
    assert plh.BinaryNetwork(64, values="2-bit").scale == 1
    assert plh.BinaryNetwork(64, [10]).scale == 1
    assert plh.datasets.mnist().inputs.var() == pytest.approx(PIXELS, rel=0.3)
    assert (plh.datasets.mnist().inputs ** 2).mean() == pytest.approx(PIXELS, rel=0.05)


def test_data_that_are_no_pixels():
    rng = np.random.default_rng(0)
    data = plh.datasets.as_data((5 * rng.normal(size=(500, 16)), rng.integers(0, 2, 500)))
    assert data.mean_square == pytest.approx(25, rel=0.1)
    network = plh.BinaryNetwork(16, [1], bias=False, mean_square=data.mean_square)
    assert network.scale.item() == pytest.approx(0.1, rel=0.1)
    assert size_of_outputs(network, 25.0) == pytest.approx(2, rel=0.1)
    hidden = plh.BinaryNetwork(16, [30, 1], "sigmoid", hidden="relu", mean_square=25.0)
    assert size_of_outputs(hidden, 25.0) == pytest.approx(2, rel=0.15)
    assert plh.datasets.mnist().mean_square is None
    features = plh.datasets.load("mnist", features="pca:16")
    config = RunConfig.checked({"data_options": {"features": "pca:16"}})
    found = config.build_network(16, features.mean_square)
    assert found.scale.item() == pytest.approx(0.5, rel=1e-3)  # standardised
    with pytest.raises(InputError, match="mean_square=0: expected a positive number"):
        plh.BinaryNetwork(16, mean_square=0)


def test_the_best_of_all_networks_is_better_for_it():
    """The lowest loss of all 2^13 networks on standardised columns, by the size of logits."""
    X, y = load_breast_cancer(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0))[:, :12].astype(np.float32)
    bits = (np.arange(2**13)[:, None] >> np.arange(13) & 1).astype(np.int8)
    lowest = []
    for mean_square in (1.0, None):
        network = plh.BinaryNetwork(12, [1], "sigmoid", mean_square=mean_square)
        lowest.append(plh.NetworkLoss(network, X, y)(bits).min())
    assert lowest[0] < 0.8 * lowest[1]


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
