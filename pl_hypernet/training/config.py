"""Everything that a run depends on, checked, and what is made of it."""

import json
import re
import tomllib
from collections.abc import Callable
from inspect import signature
from typing import Any, Self

from pydantic import model_validator

from pl_hypernet import datasets
from pl_hypernet.datasets import Data
from pl_hypernet.errors import InputError, check_options, did_you_mean, unknown_name
from pl_hypernet.measurements.reductions import find_reduction
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.networks.activations import REGRESSION, SOFTMAX
from pl_hypernet.networks.settings import network_of, settings_of
from pl_hypernet.objectives.losses import default_loss
from pl_hypernet.optimizers import OPTIMIZERS, AdaptiveShots
from pl_hypernet.settings import (
    AUTO,
    CUSTOM,
    CircuitSettings,
    NetworkSettings,
    RunSettings,
    TrainingSettings,
)
from pl_hypernet.settings.file import read_settings, written
from pl_hypernet.training.choose_optimizer import choose_optimizer
from pl_hypernet.training.folder import CONFIG
from pl_hypernet.training.hypernetwork import QuantumHypernetwork

SECRET = re.compile(r"token|passw|secret|credential|(^|_)key$|apikey")


class RunConfig(RunSettings):
    """The contents of ``config.toml``. ``pl-hypernet train --config FILE`` runs it again."""

    @model_validator(mode="before")
    @classmethod
    def _by_outputs(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """What depends on the number of outputs, where it is not given."""
        network = settings.get("network", cls.model_fields["network"].default)
        if isinstance(network, str):  # the file knows, once it was run
            given = {name: value for name, value in settings.items() if value is not None}
            if "activation" not in given:
                return given
            several = given["activation"] == SOFTMAX
            is_regression = given["activation"] == REGRESSION
            return {"loss": default_loss(2 if several else 1, is_regression)} | given
        settings = {n: value for n, value in settings.items() if n != "network_digest"}
        one = not isinstance(network, list | tuple) or not network or network[-1] == 1
        given = {name: value for name, value in settings.items() if value is not None}
        choices = given.get("choices", {})
        if "activation" not in given and isinstance(choices, dict) and "activation" not in choices:
            if one:
                given["choices"] = {**choices, "activation": ("sigmoid", "hard_sigmoid")}
            else:
                given["activation"] = SOFTMAX
        is_regression = given.get("activation") == REGRESSION
        return {"loss": default_loss(1 if one else 2, is_regression)} | given

    @model_validator(mode="after")
    def _once(self) -> "RunConfig":
        if self.activation is not None and "activation" in self.choices:
            raise ValueError("activation is both fixed and left to a qubit: give one of them")
        for name in self.optimizer_options:
            if name in TrainingSettings.model_fields:
                raise ValueError(f"{name} is a setting of the run, and no option of the optimizer")
        return self

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> Self:
        config = super().checked(settings)
        find_reduction(config.reduction)
        if config.adaptive_shots is not None:
            AdaptiveShots(config.adaptive_shots, config.shots)
        return config

    @classmethod
    def of(
        cls, hypernet: QuantumHypernetwork, data, optimizer, settings: dict[str, Any], options: dict
    ) -> Self:
        """Of a training of a hypernetwork in hand; an object of a user's own is ``"custom"``.

        Args:
            hypernet, data, optimizer: as of :func:`train`.
            settings: of the training, those that were given, a callable ``loss`` among them.
            options: of a named optimizer.

        Raises:
            InputError: a setting out of range, or options beside an optimizer object.
        """
        named = isinstance(optimizer, str)
        if options and not named:
            name, value = next(iter(options.items()))
            raise InputError(
                f"{name}={value!r}: {did_you_mean(name, TrainingSettings.model_fields)}"
                "is it an option of the optimizer? An object has its options already"
            )
        source = dict(getattr(data, "source", None) or {"name": CUSTOM})
        own_loss = {"loss": CUSTOM} if callable(settings.get("loss")) else {}
        return cls.checked(
            {
                "data": source.pop("name"),
                "data_options": source,
                **settings_of(hypernet.network),
                **hypernet.settings,
                "optimizer": optimizer if named else CUSTOM,
                "optimizer_options": options,
                **settings,
                **own_loss,
            }
        )

    @property
    def of_training(self) -> dict[str, Any]:
        """As keywords of :func:`train`."""
        return self.part(TrainingSettings) | {"optimizer": self.optimizer} | self.optimizer_options

    @classmethod
    def read(cls, path) -> "RunConfig":
        """From a TOML file.

        Raises:
            InputError: it cannot be read, or a setting does not fit.
        """
        return cls.checked(read_settings(path))

    @property
    def command(self) -> str:
        """That makes the run again, beside its file."""
        network = f" --network {self.network}" if isinstance(self.network, str) else ""
        custom = CUSTOM in [value for _, value in self if isinstance(value, str)]
        remark = "  # by a program that hands over what is custom" if custom else ""
        return f"pl-hypernet train --config {CONFIG}{network}{remark}"

    def to_toml(self) -> str:
        """As TOML; settings that are None are left out, and :attr:`secrets`.

        Raises:
            InputError: an option that TOML cannot hold.
        """
        settings = self.model_dump()
        if isinstance(self.network, str):  # what the file decides stands there alone
            for name, field in NetworkSettings.model_fields.items():
                if settings[name] == field.get_default(call_default_factory=True):
                    del settings[name]
        settings["device_options"] = {
            name: option for name, option in self.device_options.items() if name not in self.secrets
        }
        return written(settings, CONFIG)

    @property
    def plain(self) -> dict[str, Any]:
        """What :meth:`to_toml` writes, as JSON holds it."""
        return json.loads(json.dumps(tomllib.loads(self.to_toml()), default=str))

    @property
    def secrets(self) -> list[str]:
        """Options of the device that are no one's business, by their names."""
        return [name for name in self.device_options if SECRET.search(name.lower())]

    def load_data(self) -> Data:
        """The data that the run trains on, before a validation split."""
        if self.data == CUSTOM:
            raise InputError("this run trained on arrays of its own: hand them over as data")
        options = dict(self.data_options)
        if "features" in self.choices:
            features = list(self.choices["features"])
            if list(options.get("features", features)) != features:
                raise InputError(
                    f"features={options['features']} are fixed, and a choice is left to a qubit: "
                    "give one of them"
                )
            options["features"] = features
        if self.activation == REGRESSION:
            if self.data not in datasets.DATASETS:
                options["regression"] = True
            elif not datasets.load(self.data, **options).is_regression:
                raise InputError(
                    f"{self.data} has classes, activation={REGRESSION!r} is for targets that are "
                    "numbers: change one of them"
                )
        return datasets.load(self.data, **options)

    def build_network(self, n_inputs: int, mean_square: float | None = None) -> BinaryNetwork:
        """The network, see :func:`network_of`."""
        return network_of(self, n_inputs, mean_square)

    def build_hypernetwork(
        self, n_inputs: int, mean_square: float | None = None
    ) -> QuantumHypernetwork:
        """The hypernetwork, for data as of :meth:`build_network`."""
        return QuantumHypernetwork.of(self.build_network(n_inputs, mean_square), self)

    def with_optimizer_chosen(
        self, operations: Callable[[], list]
    ) -> tuple["RunConfig", str | None]:
        """For ``optimizer="auto"`` these settings with one chosen, and why; else as they are.

        Args:
            operations: gives those of the circuit, at any angles.
        """
        if self.optimizer != AUTO:
            return self, None
        own_loss, entropy = self.loss == CUSTOM, self.entropy != 0
        name, reason = choose_optimizer(
            self.device, self.device_options, operations(), own_loss, entropy
        )
        return self.model_copy(update={"optimizer": name}), f"optimizer {name}: {reason}"

    def build_optimizer(self, seed):
        """The optimizer, its random directions drawn from a seed or a Generator.

        A learning rate that decays does so over the steps of the run.
        """
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, [*OPTIMIZERS, AUTO])
        build = OPTIMIZERS[self.optimizer]
        given = {"seed": seed, "decay_steps": self.steps}
        takes = signature(build).parameters
        for name in self.optimizer_options:
            if name not in takes and name in CircuitSettings.model_fields:
                raise InputError(f"{name} is an argument of QuantumHypernetwork: give it there")
        owner = f"optimizer {self.optimizer!r}"
        check_options(owner, self.optimizer_options, takes, TrainingSettings.model_fields)
        known = {name: given[name] for name in given.keys() & takes}
        try:
            return build(**known | self.optimizer_options)
        except TypeError as error:
            raise InputError(f"{owner}: {error}") from error
