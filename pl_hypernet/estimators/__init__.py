"""scikit-learn's interface: tables in, predictions of the vote of the shots out."""

from pl_hypernet.estimators.classifier import QuantumHypernetClassifier
from pl_hypernet.estimators.regressor import QuantumHypernetRegressor

__all__ = ["QuantumHypernetClassifier", "QuantumHypernetRegressor"]
