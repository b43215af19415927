"""What the commands ``train`` and ``sample`` do, once their options are read."""

import math
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from pl_hypernet.analysis import Evaluation, evaluate
from pl_hypernet.analysis.tables import in_words
from pl_hypernet.cli.agreement import agree_to_run, agree_to_shots
from pl_hypernet.cli.loading import loading
from pl_hypernet.console import Console
from pl_hypernet.devices import may_hold_tasks
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.measurements import Estimate
from pl_hypernet.networks.unique import unique_bitstrings
from pl_hypernet.settings import CUSTOM, ResumeSettings
from pl_hypernet.training import QuantumHypernetwork, Run, load, resume, train
from pl_hypernet.training.budget import sample_within
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import TASKS, NextRunFolder
from pl_hypernet.training.from_settings import made_of_settings
from pl_hypernet.training.history import last_step
from pl_hypernet.words import counted

SAMPLING = "sampling.jsonl"
SHOWN = 5  # most frequent networks in the table of samples


def train_from_settings(
    settings: dict[str, Any],
    out: Path | None,
    budget: float | None = None,
    yes: bool = False,
    prices: Path | None = None,
) -> str:
    """Trains.

    Args:
        settings: of the run, by name; what is not there has its default.
        out: new folder; None: the next free number in ``runs``.
        budget, yes, prices: of a device whose tasks are paid for, see :func:`agree_to_run`.

    Returns:
        Why the training ended.
    """
    with loading("data"):
        config, data, hypernet, said = made_of_settings(settings)
    console = Console()
    if said:
        console.print(said)
    held_out = config.validation
    held = "" if held_out is None else f", {100 * held_out:g} % of them held out"
    few = "" if config.adaptive_shots is None else f"{config.adaptive_shots} to "
    console.print(
        f"{counted(len(data.inputs), 'training sample')} of {counted(data.n_inputs, 'input')}"
        f"{held}\n{in_words(hypernet.n_qubits, hypernet.network.n_real)}, "
        f"{hypernet.n_angles:,} angles on {_named(config.device, config.device_options)}; "
        f"{counted(config.steps, 'step')} of {config.optimizer} with {few}"
        f"{counted(config.shots, 'shot')}"
    )
    if budget is not None and config.max_cost is not None:
        raise InputError(f"--budget {budget:g} --max-cost {config.max_cost:g}: give one of them")
    budget = agree_to_run(hypernet, config, budget or config.max_cost, yes, prices)
    new = NextRunFolder()
    try:
        run = train(hypernet, data, out=out or new, budget=budget, **config.of_training)
    except BaseException as error:
        tasks = (out or new.path) / TASKS
        if may_hold_tasks(tasks) and not isinstance(error, RunFolderError):
            console.print(
                f"Paid tasks are noted in {tasks}: run again with --device-option "
                f"task_log={tasks} to take them up.",
                soft_wrap=True,
            )
        raise
    _show(run, console)
    return run.stop_reason


def resume_run(
    folder: Path,
    settings: dict[str, Any],
    budget: float | None,
    yes: bool,
    prices: Path | None,
    check: bool,
    network: str | None = None,
) -> str:
    """Goes on with a run.

    Args:
        folder: of the run.
        settings: that are others than before.
        budget, prices, check: as of :func:`resume`.
        yes: any amount.
        network: as of :func:`load`.

    Returns:
        Why the training ended.
    """
    if yes and budget is None:
        budget = math.inf
    run = resume(folder, budget=budget, prices=prices, check=check, network=network, **settings)
    _show(run, Console())
    return run.stop_reason


def _show(run: Run, console: Console) -> None:
    """The table of a run, and where it is."""
    console.print(run.summary.table())
    device = run.hypernet.device
    if (counts := device.task_counts) is not None:
        spending = device.spending
        cost = "" if spending is None else f"; about ${spending.dollars:,.2f} {spending.terms}"
        console.print(f"Tasks: {counts[0]} made, {counts[1]} of a task log taken up{cost}.")
    names = ", ".join(path.stem for path in sorted(run.folder.glob("*.png")))
    console.print(f"Written to {run.folder}", soft_wrap=True)
    console.print(f"Pictures (.png): {names or 'none, pl-hypernet report draws them'}")
    if run.stop_reason in ResumeSettings.model_fields.keys() - {"steps"}:
        console.print(f"Stopped by {run.stop_reason} after step {last_step(run.history)}.")
    if run.stop_reason == "interrupted":
        console.print(
            f"Stopped after step {last_step(run.history)}; the above is its state. pl-hypernet "
            f"resume {run.folder} goes on.",
            soft_wrap=True,
        )


