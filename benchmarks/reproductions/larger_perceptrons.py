"""Larger binary perceptrons by digitised annealing on matrix product states.

    python benchmarks/reproductions/larger_perceptrons.py

Random patterns with random labels (arXiv:2112.10219, 2208.14468), 21 weights and more, at several
bond dimensions; 1 is a product state, and with 21 weights the state is known without truncation
too, on all 2^N amplitudes. Two schedules: the published one (the cost of a wrong pattern is
|xi . sigma| / sqrt(N), 100 steps of dt = 1), and one whose cost is the number of wrong patterns, 50
steps of dt = 1.5: the best of two costs and four dt for three instances of 51 weights with seeds
that are not used here. Beside them the package's simulated annealing and one-flip search on the
same patterns, which minimise the cross-entropy of one network: 10 chains of 200 sweeps, and as many
flips. Figures are of 1000 shots, of the chains' ends, and of the ends of one-flip search.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from annealed_state import AnnealedState, signed_patterns
from matplotlib.figure import Figure
from perceptrons import errors_of_all, qaoa
from rich import print
from shared import HERE, mean_and_error, save

import pl_hypernet as plh
from pl_hypernet.baselines import METHODS, Allowance, Task
from pl_hypernet.training.config import RunConfig

WIDTH = 3.0  # standard deviations of counts; a state is off by 2e-6 of its weight for each pattern
SHOTS, CHAINS, SWEEPS = 1000, 10, 200
EXACT = 21  # weights up to which all amplitudes are held


@dataclass
class Group:
    """Instances of one size, annealed in one way."""

    n: int
    load: float
    chis: tuple[int, ...]
    instances: int
    published: bool = False
    steps: int = 50
    dt: float = 1.5

    @property
    def cost(self) -> tuple[float, float]:
        return (0.0, self.n**-0.5) if self.published else (1.0, 0.0)


GROUPS = (
    *(Group(15, 0.8, (1, 2, 4, 8), 8, dt=dt) for dt in (0.25, 0.5, 0.75)),
    Group(15, 0.8, (1, 2, 4, 8, 16, 32), 8, dt=1.0),
    Group(15, 0.8, (1, 2, 4, 8), 8, dt=1.5),
    Group(21, 0.8, (1, 2, 4, 8), 8, published=True, steps=100, dt=1.0),
    Group(21, 0.8, (1, 2, 4, 8, 16), 10),
    Group(51, 0.4, (1, 2, 4), 10),
    Group(51, 0.6, (1, 2, 4), 10),
    Group(101, 0.4, (1, 2, 4), 6),
    Group(101, 0.6, (1, 2), 6),
    Group(301, 0.2, (1, 2), 3),
    Group(1001, 0.1, (1, 2), 2, steps=20),
)
SMALL = (
    *(Group(7, 0.5, (1, 2), 2, steps=4, dt=dt) for dt in (0.5, 1.5)),
    Group(9, 0.5, (1, 2), 2, published=True, steps=4),
    Group(23, 0.2, (1, 2), 2, steps=2),
)


def wrong_patterns(signs: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """How many of patterns (P, N) each of networks int8 (S, N) has wrong: (S,)."""
    return ((1 - 2 * bits.astype(np.int8)) @ signs.T < 0).sum(axis=1)


def without_truncation(data: plh.Data, group: Group) -> tuple[float, float]:
    """Probability of no error, and the mean share of wrong patterns, of all amplitudes."""
    s = (np.arange(group.steps) + 1) / group.steps
    errors = errors_of_all(data)
    costs = errors_of_all(data, by_sum=True) if group.published else errors
    unit = group.cost[1] if group.published else 1.0
    p = qaoa(costs, s * group.dt * unit, (1 - s) * group.dt).astype(float)
    return float(p[errors == 0].sum()), float(p @ errors / len(data.inputs))


def searched(method: str, data: plh.Data, seed: int) -> np.ndarray:
    """Networks int8 (S, N) that a method of the package finds."""
    n = data.inputs.shape[1]
    network = plh.BinaryNetwork(n, [1], bias=False)
    hypernet = plh.QuantumHypernetwork(network, shots=2, seed=seed)
    config = RunConfig.of(hypernet, data, "score", {"steps": 1}, {})
    task = Task(network, data, config, Allowance(CHAINS * SWEEPS * n))
    return METHODS[method](task, seed).bits


def methods_on(data: plh.Data, group: Group, seed: int) -> dict[str, dict[str, float]]:
    """Of each method zero (share without error), wrong (mean share of patterns) and best."""
    signs = signed_patterns(data)
    found = {}

    def note(name: str, bits: np.ndarray, **more) -> None:
        wrong = wrong_patterns(signs, bits)
        shares = {"zero": np.mean(wrong == 0), "wrong": wrong.mean() / len(signs)}
        found[name] = {k: float(v) for k, v in (shares | {"best": wrong.min()} | more).items()}

    for chi in group.chis:
        began = time.process_time()
        annealed = AnnealedState(signs, chi, group.cost, WIDTH).anneal(group.steps, group.dt)
        seconds = time.process_time() - began
        state = annealed.state()
        more = {"kept": annealed.log_kept, "seconds": seconds}
        more["entropy"] = state.entanglement_entropies().max()
        note(f"chi {chi}", state.sample(SHOTS, np.random.default_rng(seed))[0], **more)
    if group.n <= EXACT:
        zero, wrong = without_truncation(data, group)
        found["exact"] = {"zero": zero, "wrong": wrong}
    for name in ("annealing", "one-flip"):
        note(name, searched(name, data, seed))
    return found


def patterns_of(group: Group) -> list[tuple[int, plh.Data]]:
    """The first seeds, of as many weights as can be enumerated those that can be stored."""
    chosen, seed = [], 0
    while len(chosen) < group.instances:
        data = plh.datasets.random_patterns(group.n, group.load, seed)
        if group.n > EXACT or errors_of_all(data).min() == 0:
            chosen.append((seed, data))
        seed += 1
    return chosen


def summary(methods: dict[str, dict[str, list[float]]]) -> None:
    for name, values in methods.items():
        zero, wrong = (mean_and_error(values[key]) for key in ("zero", "wrong"))
        gain = np.subtract(values["wrong"], methods["chi 1"]["wrong"])
        seconds = f"{np.mean(values['seconds']):.1f} s" if "seconds" in values else ""
        line = f"zero {zero[0]:.4f} ± {zero[1]:.4f}, wrong {wrong[0]:.4f} ± {wrong[1]:.4f}"
        gain = mean_and_error(gain)
        print(f"  {name}: {line}, from chi 1 {gain[0]:.4f} ± {gain[1]:.4f} {seconds}", flush=True)


def label(group: dict) -> str:
    schedule = "published" if group["published"] else f"{group['steps']} steps of {group['dt']}"
    return f"N = {group['n']}, load {group['load']}, {schedule}"


def draw(results: dict) -> Figure:
    figure = Figure(figsize=(11.5, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1, 1.5])
    least = min(group["n"] for group in results["groups"])
    swept = [group for group in results["groups"] if group["n"] == least]
    for i, name in enumerate(name for name in swept[0]["methods"] if "-" not in name):
        points = [mean_and_error(group["methods"][name]["zero"]) for group in swept]
        style = {"ls": "-" if name.startswith("chi") else "--", "marker": "os^vDP*"[i]}
        dts = [group["dt"] for group in swept]
        left.errorbar(dts, *np.transpose(points), capsize=2, label=shown(name), **style)
    left.set(xlabel="dt, radians", ylabel="share of shots without error", ylim=(-0.03, 1.03))
    left.set_title(f"N = {least}, load {swept[0]['load']}", fontsize=10)
    others = [group for group in results["groups"] if group["n"] > least]
    names = [f"chi {2**i}" for i in range(6)] + ["exact", "annealing", "one-flip"]
    names = [name for name in names if any(name in group["methods"] for group in others)]
    for i, group in enumerate(others):
        at = [j for j, name in enumerate(names) if name in group["methods"]]
        style = {"color": f"C{i}", "capsize": 2, "marker": "os^vDP*X<"[i % 9], "ms": 5}
        for of_states in (True, False):
            some = [j for j in at if names[j].startswith("chi") == of_states]
            points = [mean_and_error(group["methods"][names[j]]["zero"]) for j in some]
            x = np.array(some) + 0.05 * (i - len(others) / 2)
            line = {"ls": "-", "label": label(group)} if of_states else {"ls": ""}
            right.errorbar(x, *np.transpose(points), **line, **style)
    right.set_xticks(range(len(names)), [shown(name).replace("d ", "d\n") for name in names])
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14)}
    left.legend(frameon=False, fontsize=8, ncol=3, **place)
    if others:
        right.legend(frameon=False, fontsize=8, ncol=2, **place)
    for ax in (left, right):
        ax.grid(alpha=0.3)
    return figure


def shown(name: str) -> str:
    known = {"exact": "untruncated", "annealing": "simulated annealing", "one-flip": "one flip"}
    return known.get(name, name.replace("chi ", "χ = "))


def kept_groups(out: Path | None, sizes: set[int]) -> list[dict]:
    """Those of the file that are not of these sizes."""
    path = (HERE if out is None else out) / "larger_perceptrons.json"
    if not sizes or not path.exists():
        return []
    return [group for group in json.loads(path.read_text())["groups"] if group["n"] not in sizes]


def main(
    sizes: Annotated[str, typer.Option(help="Only these; others stay in the file.")] = "",
    small: Annotated[bool, typer.Option(help="23 weights at most.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go.")] = None,
) -> None:
    wanted = {int(n) for n in sizes.split(",") if n}
    groups = kept_groups(out, wanted)
    for group in SMALL if small else GROUPS:
        if wanted and group.n not in wanted:
            continue
        methods: dict[str, dict[str, list[float]]] = {}
        for seed, data in patterns_of(group):
            for name, values in methods_on(data, group, seed).items():
                for key, value in values.items():
                    methods.setdefault(name, {}).setdefault(key, []).append(value)
        groups.append(asdict(group) | {"methods": methods})
        print(label(groups[-1]))
        summary(methods)
        results = {"groups": sorted(groups, key=lambda group: group["n"])}
        save("larger_perceptrons", results, draw(results), out)


if __name__ == "__main__":
    typer.run(main)
