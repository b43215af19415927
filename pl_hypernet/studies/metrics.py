"""Figures of a run's summary, by name: what a sweep shows and lowers."""

from typing import Any

from pl_hypernet.errors import InputError, unknown_name

ENERGY = ("energy.mean", "energy.best_shot")
OF_SAMPLES = ("mean", "best", "vote", "most_likely", "majority")
TOTALS = ("steps", "circuits", "overlaps", "shots", "seconds")  # shots is a setting as well
METRICS = (
    *ENERGY,
    *(
        f"{samples}_{metric}.{which}"
        for samples in ("train", "validation", "test")
        for metric in ("accuracy", "r2")
        for which in OF_SAMPLES
    ),
    "fraction_above_90", "mutual_hamming", *(f"total.{name}" for name in TOTALS),
)  # fmt: skip
LEFT_OUT = ("remarks",)  # sentences


def figures_of(summary: dict[str, Any]) -> dict[str, Any]:
    """The figures of ``summary.json``, those within tables as ``energy.mean``; what the run took in
    all as ``total.shots``.

    Args:
        summary: its contents.
    """
    found: dict[str, Any] = {}
    for name, figure in summary.items():
        if name in LEFT_OUT:
            continue
        if name in TOTALS:
            name = f"total.{name}"
        found |= _within(name, figure)
    return found


def _within(name: str, figure) -> dict[str, Any]:
    if not isinstance(figure, dict):
        return {name: figure}
    found: dict[str, Any] = {}
    for inner, each in figure.items():
        found |= _within(f"{name}.{inner}", each)
    return found


def check_metric(metric: str, held_out: bool) -> None:
    """Refuses what no summary will hold.

    Args:
        metric: by name.
        held_out: whether ``validation`` holds samples out of the training samples.

    Raises:
        InputError: an unknown name, or one of samples that there are none of.
    """
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    if metric.startswith("validation_") and not held_out:
        raise InputError(f"metric = {metric!r}: no samples are held out, give validation = 0.2")
    if metric.startswith("test_") and held_out:
        raise InputError(
            f"metric = {metric!r}: the validation samples take the place of the test "
            f"samples, choose {metric.replace('test_', 'validation_')!r}"
        )


def check_measured(metric: str, planned: dict[str, Any]) -> None:
    """Refuses what the data of a run do not give.

    Args:
        metric: by name, checked.
        planned: what :func:`plan` says of the run.

    Raises:
        InputError: there are no test samples, or it is of classes where outputs are numbers, or of
            numbers where they are classes.
    """
    if metric.startswith("test_") and not planned["samples"].get("test"):
        raise InputError(
            f"metric = {metric!r}: the data have no test samples, choose a figure of the training "
            "samples, or hold some out with validation = 0.2"
        )
    regression, other = planned["is_regression"], "of classes"
    wrong = "_accuracy." in metric or metric == "fraction_above_90"
    if not regression:
        wrong, other = "_r2." in metric, "of a regression"
    if wrong:
        given = "numbers" if regression else "classes"
        raise InputError(f"metric = {metric!r} is {other}, and the outputs are {given}")


def is_lowered(metric: str) -> bool:
    """Whether less of a metric is better, of those that a search may improve.

    Raises:
        InputError: it is measured on test samples, by which nothing may be chosen, or is no measure
            of how good a run is.
    """
    if metric in ENERGY:
        return True
    if metric.startswith(("train_", "validation_")):
        return False
    why = "is none of them"
    if metric.startswith("test_"):
        why = "would choose by the samples that are to judge the choice"
    raise InputError(
        f"metric = {metric!r} {why}: a search lowers {' or '.join(ENERGY)}, or raises a train_ or "
        "validation_ figure"
    )
