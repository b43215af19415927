"""From data to a trained hypernetwork in one call."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from pl_hypernet.console import Console
from pl_hypernet.datasets import as_data
from pl_hypernet.devices import may_hold_tasks
from pl_hypernet.errors import BudgetError, HypernetError
from pl_hypernet.settings import CUSTOM, TrainingSettings, takes_settings
from pl_hypernet.torch_threads import one_thread_if_small
from pl_hypernet.training.budget import BUDGET, Budget, check_dollars
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.checkpoint import CheckpointPace, save_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import (
    CONFIG,
    LOSSES,
    SHOTS,
    SUMMARY,
    TASKS,
    append_history,
    make_run_folder,
    save_array,
    save_schema,
    unmake_run_folder,
)
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.interrupt import FinishStep
from pl_hypernet.training.progress import ProgressBar
from pl_hypernet.training.run import Run
from pl_hypernet.training.sizes import check_sizes
from pl_hypernet.training.timing import PICTURE_SECONDS, evaluation_seconds
from pl_hypernet.training.trainer import Trainer
from pl_hypernet.user_code import UserCode

TRAINING, EVALUATION, PICTURES = "training", "evaluation", "pictures"


@takes_settings(TrainingSettings)
def train(
    hypernet: QuantumHypernetwork,
    data,
    optimizer="qnspsa",
    *,
    settings: dict[str, Any],
    theta=None,
    callbacks: Sequence[Callable] = (),
    out=None,
    progress: bool = True,
    budget: float | None = None,
    prices=None,
    **optimizer_options,
) -> Run:
    """Trains a quantum hypernetwork.

    Args:
        hypernet: circuit, device and network.
        data: a :class:`Data`, or a user's own arrays ``(X, y)`` or ``(X, y, X_test, y_test)``.
        optimizer: ``"qnspsa"``, ``"spsa"``, ``"score"``, ``"pathwise"``; ``"auto"``, which chooses
            by device and ansatz and says why; or an object with ``step_and_cost``.
        {settings}
        theta: start angles, as those of another run; None: drawn from the seed.
        callbacks: called after each step as ``callback(record, theta)`` with the step's line of
            the history; one that returns something true ends the training, and what it returned
            becomes ``run.stop_reason``.
        out: folder to write to, which must not exist; None: nothing is written.
        progress: show a bar.
        budget: US dollars that the tasks of a QPU may cost, those of the evaluation included: the
            run ends before a step that would cost more, with ``stop_reason`` ``"budget"``.
            ``math.inf``: any amount. A device whose tasks are paid for wants one.
        prices: a TOML file of Braket's prices in place of the table that we have, see :func:`plan`.
        **optimizer_options: arguments of a named optimizer, as ``stepsize``.

    Returns:
        Run: theta, history, evaluation, summary, pictures; what a network trains along is in
        ``run.hypernet.network``, a copy of the one that was given. Ctrl-C ends the training and
        returns what was reached.

    Raises:
        InputError, DataError, DeviceError, RunFolderError: before anything is written or run; or
            in the middle, as of losses that turn NaN: the error holds the angles of the last step
            that went well as ``.theta``, and with ``out`` the checkpoint does.
    """
    began = time.perf_counter()
    hypernet = hypernet.with_own_network()
    config = RunConfig.of(hypernet, data, optimizer, settings, optimizer_options)
    if theta is not None:
        config = config.model_copy(update={"start": CUSTOM})
    loss = settings.get("loss")
    config, why = config.with_optimizer_chosen(lambda: hypernet.operations(hypernet.start_angles()))
    if why and progress:
        Console(stderr=True).print(why)
    network = hypernet.network
    data = as_data(data, regression=network.is_regression)
    check_task(network, data)
    check_sizes(hypernet.n_qubits, hypernet.n_angles, config.evaluation_shots)
    if config.validation is not None:
        data = data.split(config.validation, hypernet.generator("validation"))
    if isinstance(optimizer, str):
        optimizer = config.build_optimizer(hypernet.generator("optimizer"))
    trainer = Trainer(hypernet, data, optimizer, config, theta, loss if callable(loss) else None)
    allowed = _budget(hypernet, optimizer, config, budget, prices)
    folder, made, tasks = None, [], None
    if out is not None:
        text = config.to_toml()
        folder, made = make_run_folder(out)
        (folder / CONFIG).write_text(text)
        save_schema(folder, data.schema)
        tasks = folder / TASKS
        if config.secrets and progress:
            names = ", ".join(config.secrets)
            Console(stderr=True).print(f"not written to {CONFIG}: device option {names}")

    shots, n_samples = config.evaluation_shots, data.n_samples
    stages = {TRAINING: None, EVALUATION: evaluation_seconds(network, shots, n_samples)}
    if folder is not None:
        stages[PICTURES] = PICTURE_SECONDS
    with ProgressBar(stages, progress) as bar:
        with hypernet.device.tasks_logged(tasks):
            try:
                n_outputs = hypernet.shots * min(config.batch_size, len(data.inputs))
                with one_thread_if_small(n_outputs, network.work):
                    history, stop_reason = _loop(trainer, allowed, callbacks, folder, bar)
            except BaseException as error:
                if trainer.n_steps > 0:
                    _keep(trainer, folder, error)
                elif folder is not None and not may_hold_tasks(tasks):
                    unmake_run_folder(made)  # refused by the device, nothing paid: leave nothing
                raise
            bar.stage(EVALUATION, f"evaluating {shots:,} shots on {n_samples:,} samples")
            with nullcontext() if allowed is None else allowed.for_evaluation():
                bits = hypernet.sample(trainer.theta, shots)
        if folder is not None:
            save_array(folder / SHOTS, bits)
        theta, schema = trainer.theta, data.schema
        run = Run(hypernet, config, schema, theta, history, bits, stop_reason, folder, data, loss)
        _finish(run, began, bar)
    return run


def _finish(run: Run, began: float, bar: ProgressBar) -> None:
    """Judges the shots, draws, and keeps both in the run's folder, if it has one."""
    run.evaluation = run.judged(bar.share)  # now, not when it is asked for
    summary = run.summary
    if run.folder is not None:
        save_array(run.folder / LOSSES, run.evaluation.energy.losses)
        summary.save(run.folder / SUMMARY)  # before pictures, should one of them fail
        bar.stage(PICTURES, "drawing pictures")
        run.save_pictures()
    summary["run_seconds"] = round(time.perf_counter() - began, 3)
    if run.folder is not None:
        summary.save(run.folder / SUMMARY)
    bar.done()


