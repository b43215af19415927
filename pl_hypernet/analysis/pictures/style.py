"""What all pictures have in common: size, colours, margins, ticks."""

from matplotlib.axis import Axis
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

COLORS = ("#1f6fb4", "#e07b1a", "#3a9a4b", "#9b59b6", "#c0392b", "#16a0a0", "#7f7f7f", "#b8860b")
WIDTH, HEIGHT = 5.5, 3.75  # inches of one picture
LETTER = 0.4  # width of a letter, of its size

_POINTS = 72  # an inch


def margins(
    figure: FigureBase, left=0.75, right=0.15, bottom=0.55, top=0.35, wspace=None, hspace=None
) -> None:
    """Leaves room for labels, in inches: a layout that measures them takes as long as drawing."""
    figure.subplots_adjust(
        left / WIDTH, bottom / HEIGHT, 1 - right / WIDTH, 1 - top / HEIGHT, wspace, hspace
    )


def text_width(texts, size: float) -> float:
    """Inches that the longest of some texts needs, about, in letters of so many points."""
    return 1.5 * LETTER * size / _POINTS * max(map(len, texts), default=0)


def shortened(text: str, most: int) -> str:
    """A text of at most so many letters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def whole_numbers(axis: Axis) -> None:
    """Ticks at 0, 10, 20 or the like, never between whole numbers."""
    axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
