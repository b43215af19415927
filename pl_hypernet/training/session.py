"""A training from its first step, or the next one, to its pictures."""

import time

import numpy as np

from pl_hypernet.callbacks import Training
from pl_hypernet.datasets import Data
from pl_hypernet.devices import may_hold_tasks
from pl_hypernet.torch_threads import one_thread_if_small
from pl_hypernet.training.budget import Budget
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import TASKS
from pl_hypernet.training.interrupt import FinishStep
from pl_hypernet.training.limits import Limits
from pl_hypernet.training.loop import keep, make_steps
from pl_hypernet.training.progress import ProgressBar
from pl_hypernet.training.run import Run
from pl_hypernet.training.timing import PICTURE_SECONDS, evaluation_seconds
from pl_hypernet.training.trainer import Trainer
from pl_hypernet.training.whole_files import written_to
from pl_hypernet.training.writer import RunWriter

TRAINING, EVALUATION, PICTURES = "training", "evaluation", "pictures"


class Session:
    """What :func:`train` and :func:`resume` do once all is made.

    Args:
        trainer: at the start, or where an earlier session ended.
        config, data: of the run.
        loss: a user's own, or a name; None: that of the settings.
        budget: of a training whose tasks are paid for.
        folder_pictures: whether pictures will be drawn.
        seconds_before: that earlier sessions took for their steps.

    Attributes:
        limits: what it may use.

    Raises:
        InputError: a limit leaves no place for a step.
    """

    def __init__(
        self,
        trainer: Trainer,
        config: RunConfig,
        data: Data,
        loss,
        budget: Budget | None,
        folder_pictures: bool,
        seconds_before: float = 0.0,
    ):
        self.trainer, self.config, self.data, self.loss = trainer, config, data, loss
        network = trainer.hypernet.network
        judging = evaluation_seconds(network, config.evaluation_shots, data.n_samples)
        self._stages: dict[str, float | None] = {TRAINING: None, EVALUATION: judging}
        if folder_pictures:
            self._stages[PICTURES] = PICTURE_SECONDS
        aside = judging + (PICTURE_SECONDS if folder_pictures else 0.0)
        self.seconds_before = seconds_before
        self.limits = Limits(trainer, config, budget, aside, seconds_before)

    def run(
        self,
        writer: RunWriter,
        progress: bool,
        began: float,
        bits: np.ndarray | None = None,
    ) -> Run:
        """Trains, judges and draws.

        Args:
            writer: of the run's folder, and the callbacks.
            progress: as of :func:`train`.
            began: when, by ``time.perf_counter``.
            bits: shots of these angles, where there are any; used if no step is made.
        """
        reason = "failed"
        try:
            run = self._run(writer, progress, began, bits)
            reason = run.stop_reason
            return run
        finally:
            writer.callbacks.end(reason)

    def _run(self, writer: RunWriter, progress: bool, began: float, bits) -> Run:
        trainer, config, callbacks = self.trainer, self.config, writer.callbacks
        training = Training(
            trainer.hypernet, config, writer.history, writer.folder, callbacks.ask_to_save
        )
        made = trainer.n_steps
        hypernet, n_batch = trainer.hypernet, min(config.batch_size, len(self.data.inputs))
        with (
            ProgressBar(self._stages, progress) as bar,
            FinishStep() as interrupt,
            hypernet.device.tasks_logged(writer.tasks),
        ):
            try:
                with one_thread_if_small(hypernet.shots * n_batch, hypernet.network.work):
                    reason = make_steps(
                        trainer, training, self.limits, callbacks, writer, bar, interrupt
                    )
            except BaseException as error:
                if trainer.n_steps > 0:
                    keep(trainer, writer, error)
                raise
            try:
                trainer.between_steps = False  # what is drawn now belongs to no step
                bits = bits if trainer.n_steps == made else None
                return self._end(writer, reason, bar, interrupt, began, bits)
            except BaseException as error:
                keep(trainer, writer, error, ended=True)
                raise

    def _end(self, writer: RunWriter, reason: str, bar, interrupt, began: float, bits) -> Run:
        """Judges and draws."""
        trainer, config, data = self.trainer, self.config, self.data
        hypernet, folder = trainer.hypernet, writer.folder
        shots = config.evaluation_shots
        interrupt.next("the evaluation, without pictures")
        bar.stage(EVALUATION, f"evaluating {shots:,} shots on {data.n_samples:,} samples")
        writer.begin_end(trainer.theta)
        if bits is None:
            with self.limits.evaluation():
                bits = hypernet.sample(trainer.theta, shots)
        writer.shots(bits)
        theta, schema, history = trainer.theta, data.schema, writer.history
        run = Run(hypernet, config, schema, theta, history, bits, reason, folder, data, self.loss)
        run.evaluation = run.judged(bar.share)  # now, not when it is asked for
        writer.losses(run.evaluation.energy.losses)
        writer.summary(run.summary)  # before pictures, should one of them fail
        if folder is not None and not interrupt.requested_since:
            bar.stage(PICTURES, "drawing pictures")
            with written_to(folder):
                run.save_pictures()
        whole = self.seconds_before + time.perf_counter() - began
        run.summary["run_seconds"] = round(whole, 3)
        writer.summary(run.summary)
        bar.done()
        return run

    def may_be_forgotten(self, folder) -> bool:
        """Whether no step was made, as it was refused by the device, and nothing was paid."""
        return self.trainer.n_steps == 0 and not may_hold_tasks(folder / TASKS)
