"""What the runs of a sweep would take, before any begins."""

from dataclasses import dataclass

from pl_hypernet.errors import HypernetError, InputError
from pl_hypernet.memory import check_memory
from pl_hypernet.studies.metrics import check_measured
from pl_hypernet.studies.study import Study, SweptRun
from pl_hypernet.training import Plan, plan
from pl_hypernet.training.plan_table import dollars, duration
from pl_hypernet.training.table_settings import with_table_defaults
from pl_hypernet.words import counted

PROCESS_BYTES = 4 * 10**8  # of a worker before its run: Python, PennyLane, torch
COUNTED = ("circuits", "shots", "seconds", "usd")
WORKERS = {"workers", "scheduler"}  # options of a device that hands out its circuits


@dataclass(frozen=True)
class Estimate:
    """Of all runs together.

    Attributes:
        runs: how many.
        total: circuits, shots, seconds of one process and US dollars; None: not known, or nothing.
        said: what is to be said of the settings, as what was chosen for a table.
    """

    runs: int
    total: dict[str, float | None]
    said: str | None

    def __str__(self) -> str:
        total, seconds, usd = self.total, self.total["seconds"], self.total["usd"]
        time = "" if seconds is None else f", about {duration(seconds)} of a process"
        cost = "" if usd is None else f", about {dollars(usd)}"
        return (
            f"{counted(self.runs, 'run')}: {counted(round(total['circuits']), 'circuit')}, "
            f"{counted(round(total['shots']), 'shot')}{time}{cost}"
        )


def estimate(study: Study, workers: int = 1) -> Estimate:
    """Checks all runs by the arithmetic of :func:`plan`, or of a search those at the ends of its
    ranges, from which it takes the mean. Seeds of a point take the same.

    Args:
        study: what was asked for.
        workers: runs side by side on this machine.

    Raises:
        HypernetError: of the first run that would be refused, with its name.
        InputError: the largest runs do not fit side by side into this machine's memory.
    """
    points = study.points_to_check()
    planned = [_planned(study.runs(point)[0], study.sweep.metric) for point in points]
    n_points = study.sweep.points or len(points)
    runs = n_points * len(study.seeds)
    beside = min(workers, runs)
    largest = max((each["memory"] or 0) + each["step_memory"] for each, _ in planned)
    check_memory(
        beside * (PROCESS_BYTES + largest),
        f"{beside} runs side by side",
        "use fewer workers, or smaller runs",
    )
    total: dict[str, float | None] = {}
    for name in COUNTED:
        figures = [each["total"][name] for each, _ in planned]
        known = [figure for figure in figures if figure is not None]
        all_known = known and (len(known) == len(figures) or name == "usd")
        total[name] = runs * sum(known) / len(figures) if all_known else None
    return Estimate(runs, total, planned[0][1])


def _planned(run: SweptRun, metric: str) -> tuple[Plan, str | None]:
    if own := WORKERS & run.config.device_options.keys():
        raise InputError(
            f"run {run.name}: device option {min(own)}: a run of a sweep is one worker's, which "
            "starts none and waits for none; leave it out"
        )
    try:
        settings, said = with_table_defaults(run.settings)
        found = plan(**settings)
        check_measured(metric, found)
    except HypernetError as error:
        raise type(error)(f"run {run.name}: {error}") from error
    if found["cost"] is not None and run.config.max_cost is None:
        raise InputError(
            f"run {run.name}: its tasks would cost about {dollars(found['total']['usd'])}: give "
            "max_cost, the dollars that each run may cost"
        )
    return found, said
