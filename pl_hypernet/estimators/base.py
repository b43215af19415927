"""What the classifier and the regressor share: from a table to the networks that vote."""

import math
import numbers

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from pl_hypernet.datasets import Data
from pl_hypernet.datasets.checked import (
    check_size,
    check_spread,
    sample_weights,
    single_precision,
    unmasked,
)
from pl_hypernet.errors import InputError
from pl_hypernet.memory import check_memory
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.networks.settings import settings_of
from pl_hypernet.optimizers.checks import check_bool, check_whole
from pl_hypernet.settings import NetworkSettings
from pl_hypernet.training import QuantumHypernetwork, train
from pl_hypernet.training.config import RunConfig

BYTES_OF_AN_INPUT = 8 + 8 + 4  # double, standardised, single

# few qubits: the shots span enough directions, and less damping is caught in poor minima (iris,
# 2 folds, 10 seeds: 0.899, and 0.839 with the optimizer's own damping of 0.1 and kl_step of 0.01)
FOR_TABLES = {"natural_gradient": True, "damping": 1.0, "kl_step": 0.02}


class QuantumHypernetEstimator(BaseEstimator):
    """Trains a quantum hypernetwork on a table.

    It keeps arrays and the network but no device, so that it can be pickled once it is fitted.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _is_trained(self) -> bool:
        return hasattr(self, "theta_")

    def _weighted(self, X: np.ndarray, y: np.ndarray, sample_weight) -> tuple:
        """Inputs and targets of weight above 0, and the weights; None where all are the same."""
        if sample_weight is None:
            return X, y, None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        weights = sample_weights(weights, len(X))
        if weights is None:
            return X, y, None
        kept = weights > 0
        return X[kept], y[kept], sample_weights(weights[kept], int(kept.sum()))

    def _fit_scaler(self, X: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """Training inputs as the networks see them: float32 (M, n_features_in_)."""
        check_bool(standardise=self.standardise)
        check_spread("training inputs", X)
        if not self.standardise:
            self.scaler_ = None
            return single_precision("training inputs", X)
        self.scaler_ = StandardScaler().fit(X, sample_weight=weights)
        return self._scaled(X)

    def _inputs(self, X) -> np.ndarray:
        """Fresh inputs, the same way."""
        check_is_fitted(self)
        X = validate_data(self, dense(X), reset=False, dtype=np.float64)
        inputs = self._scaled(X)
        check_size("the" if self.scaler_ is None else "the standardised", inputs)
        return inputs

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        X = X if self.scaler_ is None else self.scaler_.transform(X)
        with np.errstate(over="ignore"):  # which is refused where the inputs are checked
            return X.astype(np.float32)

    def _hidden_layers(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        sizes = (sizes,) if isinstance(sizes, numbers.Integral) else sizes
        try:
            check_whole(**{f"size {i}": size for i, size in enumerate(sizes)})
            return tuple(map(int, sizes))
        except (TypeError, InputError) as error:
            raise InputError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}: expected a whole number of at "
                "least 1 for each hidden layer, as (16,)"
            ) from error

    def _optimizer_options(self) -> dict:
        if self.optimizer_options is not None:
            return self.optimizer_options
        return FOR_TABLES if self.optimizer == "score" else {}

    def _train(
        self, data: Data, goes_on: bool, n_outputs: int, activation, scale, **decided
    ) -> None:
        """Trains, and sets what is known of the trained state.

        Args:
            data: inputs as the networks see them.
            goes_on: from the angles reached, with the same network; else from the start.
            n_outputs, activation, scale: of the network.
            **decided: the settings of a run that the two kinds of estimator decide differently.
        """
        if not isinstance(self.n_networks, numbers.Integral) or self.n_networks < 2:
            raise InputError(f"n_networks={self.n_networks!r}: expected an int of at least 2")
        # each training that goes on has shots and mini-batches of its own
        self._n_trainings = self._n_trainings + 1 if goes_on else 1
        rng = check_random_state(self.random_state)
        seed = rng.randint(np.iinfo(np.int32).max, size=self._n_trainings)[-1]
        if goes_on and scale is None:  # by default it follows the data
            scale = self.network_.scale.item()
        network = BinaryNetwork(
            data.n_inputs,
            [*self._hidden_layers(), n_outputs],
            activation,
            scale,
            self.values,
            self.hidden,
            choices=self.choices,
            mean_square=data.mean_square,
        )
        own = self.get_params(deep=False) | decided
        fields = RunConfig.model_fields.keys() - NetworkSettings.model_fields.keys()
        settings = {name: _plain(value) for name, value in own.items() if name in fields}
        config = RunConfig.checked(
            settings
            | settings_of(network)
            | {
                "optimizer_options": self._optimizer_options(),
                "evaluation_shots": int(self.n_networks),
                "seed": int(seed),
            }
        )
        hypernet = QuantumHypernetwork.of(network, config)
        if goes_on:
            self._check_goes_on(hypernet)
        run = train(
            hypernet,
            data,
            theta=self.theta_ if goes_on else None,
            progress=bool(self.verbose),
            budget=self.budget,
            **config.of_training,
        )
        self.network_ = network  # one that is gone on with is equal
        self.theta_ = np.asarray(run.theta)
        self.history_ = run.history
        self.n_iter_ = len(run.history)
        self.networks_ = run.evaluation.bits
        self.best_network_ = self.networks_[run.evaluation.best]

    def _check_goes_on(self, hypernet: QuantumHypernetwork) -> None:
        """Refuses to go on with another network or circuit than that of ``theta_``."""
        now, before = settings_of(hypernet.network), settings_of(self.network_)
        other = [name for name in now if now[name] != before.get(name)]
        if hypernet.network.n_columns != self.network_.n_columns:
            other = ["the number of features"]
        elif hypernet.theta_shape != self.theta_.shape:
            other = ["layers"]
        if other:
            raise InputError(
                f"{other[0]}: another than that of the training before, which this one would go "
                "on from; make a new estimator, or fit with warm_start=False"
            )


def dense(X):
    """A sparse matrix or array of scipy as a dense one; anything else as :func:`unmasked` has it.

    Raises:
        InputError: more than this machine's memory holds.
    """
    if not issparse(X):
        return unmasked(X)
    n_bytes = math.prod(X.shape) * BYTES_OF_AN_INPUT
    check_memory(n_bytes, f"dense inputs of shape {X.shape}", "select or join columns first")
    return X.toarray()


def _plain(value):
    """A setting as a file holds it: numpy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else value
