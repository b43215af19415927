"""A regressor in scikit-learn's words."""

import math

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from pl_hypernet.datasets import Data
from pl_hypernet.datasets.checked import check_spread, unmasked
from pl_hypernet.datasets.data import mean_and_deviation
from pl_hypernet.errors import DataError
from pl_hypernet.estimators.base import QuantumHypernetEstimator, dense
from pl_hypernet.optimizers.checks import check_positive


class QuantumHypernetRegressor(RegressorMixin, QuantumHypernetEstimator):
    r"""Binary neural networks that a trained quantum circuit draws, and whose mean predicts.

    Each shot of the circuit is a network with an output for each target, scale (w.h + b). Training
    lowers the mean of their squared errors, summed over the targets; the prediction is the mean of
    ``n_networks`` fresh shots. Each target is standardised inside, predictions are in the units of
    y. Inputs are standardised too, see
    :class:`QuantumHypernetClassifier`.

    The mean squared error of the networks is that of their mean plus their variance. Without hidden
    layer a weight of mean m adds :math:`\text{scale}^2 (1 - m^2)` to the variance, for inputs of
    variance 1, and :math:`\log 2 - m^2 / 2 - \dots` to the entropy of independent bits. So an
    entropy of weight :math:`2 \, \text{scale}^2` undoes to second order the pull towards networks
    that are all alike, and leaves about least squares for the mean, with coefficients of at most
    ``scale``; it is the default. Single networks are poor there, as they have to differ.

    Args:
        hidden_layer_sizes, hidden, values, choices, device, device_options, layers, shots,
            optimizer, optimizer_options, steps, batch_size, n_networks, standardise, warm_start,
            random_state, verbose, budget: as of :class:`QuantumHypernetClassifier`.
        scale: factor of the outputs, in standard deviations of y; None: as of the classifier, by
            the largest coefficient of a ridge regression; with a hidden layer, other values or
            optimizers 1 / sqrt(inputs of the last layer), twice that without hidden layer.
        entropy: weight of the entropy of the networks, in units of the squared error of
            standardised y a nat, which needs log p; None: 2 scale^2 without hidden layer, else
            0.03 / n_samples, as more would keep hidden neurons from coming to differ (0.1 scale^2
            with other optimizers than pathwise); 0 with pathwise where log p is not known.

    Attributes:
        chosen_, n_features_in_, feature_names_in_, network_, networks_, best_network_, theta_,
            history_, n_iter_, scaler_: as of :class:`QuantumHypernetClassifier`.
        target_mean_, target_scale_: mean and standard deviation of y, which the outputs of
            ``network_`` are in: float, of several targets float64 (n_targets,).

    >>> regressor = QuantumHypernetRegressor(random_state=0).fit(X, y)
    >>> regressor.predict(X_test)  # float64 (M,), as y
    """

    def __init__(
        self,
        *,
        hidden_layer_sizes="auto",
        hidden=None,
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
        n_networks=1000,
        standardise=True,
        warm_start=False,
        random_state=None,
        verbose=False,
        budget=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden = hidden
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
            y: (n_samples,) or (n_samples, n_targets), finite numbers up to 1e150. Targets that do
                not differ are predicted by the mean and what the bits add to it.
            sample_weight: (n_samples,), at least 0, what each sample counts in the loss and in the
                standardisation, of y too, as of :class:`QuantumHypernetClassifier`.

        Returns:
            The estimator itself.

        Raises:
            InputError: a setting out of range; a ValueError, as are scikit-learn's own of X and y.
            DataError: X or y too large, or differing by less than 1e-150; a ValueError too.
            DeviceError: the device cannot do what is asked.
        """
        X, y, weights = self._checked(X, y, sample_weight, first=True)
        goes_on = self.warm_start and self._is_trained
        self._fit_units(y, weights)
        return self._fit(self._fit_scaler(X, weights), y, weights, goes_on)

    def partial_fit(self, X, y, sample_weight=None):
        """Goes on with the training, by ``steps`` steps, on other samples if one likes.

        The network and the standardisation, of y too, stay those of the first call, or of ``fit``.
        The optimizer starts anew; shots and mini-batches are new ones.

        Args:
            X, y, sample_weight: as of :meth:`fit`.

        Returns:
            The estimator itself.

        Raises:
            InputError, DeviceError: as of :meth:`fit`, or another network.
        """
        goes_on = self._is_trained
        X, y, weights = self._checked(X, y, sample_weight, first=not goes_on)
        if goes_on:
            return self._fit(self._scaled(X), y, weights, goes_on)
        self._fit_units(y, weights)
        return self._fit(self._fit_scaler(X, weights), y, weights, goes_on)

    def _checked(self, X, y, sample_weight, first: bool) -> tuple:
        """Inputs, targets (n_samples,) or of several (n_samples, n_targets), and weights."""
        X, y = validate_data(
            self,
            dense(X),
            unmasked(y),
            reset=first,
            dtype=np.float64,
            y_numeric=True,
            multi_output=True,
        )
        X, y, weights = self._weighted(X, y.astype(np.float64), sample_weight)
        self._targets_shape = y.shape[1:]
        return X, y[:, 0] if y.shape[1:] == (1,) else y, weights

    def _fit_units(self, y: np.ndarray, weights) -> None:
        differs = check_spread("training targets", y)
        mean, deviation = mean_and_deviation(y, weights)
        self.target_mean_ = np.where(differs, mean, y[0])[()]
        self.target_scale_ = np.where(differs, deviation, 1.0)[()]

    def _fit(self, inputs: np.ndarray, y: np.ndarray, weights, goes_on: bool):
        """Trains on targets in the units of ``target_mean_`` and ``target_scale_``."""
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        if np.size(self.target_mean_) != n_targets:
            raise DataError(
                f"y has {n_targets} targets, at the call before {np.size(self.target_mean_)}: "
                "expected as many"
            )
        targets = ((y - self.target_mean_) / self.target_scale_).astype(np.float32)
        self._train(
            Data(inputs, targets, classes=None, weights=weights),
            goes_on,
            n_targets,
            activation="identity",
            loss="mse",
        )
        return self

    def _default_scale(self, data, hidden_layers) -> float:
        return 1 / math.sqrt(hidden_layers[-1]) if hidden_layers else 2 / math.sqrt(data.n_inputs)

    def _default_entropy(self, scale, hidden_layers) -> float:
        check_positive(scale=scale)
        return (0.1 if hidden_layers else 2.0) * scale**2

    def predict(self, X) -> np.ndarray:
        """The mean of the networks' outputs, in the units of y.

        Args:
            X: (M, n_features_in_).

        Returns:
            float64 (M,), or (M, n_targets) where y had columns.
        """
        inputs = self._inputs(X)
        means = self.network_.vote(self.networks_, inputs).mean
        answers = self.target_mean_ + self.target_scale_ * means
        return answers.reshape(len(answers), *self._targets_shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
