"""A network that a function in a file of a user's own makes: ``mine.py:build``.

The file is code, so it is run only where its user names it: a run folder alone never does.
"""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from pl_hypernet.datasets import Data
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError, NetworkWarning
from pl_hypernet.networks import Network, TorchNetwork
from pl_hypernet.regular_file import open_regular
from pl_hypernet.settings import CUSTOM, NetworkSettings
from pl_hypernet.settings.typed import split_network_file
from pl_hypernet.torch_device import checked_torch_device
from pl_hypernet.training.config import RunConfig
from pl_hypernet.user_code import UserCode

OF_SIZES = ("hidden", "bias", "bias_scale", "choices")  # settings that a module does not take
OF_WRAPPER = ("values", "tied", "fixed")  # those that a whole network does not take either


def make_network(config: RunConfig, data: Data) -> Network:
    """The network that settings describe, for these data; a file that they name is run.

    Raises:
        InputError: no such file or function, or what it makes will not do; settings that would be
            ignored.
    """
    if not isinstance(config.network, str):
        return config.build_network(data.n_inputs, data.mean_square)
    made, digest = _made(config, data.schema)
    if isinstance(made, Network) and config.scale is not None:
        raise _ignored("scale", config)
    return _as_network(made, digest, config, data.schema, data.mean_square)


def network_of_run(network: str | Network | None, config: RunConfig, schema: Schema) -> Network:
    """The network of a run, as :func:`load` takes it: itself, its file, or None for that of the
    settings.

    Raises:
        InputError: as :func:`network_again`; or None, and only a file makes it.
    """
    if isinstance(network, str):
        return network_again(network, config, schema)
    return config.build_network(schema.n_inputs) if network is None else network


def network_again(spec: str, config: RunConfig, schema: Schema) -> Network:
    """The network of a run, made again by the file that its user names.

    Args:
        spec: ``mine.py:build``, as of ``train --network``.
        config, schema: of the run. A warning says so if the file is another than then.

    Raises:
        InputError: as :func:`make_network`; or the network of the run is no file's.
    """
    if isinstance(config.network, str):
        config = config.model_copy(update={"network": spec})
    elif config.hidden == CUSTOM:  # made in Python: the file says all of it
        kept = {name: getattr(config, name) for name in ("activation", "scale", "torch_device")}
        config = RunConfig.checked({"network": spec, "seed": config.seed} | kept)
    else:
        sizes = "-".join(map(str, config.network))
        raise InputError(f"the network of this run is {sizes}, no file's: leave out {spec!r}")
    made, digest = _made(config, schema)
    network = _as_network(made, digest, config, schema)
    if config.scale is not None:
        network.scale.fill_(config.scale)
    return network


def _made(config: RunConfig, schema: Schema) -> tuple[Any, str]:
    """What the function returned, and the digest of its file.

    Torch's random numbers begin at the run's seed, so that the weights that a module starts with,
    and those that stay frozen, are the same whenever it is made.

    Raises:
        InputError: no such file or function, or it fails, or returns something else.
    """
    spec = str(config.network)
    path, name = split_network_file(spec)
    try:
        with open_regular(path) as file:
            source = file.read()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(f"network {spec!r}: {path} cannot be read: {said}") from error
    classes = schema.classes
    n_outputs = np.size(schema.target_mean) if classes is None else len(classes)
    known = {
        "n_inputs": schema.n_inputs,
        "n_outputs": 1 if classes is not None and n_outputs == 2 else n_outputs,
        "input_shape": _shapes(schema)[0],
    }
    with _its_folder(path.parent), torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        build = _function(path, name, source)
        names = _taken(build, known, spec)

        @functools.wraps(build)
        def by_name(*values):
            return build(**dict(zip(names, values, strict=True)))

        code = UserCode("network", by_name, "a torch.nn.Module, or a plh.Network")
        given = {name: known[name] for name in names}
        made = code(**given)
        if not isinstance(made, torch.nn.Module):
            raise code.refused(made, **given)
    digest = sha256(source).hexdigest()[:16]
    if config.network_digest not in (None, digest):
        warnings.warn(
            f"{path} is not the file that the run was trained with: its digest is {digest}, it was "
            f"{config.network_digest}",
            NetworkWarning,
            stacklevel=4,
        )
    return made, digest


def _function(path: Path, name: str, source: bytes) -> Callable:
    """The function of this name, after its file was run."""
    module = ModuleType(f"_network_of_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and exports look there
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except Exception as error:
        said = " ".join(str(error).split()) or "no message"
        raise InputError(f"{path} raised {type(error).__name__}: {said}") from error
    function = getattr(module, name, None)
    if not callable(function):
        own = [n for n, f in vars(module).items() if inspect.isfunction(f)]
        raise InputError(f"{path} has no function {name!r}: it has {', '.join(own) or 'none'}")
    return function


def _taken(build: Callable, known: dict, spec: str) -> list[str]:
    """Which of what is known a function takes, by the names of its arguments."""
    taken = []
    for name, parameter in inspect.signature(build).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in known and parameter.kind is not parameter.POSITIONAL_ONLY:
            taken.append(name)
        elif parameter.default is parameter.empty:
            raise InputError(
                f"network {spec!r} wants {name!r}: it can have {', '.join(known)}, by these names"
            )
    return taken


def _as_network(made, digest: str, config: RunConfig, schema: Schema, mean_square=None) -> Network:
    """A network as it is; a module with the shape of the data, and the settings of a run."""
    whole = isinstance(made, Network)
    source: dict[str, Any] = {"network": config.network, "network_digest": digest}
    defaults = NetworkSettings.model_fields
    for name in (*OF_SIZES, *OF_WRAPPER):
        if getattr(config, name) != defaults[name].get_default(call_default_factory=True):
            if whole or name in OF_SIZES:
                raise _ignored(name, config)
            source[name] = getattr(config, name)
    network = made if whole else _wrapped(made, config, schema, mean_square)
    network.source = source
    return network.to(checked_torch_device(config.torch_device))


def _ignored(name: str, config: RunConfig) -> InputError:
    if name == "choices":
        advice = "put plh.ChooseModule and the like into the module"
    else:
        advice = f"leave it out, {config.network} makes the whole network"
    return InputError(
        f"{name}={getattr(config, name)!r} does not go with {config.network}: {advice}"
    )


def _wrapped(module: torch.nn.Module, config: RunConfig, schema: Schema, mean_square):
    """The module as a network, of images or of rows, whichever it takes."""
    failed = None
    for shape in _shapes(schema):
        try:
            return TorchNetwork(
                module,
                shape,
                values=config.values,
                activation=config.activation,
                scale=config.scale,
                tied=config.tied,
                fixed=config.fixed,
                mean_square=mean_square,
            )
        except InputError as error:
            failed = failed or error
    raise failed or AssertionError


def _shapes(schema: Schema) -> list[tuple[int, ...]]:
    """Of one sample, as a module may see it."""
    row = (schema.n_inputs,)
    return [row] if schema.image_shape is None else [(1, *schema.image_shape), row]


@contextmanager
def _its_folder(folder: Path) -> Iterator[None]:
    """Meanwhile its neighbours can be imported, behind all that is installed."""
    sys.path.append(str(folder.resolve()))
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))
