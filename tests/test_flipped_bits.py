"""Networks trained with flipped bits, against the mean over all flips by brute force."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.objectives.flipped_bits import FlippedBits
from pl_hypernet.testing import ALPHA

P = 0.2
DRAWS = 4000


def network_loss():
    rng = np.random.default_rng(0)
    network = plh.BinaryNetwork(4, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    return plh.NetworkLoss(network, rng.normal(size=(20, 4)), rng.integers(0, 2, 20))


def over_all_flips(loss, bits, of):
    """The mean of what is taken of each flipped bitstring, weighted by its probability."""
    total = 0.0
    for flips in product([0, 1], repeat=len(bits)):
        weight = P ** sum(flips) * (1 - P) ** (len(bits) - sum(flips))
        total = total + weight * of(loss, bits ^ np.array(flips, np.int8))
    return total


def value(loss, bits):
    return loss(bits[None])[0]


def by_spins(loss, bits):
    """Half the difference of the flipped mean with each spin up and down."""
    ends = np.repeat(bits[None], 2, axis=0)
    found = []
    for qubit in range(len(bits)):
        ends[:] = bits
        ends[:, qubit] = 0, 1
        up, down = (over_all_flips(loss, end, value) for end in ends)
        found.append((up - down) / 2)
    return np.array(found)


def standard_scores(samples, expected):
    return (samples.mean(axis=0) - expected) / (samples.std(axis=0) / np.sqrt(len(samples)))


def test_losses_and_derivatives_are_those_of_the_mean_over_all_flips():
    loss = network_loss()
    bits = np.array([0, 1, 1, 0, 1, 0], np.int8)[: loss.network.n_qubits]
    flipped = FlippedBits(loss, P, np.random.default_rng(1))
    rows = np.repeat(bits[None], DRAWS, axis=0)
    losses, gradients = flipped.spin_gradients(rows)
    limit = norm.isf(ALPHA / 2 / (1 + len(bits)))
    assert abs(standard_scores(losses, over_all_flips(loss, bits, value))) < limit
    assert abs(standard_scores(flipped(rows), over_all_flips(loss, bits, value))) < limit
    expected = by_spins(loss, bits)
    assert np.all(abs(standard_scores(gradients, expected)) < limit)
    planted = gradients / (1 - 2 * P)  # by the spins that are seen
    assert np.any(abs(standard_scores(planted, expected)) > limit)


@pytest.mark.parametrize("optimizer", ["spsa", "pathwise"])
def test_training_goes_on_with_the_same_flips(optimizer, tmp_path):
    inputs = np.random.default_rng(0).uniform(-1, 1, (80, 3))
    data = inputs, (inputs[:, 0] > inputs[:, 1]).astype(int)

    def train(flips, **options):
        hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=10)
        return plh.train(hypernet, data, optimizer, 6, flips=flips, progress=False, **options)

    def stop(record, theta):
        return "enough" if record["step"] == 3 else None

    whole = train(0.1)
    assert not np.array_equal(whole.theta, train(0.0).theta)
    train(0.1, out=tmp_path / "run", callbacks=[stop])
    plh.resume(tmp_path / "run", data=data, progress=False)
    np.testing.assert_array_equal(plh.load(tmp_path / "run").theta, whole.theta)
    assert "flips = 0.1" in (tmp_path / "run/config.toml").read_text()
    with pytest.raises(InputError, match=r"flips.*0\.5"):
        train(0.5)
