"""The picture of benchmarks/sampling_scaling.py: cost of a shot, a line for each library."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, LogLocator, NullLocator
from samplers import LIBRARIES

from pl_hypernet.analysis.pictures import COLORS

FIRST = next(iter(LIBRARIES))
LOOKS = {  # number of the color, dashes
    FIRST: (0, "-"),
    "hypernet.mps, general tensors": (0, "--"),
    "maestro (pennylane-maestro)": (4, "-"),
    "Aer, mps_probabilities": (1, "-"),
    "Aer, mps_apply_measure": (1, "--"),
    "tensorcircuit-ng": (5, "-"),
    "emu-mps": (6, "-"),
    "mqt-yaqs": (7, "-"),
    "quimb (and default.tensor)": (2, "-"),
    "TeNPy": (3, "-"),
}
STYLES = {
    name: {
        "color": COLORS[LOOKS[name][0]],
        "ls": LOOKS[name][1],
        "lw": 3.5 if name == FIRST else 1.5,
    }
    for name in LIBRARIES
}
FIGURE_SIZE = (11, 6)  # inches
MARKER = {"marker": "o", "ms": 5}
END = {"marker": "x", "ms": 10}


def draw_library(ax, sweep: dict[int, dict], name: str, style: dict) -> None:
    """A line, its points, and where it ends if it does."""
    times = {value: point["seconds_per_shot"].get(name) for value, point in sweep.items()}
    times = {value: seconds for value, seconds in times.items() if seconds is not None}
    ax.plot(times.keys(), times.values(), **style)
    for value, seconds in times.items():
        exact = sweep[value]["shots_timed"][name] == sweep[value]["shots"]
        face = style["color"] if exact else "white"
        ax.plot(value, seconds, **MARKER, mec=style["color"], mfc=face, zorder=6)
    if times and any(name in point["left_out"] for point in sweep.values()):
        ax.plot(*list(times.items())[-1], **END, mec=style["color"], mew=2, zorder=7)


def draw_sweep(ax, sweep: dict[int, dict], label: str, styles: dict[str, dict]) -> None:
    """Time of a shot against what is swept, a line for each library, on logarithmic axes."""
    for name, style in styles.items():
        draw_library(ax, sweep, name, style)
    ax.margins(x=0.08)
    ax.set(xscale="log", yscale="log", xlabel=label)
    ax.xaxis.set_major_locator(FixedLocator(list(sweep)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    ax.yaxis.set_major_locator(LogLocator(numticks=12))
    ax.yaxis.set_major_formatter(EngFormatter(unit="s"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_locator(NullLocator())
    ax.grid(axis="y", color="0.9")
    ax.spines[["top", "right"]].set_visible(False)


def tick(value: float) -> str:
    return f"{value:,.0f}" if value >= 10_000 else f"{value:.0f}"


def save_plot(path: Path, sweeps: dict[str, dict], labels: dict[str, str]) -> None:
    """Draws sweeps, name -> value -> point (see sampling_scaling.measure), side by side.

    Args:
        path: the PNG.
        sweeps: those of benchmarks/sampling_scaling.py.
        labels: of the horizontal axes, by name.
    """
    figure = Figure(figsize=FIGURE_SIZE, layout="constrained")
    axes = figure.subplots(1, len(sweeps), sharey=True)
    points = [point for sweep in sweeps.values() for point in sweep.values()]
    drawn = {
        name: style
        for name, style in STYLES.items()
        if any(name in point["seconds_per_shot"] for point in points)
    }
    for ax, (name, sweep) in zip(axes, sweeps.items(), strict=True):
        draw_sweep(ax, sweep, labels[name], drawn)
    axes[0].set_ylabel("processor time to draw one shot")
    handles = [Line2D([], [], label=name, **style) for name, style in drawn.items()]
    hollow = "hollow: timed with another number of shots"
    handles.append(Line2D([], [], **MARKER, mec="0.3", mfc="white", ls="none", label=hollow))
    cross = "cross: fails at the next size"
    handles.append(Line2D([], [], **END, mec="0.3", mew=2, ls="none", label=cross))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=120)
