"""A classifier in scikit-learn's words."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import validate_data

from pl_hypernet.datasets import Data
from pl_hypernet.datasets.checked import sample_weights, unmasked
from pl_hypernet.datasets.labels import different_labels
from pl_hypernet.errors import DataError, InputError
from pl_hypernet.estimators.base import QuantumHypernetEstimator, dense
from pl_hypernet.objectives.losses import default_loss


class QuantumHypernetClassifier(ClassifierMixin, QuantumHypernetEstimator):
    """Binary neural networks that a trained quantum circuit draws, and that vote.

    Each shot of the circuit is a network. Training lowers their mean cross-entropy; the
    probabilities of the classes are the average of those of ``n_networks`` fresh shots. Two classes
    make a network with one output, more a network with an output for each.

    Weights of few values cannot make up for inputs of unequal scale, as real weights do, so inputs
    are standardised inside unless ``standardise=False``; a ``StandardScaler`` before it changes
    nothing.

    Args:
        hidden_layer_sizes: neurons of each hidden layer, ``()`` for none; ``"auto"``: ``(32,)`` if
            a quarter of the samples, held out for that, says so.
        hidden: activation of hidden layers; None: ``"relu"``.
        activation, choices: of the network, see :class:`BinaryNetwork`; a :class:`Choice` is left
            to qubits, and so are the ``choices``.
        values: of weights and biases, as there, +1 and -1 for a qubit each; ``"auto"``: sums of
            four qubits' spins, among them 0 for columns that do not matter.
        scale: factor of the logits; None: what lets the largest weight be 1.2 times the largest
            coefficient of a logistic regression, see
            :func:`~pl_hypernet.training.own_tables.table_scale`; with a hidden layer or other
            values that of :class:`BinaryNetwork`.
        device: name of a PennyLane device.
        device_options: its options by name, as ``{"max_bond_dim": 16}``; None: none.
        layers: number P of entangling layers of the circuit; None: 0, a product state.
        shots: shots of each energy in the training, at least 2; None: 20.
        optimizer: ``"pathwise"``, gradients through the network; ``"score"``, ``"spsa"``,
            ``"qnspsa"`` or ``"auto"``. With another than pathwise, what is left to us is +1 and -1,
            no hidden layer (else signs), 2 layers, 200 shots, 100 steps, batches of 500, and an
            entropy of 0.02, as before there was pathwise.
        optimizer_options: its arguments by name; None: for pathwise ``{"curvature": True}``, for
            score ``{"natural_gradient": True, "damping": 1.0, "kl_step": 0.02}``.
        steps: steps of the training; None: 200, with a hidden layer 300.
        batch_size: samples that a step sees; None: 300.
        entropy: weight of the entropy of the networks, in units of the loss a nat, which keeps
            them diverse: a vote is better than its voters. 0 for the best single networks. A
            weight above 0 needs log p, see :func:`expected_loss`; None: 1 / n_samples where log p
            is known, else 0.
        class_weight: None; ``{label: weight}``, 1 for a label that is not in it; or ``"balanced"``,
            n_samples / (n_classes * samples of the class): each class then counts the same. It
            multiplies the weights of the samples.
        n_networks: number of shots that vote, at least 2.
        standardise: bring each input to mean 0 and variance 1.
        warm_start: ``fit`` goes on from the angles of the fit before, with the same network and
            classes; the standardisation follows the new data, see :meth:`partial_fit`.
        random_state: None, int or ``RandomState``; an int makes ``fit`` reproducible.
        verbose: show a progress bar.
        budget: US dollars that each ``fit`` may cost on a device whose tasks are paid for.

    Attributes:
        classes_: (n_classes,), the labels, sorted.
        chosen_ (dict): what was left to us, by name, and ``"why"``, of the hidden layer.
        n_features_in_ (int), feature_names_in_: of the inputs.
        network_ (BinaryNetwork): what a bitstring means; sees standardised inputs.
        networks_: int8 (n_networks, n_qubits), the shots that vote.
        best_network_: int8 (n_qubits,), the one with the lowest training loss.
        theta_: float64 (2 layers + 1, n_qubits), trained angles, radians.
        history_: a dict for each step of the last training, see :class:`Run`.
        n_iter_ (int): steps of the last training.
        scaler_ (StandardScaler): of the inputs; None without.

    >>> classifier = QuantumHypernetClassifier(random_state=0).fit(X, y)
    >>> classifier.predict_proba(X_test)  # float64 (M, n_classes)
    """

    def __init__(
        self,
        *,
        hidden_layer_sizes="auto",
        hidden=None,
        activation=None,
        values="auto",
        choices=(),
        scale=None,
        device="hypernet.mps",
        device_options=None,
        layers=None,
        shots=None,
        optimizer="pathwise",
        optimizer_options=None,
        steps=None,
        batch_size=None,
        entropy=None,
        class_weight=None,
        n_networks=1000,
        standardise=True,
        warm_start=False,
        random_state=None,
        verbose=False,
        budget=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden = hidden
        self.activation = activation
        self.values = values
        self.choices = choices
        self.scale = scale
        self.device = device
        self.device_options = device_options
        self.layers = layers
        self.shots = shots
        self.optimizer = optimizer
        self.optimizer_options = optimizer_options
        self.steps = steps
        self.batch_size = batch_size
        self.entropy = entropy
        self.class_weight = class_weight
        self.n_networks = n_networks
        self.standardise = standardise
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.budget = budget

    def fit(self, X, y, sample_weight=None):
        """Trains the circuit.

        Args:
            X: (n_samples, n_features), finite numbers up to 1e150; array, data frame, or
                sparse matrix: made dense (20 bytes an entry) if this machine's memory holds it.
            y: (n_samples,), labels of any kind, two or more, none missing (None, NaN, masked).
            sample_weight: (n_samples,), at least 0, what each sample counts in the loss and in the
                standardisation, relative to the others; a whole number is like so many copies, 0
                like none. None: all the same.

        Returns:
            The estimator itself.

        Raises:
            InputError, DataError: a setting out of range, or fewer than two classes. All are
                ValueErrors, as are scikit-learn's own of X and y.
            DeviceError: the device cannot do what is asked.
        """
        X, y = validate_data(self, dense(X), unmasked(y), dtype=np.float64)
        different_labels("targets", y)
        check_classification_targets(y)
        X, y, weights = self._weighted(X, y, sample_weight)
        classes, goes_on = np.unique(y), self.warm_start and self._is_trained
        if goes_on and not np.array_equal(classes, self.classes_):
            raise DataError(
                f"warm_start: y holds the classes {list(classes)}, at the fit before "
                f"{list(self.classes_)}; expected the same ones"
            )
        self.classes_ = classes
        weights = self._class_weighted(y, weights)
        return self._fit(self._fit_scaler(X, weights), y, weights, goes_on)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Goes on with the training, by ``steps`` steps, on other samples if one likes.

        The network, ``classes_`` and the standardisation stay those of the first call, or of
        ``fit``. The optimizer starts anew; shots and mini-batches are new ones.

        Args:
            X, sample_weight: as of :meth:`fit`.
            y: (n_samples,), labels, of which some may be missing.
            classes: (n_classes,), all labels there will ever be; needed at the first call.

        Returns:
            The estimator itself.

        Raises:
            InputError, DataError, DeviceError: as of :meth:`fit`; a label that is not in
                ``classes_``, another network, or balanced classes, of which one batch knows little.
        """
        if self.class_weight == "balanced":
            raise InputError(
                "class_weight='balanced': expected a dict or None for partial_fit, which does not "
                "see all samples; compute_class_weight of scikit-learn makes one"
            )
        if not self._is_trained:
            vars(self).pop("classes_", None)  # of a call that failed
        _check_partial_fit_first_call(self, classes)
        X, y = validate_data(
            self, dense(X), unmasked(y), dtype=np.float64, reset=not self._is_trained
        )
        different_labels("targets", y)
        check_classification_targets(y)
        X, y, weights = self._weighted(X, y, sample_weight)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise DataError(
                f"y holds {unknown[0]}, which is none of the classes {list(self.classes_)}: give "
                "all of them at the first call of partial_fit"
            )
        weights = self._class_weighted(y, weights)
        inputs = self._scaled(X) if self._is_trained else self._fit_scaler(X, weights)
        return self._fit(inputs, y, weights, self._is_trained)

    def _fit(self, inputs: np.ndarray, y: np.ndarray, weights, goes_on: bool):
        """Trains on labels of ``classes_``."""
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise DataError(f"y holds one class, {self.classes_[0]}: expected at least 2")
        targets = np.searchsorted(self.classes_, y)
        n_outputs = 1 if n_classes == 2 else n_classes
        self._train(
            Data(inputs, targets, classes=tuple(range(n_classes)), weights=weights),
            goes_on,
            n_outputs,
            activation=self.activation or ("sigmoid" if n_outputs == 1 else "softmax"),
            loss=default_loss(n_outputs),
        )
        return self

    def _default_entropy(self, scale, hidden_layers) -> float:
        return 0.02

    def _class_weighted(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """The weights of the samples, times those of their classes."""
        if self.class_weight is None:
            return weights
        targets = np.searchsorted(self.classes_, y)
        ones = np.ones(len(y)) if weights is None else weights
        if self.class_weight == "balanced":
            sums = np.bincount(targets, ones)
            of_classes = sums.sum() / (len(sums) * sums)
        else:
            of_classes = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        return sample_weights(ones * of_classes[targets], len(y))

    def predict_proba(self, X) -> np.ndarray:
        """The vote: probabilities averaged over the networks.

        Args:
            X: (M, n_features_in_).

        Returns:
            float64 (M, n_classes), in the order of ``classes_``; rows sum to 1.
        """
        inputs = self._inputs(X)
        return self.network_.vote(self.networks_, inputs).mean

    def predict(self, X) -> np.ndarray:
        """The label of the largest probability for each row of X (M, n_features_in_): (M,).

        A tie, also one up to rounding, goes to the first of the labels.
        """
        inputs = self._inputs(X)
        return self.classes_[self.network_.vote(self.networks_, inputs).classes]
