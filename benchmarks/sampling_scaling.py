"""Shots of one circuit drawn by five libraries: cost over qubits, bond dimension and shots.

The circuit is the hardware-efficient ansatz with P layers of a chain of CZ, at random angles: a
matrix product state of bond dimension 2^P. Timed is the sampling alone, never the evolution:

- **hypernet.mps**: ``state.sample``, random numbers included, in its default single precision. It
  draws from the light cones of the circuit. "general tensors" is our sampler of any matrix product
  state, which has as much to start from as the others have.
- **Qiskit Aer**: ``matrix_product_state`` with both of its algorithms, on one thread: the time of
  many shots less that of one. Of ``mps_apply_measure`` 100 shots are timed, of
  ``mps_probabilities`` at least 1000: fewer cannot be told from the evolution.
- **quimb** and **TeNPy** draw one shot after the other; two are timed.
- **default.tensor** of PennyLane has no finite shots. Its state is a circuit of quimb's, sampled by
  the very function that is timed for quimb, so it has no row of its own. It is slower still: its
  tensors carry a tag for each wire.

The others compute in double precision. First all of them, and default.tensor, must pass a G-test
against the exact distribution at 8 qubits, or the program stops with an error. At each size the
mean log p of their shots must be that of ours within 5 standard errors. A library that fails there
or draws wrong shots is named below the table and has no time: Aer's ``mps_probabilities`` and quimb
carry the probability of a whole shot, which leaves the range of double precision, 1e-308, at about
1300 qubits of this circuit.

Times are medians of processor time, of calls in turn, so that other programs count little; pin it
to one core, so that no library starts more threads:

    pip install "pl_hypernet[bench]"
    taskset -c 1 python benchmarks/sampling_scaling.py --plot docs/sampling_scaling.png
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import pennylane as qml
import samplers
import torch
import typer
from ansatz_circuit import angles, ansatz_state
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, LogLocator, NullLocator
from rich.console import Console
from rich.table import Table
from timing import median_seconds

import pl_hypernet as plh
from pl_hypernet.analysis.pictures import COLORS
from pl_hypernet.testing import ALPHA, MOST_ERRORS, g_test

OURS = "hypernet.mps"
LIBRARIES = {  # name: its builder
    OURS: samplers.ours,
    "hypernet.mps, general tensors": samplers.ours_of_tensors,
    "Aer, mps_probabilities": samplers.aer_probabilities,
    "Aer, mps_apply_measure": samplers.aer_apply_measure,
    "quimb (and default.tensor)": samplers.quimb,
    "TeNPy": samplers.tenpy,
}
STYLES = {
    name: {"color": COLORS[color], "ls": dashes, "lw": 3.5 if name == OURS else 1.5}
    for name, color, dashes in zip(
        LIBRARIES, (0, 0, 1, 1, 2, 3), ("-", "--", "-", "--", "-", "-"), strict=True
    )
}
WIRES, LAYERS, SHOTS = 66, 2, 1000  # of the sweeps over something else
LABELS = {
    "qubits": f"qubits (bond dimension {2**LAYERS}, {SHOTS} shots)",
    "bond_dim": f"bond dimension ({WIRES} qubits, {SHOTS} shots)",
    "shots": f"shots ({WIRES} qubits, bond dimension {2**LAYERS})",
}
CHECK_WIRES, CHECK_SHOTS = 8, 1000
REFERENCE_SHOTS = 1000
FIGURE_SIZE = (11, 5)  # inches
MARKER = {"marker": "o", "ms": 5}


def check_distributions() -> None:
    """Ends the program unless all draw the exact distribution at a small size."""
    theta = angles(LAYERS, CHECK_WIRES)
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(CHECK_WIRES))
    exact = np.abs(qml.matrix(ansatz)[:, 0]) ** 2
    for name, build in {**LIBRARIES, "default.tensor": samplers.default_tensor}.items():
        sampler = build(theta, ansatz_state(theta))
        p_value = g_test(sampler.bits(sampler.draw(CHECK_SHOTS)), exact)
        if p_value < ALPHA:
            sys.exit(f"{name} does not draw |<x|psi>|^2: G-test, p = {p_value:.1e}")


def errors_off(bits: np.ndarray, theta, reference: np.ndarray) -> float:
    """Standard errors by which the mean log p of shots lies off that of a reference."""
    with torch.no_grad():
        log_p = plh.log_probability(torch.tensor(theta), bits).numpy()
    error = reference.std() * np.sqrt(1 / len(log_p) + 1 / len(reference))
    return abs(log_p.mean() - reference.mean()) / error


def right_samplers(theta) -> tuple[dict, dict[str, str]]:
    """The samplers of a circuit that work, and what is wrong with the others."""
    state = ansatz_state(theta)
    _, reference = state.sample(REFERENCE_SHOTS, np.random.default_rng(1))
    right, wrong = {}, {}
    for name, build in LIBRARIES.items():
        try:
            sampler = build(theta, state)
            off = errors_off(sampler.bits(sampler.draw(sampler.timed(100))), theta, reference)
        except Exception as error:  # whatever a library fails with, the others go on
            wrong[name] = f"fails: {error}"
            continue
        if off > MOST_ERRORS:
            wrong[name] = f"wrong shots: their mean log p lies {off:.0f} standard errors off"
        else:
            right[name] = sampler
    if OURS in wrong:
        sys.exit(f"{OURS} {wrong[OURS]}")
    return right, wrong


def seconds_per_shot(drawing: dict, shots: int, repeats: int) -> dict[str, float]:
    """Seconds of each library's sampling, without the evolution, divided by the shots."""
    calls = {}
    for name, sampler in drawing.items():
        count = sampler.timed(shots)
        calls[name, count] = lambda draw=sampler.draw, count=count: draw(count)
        if sampler.evolves:
            calls[name, 1] = lambda draw=sampler.draw: draw(1)
    times = median_seconds(calls, repeats, clock=time.process_time)
    each = {}
    for name, sampler in drawing.items():
        count = sampler.timed(shots)
        if sampler.evolves:
            each[name] = (times[name, count] - times[name, 1]) / (count - 1)
        else:
            each[name] = times[name, count] / count
    return each


