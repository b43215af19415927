"""A network of one layer as a linear function of its bits: what flips and bounds go by."""

from dataclasses import dataclass

import numpy as np

from pl_hypernet.baselines.task import DoesNotApply, Task
from pl_hypernet.networks import BinaryNetwork, Choice
from pl_hypernet.objectives.losses import binary_cross_entropy, cross_entropy

ACTIVATIONS = ("sigmoid", "hard_sigmoid")


@dataclass(frozen=True)
class OneLayer:
    r"""Outputs :math:`z_k = z^0_k + \sum_{q: row(q) = k} step_q\, x_{column(q)}\, b_q`.

    Attributes:
        inputs: float64 (n_inputs + 1, M), the last row 1, for the biases.
        start: float64 (K, n_inputs + 1), weights and biases of the network of bits 0, times scale.
        row, column: int64 (n_qubits,), of each bit its output and its input; -1: it is no weight.
        step: float64 (n_qubits,), what it adds to this weight as it becomes 1, times scale.
        targets: int64 (M,), the classes.
        hard: bool (2,), whether the one output's sigmoid is the hard one while the bit of its
            choice is 0, and while it is 1.
        choice: the bit that chooses the activation; -1: none.
    """

    inputs: np.ndarray
    start: np.ndarray
    row: np.ndarray
    column: np.ndarray
    step: np.ndarray
    targets: np.ndarray
    hard: np.ndarray
    choice: int

    @property
    def n_outputs(self) -> int:
        return len(self.start)

    def weights(self, bits: np.ndarray) -> np.ndarray:
        """Float64 (K, n_inputs + 1) of one network int8 (n_qubits,)."""
        found = self.start.copy()
        some = self.row >= 0
        add = self.step[some] * np.asarray(bits)[some]
        np.add.at(found, (self.row[some], self.column[some]), add)
        return found

    def sums(self, bits: np.ndarray) -> np.ndarray:
        """z float64 (K, M) of one network."""
        return self.weights(bits) @ self.inputs

    def is_hard(self, bits: np.ndarray) -> bool:
        return bool(self.hard[bits[self.choice]] if self.choice >= 0 else self.hard[0])


def one_layer(task: Task) -> OneLayer:
    """The task in this form.

    Raises:
        DoesNotApply: hidden layers, bits that are tied or fixed, choices other than that of the
            activation, levels that are no sums of bits, other losses than the cross-entropy, or
            weights of samples.
    """
    network = task.network
    if not isinstance(network, BinaryNetwork) or len(network.sizes) > 1:
        raise DoesNotApply("for networks of one layer")
    if network.tied or network.fixed or set(network.choices) - {"activation"}:
        raise DoesNotApply("for networks without tied or fixed bits, and choices but an activation")
    objective = task.objective
    if objective.loss not in (binary_cross_entropy, cross_entropy):
        raise DoesNotApply("for the cross-entropy")
    if objective.weights is not None or objective.penalties:
        raise DoesNotApply("for samples of the same weight, and no penalties")
    scale = float(network.scale)
    n_outputs, n_inputs = network.n_outputs, network.n_inputs
    start = np.zeros((n_outputs, n_inputs + 1))
    row = np.full(network.n_qubits, -1)
    column, step = np.zeros_like(row), np.zeros(len(row))
    choice, options = -1, (network.activation,)
    begin = 0
    for block in network.layout.blocks:
        qubits = slice(begin, begin + block.n_qubits)
        begin += block.n_qubits
        if block.name == "choice.activation":
            if block.n_bits > 1:
                raise DoesNotApply("for a choice of two activations")
            assert isinstance(network.activation, Choice)
            choice, options = qubits.start, network.activation.options
            continue
        if block.steps is None:
            raise DoesNotApply("for weights that are sums of their bits")
        is_bias = block.name.endswith(".bias")
        factor = scale
        if is_bias and isinstance(network.bias[0], tuple):
            factor *= network.bias_scale[0]
        start[:, n_inputs if is_bias else slice(n_inputs)] = factor * block.levels[0]
        places = np.arange(block.n_qubits) // block.n_bits
        row[qubits] = places if is_bias else places // n_inputs
        column[qubits] = n_inputs if is_bias else places % n_inputs
        step[qubits] = factor * np.tile(block.steps, block.n_qubits // block.n_bits)
    known = (*ACTIVATIONS, "softmax")
    if any(option not in known for option in options):
        raise DoesNotApply(f"for the activations {', '.join(known)}")
    hard = np.array([option == "hard_sigmoid" for option in (options * 2)[:2]])
    inputs = objective.inputs.numpy(force=True).T.astype(np.float64)
    inputs = np.concatenate([inputs, np.ones((1, inputs.shape[1]))])
    targets = objective.targets.numpy(force=True)
    return OneLayer(inputs, start, row, column, step, targets, hard, choice)
