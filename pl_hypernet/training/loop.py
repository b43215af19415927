"""The steps of a training, one after the other, and why they end."""

from collections.abc import Callable, Sequence

from pl_hypernet.errors import BudgetError, HypernetError
from pl_hypernet.optimizers import Optimizer
from pl_hypernet.training.interrupt import FinishStep
from pl_hypernet.training.limits import Limits
from pl_hypernet.training.progress import ProgressBar
from pl_hypernet.training.trainer import Trainer
from pl_hypernet.training.writer import RunWriter
from pl_hypernet.user_code import UserCode

MANY_ANGLES = 2000  # to solve for, which takes seconds: a log says so


def make_steps(
    trainer: Trainer,
    steps: int,
    limits: Limits,
    callbacks: Sequence[Callable],
    writer: RunWriter,
    bar: ProgressBar,
    interrupt: FinishStep,
) -> str:
    """Makes the steps up to this number; returns why they ended."""
    stop_reason = "steps"
    writer.checkpoint(trainer, "unfinished")  # a run that is killed in its first step loads too
    n_angles, optimizer = trainer.hypernet.n_angles, trainer.optimizer
    solves = optimizer.solves(n_angles) if isinstance(optimizer, Optimizer) else ""
    bar.first_step(trainer.n_steps + 1, solves, bool(solves) and n_angles > MANY_ANGLES)
    try:
        with limits.steps():
            while trainer.n_steps < steps:
                if limit := limits.stop_reason():
                    stop_reason = limit
                    break
                with limits.step():
                    record = trainer.step()
                writer.step(record, trainer)
                bar.step(record, steps)
                answers = [_answer(callback, record, trainer.theta) for callback in callbacks]
                if interrupt.requested:
                    answers.append("interrupted")
                if any(answers):
                    stop_reason = next(filter(None, answers))
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


def _answer(callback: Callable, record: dict, theta) -> str:
    """Why a callback wants to end the training; an empty text if it does not."""
    code = UserCode("callback", callback, "nothing, or why the training ends, as a text")
    answer = code(record=record, theta=theta)
    try:
        return str(answer) if answer else ""
    except (TypeError, ValueError, RuntimeError) as error:  # as the truth of an array
        raise code.refused(answer, record=record, theta=theta) from error
