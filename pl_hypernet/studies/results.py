"""What the runs of a sweep reached: rows, their means over seeds, a file, a table, a picture."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich import box
from rich.markup import escape
from rich.table import Table

from pl_hypernet.analysis.pictures.style import HEIGHT, WIDTH
from pl_hypernet.studies.picture import PointResult, draw_metric
from pl_hypernet.training.whole_files import write_whole

RESULTS, PICTURE = "results.csv", "results.png"
DPI = 120
SHOWN = 20  # points in the table


@dataclass(frozen=True, eq=False)
class SweepResults:
    """What :func:`sweep` returns.

    Attributes:
        folder: of the study; each run is in ``folder / row["run"]``, for :func:`load`.
        parameters: names of what differs, as ``optimizer_options.stepsize``.
        metric: what is shown, as ``energy.mean``.
        rows: a dict for each run: ``run``, the parameters, ``seed``, the figures of its
            ``summary.json``; ``error``, a line, of one that failed.
    """

    folder: Path
    parameters: tuple[str, ...]
    metric: str
    rows: list[dict[str, Any]]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The rows that have an error."""
        return [row for row in self.rows if "error" in row]

    def points(self) -> list[PointResult]:
        """The metric of each point, in the order of the rows: mean and error over its seeds."""
        groups: dict[str, list[dict]] = {}
        for row in self.rows:
            point = {name: row[name] for name in self.parameters}
            groups.setdefault(json.dumps(point, default=str), []).append(row)
        return [self._point(rows) for rows in groups.values()]

    def _point(self, rows: list[dict]) -> PointResult:
        values = [row[self.metric] for row in rows if row.get(self.metric) is not None]
        mean = float(np.mean(values)) if values else None
        n = len(values)
        error = float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None
        return PointResult({name: rows[0][name] for name in self.parameters}, mean, error, n)

    def table(self) -> Table:
        """A line for each point, as the command shows it."""
        points = self.points()
        table = Table(
            title=f"{len(self.rows)} runs, {self.metric}: mean ± standard error over seeds",
            title_justify="left",
            box=box.SIMPLE_HEAD,
            caption_justify="left",
        )
        for name in self.parameters:
            table.add_column(escape(name))
        table.add_column("runs", justify="right")
        table.add_column(self.metric, justify="right")
        for point in points[:SHOWN]:
            cells = [escape(as_text(point.point[name])) for name in self.parameters]
            table.add_row(*cells, f"{point.n}", in_figures(point))
        said = [f"{len(points) - SHOWN} more points in {RESULTS}"] if len(points) > SHOWN else []
        said += [f"{len(self.failed)} runs failed"] if self.failed else []
        table.caption = "\n".join(said) or None
        return table

    def draw(self, figure: Figure) -> None:
        """The metric against each parameter."""
        draw_metric(figure, self.points(), self.parameters, self.metric)

    def save(self) -> list[Path]:
        """Writes the rows as ``results.csv``, and the picture ``results.png`` if there is anything
        to draw.

        Returns:
            The paths.

        Raises:
            OSError: they cannot be written.
        """
        paths = [self.save_rows()]
        if any(point.mean is not None for point in self.points()):
            size = WIDTH * len(self.parameters), HEIGHT
            save_picture(self.draw, size, self.folder / PICTURE)
            paths.append(self.folder / PICTURE)
        return paths

    def save_rows(self) -> Path:
        """The table alone."""
        save_rows(self.rows, self.folder / RESULTS)
        return self.folder / RESULTS


def save_rows(rows: list[dict[str, Any]], path: Path) -> None:
    """A table with commas, a column for each name that a row has."""
    names = dict.fromkeys(name for row in rows for name in row)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(names), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: as_text(value) for name, value in row.items()})
    write_whole(path, file.getvalue().encode())


def save_picture(draw: Callable[[Figure], None], size: tuple[float, float], path: Path) -> None:
    """A PNG of so many inches."""
    figure = Figure(figsize=size, dpi=DPI)
    FigureCanvasAgg(figure)
    draw(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    write_whole(path, content.getvalue())


def as_text(value) -> str:
    """A value of a setting, or a figure, in one cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def in_figures(point: PointResult) -> str:
    """As ``0.0552 ± 0.0006``."""
    if point.mean is None:
        return "none" if point.n == 0 else ""
    return f"{point.mean:.4g}" if point.error is None else f"{point.mean:.4g} ± {point.error:.2g}"
