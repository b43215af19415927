"""What several networks say together, and that ties go to the first class in each of them."""

import numpy as np
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.exports import reader
from pl_hypernet.networks import votes
from pl_hypernet.networks.votes import first_of_largest


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_the_first_of_the_largest(n_classes):
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 3, (200, n_classes))
    expected = [row.tolist().index(row.max()) for row in whole]
    noise = rng.uniform(-4e-6, 4e-6, whole.shape)
    for numbers in (whole, whole + noise, (whole + noise).astype(np.float32)):
        assert first_of_largest(torch.as_tensor(numbers)).tolist() == expected
        assert reader.first_of_largest(numbers).tolist() == expected
    assert ((whole + noise).argmax(axis=1) != expected).any()  # the rule that was
    assert reader.EQUAL == votes.EQUAL


def test_ties_of_one_network_go_to_the_first_class():
    """Sums of tenths are equal but for rounding; each network against whole numbers."""
    rng = np.random.default_rng(1)
    network = plh.BinaryNetwork(9, [3], bias=False)
    bits = rng.integers(0, 2, (50, network.n_qubits)).astype(np.int8)
    tenths = rng.integers(-3, 4, (200, 9))
    weights = 1 - 2 * bits.reshape(50, 3, 9).astype(int)
    sums = (weights @ tenths.T).transpose(0, 2, 1)
    expected = sums.argmax(axis=2)  # the first, as whole numbers tie exactly
    logits = network(bits, (tenths / 10).astype(np.float32))
    np.testing.assert_array_equal(network.classify(logits), expected)
    assert (logits.argmax(dim=2).numpy() != expected).any()
    two = plh.BinaryNetwork(9, [1], bias=False)
    logits = two(bits[:, :9], (tenths / 10).astype(np.float32))
    np.testing.assert_array_equal(two.classify(logits), sums[..., 0] > 0)


def test_ties_of_a_vote_go_to_the_first_class(tied_vote):
    network, bits, inputs, expected = tied_vote
    vote = network.vote(bits, inputs)
    np.testing.assert_array_equal(vote.classes, expected)
    assert (vote.mean.argmax(axis=1) == 1).any()  # by rounding
    alike = network.vote(np.repeat(bits[:1], 9, axis=0), inputs)
    one = network.classify(network(bits[:1], inputs))[0]
    np.testing.assert_array_equal(alike.classes, one)
    np.testing.assert_array_equal(alike.majority, one)


@pytest.mark.parametrize("layers", [[1], [3], [4, 3]])
def test_a_majority_equals_a_plain_count(layers, monkeypatch):
    rng = np.random.default_rng(2)
    network = plh.BinaryNetwork(6, layers)
    bits = rng.integers(0, 2, (11, network.n_qubits)).astype(np.int8)
    bits = np.repeat(bits, rng.integers(1, 5, 11), axis=0)
    inputs = rng.choice([-1.0, 1.0], (80, 6)).astype(np.float32)
    classes = network.classify(network(bits, inputs)).numpy()
    n_classes = max(2, layers[-1])
    counts = [[(column == k).sum() for k in range(n_classes)] for column in classes.T]
    monkeypatch.setattr("pl_hypernet.networks.network.CHUNK", 300)
    vote = network.vote(bits, inputs)
    np.testing.assert_allclose(vote.shares, np.array(counts) / len(bits))
    np.testing.assert_array_equal(vote.majority, np.argmax(counts, axis=1))


def test_a_few_other_shots_decide_the_ties_of_the_mean_but_not_of_the_majority():
    """Three classes, inputs of +1 and -1, 97 of 100 shots equal and always right.

    Labels are the first class of the largest sum, so a tie is right by the rule alone: the mean
    probability leaves it to the three other shots.
    """
    rng = np.random.default_rng(3)
    network = plh.BinaryNetwork(8, [3], bias=False)
    bits = np.repeat(rng.integers(0, 2, (1, 24)).astype(np.int8), 100, axis=0)
    inputs = rng.choice([-1.0, 1.0], (600, 8)).astype(np.float32)
    targets = network.classify(network(bits[:1], inputs))[0].numpy()
    bits[97:] = rng.integers(0, 2, (3, 24))
    accuracy = plh.evaluate(network, bits, (inputs, targets)).train
    assert accuracy.best == 1
    assert accuracy.mean > 0.97
    assert accuracy.vote < 0.9
    assert accuracy.majority == 1
