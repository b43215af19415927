"""What the shots choose, against step."""

from matplotlib.figure import FigureBase

from pl_hypernet.analysis.pictures.style import (
    COLORS,
    HEIGHT,
    WIDTH,
    margins,
    shortened,
    text_width,
    whole_numbers,
)

MOST_CHOICES = 6  # drawn, the first ones
MOST_OPTIONS = len(COLORS)  # of a choice, those of the largest shares
ACROSS = 2  # axes beside each other, from three choices on
LEGEND = 8  # points
LINE, HANDLE = 0.17, 0.35  # inches of a line of a legend, and of what stands before its text


def draw_choices(
    figure: FigureBase, history: list[dict], shares: dict[str, dict[str, float]]
) -> None:
    """Share of each option among the shots of a step, axes for each choice.

    Args:
        figure: where to draw.
        history: of a run; its steps have ``choices``, as those of a network that has any.
        shares: of the options in the end, as of an :class:`Evaluation`.
    """
    shown = list(shares)[:MOST_CHOICES]
    across = 1 if len(shown) < 3 else ACROSS
    down = -(-len(shown) // across)
    axes = figure.subplots(down, across, squeeze=False, sharex=True)
    margins(figure, wspace=0.22, hspace=0.3)
    size = (WIDTH - 0.9) / (1.22 * across - 0.22), (HEIGHT - 0.9) / (1.3 * down - 0.3)
    for ax, name in zip(axes.flat, shown, strict=False):
        _draw_choice(ax, name, history, shares[name], size)
        ax.set_title(f"Choice: {shortened(name, 24)}", fontsize="medium")
        ax.tick_params(labelbottom=False)
    for ax in axes.flat[len(shown) :]:
        ax.remove()
    for column in range(across):  # the lowest of each column, which may end a row higher
        lowest = axes.flat[: len(shown)][column::across][-1]
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel("step")
    more = "" if len(shares) == len(shown) else f", {len(shown)} of {len(shares)} choices"
    figure.supylabel(f"share (in brackets: at the end{more})", fontsize="medium", x=0.01)


def _draw_choice(ax, name: str, history: list[dict], shares: dict[str, float], size) -> None:
    """A line for each option, with room for the legend above the lines, on axes of this size."""
    history = [record for record in history if name in record.get("choices", {})]
    steps = [record["step"] for record in history]
    largest = sorted(shares, key=shares.get, reverse=True)[:MOST_OPTIONS]
    for code, option in enumerate(shares):
        if option in largest:
            ax.plot(
                steps,
                [record["choices"][name].get(option, 0.0) for record in history],
                color=COLORS[code % len(COLORS)],
                lw=1.0,
                marker="o" if len(steps) == 1 else None,
                label=f"{shortened(option, 16)} ({100 * shares[option]:.1f} %)",
            )
    width, height = size
    widest = HANDLE + text_width([line.get_label() for line in ax.lines], LEGEND)
    columns = 2 if 2 * widest < width else 1
    room = LINE * -(-len(largest) // columns) / height
    ax.set_ylim(-0.04, 1.06 / max(0.3, 1 - room))
    ax.set_yticks([0, 0.5, 1])
    whole_numbers(ax.xaxis)
    ax.legend(
        frameon=False,
        fontsize=LEGEND,
        loc="upper center",
        ncols=columns,
        handlelength=1,
        borderaxespad=0.1,
        labelspacing=0.2,
    )
