"""Points that Optuna proposes: it asks for runs, and is told what they reached."""

import warnings

from pl_hypernet.errors import InputError
from pl_hypernet.settings import SweepSettings
from pl_hypernet.studies.metrics import is_lowered
from pl_hypernet.studies.values import Parameter, Point, Range

NO_OPTUNA = (
    "search = 'optuna' needs Optuna, which is not installed: pip install 'pl_hypernet[search]'"
)


class OptunaSearch:
    """Optuna's tree-structured Parzen estimator, by batches of points.

    The sampler of each batch has a seed of its own, so that the points follow from the study file
    and the results alone: a search that goes on asks for the same points again, and finds their
    runs made.

    Args:
        parameters, settings, seed: as of :func:`search_of`.

    Raises:
        InputError: Optuna is not installed, or the metric is one of test samples.
    """

    def __init__(self, parameters: list[Parameter], settings: SweepSettings, seed: int):
        try:
            import optuna
        except ImportError as error:
            raise InputError(NO_OPTUNA) from error
        self._optuna = optuna
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        direction = "minimize" if is_lowered(settings.metric) else "maximize"
        self._study = optuna.create_study(direction=direction)
        self._spaces = {each.name: self._space(each) for each in parameters}
        self._values = {each.name: each.values for each in parameters}
        self._left, self._at_once = settings.points or 0, settings.at_once
        self._seed, self._batch = seed, 0
        self._trials: list = []

    def ask(self) -> list[Point]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the constant liar may change in later versions
            self._study.sampler = self._optuna.samplers.TPESampler(
                seed=(self._seed + self._batch) % 2**32, constant_liar=True
            )
        n = min(self._left, self._at_once)
        self._batch, self._left = self._batch + 1, self._left - n
        self._trials = [self._study.ask(self._spaces) for _ in range(n)]
        return [self._point(trial.params) for trial in self._trials]

    def tell(self, scores: list[float | None]) -> None:
        failed = self._optuna.trial.TrialState.FAIL
        for trial, score in zip(self._trials, scores, strict=True):
            if score is None:
                self._study.tell(trial, state=failed)
            else:
                self._study.tell(trial, score)

    def _space(self, parameter: Parameter):
        """Where a parameter lies; of a list the number of its value, which may be a list itself."""
        values, of = parameter.values, self._optuna.distributions
        if not isinstance(values, Range):
            return of.CategoricalDistribution(range(len(values)))
        kind = of.IntDistribution if values.is_whole else of.FloatDistribution
        return kind(values.low, values.high, log=values.log)

    def _point(self, params: dict) -> Point:
        return {
            name: params[name] if isinstance(values, Range) else values[params[name]]
            for name, values in self._values.items()
        }
