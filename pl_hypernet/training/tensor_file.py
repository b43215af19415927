"""Named arrays, and what JSON holds, in one file without pickle."""

import json
import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from pl_hypernet.errors import RunFolderError


def save_tensors(path: Path, arrays: dict[str, np.ndarray], plain: dict) -> None:
    """Replaces the file in one step, so that there is always a whole one.

    Args:
        path: of the file, in a folder that exists.
        arrays: named arrays.
        plain: anything that JSON holds, as counters and the state of random generators.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    draft = path.with_name(path.name + ".part")
    save_file(arrays, draft, metadata={"plain": json.dumps(plain)})
    os.replace(draft, path)


def load_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """What :func:`save_tensors` wrote.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    if not path.is_file():
        raise RunFolderError(f"{path.parent} is not a run folder: it holds no {path.name}")
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, json.loads(file.metadata()["plain"])
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError, OSError) as error:
        said = " ".join(str(error).split())
        raise RunFolderError(f"{path} is damaged: {said}") from error
