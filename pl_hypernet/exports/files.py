"""Networks as files that other programs run, and the running of these files."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import InputError, unknown_name
from pl_hypernet.exports.metadata import EXTRA_FILE, metadata_of
from pl_hypernet.exports.modules import program_of
from pl_hypernet.exports.packed import write_packed
from pl_hypernet.exports.plain import checked_schema
from pl_hypernet.exports.reader import run_packed
from pl_hypernet.networks import Network

SUFFIXES = {"torch": ".pt2", "onnx": ".onnx", "packed": ".npz"}
NO_ONNX = "ONNX is not installed here: pip install 'pl_hypernet[export]'"


def export(
    network: Network,
    bits,
    path,
    format: str | None = None,
    schema: Schema | None = None,
) -> Path:
    """Writes a chosen network, or the vote of several, for use without pl_hypernet.

    All formats compute what :func:`to_torch` does, for any number of samples:

    - ``"torch"``, .pt2: ``torch.export.load(path).module()(inputs)``, wherever torch is installed;
    - ``"onnx"``, .onnx: input ``inputs``, outputs ``classes``, ``probabilities``, ``logits``;
    - ``"packed"``, .npz: 1 bit a weight, read by ``pl_hypernet/exports/reader.py``, which needs
      numpy alone.

    Args:
        network: what a bitstring means.
        bits: int8 (n_qubits,), one network; or (S, n_qubits), a vote of S.
        path: of the new file; one that is there is replaced.
        format: None: by the suffix of the path.
        schema: of the data, ``run.schema`` or ``data.schema``: the units of a regression's
            outputs, and names of inputs, classes and targets, which the file keeps
            (:func:`read_metadata`). None: of outputs as the network has them, without names.

    Returns:
        The path.

    Raises:
        InputError: an unknown format, a path that cannot be written, a format that cannot hold
            this network, or ONNX is not installed.
    """
    path = Path(path)
    format = check_path(path, format)
    schema = checked_schema(network, schema)
    if format == "packed":
        write_packed(network, bits, path, schema)
    elif format == "torch":
        metadata = {EXTRA_FILE: json.dumps(metadata_of(schema))}
        torch.export.save(program_of(network, bits, schema), path, extra_files=metadata)
    else:
        _write_onnx(network, bits, path, schema)
    return path


def check_path(path: Path, format: str | None) -> str:
    """The format of a new file, and whether it can be written there.

    Raises:
        InputError: an unknown format, or a path that does not go with it or cannot be written.
    """
    if format is None:
        by_suffix = {suffix: name for name, suffix in SUFFIXES.items()}
        if path.suffix not in by_suffix:
            raise InputError(f"{path}: expected a name that ends in {', '.join(by_suffix)}")
        format = by_suffix[path.suffix]
    if format not in SUFFIXES:
        raise unknown_name("format", format, SUFFIXES)
    if path.suffix != SUFFIXES[format]:
        raise InputError(f"{path}: expected a name that ends in {SUFFIXES[format]} for {format}")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: {path.parent} is no folder to write to")
    return format


def _write_onnx(network: Network, bits, path: Path, schema: Schema) -> None:
    if not has_onnx():
        raise InputError(NO_ONNX)
    import onnx

    program = program_of(network, bits, schema)
    names = list(program.module()(torch.zeros(1, network.n_columns)))
    exported = torch.onnx.export(
        program,
        input_names=["inputs"],
        output_names=names,
        dynamic_shapes={"inputs": {0: "samples"}},
        verbose=False,
    )
    for key, value in metadata_of(schema).items():
        exported.model.metadata_props[key] = json.dumps(value)
    exported.save(path)
    onnx.checker.check_model(path, full_check=True)


def has_onnx() -> bool:
    """Whether ONNX files can be written and run here."""
    return all(find_spec(name) for name in ("onnx", "onnxruntime", "onnxscript"))


def run_file(path, inputs) -> dict[str, np.ndarray]:
    """What an exported network says, computed from its file alone.

    Args:
        path: as written by :func:`export`.
        inputs: float32 (M, n_columns).

    Returns:
        As :func:`to_torch`'s module, in numpy.
    """
    path, inputs = Path(path), np.asarray(inputs, np.float32)
    if path.suffix == SUFFIXES["packed"]:
        return run_packed(path, inputs)
    if path.suffix == SUFFIXES["torch"]:
        outputs = torch.export.load(path).module()(torch.as_tensor(inputs))
        return {name: tensor.numpy() for name, tensor in outputs.items()}
    if not has_onnx():
        raise InputError(NO_ONNX)
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"inputs": inputs}), strict=True))
