"""Whether an exported file says what the network says."""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.datasets.schema import Schema
from pl_hypernet.exports.files import run_file
from pl_hypernet.exports.plain import checked_bits, checked_schema
from pl_hypernet.networks import Network
from pl_hypernet.networks.votes import EQUAL

ROUNDING = 1e-5  # of the largest output (at least 1): by so much sums in another order may differ
CLOSE = 1e-3  # of the same: a hidden neuron of another sign makes more
MOST_APART = 0.01  # of the samples: sums of real inputs next to a threshold


@dataclass(frozen=True)
class Agreement:
    """Of a file's predictions with the network's.

    Attributes:
        samples: how many were compared.
        equal: samples of the same class; of a regression, of the same output up to rounding.
        ties: others, on which two classes are equal for the network up to rounding.
        apart: samples on which logits (of a vote probabilities) differ by more than 1/1000 of the
            largest, as where a hidden sum is next to its threshold up to rounding.

    It is true if classes are equal but for ties, and no more than 1 in 100 samples are apart.
    """

    samples: int
    equal: int
    ties: int
    apart: int = 0

    def __bool__(self) -> bool:
        fit = self.equal + self.ties == self.samples
        return fit and self.apart <= MOST_APART * self.samples


def check_export(
    network: Network,
    bits,
    path,
    inputs,
    schema: Schema | None = None,
) -> Agreement:
    """Runs a file that :func:`export` wrote, and compares it with the network that it is made of.

    Args:
        network, bits: as given to :func:`export`.
        path: of the file.
        inputs: float32 (M, n_columns).
        schema: as given to :func:`export`.
    """
    bits = checked_bits(network, bits)
    if bits.ndim == 2:
        votes = network.vote(bits, inputs)
        ours, classes = votes.mean, None if network.is_regression else votes.classes
    else:
        logits = network(bits[None], inputs)
        ours, classes = logits[0].cpu().numpy(), network.classify(logits)[0].cpu().numpy()
    theirs = run_file(path, inputs)
    largest = max(1.0, np.abs(ours).max())
    rounding = ROUNDING * largest
    if network.is_regression:
        schema = checked_schema(network, schema)
        mean, scale = schema.target_mean, schema.target_scale
        theirs = (theirs["outputs"].astype(np.float64) - mean) / scale
        rounding = rounding + ROUNDING * np.abs(mean / scale)
        equal = (np.abs(theirs - ours) <= rounding).all(axis=1)
        return Agreement(len(equal), int(equal.sum()), 0)
    equal = theirs["classes"] == classes
    differences = np.abs(theirs["probabilities" if bits.ndim == 2 else "logits"] - ours)
    apart = int((differences > CLOSE * largest).any(axis=1).sum())
    if ours.shape[1] == 1:
        gap = np.abs(ours[:, 0])
    else:
        second, first = np.sort(ours, axis=1)[:, -2:].T
        gap = first - second
    ties = int((~equal & (gap <= EQUAL + rounding)).sum())
    return Agreement(len(equal), int(equal.sum()), ties, apart)
