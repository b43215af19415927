"""How a table is trained on by default: chosen from its training samples alone.

Weights are sums of four spins, so that one of a useless column can be 0. Without hidden layer the
largest of them can be somewhat more than the largest coefficient of a logistic regression (of a
ridge regression) of the same samples. A hidden layer is taken if a quarter of the samples, held out
for that, says so. Gradients go through the network of a product state, to second order.
"""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.datasets import Data
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.train import train

N_SPINS = 4
VALUES = f"{N_SPINS}-spins"
HIDDEN = "relu"
REACH = 1.2  # of a weight, in units of the largest coefficient
HIDDEN_LAYER = (32,)
HIDDEN_ENTROPY = 0.03
STEPS = 200
STEPS_HIDDEN = 300
SHOTS = 20
BATCH_SIZE = 300
OPTIONS = {"curvature": True}  # of the pathwise optimizer
LAYERS = 0  # entangling ones brought nothing but took three times as long: docs/tables.md
HELD_OUT = 0.25
FEWEST_HELD_OUT = 15  # samples that can say something
MOST_QUBITS = 2**15  # of a network with a hidden layer that is tried
MOST_SAMPLES = 5000  # that coefficients are fitted to
VOTERS = 200  # in the comparison
SMALLEST = 1e-3  # coefficient that a scale is made of


@dataclass(frozen=True)
class TableChoice:
    """What was chosen.

    Attributes:
        hidden_layer_sizes: () or (32,).
        scale: factor of the outputs; None: the default of such a network.
        why: as a clause.
    """

    hidden_layer_sizes: tuple[int, ...]
    scale: float | None
    why: str

    @property
    def steps(self) -> int:
        return STEPS_HIDDEN if self.hidden_layer_sizes else STEPS

    def network(self, data: Data) -> BinaryNetwork:
        """The network, for the data that it was chosen for."""
        return _network(data, self.hidden_layer_sizes, self.scale)


def entropy_weight(network: BinaryNetwork, n_samples: int) -> float:
    """A nat counts as much as a sample, as with a prior of random bits; far less with hidden
    layers, whose neurons would not come to differ.

    Without them, that of a regression undoes what the variance of the bits costs, to second order:
    see :class:`QuantumHypernetRegressor`.
    """
    if len(network.sizes) > 1:
        return HIDDEN_ENTROPY / n_samples
    return 2 * network.scale.item() ** 2 if network.is_regression else 1 / n_samples


def table_scale(data: Data) -> float:
    """Of networks without hidden layer, by the coefficients of a regularised linear model."""
    from sklearn.linear_model import LogisticRegression, Ridge  # takes a second

    some = slice(None)
    if len(data.inputs) > MOST_SAMPLES:
        some = np.random.default_rng(0).permutation(len(data.inputs))[:MOST_SAMPLES]
    targets = data.targets[some]
    weights = None if data.weights is None else data.weights[some]
    largest = 0.0
    if data.is_regression or len(np.unique(targets)) > 1:
        model = Ridge() if data.is_regression else LogisticRegression(max_iter=200)
        model.fit(data.inputs[some].astype(np.float64), targets, weights)
        largest = max(np.abs(model.coef_).max(), np.abs(model.intercept_).max())
    return REACH * max(float(largest), SMALLEST) / N_SPINS


def choose_for_table(data: Data, seed: int) -> TableChoice:
    """A network for a table.

    Args:
        data: of which the training samples alone are looked at.
        seed: of what is held out, and of the trainings that are compared.
    """
    linear = TableChoice((), table_scale(data), "no hidden layer")
    n_held_out = round(HELD_OUT * len(data.inputs))
    n_qubits = N_SPINS * HIDDEN_LAYER[0] * (data.n_inputs + 1)
    if n_held_out < FEWEST_HELD_OUT:
        return TableChoice((), linear.scale, "too few samples to try a hidden layer")
    if n_qubits > MOST_QUBITS:
        return TableChoice((), linear.scale, f"a hidden layer would take {n_qubits:,} qubits")
    training = Data(data.inputs, data.targets, classes=data.classes, weights=data.weights)
    parts = training.split(HELD_OUT, seed)
    hidden = TableChoice(HIDDEN_LAYER, None, "")
    gains = _losses(linear, parts, seed) - _losses(hidden, parts, seed)
    gain, error = gains.mean(), gains.std(ddof=1) / np.sqrt(len(gains))
    what = "squared error" if data.is_regression else "error rate"
    said = f"{HIDDEN_LAYER[0]} hidden neurons change the {what} of held-out samples by"
    said = f"{said} {0.0 - gain:+.3f} ± {error:.3f}"
    if gain > error:
        return TableChoice(HIDDEN_LAYER, None, f"{said} and are taken")
    return TableChoice((), linear.scale, f"{said} and are left out")


def _losses(choice: TableChoice, data: Data, seed: int) -> np.ndarray:
    """Of each test sample after a training: whether it is wrong, or the squared error."""
    network = choice.network(data)
    run = train(
        QuantumHypernetwork(network, layers=LAYERS, shots=SHOTS, seed=seed),
        data,
        "pathwise",
        steps=choice.steps,
        batch_size=BATCH_SIZE,
        entropy=entropy_weight(network, len(data.inputs)),
        evaluation_shots=VOTERS,
        progress=False,
        **OPTIONS,
    )
    votes = network.vote(run.bits, data.test_inputs)
    if not data.is_regression:
        return (votes.classes != data.test_targets).astype(float)
    errors = votes.mean - data.test_targets.reshape(len(votes.mean), -1)
    return np.square(errors).sum(axis=1)


def _network(data: Data, hidden: tuple[int, ...], scale: float | None) -> BinaryNetwork:
    n_outputs = data.n_targets
    if not data.is_regression:
        n_classes = len(data.classes)
        n_outputs = 1 if n_classes == 2 else n_classes
    activation = "identity" if data.is_regression else "sigmoid" if n_outputs == 1 else "softmax"
    return BinaryNetwork(
        data.n_inputs,
        [*hidden, n_outputs],
        activation,
        scale,
        VALUES,
        HIDDEN,
        mean_square=data.mean_square,
    )
