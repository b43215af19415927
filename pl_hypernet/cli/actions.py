"""What the commands ``train`` and ``sample`` do, once their options are read."""

import secrets
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pl_hypernet.analysis import evaluate
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.training import load, train
from pl_hypernet.training.config import RunConfig, read_settings
from pl_hypernet.training.folder import next_run_folder

SHOWN = 5  # most frequent networks in the table of samples


def train_from_settings(
    config_path: Path | None, given: dict[str, Any], options: dict[str, dict], out: Path | None
) -> str:
    """Trains with the settings of a file, overridden by what was given.

    Args:
        config_path: a TOML file; None: the defaults.
        given: settings by name; None where nothing was given.
        options: data_options, device_options, optimizer_options; added to those of the file.
        out: new folder; None: the next free number in ``runs``.

    Returns:
        Why the training ended.
    """
    settings = {} if config_path is None else read_settings(config_path)
    settings |= {name: value for name, value in given.items() if value is not None}
    for name, pairs in options.items():
        before = settings.get(name, {})
        if not isinstance(before, dict):
            raise InputError(f"{name}={before!r}: expected a table of options")
        settings[name] = before | pairs
    config = RunConfig.checked(settings)
    data = config.load_data()
    hypernet = config.build_hypernetwork(data.n_inputs)
    console = Console()
    console.print(
        f"{len(data.inputs):,} samples of {data.n_inputs} inputs; {hypernet.n_qubits} qubits, "
        f"{hypernet.n_angles} angles on {hypernet.device.name}; {config.steps} steps of "
        f"{config.optimizer} with {config.shots} shots",
        highlight=False,
    )
    run = train(
        hypernet,
        data,
        config.optimizer,
        steps=config.steps,
        batch_size=config.batch_size,
        validation=config.validation,
        loss=config.loss,
        evaluation_shots=config.evaluation_shots,
        out=out or next_run_folder(),
        **config.optimizer_options,
    )
    console.print(run.summary.table())
    names = ", ".join(path.name for path in sorted(run.folder.glob("*.png")))
    console.print(f"Pictures in {run.folder}: {names}", soft_wrap=True, highlight=False)
    if run.stop_reason == "interrupted":
        console.print(f"Stopped by Ctrl-C after step {len(run.history)}; the above is its state.")
    return run.stop_reason


def sample_run(
    folder: Path,
    shots: int,
    device: str | None,
    device_options: dict[str, Any],
    seed: int | None,
    out: Path | None,
) -> None:
    """Draws shots from the theta of a run, shows what they are worth, and writes them."""
    if shots < 2:
        raise InputError(f"--shots {shots}: expected at least 2")
    if out is not None and out.suffix != ".npy":
        raise InputError(f"--out {out}: expected a name that ends in .npy")
    if out is not None and out.exists():
        raise RunFolderError(f"{out} exists already: choose another file with --out")
    run = load(folder)
    settings = run.config.model_dump() | {"shots": shots}
    settings["device"] = device or run.config.device
    settings["device_options"] = device_options
    if device is None:
        settings["device_options"] = run.config.device_options | device_options
    settings["seed"] = secrets.randbits(32) if seed is None else seed
    hypernet = RunConfig.checked(settings).build_hypernetwork(run.data.n_inputs)
    bits = hypernet.sample(run.theta, shots)
    if out is not None:
        try:
            np.save(out, bits)
        except OSError as error:
            raise RunFolderError(f"{out} cannot be written: {error.strerror}") from error
    evaluation = evaluate(hypernet.network, bits, run.data, run.config.loss)
    accuracy = evaluation.test or evaluation.train
    which = "test" if evaluation.test else "training"
    table = Table(
        title=f"{shots} shots on {hypernet.device.name}",
        title_justify="left",
        caption=f"energy {evaluation.energy}; {which} accuracy: mean {accuracy.mean:.4f}, "
        f"vote {accuracy.vote:.4f}",
    )
    for heading in ("often", "loss", f"{which} accuracy", "network"):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    rows, inverse = unique_bitstrings(bits)
    often = np.bincount(inverse)
    first = np.array([np.flatnonzero(inverse == row)[0] for row in range(len(rows))])
    losses = evaluation.energy.losses[first]
    for row in np.lexsort((losses, -often))[:SHOWN]:
        shot = first[row]
        table.add_row(
            str(often[row]),
            f"{losses[row]:.4f}",
            f"{accuracy.each[shot]:.4f}",
            "".join(map(str, rows[row])),
        )
    console = Console()
    console.print(table)
    console.print(f"{len(rows)} different networks among {shots} shots")
    if out is not None:
        console.print(f"Bits int8 {bits.shape} in {out}", highlight=False)
