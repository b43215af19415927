"""The options that describe a run, shared by the commands ``train`` and ``plan``."""

import functools
import inspect
from pathlib import Path
from typing import Annotated

import typer

Pairs = list[str] | None


def run_settings(
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings, as config.toml of another run.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A dataset, or a .csv or .npz file; default mnist. See README."),
    ] = None,
    data_option: Annotated[
        Pairs,
        typer.Option(metavar="KEY=VALUE", help="digits=3,8, size=16, root=DIR, features=pca:16."),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(help="Fraction of the training data to hold out for testing.")
    ] = None,
    network: Annotated[
        str | None, typer.Option(help="Sizes of the layers after the inputs; default 1.")
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(help="A fixed one: sigmoid or hard_sigmoid; identity for regression."),
    ] = None,
    hidden: Annotated[
        Pairs,
        typer.Option(
            metavar="NAME",
            help="Of hidden layers: sign, relu, tanh, ...; default sign. Several: one a layer.",
        ),
    ] = None,
    choice: Annotated[
        Pairs,
        typer.Option(
            metavar="NAME=A,B",
            help="Left to qubits: activation, hidden, values, features; or neurons.LAYER, "
            "skip.LAYER, dropout.LAYER; default activation=sigmoid,hard_sigmoid.",
        ),
    ] = None,
    bias: Annotated[
        bool | None, typer.Option("--bias/--no-bias", help="Of all layers; default yes.")
    ] = None,
    fix: Annotated[
        Pairs,
        typer.Option(metavar="NAME=BIT", help="No qubit for these bits: layers.0.bias=0."),
    ] = None,
    tie: Annotated[
        Pairs,
        typer.Option(metavar="NAME=NAME", help="One qubit for both: layers.0.bias=layers.1.bias."),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(help="Factor of the outputs; default: random networks have logits of 2."),
    ] = None,
    values: Annotated[
        Pairs,
        typer.Option(
            metavar="A,B",
            help="Of weights: 1,-3 or binary, ternary, 2-bit, ...; default 1,-1. Several: one a "
            "layer.",
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="A PennyLane device (see: devices); default hypernet.mps."),
    ] = None,
    device_option: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="An argument of the device.")
    ] = None,
    max_bond_dim: Annotated[
        int | None, typer.Option(help="Bond dimension kept by hypernet.mps; default no limit.")
    ] = None,
    layers: Annotated[int | None, typer.Option(help="Entangling layers P; default 2.")] = None,
    start: Annotated[
        str | None,
        typer.Option(help="near_product, random_signs, uniform or small; default near_product."),
    ] = None,
    shots: Annotated[int | None, typer.Option(help="Shots of each energy; default 200.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="qnspsa, spsa, score, pathwise or auto; default qnspsa.")
    ] = None,
    optimizer_option: Annotated[
        Pairs, typer.Option(metavar="KEY=VALUE", help="An argument of the optimizer: stepsize=0.1.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="bce or mse of one output, cross_entropy of several."),
    ] = None,
    reduction: Annotated[
        str | None,
        typer.Option(help="Lower the mean loss, or cvar:0.1, that of the best 10 %; default mean."),
    ] = None,
    entropy: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHT", help="Of the networks' entropy, as 0.01, or 0.02:0 over the steps."
        ),
    ] = None,
    mmd: Annotated[
        str | None,
        typer.Option(metavar="WEIGHT", help="The same of bits alone: of MMD^2 from uniform bits."),
    ] = None,
    penalty: Annotated[
        Pairs,
        typer.Option(metavar="CHOICE.OPTION=LOSS", help="As activation.hard_sigmoid=0.01."),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the optimizer; default 1000.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Training samples that a step sees; default 500.")
    ] = None,
    evaluate_every: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Energies on all training samples in between."),
    ] = None,
    evaluation_shots: Annotated[
        int | None, typer.Option(help="Fresh shots that judge the end; default 1000.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same run; default 0.")] = None,
    torch_device: Annotated[
        str | None, typer.Option(help="Where networks are scored, as cuda; default cpu.")
    ] = None,
) -> tuple[Path | None, dict, dict]:
    """The settings of a run as typed: a file, single settings, and tables of options."""
    from pl_hypernet.cli.options import (
        parse_choices,
        parse_network,
        parse_pairs,
        parse_penalties,
        parse_ties,
        parse_values,
    )
    from pl_hypernet.errors import InputError

    choices = parse_choices(choice or [])
    for name, fixed in {"activation": activation, "hidden": hidden, "values": values}.items():
        if fixed and name in choices:
            raise InputError(f"--{name} fixes what --choice leaves to a qubit: give one of them")
    given = {
        "data": data,
        "validation": validation,
        "network": None if network is None else parse_network(network),
        "activation": activation,
        "hidden": hidden and (hidden[0] if len(hidden) == 1 else hidden),
        "bias": bias,
        "tied": parse_ties(tie or []) or None,
        "loss": loss,
        "scale": scale,
        "values": parse_values(values) if values else None,
        "device": device,
        "layers": layers,
        "start": start,
        "shots": shots,
        "optimizer": optimizer,
        "reduction": reduction,
        "entropy": entropy,
        "mmd": mmd,
        "penalties": parse_penalties(penalty or []) or None,
        "steps": steps,
        "batch_size": batch_size,
        "evaluate_every": evaluate_every,
        "evaluation_shots": evaluation_shots,
        "seed": seed,
        "torch_device": torch_device,
    }
    options = {
        "choices": choices,
        "fixed": parse_pairs(fix or [], "--fix"),
        "data_options": parse_pairs(data_option or [], "--data-option"),
        "device_options": parse_pairs(device_option or [], "--device-option"),
        "optimizer_options": parse_pairs(optimizer_option or [], "--optimizer-option"),
    }
    if max_bond_dim is not None:
        options["device_options"]["max_bond_dim"] = max_bond_dim
    return config, given, options


def with_run_settings(command):
    """Gives a command, which takes ``settings`` first, the options of :func:`run_settings`."""
    shared = inspect.signature(run_settings).parameters
    _, *own = inspect.signature(command).parameters.values()

    @functools.wraps(command)
    def wrapper(**options):
        settings = run_settings(**{name: options.pop(name) for name in shared})
        return command(settings, **options)

    wrapper.__signature__ = inspect.Signature([*shared.values(), *own])
    wrapper.__annotations__ = {p.name: p.annotation for p in [*shared.values(), *own]}
    return wrapper
