"""The steps of a training, one after the other, and why they end."""

from pl_hypernet.callbacks import Training
from pl_hypernet.errors import BudgetError, HypernetError
from pl_hypernet.optimizers import Optimizer
from pl_hypernet.training.callbacks import Callbacks
from pl_hypernet.training.interrupt import FinishStep
from pl_hypernet.training.limits import Limits
from pl_hypernet.training.progress import ProgressBar
from pl_hypernet.training.trainer import Trainer
from pl_hypernet.training.writer import RunWriter

MANY_ANGLES = 2000  # to solve for, which takes seconds: a log says so


def make_steps(
    trainer: Trainer,
    training: Training,
    limits: Limits,
    callbacks: Callbacks,
    writer: RunWriter,
    bar: ProgressBar,
    interrupt: FinishStep,
) -> str:
    """Makes the steps of the settings; returns why they ended."""
    steps = training.settings.steps
    writer.checkpoint(trainer, "unfinished")  # a run that is killed in its first step loads too
    n_angles, optimizer = trainer.hypernet.n_angles, trainer.optimizer
    solves = optimizer.solves(n_angles) if isinstance(optimizer, Optimizer) else ""
    bar.first_step(trainer.n_steps + 1, solves, bool(solves) and n_angles > MANY_ANGLES)
    answer = callbacks.start(training)
    stop_reason = answer or "steps"
    try:
        with limits.steps():
            while not answer and trainer.n_steps < steps:
                if limit := limits.stop_reason():
                    stop_reason = limit
                    break
                with limits.step():
                    record = trainer.step()
                writer.step(record)
                bar.step(record, steps)
                answer = callbacks.step(record, trainer.theta)
                writer.checkpoint_if_due(trainer, callbacks.asked_to_save())
                if answer or interrupt.requested:
                    stop_reason = answer or "interrupted"
                    break
    except BudgetError as error:
        if trainer.n_steps == 0:
            raise
        stop_reason = error.limit
    writer.checkpoint(trainer, stop_reason)
    return stop_reason


def keep(trainer: Trainer, writer: RunWriter, error: BaseException, ended: bool = False) -> None:
    """An error does not lose the angles of the last step that went well.

    Args:
        trainer, writer: of the training.
        error: what happened.
        ended: after the last step, whose checkpoint was written.
    """
    where = None
    if isinstance(error, HypernetError):
        error.theta, where = trainer.theta, ".theta of the error"
    where = writer.keep(trainer, "failed", ended) or where
    if where:
        error.add_note(f"the angles after step {trainer.n_steps} are in {where}")
