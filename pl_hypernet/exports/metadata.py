"""What an exported file says about its inputs and outputs, beside the network itself."""

import json
from pathlib import Path
from typing import Any

import torch

from pl_hypernet.datasets.schema import Schema

EXTRA_FILE = "metadata.json"  # in a torch program


def metadata_of(schema: Schema) -> dict[str, Any]:
    """Names and labels, as JSON holds them.

    Returns:
        ``{"feature_names", "features", "classes", "target_names"}``: the name of each input column;
        the feature maps that made them of raw inputs; the label of each class; the names of the
        targets. What is not known is left out.
    """
    _, plain = schema.to_plain()
    found = {
        "feature_names": plain["feature_names"],
        "features": plain["maps"],
        "classes": plain["classes"],
        "target_names": plain["target_names"],
    }
    return {name: value for name, value in found.items() if value}


def read_metadata(path) -> dict[str, Any]:
    """What :func:`metadata_of` said, from an exported file."""
    path = Path(path)
    if path.suffix == ".npz":
        import numpy as np

        with np.load(path) as file:
            return json.loads(file["header"].item())["metadata"]
    if path.suffix == ".pt2":
        extra = {EXTRA_FILE: ""}
        torch.export.load(path, extra_files=extra)
        return json.loads(extra[EXTRA_FILE])
    import onnx

    model = onnx.load(path, load_external_data=False)
    return {each.key: json.loads(each.value) for each in model.metadata_props}
