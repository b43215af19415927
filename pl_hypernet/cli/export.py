"""What the command ``export`` does, once its options are read."""

from pathlib import Path

import numpy as np

from pl_hypernet.console import Console
from pl_hypernet.errors import HypernetError, InputError, RunFolderError, unknown_name
from pl_hypernet.exports import check_export, export, export_summary
from pl_hypernet.exports.files import NO_ONNX, SUFFIXES, check_path, has_onnx
from pl_hypernet.settings import CUSTOM
from pl_hypernet.training import Run, load

WHAT = ("best", "vote")
RANDOM = 1000  # inputs to compare on, where the data are a program's own


def export_run(
    folder: Path,
    what: str,
    format: str | None,
    out: Path | None,
    check: bool,
    file: str | None = None,
) -> None:
    """Writes networks of a run as files, runs these, and shows what they cost.

    Args:
        folder: of the run.
        what: ``"best"``, the shot of the lowest training loss, or ``"vote"``, all shots.
        format: as of :func:`export`; None: by the suffix of ``out``, or without that all.
        out: None: ``best.pt2``, ``vote.onnx``, ... in the folder, replaced if there.
        check: as of :func:`load`.
        file: the ``network`` of :func:`load`.

    Raises:
        InputError: an unknown option, or a format that cannot hold these networks.
        RunFolderError: not a run folder, or ``out`` exists already.
        HypernetError: a file disagrees with the networks.
    """
    if what not in WHAT:
        raise unknown_name("--what", what, WHAT)
    if format is not None and format not in SUFFIXES:
        raise unknown_name("--format", format, SUFFIXES)
    if out is not None and out.exists():
        raise RunFolderError(f"{out} exists already: choose another file with --out")
    if out is not None:
        format = check_path(out, format)
    run = load(folder, check=check, network=file)
    network, schema = run.hypernet.network, run.schema
    bits = run.bits if what == "vote" else run.best
    inputs, samples = _to_compare_on(run)
    console = Console()
    try:
        console.print(export_summary(network, bits).table())
    except InputError as error:  # a network of another class
        console.print(f"No table of costs: {error}", soft_wrap=True, markup=False)
    formats = [format] if format or out else list(SUFFIXES)
    for name in formats:
        if len(formats) > 1 and name == "onnx" and not has_onnx():
            console.print(f"No ONNX file: {NO_ONNX}", soft_wrap=True, markup=False)
            continue
        try:
            path = out or folder / f"{what}{SUFFIXES[name]}"
            export(network, bits, path, name, schema)
        except InputError as error:
            if len(formats) == 1:
                raise
            console.print(f"No {name} file: {error}", soft_wrap=True, markup=False)
            continue
        found = check_export(network, bits, path, inputs, schema)
        if not found:
            raise HypernetError(
                f"{path} disagrees with the network on {found.samples - found.equal} of "
                f"{found.samples} {samples}, and its outputs on {found.apart}: do not use it, and "
                "please report it"
            )
        ties = f" (the others are ties to rounding: {found.ties})" if found.ties else ""
        if found.apart:
            ties += f"; outputs differ on {found.apart}, where hidden sums are next to a threshold"
        console.print(f"{path}: {path.stat().st_size:,} bytes", soft_wrap=True)
        console.print(
            f"run, it says the same as the network on {found.equal:,} of {found.samples:,} "
            f"{samples}{ties}"
        )


def _to_compare_on(run: Run) -> tuple[np.ndarray, str]:
    """Inputs of the network, and what they are."""
    if run.config.data == CUSTOM:
        rng = np.random.default_rng(0)
        return rng.normal(size=(RANDOM, run.schema.n_inputs)).astype(np.float32), "random inputs"
    if run.data.test_inputs is not None:
        return run.data.test_inputs, f"{run.data.judging} samples"
    return run.data.inputs, "training samples"
