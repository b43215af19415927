"""What a bitstring means: networks, scored in batches."""

from pl_hypernet.networks.architecture import (
    ArchitectureChoice,
    DropWeights,
    RemoveNeurons,
    SkipLayer,
)
from pl_hypernet.networks.binary_network import BinaryNetwork
from pl_hypernet.networks.block import Block
from pl_hypernet.networks.choice import Choice
from pl_hypernet.networks.layout import ParameterLayout
from pl_hypernet.networks.module_choices import (
    ChooseModule,
    DropGroups,
    RemoveChannels,
    SkipModule,
)
from pl_hypernet.networks.network import Network
from pl_hypernet.networks.sign import Sign
from pl_hypernet.networks.torch_network import TorchNetwork

__all__ = [
    "ArchitectureChoice",
    "BinaryNetwork",
    "Block",
    "Choice",
    "ChooseModule",
    "DropGroups",
    "DropWeights",
    "Network",
    "ParameterLayout",
    "RemoveChannels",
    "RemoveNeurons",
    "Sign",
    "SkipLayer",
    "SkipModule",
    "TorchNetwork",
]
