"""A checkpoint: all that a run needs to go on bit for bit, in a file without pickle."""

import json
import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from pl_hypernet.errors import RunFolderError

NAME = "checkpoint.safetensors"


def save_checkpoint(folder: Path, arrays: dict[str, np.ndarray], plain: dict) -> None:
    """Replaces the folder's checkpoint in one step, so that there is always a whole one.

    Args:
        folder: the run folder.
        arrays: named arrays.
        plain: anything that JSON holds, as counters and the state of random generators.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    draft = folder / (NAME + ".part")
    save_file(arrays, draft, metadata={"plain": json.dumps(plain)})
    os.replace(draft, folder / NAME)


def load_checkpoint(folder: Path) -> tuple[dict[str, np.ndarray], dict]:
    """What :func:`save_checkpoint` wrote.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise RunFolderError(f"{folder} is not a run folder: it holds no {NAME}")
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, json.loads(file.metadata()["plain"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"{path} is damaged: {error}") from error
