"""A network's choices as plain settings, as ``config.toml`` holds them, and back."""

from collections.abc import Sequence
from typing import Any

from pl_hypernet.errors import InputError
from pl_hypernet.networks.activations import REGRESSION, SOFTMAX
from pl_hypernet.networks.architecture import KINDS, architecture_choice, is_number
from pl_hypernet.networks.arguments import is_list_of_layers
from pl_hypernet.networks.binary_network import BinaryNetwork
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.network import Network
from pl_hypernet.settings import CUSTOM, NetworkSettings
from pl_hypernet.torch_device import checked_torch_device

OF_LAYERS = ("hidden", "values")
OF_OPTIONS = ("activation", "features", *OF_LAYERS)


def arguments_from_settings(
    choices: dict[str, Any], hidden, values, layers: Sequence[int]
) -> dict[str, Any]:
    """Arguments of :class:`BinaryNetwork`.

    Args:
        choices: by name: the options of ``activation``, ``features``, ``hidden``, ``values``, or of
            one layer, ``hidden.0``; for the architecture, ``neurons.0``, what
            :func:`architecture_choice` takes.
        hidden, values: where nothing is chosen.
        layers: numbers of neurons.

    Raises:
        InputError: an unknown choice, or options that are not several.
    """
    arguments: dict[str, Any] = {"hidden": hidden, "values": values, "choices": []}
    for name, setting in choices.items():
        kind, _, layer = name.partition(".")
        if kind not in OF_OPTIONS:
            arguments["choices"].append(architecture_choice(name, setting))
            continue
        if isinstance(setting, str) or not isinstance(setting, Sequence):
            raise InputError(f"choice {name}={setting!r}: expected its options, as A,B")
        choice = Choice(*setting)
        if not layer:
            arguments[kind] = choice
            continue
        if kind in choices:
            raise InputError(f"choices {kind} and {name}: give one for all layers, or for each")
        n = len(layers) - (kind == "hidden")
        if kind not in OF_LAYERS or not is_number(layer) or int(layer) >= n:
            raise InputError(f"choice {name!r}: the network has no such layer")
        each = arguments[kind]
        each = list(each) if is_list_of_layers(each) else [each] * n
        if len(each) != n:
            raise InputError(f"{kind}={each}: expected one for all layers, or a list of {n}")
        each[int(layer)] = choice
        arguments[kind] = each
    return arguments


def settings_of(network: Network) -> dict[str, Any]:
    """The settings of which a run's configuration makes this network again.

    What only a program can hold, as a function or a choice of a class of one's own, is "custom". Of
    a network of another class its outputs are known, and its hidden layers are "custom".
    """
    if not isinstance(network, BinaryNetwork):
        usual = "sigmoid" if network.n_outputs == 1 else SOFTMAX
        return {
            **(network.source or {"network": (network.n_outputs,), "hidden": CUSTOM}),
            "activation": REGRESSION if network.is_regression else usual,
            "scale": network.scale.item(),
            "torch_device": str(network.device),
        }
    choices: dict[str, Any] = {}
    for name, choice in network.choices.items():
        if isinstance(choice, Choice):
            choices[name] = [_setting(option) for option in choice.options]
        else:
            choices[name] = choice.setting if type(choice) in KINDS.values() else CUSTOM

    def without_choices(each):
        """One for all layers as such; in the place of a choice another layer's."""
        fixed = [_setting(one) for one in each if not isinstance(one, Choice)]
        if len(set(fixed)) < 2:
            return fixed[0] if fixed else None
        return [fixed[0] if isinstance(one, Choice) else _setting(one) for one in each]

    settings = {
        "network": network.sizes,
        "activation": None if isinstance(network.activation, Choice) else network.activation,
        "scale": network.scale.item(),
        "values": without_choices(network.values),
        "hidden": without_choices(network.hidden) if len(network.sizes) > 1 else None,
        "bias": network.bias[0] if len(set(network.bias)) == 1 else network.bias,
        "bias_scale": _of_biases(network),
        "choices": choices,
        "tied": network.tied,
        "fixed": network.fixed,
        "torch_device": str(network.device),
    }
    return {name: value for name, value in settings.items() if value is not None}


def _of_biases(network: BinaryNetwork) -> float | tuple[float, ...] | None:
    """Factors of biases with values of their own; None: there are none."""
    if not any(isinstance(bias, tuple) for bias in network.bias):
        return None
    scales = network.bias_scale
    return scales[0] if len(set(scales)) == 1 else scales


def network_of(
    settings: NetworkSettings, n_inputs: int, mean_square: float | None = None
) -> BinaryNetwork:
    """The network, for data with this many inputs, those of all feature maps, and of this mean
    square.

    Raises:
        InputError: settings that do not fit together, or stand for what only a program can hold.
    """
    _check_no_custom(settings)
    arguments = arguments_from_settings(
        settings.choices, settings.hidden, settings.values, settings.network
    )
    if "features" in arguments:
        n_inputs //= len(arguments["features"].options)
    arguments.setdefault("activation", settings.activation)
    network = BinaryNetwork(
        n_inputs,
        settings.network,
        scale=settings.scale,
        bias=settings.bias,
        bias_scale=settings.bias_scale,
        tied=settings.tied,
        fixed=settings.fixed,
        mean_square=mean_square,
        **arguments,
    )
    return network.to(checked_torch_device(settings.torch_device))


def _check_no_custom(settings: NetworkSettings) -> None:
    if isinstance(settings.network, str):
        raise InputError(
            f"the network of this run is made by {settings.network}, which is not run unless you "
            f"name it: add --network {settings.network} (in Python plh.load(folder, "
            f"network={settings.network!r}))"
        )
    found = [*settings.choices.items(), ("network or hidden activation", settings.hidden)]
    for name, setting in found:
        if CUSTOM in (setting if isinstance(setting, list | tuple) else [setting]):
            raise InputError(
                f"this run has a {name} of its own: load it from Python, as "
                "plh.load(folder, hypernet=hypernet)"
            )


def _setting(option):
    return option if isinstance(option, str | tuple) else CUSTOM
