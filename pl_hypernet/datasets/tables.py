"""Small tables that come with scikit-learn."""

from dataclasses import replace

from pl_hypernet.datasets.arrays import from_arrays
from pl_hypernet.datasets.data import Data


def iris() -> Data:
    """150 irises of three species, by four lengths (Fisher, 1936): inputs float32 (150, 4)."""
    return _of_scikit_learn("iris")


def wine() -> Data:
    """178 wines of three growers, by 13 chemical analyses: inputs float32 (178, 13)."""
    return _of_scikit_learn("wine")


def breast_cancer() -> Data:
    """569 tumours, malignant or benign, by 30 measures of their cells: inputs float32 (569, 30)."""
    return _of_scikit_learn("breast_cancer")


def diabetes() -> Data:
    """442 patients, ten measures, and the progression of their disease after a year, a number
    (Efron, Hastie, Johnstone and Tibshirani, 2004): inputs float32 (442, 10), a regression."""
    return _of_scikit_learn("diabetes")


TABLES = {table.__name__: table for table in (iris, wine, breast_cancer, diabetes)}


def _of_scikit_learn(name: str) -> Data:
    from sklearn import datasets  # takes a second

    bunch = getattr(datasets, f"load_{name}")()
    has_classes = "target_names" in bunch
    targets = bunch.target_names[bunch.target] if has_classes else bunch.target
    columns = [str(each) for each in bunch.feature_names]
    data = from_arrays(bunch.data, targets, feature_names=columns, regression=not has_classes)
    return replace(data, source={"name": name})
