"""Files of inputs without targets, for what was trained."""

import numpy as np

from pl_hypernet.datasets.csv_file import Form, read_columns
from pl_hypernet.datasets.npz_file import read_arrays
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import DataError


def read_inputs(path, schema: Schema, form: Form | None = None) -> np.ndarray:
    """The columns that were trained on, (M, n_raw) or of more dimensions, before feature maps.

    Args:
        path: a ``.csv`` with names of columns first, in any order, whatever others there are; or an
            ``.npz`` with an array ``inputs``.
        schema: of the training.
        form: how a ``.csv`` is written; None: with commas between cells, and decimal points.

    Raises:
        DataError: it cannot be read, lacks a column, or a cell is missing or no number.
    """
    path = str(path)
    if path.lower().endswith(".npz"):
        arrays = read_arrays(path)
        if "inputs" not in arrays:
            raise DataError(f"{path} holds {sorted(arrays)}: expected inputs")
        return arrays["inputs"]
    if not path.lower().endswith(".csv"):
        raise DataError(f"{path}: expected a name that ends in .csv or .npz")
    return read_columns(path, schema.raw_names, gaps=schema.fill is not None, form=form)