def _budget(hypernet, optimizer, config, dollars, prices) -> Budget | None:
    """Of a training whose tasks are paid for, once what it costs is agreed to."""
    check_dollars(dollars)
    spending = hypernet.device.spending
    if spending is None:
        return None
    if prices is not None:
        spending.use_prices(prices)
    budget = Budget(hypernet, optimizer, config, dollars)
    budget.check()
    return budget


def _loop(trainer, budget, callbacks, folder, bar) -> tuple[list[dict], str]:
    """Makes the steps; returns the history and why it ended."""
    history: list[dict] = []
    stop_reason = "steps"
    if folder is not None:
        _save(folder, trainer, "unfinished")  # a run that is killed in its first step loads too
    pace, steps = CheckpointPace(), trainer.settings.steps
    try:
        with FinishStep() as interrupt, nullcontext() if budget is None else budget.for_steps():
            while trainer.n_steps < steps:
                if budget is not None and not budget.allows_step(trainer.n_steps + 1):
                    stop_reason = BUDGET
                    break
                record = trainer.step()
                history.append(record)
                if folder is not None:
                    append_history(folder, record)
                    if pace.is_due():
                        with pace.writing():
                            _save(folder, trainer, "unfinished")
                bar.step(record, steps)
                answers = [_answer(callback, record, trainer.theta) for callback in callbacks]
                if interrupt.requested:
                    answers.append("interrupted")
                if any(answers):
                    stop_reason = next(filter(None, answers))
                    break
    except BudgetError:
        if trainer.n_steps == 0:
            raise
        stop_reason = BUDGET
    if folder is not None:
        _save(folder, trainer, stop_reason)
    return history, stop_reason


def _answer(callback: Callable, record: dict, theta) -> str:
    """Why a callback wants to end the training; an empty text if it does not."""
    code = UserCode("callback", callback, "nothing, or why the training ends, as a text")
    answer = code(record=record, theta=theta)
    try:
        return str(answer) if answer else ""
    except (TypeError, ValueError, RuntimeError) as error:  # as the truth of an array
        raise code.refused(answer, record=record, theta=theta) from error


def _keep(trainer: Trainer, folder, error: BaseException) -> None:
    """An error in the middle does not lose the angles of the last step that went well."""
    where = None
    if isinstance(error, HypernetError):
        error.theta, where = trainer.theta, ".theta of the error"
    if folder is not None:
        _save(folder, trainer, "failed")
        where = f"the checkpoint of {folder}"
    if where:
        error.add_note(f"the angles after step {trainer.n_steps} are in {where}")


def _save(folder, trainer: Trainer, stop_reason: str) -> None:
    arrays, plain = trainer.state()
    save_checkpoint(folder, arrays, plain | {"stop_reason": stop_reason})
