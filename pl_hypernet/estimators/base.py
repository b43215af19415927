"""What the classifier and the regressor share: from a table to the networks that vote."""

import math
import numbers
from abc import ABC, abstractmethod

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from pl_hypernet.console import Console
from pl_hypernet.datasets import Data
from pl_hypernet.datasets.checked import (
    check_size,
    check_spread,
    sample_weights,
    single_precision,
    unmasked,
)
from pl_hypernet.errors import InputError
from pl_hypernet.estimators.chosen import AUTOMATIC, PATHWISE, chosen_settings, is_auto
from pl_hypernet.memory import check_memory
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.networks.settings import settings_of
from pl_hypernet.optimizers.checks import check_bool, check_whole
from pl_hypernet.settings import AUTO, NetworkSettings
from pl_hypernet.training import QuantumHypernetwork, train
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.own_tables import entropy_weight

BYTES_OF_AN_INPUT = 8 + 8 + 4  # double, standardised, single


class QuantumHypernetEstimator(BaseEstimator, ABC):
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

    @staticmethod
    def _hidden_layers(sizes) -> tuple[int, ...]:
        given = sizes
        sizes = (sizes,) if isinstance(sizes, numbers.Integral) else sizes
        try:
            check_whole(**{f"size {i}": size for i, size in enumerate(sizes)})
            return tuple(map(int, sizes))
        except (TypeError, InputError) as error:
            raise InputError(
                f"hidden_layer_sizes={given!r}: expected a whole number of at least 1 for each "
                "hidden layer, as (16,), or 'auto'"
            ) from error

    def _choose(self, data: Data, goes_on: bool, seed: int) -> dict:
        """All parameters, with what was left to us."""
        given = self.get_params(deep=False)
        left = {n for n, v in given.items() if (is_auto(v) if n in AUTOMATIC else v is None)}
        if not goes_on:
            self.chosen_ = {
                name: value
                for name, value in chosen_settings(given, data, seed).items()
                if name in {*left, "why"} and value is not None
            }
            if self.verbose:
                said = ", ".join(f"{n}={c!r}" for n, c in self.chosen_.items() if n != "why")
                why = self.chosen_["why"]
                Console(stderr=True).print(f"chosen: {said}; {why}", soft_wrap=True)
        return given | {n: c for n, c in self.chosen_.items() if n in left}

    def _train(self, data: Data, goes_on: bool, n_outputs: int, activation, loss: str) -> None:
        """Trains, and sets what is known of the trained state.

        Args:
            data: inputs as the networks see them.
            goes_on: from the angles reached, with the same network; else from the start.
            n_outputs, activation: of the network.
            loss: of it.
        """
        if not isinstance(self.n_networks, numbers.Integral) or self.n_networks < 2:
            raise InputError(f"n_networks={self.n_networks!r}: expected an int of at least 2")
        # each training that goes on has shots and mini-batches of its own
        self._n_trainings = self._n_trainings + 1 if goes_on else 1
        rng = check_random_state(self.random_state)
        seed = rng.randint(np.iinfo(np.int32).max, size=self._n_trainings)[-1]
        own = self._choose(data, goes_on, int(seed))
        hidden_layers, scale = self._hidden_layers(own["hidden_layer_sizes"]), own["scale"]
        if scale is None and goes_on:  # by default it follows the data
            scale = self.network_.scale.item()
        elif scale is None:
            scale = self._default_scale(data, hidden_layers)
        is_left = own["entropy"] is None
        if is_left:
            own["entropy"] = 0.0
            if own["optimizer"] != PATHWISE:
                own["entropy"] = self._default_entropy(scale, hidden_layers)
        network = BinaryNetwork(
            data.n_inputs,
            [*hidden_layers, n_outputs],
            activation,
            scale,
            own["values"],
            own["hidden"],
            choices=self.choices,
            mean_square=data.mean_square,
        )
        own["loss"] = loss
        fields = RunConfig.model_fields.keys() - NetworkSettings.model_fields.keys()
        settings = {name: _plain(value) for name, value in own.items() if name in fields}
        config = RunConfig.checked(
            settings
            | settings_of(network)
            | {"evaluation_shots": int(self.n_networks), "seed": int(seed)}
        )
        hypernet = QuantumHypernetwork.of(network, config)
        if goes_on:
            self._check_goes_on(hypernet)
        if is_left and config.optimizer == PATHWISE:
            config = _with_entropy(config, hypernet, entropy_weight(network, len(data.inputs)))
        if is_left:
            self.chosen_["entropy"] = config.entropy
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

    def _default_scale(self, data: Data, hidden_layers: tuple[int, ...]) -> float | None:
        """Of the outputs, where none was given or chosen; None: the network's own."""
        return None

    @abstractmethod
    def _default_entropy(self, scale: float | None, hidden_layers: tuple[int, ...]) -> float:
        """Its weight, of other optimizers than pathwise."""

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


def _with_entropy(config: RunConfig, hypernet: QuantumHypernetwork, weight: float) -> RunConfig:
    """Settings with an entropy of this weight, if log p of the shots is known."""
    asked = config.model_copy(update={"optimizer": AUTO, "entropy": weight})
    found, _ = asked.with_optimizer_chosen(lambda: hypernet.operations(hypernet.start_angles()))
    return config.model_copy(update={"entropy": weight}) if found.optimizer == PATHWISE else config


def _plain(value):
    """A setting as a file holds it: numpy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else value
