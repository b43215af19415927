"""What ``pl_hypernet/__init__.py`` imports lazily; tests/test_front_page.py."""

from pl_hypernet import analysis as analysis
from pl_hypernet import baselines as baselines
from pl_hypernet import callbacks as callbacks
from pl_hypernet import circuits as circuits
from pl_hypernet import datasets as datasets
from pl_hypernet import devices as devices
from pl_hypernet import errors as errors
from pl_hypernet import estimators as estimators
from pl_hypernet import exports as exports
from pl_hypernet import measurements as measurements
from pl_hypernet import networks as networks
from pl_hypernet import objectives as objectives
from pl_hypernet import optimizers as optimizers
from pl_hypernet import studies as studies
from pl_hypernet import testing as testing
from pl_hypernet import training as training
from pl_hypernet.analysis import evaluate as evaluate
from pl_hypernet.analysis import mutual_hamming as mutual_hamming
from pl_hypernet.callbacks import Callback as Callback
from pl_hypernet.circuits import HardwareEfficientAnsatz as HardwareEfficientAnsatz
from pl_hypernet.circuits import start_angles as start_angles
from pl_hypernet.datasets import Data as Data
from pl_hypernet.devices import device as device
from pl_hypernet.estimators import QuantumHypernetClassifier as QuantumHypernetClassifier
from pl_hypernet.estimators import QuantumHypernetRegressor as QuantumHypernetRegressor
from pl_hypernet.exports import export as export
from pl_hypernet.exports import export_summary as export_summary
from pl_hypernet.exports import to_torch as to_torch
from pl_hypernet.measurements import Estimate as Estimate
from pl_hypernet.measurements import expected_loss as expected_loss
from pl_hypernet.mps.log_probability import circuit_log_probability as circuit_log_probability
from pl_hypernet.mps.log_probability import log_probability as log_probability
from pl_hypernet.networks import ArchitectureChoice as ArchitectureChoice
from pl_hypernet.networks import BinaryNetwork as BinaryNetwork
from pl_hypernet.networks import Choice as Choice
from pl_hypernet.networks import ChooseModule as ChooseModule
from pl_hypernet.networks import DropGroups as DropGroups
from pl_hypernet.networks import DropWeights as DropWeights
from pl_hypernet.networks import Network as Network
from pl_hypernet.networks import ParameterLayout as ParameterLayout
from pl_hypernet.networks import RemoveChannels as RemoveChannels
from pl_hypernet.networks import RemoveNeurons as RemoveNeurons
from pl_hypernet.networks import Sign as Sign
from pl_hypernet.networks import SkipLayer as SkipLayer
from pl_hypernet.networks import SkipModule as SkipModule
from pl_hypernet.networks import TorchNetwork as TorchNetwork
from pl_hypernet.objectives import NetworkLoss as NetworkLoss
from pl_hypernet.optimizers import PathwiseOptimizer as PathwiseOptimizer
from pl_hypernet.optimizers import QNSPSAOptimizer as QNSPSAOptimizer
from pl_hypernet.optimizers import SPSAOptimizer as SPSAOptimizer
from pl_hypernet.optimizers import ScoreFunctionOptimizer as ScoreFunctionOptimizer
from pl_hypernet.studies import compare as compare
from pl_hypernet.studies import sweep as sweep
from pl_hypernet.training import QuantumHypernetwork as QuantumHypernetwork
from pl_hypernet.training import Run as Run
from pl_hypernet.training import load as load
from pl_hypernet.training import plan as plan
from pl_hypernet.training import resume as resume
from pl_hypernet.training import train as train
from pl_hypernet.version import __version__ as __version__

__all__ = [
    "__version__",
    "ArchitectureChoice",
    "BinaryNetwork",
    "Callback",
    "Choice",
    "ChooseModule",
    "Data",
    "DropGroups",
    "DropWeights",
    "Estimate",
    "HardwareEfficientAnsatz",
    "Network",
    "NetworkLoss",
    "ParameterLayout",
    "PathwiseOptimizer",
    "QNSPSAOptimizer",
    "RemoveChannels",
    "RemoveNeurons",
    "Sign",
    "SPSAOptimizer",
    "ScoreFunctionOptimizer",
    "SkipLayer",
    "SkipModule",
    "QuantumHypernetClassifier",
    "QuantumHypernetRegressor",
    "QuantumHypernetwork",
    "Run",
    "TorchNetwork",
    "circuit_log_probability",
    "compare",
    "device",
    "evaluate",
    "expected_loss",
    "export",
    "export_summary",
    "load",
    "log_probability",
    "mutual_hamming",
    "plan",
    "resume",
    "start_angles",
    "sweep",
    "to_torch",
    "train",
    "analysis",
    "baselines",
    "callbacks",
    "circuits",
    "datasets",
    "devices",
    "errors",
    "estimators",
    "exports",
    "measurements",
    "networks",
    "objectives",
    "optimizers",
    "studies",
    "testing",
    "training",
]