def measure(n_wires: int, n_layers: int, shots: int, repeats: int) -> dict:
    """One point of a sweep: seconds a shot, shots timed, and who is left out for what reason."""
    drawing, left_out = right_samplers(angles(n_layers, n_wires))
    return {
        "shots": shots,
        "seconds_per_shot": seconds_per_shot(drawing, shots, repeats),
        "shots_timed": {name: sampler.timed(shots) for name, sampler in drawing.items()},
        "left_out": left_out,
    }


def cell(point: dict, name: str) -> str:
    """Microseconds a shot and how many times ours that is."""
    seconds = point["seconds_per_shot"]
    if name not in seconds:
        return "-"
    microseconds = rounded(1e6 * seconds[name], digits=3)
    if name == OURS:
        return microseconds
    return f"{microseconds} ({rounded(seconds[name] / seconds[OURS], digits=2)})"


def rounded(value: float, digits: int) -> str:
    """So many digits that count, without an exponent."""
    decimals = digits - 1 - int(np.floor(np.log10(value)))
    return f"{round(value, decimals):,.{max(0, decimals)}f}"


def print_sweep(console: Console, title: str, sweep: dict[int, dict]) -> None:
    table = Table(
        title=f"Processor time, us a shot (times ours), over {title}", title_justify="left"
    )
    for heading in ("", *LIBRARIES):
        lines = heading.replace(", ", "\n").replace(" (", "\n(")
        table.add_column(lines, justify="right", no_wrap=True)
    for value, point in sweep.items():
        table.add_row(f"{value:,}", *(cell(point, name) for name in LIBRARIES))
    console.print(table)
    for value, point in sweep.items():
        for name, reason in point["left_out"].items():
            console.print(f"left out at {value:,}: {name}, {reason}")


def draw_library(ax, sweep: dict[int, dict], name: str, style: dict) -> None:
    """A line, its points, and where and why it ends if it does."""
    times = {value: point["seconds_per_shot"].get(name) for value, point in sweep.items()}
    times = {value: seconds for value, seconds in times.items() if seconds is not None}
    ax.plot(times.keys(), times.values(), **style)
    for value, seconds in times.items():
        exact = sweep[value]["shots_timed"][name] == sweep[value]["shots"]
        face = style["color"] if exact else "white"
        ax.plot(value, seconds, **MARKER, mec=style["color"], mfc=face, zorder=6)
    for value, point in sweep.items():
        if name in point["left_out"] and times:
            ax.annotate(
                f"{point['left_out'][name].split(':')[0]}\nat {tick(value)}",
                list(times.items())[-1],
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=style["color"],
            )
            return


def draw_sweep(ax, sweep: dict[int, dict], label: str) -> None:
    """Time of a shot against what is swept, a line for each library, on logarithmic axes."""
    for name, style in STYLES.items():
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


def save_plot(path: Path, sweeps: dict[str, dict]) -> None:
    figure = Figure(figsize=FIGURE_SIZE, layout="constrained")
    axes = figure.subplots(1, len(sweeps), sharey=True)
    for ax, (name, sweep) in zip(axes, sweeps.items(), strict=True):
        draw_sweep(ax, sweep, LABELS[name])
    axes[0].set_ylabel("processor time to draw one shot")
    handles = [Line2D([], [], label=name, **style) for name, style in STYLES.items()]
    hollow = "hollow: timed with another number of shots"
    handles.append(Line2D([], [], **MARKER, mec="0.3", mfc="white", ls="none", label=hollow))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=120)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of qubits.")] = "33,66,132,264,528,1056,2112",
    layers: Annotated[str, typer.Option(help="Layers P: bond dimensions 2^P.")] = "1,2,3,4,5,6,7",
    shots: Annotated[str, typer.Option(help="Numbers of shots.")] = "10,100,1000,10000,100000",
    repeats: Annotated[int, typer.Option(min=1, help="Timed calls of each.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the figures: a PNG.")] = None,
) -> None:
    """Time of a shot in five libraries, over qubits, bond dimension and shots."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of libraries at sizes that they cannot do
    console = Console(width=140, highlight=False)
    check_distributions()
    console.print(f"All draw the exact distribution of {CHECK_WIRES} qubits (G-test).")
    sweeps = {
        "qubits": {n: measure(n, LAYERS, SHOTS, repeats) for n in numbers(sizes)},
        "bond_dim": {2**p: measure(WIRES, p, SHOTS, repeats) for p in numbers(layers)},
        "shots": {s: measure(WIRES, LAYERS, s, repeats) for s in numbers(shots)},
    }
    for name, sweep in sweeps.items():
        print_sweep(console, LABELS[name], sweep)
    if plot:
        save_plot(plot, sweeps)
    if json_file:
        packages = ("numpy", "qiskit-aer", "quimb", "pennylane", "physics-tenpy")
        figures = {"versions": {name: version(name) for name in packages}, "sweeps": sweeps}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
