"""Quantum hypernetworks in PennyLane: every measured shot is a binary neural network.

Names are imported when they are first used, so that ``import pl_hypernet`` costs nothing.
"""

from importlib import import_module

from pl_hypernet.version import __version__

_HOMES = {
    "ArchitectureChoice": "networks",
    "BinaryNetwork": "networks",
    "Callback": "callbacks",
    "Choice": "networks",
    "ChooseModule": "networks",
    "Data": "datasets",
    "DropGroups": "networks",
    "DropWeights": "networks",
    "Estimate": "measurements",
    "HardwareEfficientAnsatz": "circuits",
    "Network": "networks",
    "NetworkLoss": "objectives",
    "ParameterLayout": "networks",
    "PathwiseOptimizer": "optimizers",
    "QNSPSAOptimizer": "optimizers",
    "RemoveChannels": "networks",
    "RemoveNeurons": "networks",
    "Sign": "networks",
    "SPSAOptimizer": "optimizers",
    "ScoreFunctionOptimizer": "optimizers",
    "SkipLayer": "networks",
    "SkipModule": "networks",
    "QuantumHypernetClassifier": "estimators",
    "QuantumHypernetRegressor": "estimators",
    "QuantumHypernetwork": "training",
    "Run": "training",
    "TorchNetwork": "networks",
    "circuit_log_probability": "mps.log_probability",
    "compare": "studies",
    "device": "devices",
    "evaluate": "analysis",
    "expected_loss": "measurements",
    "export": "exports",
    "export_summary": "exports",
    "load": "training",
    "log_probability": "mps.log_probability",
    "mutual_hamming": "analysis",
    "plan": "training",
    "resume": "training",
    "start_angles": "circuits",
    "sweep": "studies",
    "to_torch": "exports",
    "train": "training",
}
_MODULES = ("analysis", "baselines", "callbacks", "circuits", "datasets", "devices", "errors",
            "estimators", "exports", "measurements", "networks", "objectives", "optimizers",
            "studies", "testing", "training")  # fmt: skip

__all__ = ["__version__", *_HOMES, *_MODULES]


def __getattr__(name: str):
    if name in _HOMES:
        value = getattr(import_module(f"pl_hypernet.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"pl_hypernet.{name}")
    else:
        raise AttributeError(f"module 'pl_hypernet' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
