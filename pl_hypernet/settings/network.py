"""What a bitstring means."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option, pairs
from pl_hypernet.settings.typed import (
    parse_bias,
    parse_choices,
    parse_names,
    parse_network,
    parse_ties,
    parse_values,
    split_network_file,
)


class NetworkSettings(Settings):
    """Arguments of :class:`BinaryNetwork`, as a file holds them."""

    network: Annotated[  # a text: a file and its function that makes the network
        tuple[int, ...] | str,
        Option(
            "Sizes of the layers after the inputs; default {default}. Or mine.py:build, a function "
            "that returns a torch module; the file is run.",
            metavar="SIZES",
            parse=parse_network,
        ),
    ] = (1,)
    network_digest: str | None = Field(
        None, description="of the file that made the network: the first half of its SHA-256."
    )
    activation: Annotated[  # default: a choice for one output, softmax for several
        str | None,
        Option("Of the output, fixed: sigmoid or hard_sigmoid; identity for regression."),
    ] = None
    scale: Annotated[
        float | None, Option("Factor of the outputs; default: random networks have logits of 2.")
    ] = Field(None, gt=0)
    values: Annotated[  # a list: of each layer
        str | tuple[Any, ...],
        Option(
            "Of weights: 1,-3 or binary, ternary, 2-bit, ...; default {default}. Several: one a "
            "layer.",
            metavar="A,B",
            parse=parse_values,
            several=True,
        ),
    ] = (1, -1)
    hidden: Annotated[  # a list: of each hidden layer
        str | tuple[str, ...],
        Option(
            "Of hidden layers: sign, relu, tanh, ...; default {default}. Several: one a layer.",
            metavar="NAME",
            parse=parse_names,
            several=True,
        ),
    ] = "sign"
    bias: Annotated[  # a list: of each layer
        bool | str | tuple[Any, ...],
        Option(
            "Biases: yes, no, or their values, as 6-bit; default {default}. Several: one a layer.",
            metavar="A",
            parse=parse_bias,
            several=True,
        ),
    ] = True
    bias_scale: Annotated[  # a list: of each layer
        float | tuple[float, ...] | None,
        Option(
            "Factor of biases with values of their own; default: a power of 2 by which they cover "
            "the sums. Several: one a layer.",
            metavar="A",
            parse=parse_values,
            several=True,
        ),
    ] = None
    choices: Annotated[  # options, or what an architecture choice takes
        dict[str, Any],
        Option(
            "Left to qubits: activation, hidden, values, features; or neurons.LAYER, skip.LAYER, "
            "dropout.LAYER; default activation=sigmoid,hard_sigmoid.",
            metavar="NAME=A,B",
            name="choice",
            parse=parse_choices,
            several=True,
        ),
    ] = Field({})
    tied: Annotated[
        tuple[tuple[str, ...], ...],
        Option(
            "One qubit for both: layers.0.bias=layers.1.bias.",
            metavar="NAME=NAME",
            name="tie",
            parse=parse_ties,
            several=True,
        ),
    ] = ()
    fixed: Annotated[
        dict[str, int | tuple[int, ...]],
        pairs("No qubit for these bits: layers.0.bias=0.", "fix", "NAME=BIT"),
    ] = Field({})
    torch_device: Annotated[
        str, Option("Where networks are scored, as cuda; default {default}.")
    ] = "cpu"

    @field_validator("network")
    @classmethod
    def _is_known(cls, network):
        if isinstance(network, str):
            split_network_file(network)
        return network