def sample_run(
    folder: Path,
    shots: int,
    device: str | None,
    device_options: dict[str, Any],
    seed: int | None,
    out: Path | None,
    budget: float | None = None,
    yes: bool = False,
    check: bool = True,
    network: str | None = None,
) -> None:
    """Draws shots from the theta of a run, shows what they are worth, and writes them.

    On another device than that of the run, they are compared with the shots that it ended with.
    """
    if shots < 2:
        raise InputError(f"--shots {shots}: expected at least 2")
    if out is not None and out.suffix != ".npy":
        raise InputError(f"--out {out}: expected a name that ends in .npy")
    if out is not None and out.exists():
        raise RunFolderError(f"{out} exists already: choose another file with --out")
    run = load(folder, check=check, network=network)
    settings = run.config.model_dump() | {"shots": shots}
    settings["device"] = device or run.config.device
    # with the task log of the run its shots would come back instead of fresh ones
    own_options = {k: v for k, v in run.config.device_options.items() if k != "task_log"}
    if settings["device"] == run.config.device:
        device_options = own_options | device_options
    settings["device_options"] = device_options
    settings["seed"] = secrets.randbits(32) if seed is None else seed
    hypernet = QuantumHypernetwork.of(run.hypernet.network, RunConfig.checked(settings))
    dollars = agree_to_shots(hypernet, shots, budget, yes)
    with sampling_logged(hypernet.device, folder):
        bits = sample_within(hypernet, run.theta, shots, dollars)
    if out is not None:
        try:
            np.save(out, bits)
        except OSError as error:
            raise RunFolderError(f"{out} cannot be written: {error.strerror}") from error
    evaluation = None  # what only a program can hand over is needed to judge the shots
    if CUSTOM not in (run.config.data, run.config.loss):
        evaluation = evaluate(hypernet.network, bits, run.data, run.config.loss)
    console = Console()
    here = _named(settings["device"], device_options)
    there = _named(run.config.device, own_options)
    console.print(_most_frequent(bits, evaluation, f"{shots} shots on {here}"))
    if evaluation is not None and here != there:
        console.print(_comparison({there: run.evaluation, here: evaluation}))
    if out is not None:
        console.print(f"Bits int8 {bits.shape} in {out}", soft_wrap=True)


def _named(device: str, options: dict[str, Any]) -> str:
    """A device with its options, for people."""
    words = [f"{name}={value}" for name, value in options.items()]
    return " ".join([device, *words])


@contextmanager
def sampling_logged(device, folder: Path):
    """Tasks are noted in a file of their own, so that the next sampling takes up unfinished ones.

    Once all results are there, they join the tasks of the run: the next sampling is a fresh one.
    """
    log = folder / SAMPLING
    with device.tasks_logged(log):
        yield
    if log.exists():
        with open(folder / TASKS, "a") as file:
            file.write(log.read_text())
        log.unlink()


def _most_frequent(bits: np.ndarray, evaluation: Evaluation | None, title: str) -> Group:
    """The most frequent networks among some shots, those of equal frequency by their loss."""
    rows, inverse = unique_bitstrings(bits)
    often = np.bincount(inverse)
    _, first = np.unique(inverse, return_index=True)
    losses = np.zeros(len(rows))
    cells: dict[str, list[str]] = {"shots": [f"{n}" for n in often]}
    caption = f"{len(rows)} different networks"
    if evaluation is None:
        caption += "; data or loss are a program's own: plh.load(folder, data=, loss=) judges them"
    else:
        losses = evaluation.energy.losses[first]
        accuracy = evaluation.test or evaluation.train
        word = f"{evaluation.judging} {evaluation.word}"
        cells["loss"] = [f"{loss:.4f}" for loss in losses]
        cells[word] = [f"{one:.4f}" for one in accuracy.each[first]]
        caption += f"; energy {evaluation.energy}; {word}: mean of shots {accuracy.mean:.4f}, "
        caption += f"{_vote(evaluation)} {accuracy.vote:.4f}"
    cells["network"] = ["".join(map(str, row)) for row in rows]
    table = Table(title=title, title_justify="left")
    for heading in cells:
        table.add_column(heading, justify="left" if heading == "network" else "right")
    for row in np.lexsort((losses, -often))[:SHOWN]:
        table.add_row(*(column[row] for column in cells.values()))
    return _with_caption(table, caption)


def _vote(evaluation: Evaluation) -> str:
    """By what shots are summed up in these tables."""
    return "mean prediction" if evaluation.metric == "r2" else "vote"


def _comparison(evaluations: dict[str, Evaluation]) -> Group:
    """The same theta on two devices: do their shots have the same distribution of accuracy?"""
    from scipy.stats import ks_2samp  # here alone: it takes half a second to load

    accuracies = [(e.test or e.train).each for e in evaluations.values()]
    p_value = ks_2samp(*accuracies).pvalue
    word = next(iter(evaluations.values())).word
    table = Table(title="The same angles on both devices", title_justify="left")
    vote = _vote(next(iter(evaluations.values())))
    for heading in ("device", "energy", f"mean {word}", vote, "above 0.9"):
        table.add_column(heading, justify="left" if heading == "device" else "right")
    for name, evaluation in evaluations.items():
        accuracy = evaluation.test or evaluation.train
        mean = Estimate.from_losses(accuracy.each)
        table.add_row(
            name, f"{evaluation.energy}", f"{mean}", f"{accuracy.vote:.4f}",
            f"{evaluation.good.mean():.3f}",
        )  # fmt: skip
    test = f"two-sample Kolmogorov-Smirnov test of the shots' {word}: p = {p_value:.2g}"
    return _with_caption(table, f"{test}; small where the distributions differ")


def _with_caption(table: Table, caption: str) -> Group:
    """One that is as wide as the terminal, not as the table."""
    return Group(table, f"[dim italic]{escape(caption)}[/]")
