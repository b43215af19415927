"""What methods reached side by side: rows, a table, a file, a picture."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich import box
from rich.markup import escape
from rich.table import Table

from pl_hypernet.analysis.tables import WIDTH, as_text
from pl_hypernet.studies.comparison_picture import SIZE, draw_comparison
from pl_hypernet.studies.results import PICTURE, RESULTS, save_picture, save_rows

WIDE = 110  # letters of a line that has room for errors beside their means
LARGE = 1e6  # numbers that are shown as 1.23M
OTHERS = ("test", "validation")  # samples that judge
MEANS = ("mean", "best", "vote")


@dataclass(eq=False)
class Comparison:
    """What :func:`compare` returns.

    Attributes:
        about: the task, for people.
        limits: ``evaluations`` and ``seconds`` that each method might spend, where limited.
        folder: where it is written; None: nowhere.
        is_regression: scores are R^2, not accuracies.
        seeds: of each method.
        rows: a dict for each seed of each method: ``method``, ``seed``, figures of :func:`judged`,
            ``evaluations`` and ``seconds`` spent; ``note``, where a method says something.
        left_out: methods that do not apply, and why.
    """

    about: str
    limits: dict[str, float]
    folder: Path | None
    is_regression: bool
    seeds: tuple[int, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        """Those that have rows, in order."""
        return list(dict.fromkeys(row["method"] for row in self.rows))

    def sort(self, methods: list[str]) -> None:
        """Rows by the order of their methods, then by seed."""
        self.rows.sort(key=lambda row: (methods.index(row["method"]), row["seed"]))

    @property
    def judged_on(self) -> str:
        """``test`` or ``validation``, or ``train`` where there are no other samples."""
        found = (name for name in OTHERS if any(f"{name}.vote" in row for row in self.rows))
        return next(found, "train")

    def mean(self, method: str, figure: str) -> tuple[float, float | None] | None:
        """Over the seeds: mean and standard error, None of a single one; None: it has no figure."""
        values = [r[figure] for r in self.rows if r["method"] == method and figure in r]
        if not values:
            return None
        n = len(values)
        error = float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None
        return float(np.mean(values)), error

    def __str__(self) -> str:
        return as_text(self.table(WIDTH))

    def table(self, width: int = WIDE) -> Table:
        """A line for each method, as the command shows it.

        Args:
            width: letters of a line; of less than 110 errors stand below their means.
        """
        on = self.judged_on.replace("train", "training")
        what = f"R² on {on} samples" if self.is_regression else f"accuracy on {on} samples in %"
        n = len(self.seeds)
        of_seeds = f"mean ± standard error of {n} seeds" if n > 1 else f"of seed {self.seeds[0]}"
        table = Table(
            title=f"{self.about}\n{what}, {of_seeds}",
            title_justify="left",
            box=box.SIMPLE_HEAD,
            caption_justify="left",
            padding=(0, 1, 0, 0),
            pad_edge=False,
        )
        table.add_column("method", min_width=18 if width >= WIDE else 14)
        columns = [(f"{self.judged_on}.{each}", each, *self._scores) for each in MEANS]
        if not self.is_regression:
            columns += [("ece", "ECE", 100.0, 2), ("nll", "NLL", 1.0, 3)]
        columns += [("loss.best", "loss", 1.0, 4)]
        for _, heading, _, _ in columns:
            table.add_column(heading, justify="right")
        table.add_column("evalua-\ntions", justify="right")
        table.add_column("sec-\nonds", justify="right")
        for method in self.methods:
            between = " " if width >= WIDE else "\n"
            cells = [_cell(self.mean(method, name), f, d, between) for name, _, f, d in columns]
            for name, digits in (("evaluations", 0), ("seconds", 1)):
                mean = self.mean(method, name)
                cells.append(_cell(mean and (mean[0], None), 1.0, digits, between))
            table.add_row(escape(method.replace("-", " ")), *cells)
        table.caption = "\n".join(f"[not dim bold]{escape(line)}[/]" for line in self.said())
        return table

    @property
    def _scores(self) -> tuple[float, int]:
        """Factor and digits."""
        return (1.0, 4) if self.is_regression else (100.0, 2)

    def said(self) -> list[str]:
        """What is said below the table."""
        limits = " and ".join(f"{limit:,.0f} {name}" for name, limit in self.limits.items())
        lines = [
            f"Each may spend {limits}. best, and loss: of the network of the lowest training loss."
        ]
        for method in self.methods:
            notes = Counter(r["note"] for r in self.rows if r["method"] == method and "note" in r)
            for note, number in notes.most_common(3):
                many = f" ({number} of {sum(notes.values())})" if sum(notes.values()) > 1 else ""
                lines.append(f"{method}: {note}{many}")
        lines += [f"{method} is left out: {why}" for method, why in self.left_out.items()]
        return lines

    def draw(self, figure: Figure) -> None:
        """Scores, and the lowest training loss, of each method."""
        bounds = [row["lower_bound"] for row in self.rows if "lower_bound" in row]
        draw_comparison(
            figure, self.methods, self.mean, self.judged_on, not self.is_regression,
            max(bounds, default=None),
        )  # fmt: skip

    def save(self) -> list[Path]:
        """Writes ``results.csv`` and ``results.png``.

        Raises:
            OSError: they cannot be written.
        """
        assert self.folder is not None
        save_rows(self.rows, self.folder / RESULTS)
        width, of_method = SIZE
        save_picture(self.draw, (width, 1.2 + of_method * len(self.methods)), self.folder / PICTURE)
        return [self.folder / RESULTS, self.folder / PICTURE]


def _cell(mean: tuple[float, float | None] | None, factor: float, digits: int, between: str) -> str:
    """As ``99.51 ±0.02``."""
    if mean is None:
        return ""
    value, error = mean
    text = f"{factor * value:,.{digits}f}" if value < LARGE else f"{value / 1e6:.3g}M"
    return text if error is None else f"{text}{between}±{factor * error:.{digits}f}"
