"""The circuit, and where it runs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option, pairs


class CircuitSettings(Settings):
    """Arguments of :class:`QuantumHypernetwork`, as a file holds them."""

    device: Annotated[str, Option("A PennyLane device (see: devices); default {default}.")] = (
        "hypernet.mps"
    )
    device_options: Annotated[
        dict[str, Any],
        pairs("An argument of the device.", "device_option"),
    ] = Field({})
    ansatz: Literal["hardware_efficient", "custom"] = "hardware_efficient"
    ansatz_options: Annotated[
        dict[str, Any],
        pairs("rotations=RX,RY, entangler=CNOT, pattern=ring.", "ansatz_option"),
    ] = Field({})
    layers: Annotated[int, Option("Entangling layers P; default {default}.")] = Field(2, ge=0)
    start: Annotated[
        str, Option("near_product, random_signs, uniform or small; default {default}.")
    ] = "near_product"
    shots: Annotated[int, Option("Shots of each energy; default {default}.")] = Field(200, ge=2)
    seed: Annotated[int, Option("Same seed, same run; default {default}.")] = Field(0, ge=0)
