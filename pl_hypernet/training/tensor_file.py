"""Named arrays, and what JSON holds, in one file without pickle."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pl_hypernet.errors import RunFolderError
from pl_hypernet.training.digests import digest_of_arrays
from pl_hypernet.training.whole_files import write_whole
from pl_hypernet.version import __version__


def save_tensors(
    path: Path, arrays: dict[str, np.ndarray], plain: dict, before: Path | None = None
) -> None:
    """Replaces the file in one step, so that there is always a whole one.

    Args:
        path: of the file, in a folder that exists.
        arrays: named arrays.
        plain: anything that JSON holds, as counters and the state of random generators.
        before: what the file that is there becomes; None: it goes.

    Raises:
        OSError: it cannot be written.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(plain | {"version": __version__})
    metadata = {"plain": text, "digest": digest_of_arrays(sorted(arrays.items()), text)}
    write_whole(path, save(arrays, metadata), before)


def load_tensors(path: Path, check: bool = True) -> tuple[dict[str, np.ndarray], dict]:
    """What :func:`save_tensors` wrote, and the ``version`` of the package that did.

    Args:
        path: of the file.
        check: whether it is what was written; without a digest, as of old, it is not checked.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    if not path.is_file():
        raise RunFolderError(f"{path.parent} is not a run folder: it holds no {path.name}")
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata()
        plain = json.loads(metadata["plain"])
        expected = digest_of_arrays(sorted(arrays.items()), metadata["plain"])
        if check and metadata.get("digest", expected if "version" not in plain else "") != expected:
            raise ValueError("it is not as it was written")
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError, OSError) as error:
        said = " ".join(str(error).split())
        raise RunFolderError(f"{path} is damaged: {said}") from error
    return arrays, plain
