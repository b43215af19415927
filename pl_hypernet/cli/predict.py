"""What the command ``predict`` does, once its options are read."""

import csv
import sys
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

from pl_hypernet.datasets.csv_file import Form
from pl_hypernet.datasets.new_inputs import read_inputs
from pl_hypernet.errors import RunFolderError
from pl_hypernet.training import load

FORM = tuple(field.name for field in fields(Form))  # options of the data that say how it is written


def predict_file(
    folder: Path, path: Path, which: str, out: Path | None, check: bool, network: str | None = None
) -> None:
    """Writes answers for the samples of a file as a table with commas.

    Args:
        folder: of the run.
        path: a ``.csv`` with the columns that the run was trained on, written as the table of
            the training was; or an ``.npz`` with ``inputs``.
        which: as of :meth:`Run.predict`.
        out: a new file; None: standard output.
        check, network: as of :func:`load`.

    Raises:
        RunFolderError: not a run folder, or ``out`` exists already or cannot be written.
        DataError, InputError: see :meth:`Run.predict`.
    """
    if out is not None and out.exists():
        raise RunFolderError(f"{out} exists already: choose another file with --out")
    run = load(folder, check=check, network=network)
    written = {name: option for name, option in run.config.data_options.items() if name in FORM}
    X = read_inputs(path, run.schema, Form(**written))
    answers = run.predict(X, which)
    answers = answers.reshape(len(answers), -1)
    names = list(run.schema.target_names or ["answer"])
    if len(names) < answers.shape[1]:
        names = [f"answer {k}" for k in range(answers.shape[1])]
    columns = [*answers.T.tolist()]
    if not run.hypernet.network.is_regression:
        names += [f"p({label})" for label in run.schema.classes]
        columns += [[f"{p:.6f}" for p in column] for column in run.predict_proba(X, which).T]
    try:
        with open(out, "x", newline="") if out else nullcontext(sys.stdout) as file:
            csv.writer(file, lineterminator="\n").writerows([names, *zip(*columns, strict=True)])
    except OSError as error:
        raise RunFolderError(f"{out} cannot be written: {error.strerror}") from error
