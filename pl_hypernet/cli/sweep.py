"""What the command ``sweep`` does."""

from collections.abc import Sequence
from pathlib import Path

from pl_hypernet.cli.loading import loading
from pl_hypernet.console import Console
from pl_hypernet.errors import RunFolderError
from pl_hypernet.studies import sweep
from pl_hypernet.studies.estimate import estimate
from pl_hypernet.studies.folder import places
from pl_hypernet.studies.results import RESULTS
from pl_hypernet.studies.study import read_study


def make_sweep(
    study: Path,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    networks: Sequence[str],
) -> None:
    """Makes the runs, and shows their table.

    Raises:
        RunFolderError: some of them failed.
    """
    try:
        results = sweep(study, out, workers=workers, scheduler=scheduler, networks=networks)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped; the same command goes on.")
        raise
    console = Console()
    console.print(results.table())
    console.print(f"Written to {results.folder}", soft_wrap=True, markup=False)
    if results.failed:
        raise RunFolderError(
            f"{len(results.failed)} of {len(results.rows)} runs failed, see error in "
            f"{results.folder / RESULTS}; the same sweep again tries them once more"
        )


def plan_sweep(study: Path, out: Path | None, networks: Sequence[str]) -> None:
    """Checks the runs, and says what they would take."""
    source, _ = places(study, out)
    with loading("the study"):
        planned = estimate(read_study(source, networks))
    for line in filter(None, (planned.said, str(planned))):
        Console().print(line, soft_wrap=True, markup=False)
