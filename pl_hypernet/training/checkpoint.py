"""A checkpoint: all that a run needs to go on bit for bit."""

from pathlib import Path

import numpy as np

from pl_hypernet.training.tensor_file import load_tensors, save_tensors

NAME = "checkpoint.safetensors"


def save_checkpoint(folder: Path, arrays: dict[str, np.ndarray], plain: dict) -> None:
    """Replaces the folder's checkpoint, see :func:`save_tensors`."""
    save_tensors(Path(folder) / NAME, arrays, plain)


def load_checkpoint(folder: Path) -> tuple[dict[str, np.ndarray], dict]:
    """What :func:`save_checkpoint` wrote.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    return load_tensors(Path(folder) / NAME)
