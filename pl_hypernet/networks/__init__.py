"""What a bitstring means: networks, scored in batches."""

from pl_hypernet.networks.architecture import (
    ArchitectureChoice,
    DropWeights,
    RemoveNeurons,
    SkipLayer,
)
from pl_hypernet.networks.binary_network import BinaryNetwork
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.layout import Block, ParameterLayout
from pl_hypernet.networks.network import Network
from pl_hypernet.networks.sign import Sign
from pl_hypernet.networks.torch_network import TorchNetwork

__all__ = [
    "ArchitectureChoice",
    "BinaryNetwork",
    "Block",
    "Choice",
    "DropWeights",
    "Network",
    "ParameterLayout",
    "RemoveNeurons",
    "Sign",
    "SkipLayer",
    "TorchNetwork",
]
