"""Everything that a run depends on, checked: the contents of ``config.toml``."""

import tomllib
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pl_hypernet import datasets
from pl_hypernet.datasets import Data
from pl_hypernet.errors import InputError, RunFolderError, unknown_name
from pl_hypernet.measurements.reductions import find_reduction
from pl_hypernet.networks import BinaryNetwork
from pl_hypernet.networks.activations import REGRESSION, SOFTMAX
from pl_hypernet.networks.settings import CUSTOM, arguments_from_settings, check_no_custom
from pl_hypernet.objectives.losses import default_loss
from pl_hypernet.optimizers import OPTIMIZERS
from pl_hypernet.torch_device import checked_torch_device
from pl_hypernet.training.annealing import Weight, find_weight
from pl_hypernet.training.choose_optimizer import AUTO, choose_optimizer
from pl_hypernet.training.folder import CONFIG
from pl_hypernet.training.hypernetwork import QuantumHypernetwork


class RunConfig(BaseModel):
    """Settings of a run. ``pl-hypernet train --config FILE`` runs it again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str = "mnist"
    data_options: dict[str, Any] = {}
    validation: float | None = Field(None, gt=0, lt=1)
    network: tuple[int, ...] = (1,)
    activation: str | None = None  # default: a choice for one output, softmax for several
    scale: float | None = Field(None, gt=0)
    values: str | tuple[Any, ...] = (1, -1)  # of weights and biases; a list: of each layer
    hidden: str | tuple[str, ...] = "sign"  # a list: of each hidden layer
    bias: bool | tuple[bool, ...] = True
    choices: dict[str, Any] = {}  # left to qubits: options, or what an architecture choice takes
    tied: tuple[tuple[str, ...], ...] = ()
    fixed: dict[str, int | tuple[int, ...]] = {}
    device: str = "hypernet.mps"
    device_options: dict[str, Any] = {}
    ansatz: Literal["hardware_efficient", "custom"] = "hardware_efficient"
    ansatz_options: dict[str, Any] = {}
    layers: int = Field(2, ge=0)
    start: str = "near_product"
    shots: int = Field(200, ge=2)
    optimizer: str = "qnspsa"
    optimizer_options: dict[str, Any] = {}
    loss: str  # default: bce for one output, cross_entropy for several, mse for regression
    reduction: str = "mean"
    entropy: Weight = 0.0  # [start, stop] changes over the steps
    mmd: Weight = 0.0
    mmd_bandwidth: float | None = Field(None, gt=0)
    penalties: dict[str, dict[str, float]] = {}
    steps: int = Field(1000, ge=1)
    batch_size: int = Field(500, ge=1)
    evaluate_every: int | None = Field(None, ge=1)
    evaluation_shots: int = Field(1000, ge=2)
    torch_device: str = "cpu"
    seed: int = Field(0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _by_outputs(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """What depends on the number of outputs, where it is not given."""
        network = settings.get("network", cls.model_fields["network"].default)
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
        return self

    @field_validator("entropy", "mmd", mode="before")
    @classmethod
    def _weight(cls, weight) -> Weight:
        return find_weight(weight)

    @classmethod
    def checked(cls, settings: dict[str, Any]) -> "RunConfig":
        """As the constructor, with one clear line for what does not fit.

        Raises:
            InputError: an unknown setting, or a value out of range.
        """
        try:
            config = cls(**settings)
            find_reduction(config.reduction)
            return config
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"][:1])
            if first["type"] == "extra_forbidden":
                known = ", ".join(cls.model_fields)
                raise InputError(f"unknown setting {name!r}: choose from {known}") from error
            message = first["msg"].removeprefix("Value error, ")
            raise InputError(f"{name}={first['input']!r}: {message}") from error

    @classmethod
    def read(cls, path) -> "RunConfig":
        """From a TOML file.

        Raises:
            InputError: it cannot be read, or a setting does not fit.
        """
        return cls.checked(read_settings(path))

    def to_toml(self) -> str:
        """As TOML; settings that are None are left out.

        Raises:
            InputError: an option that TOML cannot hold.
        """
        settings = {name: value for name, value in self.model_dump().items() if value is not None}
        for name, value in settings.items():
            if isinstance(value, dict):
                settings[name] = {key: v for key, v in value.items() if v is not None}
        try:
            return tomli_w.dumps(settings)
        except TypeError as error:
            raise InputError(
                f"a setting cannot be written to {CONFIG} ({error}): give numbers, text or lists"
            ) from error

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
            if self.data in datasets.DATASETS:
                raise InputError(
                    f"{self.data} has classes, activation={REGRESSION!r} is for targets that are "
                    "numbers: change one of them"
                )
            options["regression"] = True
        return datasets.load(self.data, **options)

    def build_network(self, n_inputs: int, mean_square: float | None = None) -> BinaryNetwork:
        """The network, for data with this many inputs, those of all feature maps, and of this mean
        square."""
        check_no_custom(self.model_dump())
        arguments = arguments_from_settings(self.choices, self.hidden, self.values, self.network)
        if "features" in arguments:
            n_inputs //= len(arguments["features"].options)
        arguments.setdefault("activation", self.activation)
        network = BinaryNetwork(
            n_inputs,
            self.network,
            scale=self.scale,
            bias=self.bias,
            tied=self.tied,
            fixed=self.fixed,
            mean_square=mean_square,
            **arguments,
        )
        return network.to(checked_torch_device(self.torch_device))

    def build_hypernetwork(
        self, n_inputs: int, mean_square: float | None = None
    ) -> QuantumHypernetwork:
        """The hypernetwork, for data as of :meth:`build_network`."""
        if CUSTOM in (self.ansatz, self.device):
            raise InputError(
                "this run has an ansatz or a device object of its own: hand over its "
                "QuantumHypernetwork as hypernet"
            )
        self.check_device_options()
        return QuantumHypernetwork(
            self.build_network(n_inputs, mean_square),
            self.device,
            layers=self.layers,
            shots=self.shots,
            seed=self.seed,
            ansatz_options=self.ansatz_options,
            start=None if self.start == CUSTOM else self.start,
            **self.device_options,
        )

    def check_device_options(self) -> None:
        """Refuses options of the device that other settings decide."""
        reserved = {"wires", *signature(QuantumHypernetwork).parameters} & set(self.device_options)
        if reserved:
            raise InputError(
                f"device option {min(reserved)!r}: it follows from the other settings of the run"
            )

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
        known = {name: given[name] for name in given.keys() & signature(build).parameters}
        try:
            return build(**known | self.optimizer_options)
        except TypeError as error:
            raise InputError(f"optimizer {self.optimizer!r}: {error}") from error


def read_settings(path) -> dict[str, Any]:
    """The settings in a TOML file, unchecked.

    Raises:
        InputError: no such file, or not TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not even text
        raise InputError(f"{path} is not TOML: {error}") from error
