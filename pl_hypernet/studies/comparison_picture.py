"""Methods below each other: what they score, what they lower, and how long it takes."""

from collections.abc import Callable, Sequence

from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from pl_hypernet.analysis.pictures.style import COLORS, text_width

Mean = Callable[[str, str], tuple[float, float | None] | None]

SIZE = 11.0, 0.36  # inches: of the picture, and of each method
OF_LABELS = 9  # points
MARKS = {"mean": ("o", "none"), "best": ("s", "full"), "vote": ("D", "full")}
WORDS = {"mean": "mean network", "best": "best by training loss", "vote": "vote"}
CROWDED = 50.0  # largest value by smallest, from which on powers of 10 alone are labelled
LEAST = 1e-4  # an error rate that a logarithmic axis shows


def draw_comparison(
    figure: FigureBase,
    methods: Sequence[str],
    mean: Mean,
    samples: str,
    is_rate: bool,
    bound: float | None,
) -> None:
    """Three pictures side by side, a row for each method, with error bars over the seeds.

    Args:
        figure: to draw in.
        methods: by name, from above.
        mean: of a method's figure, and its error, see :meth:`Comparison.mean`.
        samples: ``test``, ``validation`` or ``train``, which scores are of.
        is_rate: whether scores are accuracies, of which errors are shown; else R^2.
        bound: no network has a lower training loss; None: not known.
    """
    labels = [method.replace("-", " ") for method in methods]
    width, height = figure.get_figure(root=True).get_size_inches()
    axes = figure.subplots(1, 3, sharey=True, width_ratios=(2, 1.4, 1))
    left = 0.2 + text_width(labels, OF_LABELS)
    figure.subplots_adjust(
        left / width, 0.6 / height, 1 - 0.15 / width, 1 - 0.55 / height, wspace=0.08
    )
    rows = range(len(methods))
    for k, (name, (marker, filled)) in enumerate(MARKS.items()):
        points = [mean(method, f"{samples}.{name}") for method in methods]
        for row, point in zip(rows, points, strict=True):
            if point is None:
                continue
            score, error = point
            x = 100 * max(1 - score, LEAST) if is_rate else score
            e = (100 if is_rate else 1) * (error or 0.0)
            axes[0].errorbar(
                x, row + 0.18 * (k - 1), xerr=e, fmt=marker, ms=5, capsize=2, lw=1, color=COLORS[k],
                fillstyle=filled, label=WORDS[name] if row == 0 else None,
            )  # fmt: skip
    what = samples.replace("train", "training")
    axes[0].set_xlabel(f"{what} error (%)" if is_rate else f"R² on {what} samples")
    panels = ((axes[1], "loss.best", "lowest training loss"), (axes[2], "seconds", "seconds"))
    for ax, figure_name, label in panels:
        for row, method in zip(rows, methods, strict=True):
            point = mean(method, figure_name)
            if point is not None:
                ax.errorbar(
                    point[0], row, xerr=point[1] or 0.0, fmt="o", ms=5, capsize=2, lw=1,
                    color=COLORS[4],
                )  # fmt: skip
        ax.set_xlabel(label)
    if bound is not None:
        axes[1].axvline(bound, color=COLORS[6], lw=1, ls="--")
        axes[1].set_title("dashed: no network is below", fontsize=OF_LABELS)
    for ax in axes if is_rate else axes[1:]:
        values = [x for line in ax.get_lines() for x in line.get_xdata() if x > 0]
        if values and min(values) > 0:
            ax.set_xscale("log")
            ax.set_xlim(min(values) / 1.3, max(values) * 1.3)
            decades = max(values) / min(values) > CROWDED
            ax.xaxis.set_major_locator(LogLocator(subs=(1.0,) if decades else (1.0, 2.0, 5.0)))
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            ax.xaxis.set_minor_formatter(NullFormatter())
    for ax in axes:
        ax.grid(alpha=0.3)
    axes[0].set_yticks(list(rows), labels, fontsize=OF_LABELS)
    axes[0].set_ylim(len(methods) - 0.5, -0.5)
    axes[0].legend(
        frameon=False, ncols=3, fontsize=OF_LABELS, loc="lower left", bbox_to_anchor=(0, 1.0),
        borderaxespad=0.1, columnspacing=1.0, handletextpad=0.3,
    )  # fmt: skip
