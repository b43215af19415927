"""What a bitstring means: binary neural networks, scored in batches."""

from pl_hypernet.networks.architecture import (
    ArchitectureChoice,
    DropWeights,
    RemoveNeurons,
    SkipLayer,
)
from pl_hypernet.networks.binary_network import BinaryNetwork
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.layout import ParameterLayout

__all__ = [
    "ArchitectureChoice",
    "BinaryNetwork",
    "Choice",
    "DropWeights",
    "ParameterLayout",
    "RemoveNeurons",
    "SkipLayer",
]
