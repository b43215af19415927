"""Whether shots that adapt to the noise reach an energy with fewer of them than a fixed number.

    python benchmarks/adaptive_shots.py --seeds 5 --json adaptive_shots.json
    python benchmarks/adaptive_shots.py --seeds 5 --rules spsa
    python benchmarks/adaptive_shots.py --small  # to see that it runs

The main job: 0 against 1 at 8x8, 66 qubits, two layers. Numbers of shots of an energy are fixed, or

- by difference: so that the variance of the difference of SPSA's two energies, as their standard
  errors have it, is a given multiple of the square of the difference itself, both averaged over
  steps. This is what the condition of iCANS (arXiv:1909.09083), shots of the most expected gain a
  shot, comes to where a gradient has one random direction: the variance of the gradient over its
  square, times a number that depends on the step size and the curvature;
- growing: twice as many whenever the mean energy of 100 steps (20 of the rules with gradients) has
  not fallen below that of the 100 before by more than its standard error, as `--stop-early` has it.

Beside the training, and not counted, 200 fresh shots are judged on 2,000 digits every 50 steps (5
of the rules with gradients). Prints the energy at the end, the shots until three such energies in a
row are within a tenth of where the first row ends, and step, shots and energy where `--stop-early
100` (20) would have ended the run. Mean and standard error over the seeds.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import pennylane as qp
import torch
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.objectives import NetworkLoss

LOOK_SHOTS, LOOK_SAMPLES = 200, 2000
IN_A_ROW = 3
WITHIN = 1.1  # of the energy that is to be reached


class ByDifference:
    """Shots by which the noise of a difference is ``ratio`` times its square, from few to most."""

    def __init__(self, ratio: float, few: int = 5, most: int = 200, memory: float = 0.99):
        self.ratio, self.few, self.most, self.memory = ratio, few, most, memory
        self.shots, self._of_one, self._signal = few, 0.0, 0.0

    def learn(self, energy, difference: float) -> None:
        noise = 2 * energy.stderr**2
        self._of_one = self.memory * self._of_one + noise * energy.shots
        self._signal = self.memory * self._signal + difference**2 - noise
        wanted = self._of_one / (self.ratio * self._signal) if self._signal > 0 else self.most
        self.shots = int(np.clip(wanted, self.few, self.most))


class Growing:
    """Twice the shots once the energy no longer falls, by the statistic of early stopping."""

    def __init__(self, few: int, most: int, window: int):
        self.shots, self.most, self.window = few, most, window
        self._stopping, self._step = plh.callbacks.EarlyStopping(window), 0

    def learn(self, energy, difference: float) -> None:
        self._step += 1
        record = {"step": self._step, "energy": float(energy)}
        if self._stopping.on_step(record, None) and self.shots < self.most:
            self.shots = min(self.most, 2 * self.shots)
            self._stopping, self._step = plh.callbacks.EarlyStopping(self.window), 0


class WithShots:
    """Mixed into an optimizer: each step takes the shots of ``rule``."""

    rule: ByDifference | Growing
    _difference = 0.0

    def step_and_cost(self, cost, *args, **kwargs):
        cost = qp.set_shots(cost, shots=self.rule.shots)
        after, energy = super().step_and_cost(cost, *args, **kwargs)
        self.rule.learn(energy, self._difference)
        return after, energy

    def _natural(self, gradient):  # one direction: all elements are of one size
        self._difference = 2 * self.finite_diff_step * abs(gradient[0])
        return super()._natural(gradient)


@dataclass(frozen=True)
class Row:
    label: str
    steps: int
    shots: int | Callable  # fixed, or what makes a rule


@dataclass(frozen=True)
class Rule:
    """An optimizer, its options, steps between looks, window of early stopping; the first row
    says what is to be reached."""

    build: type
    options: dict
    every: int
    window: int
    rows: list[Row]


PERTURBED = [
    Row("200", 1000, 200),
    Row("20", 1500, 20),
    Row("by difference", 1500, lambda: ByDifference(10.0)),
    Row("growing from 10", 1500, lambda: Growing(10, 200, 100)),
]
RULES = {
    "spsa": Rule(plh.SPSAOptimizer, {}, 50, 100, PERTURBED),
    "qnspsa": Rule(plh.QNSPSAOptimizer, {}, 50, 100, PERTURBED),
    "score": Rule(
        plh.ScoreFunctionOptimizer,
        {},
        5,
        20,
        [
            Row("200", 200, 200),
            Row("50", 200, 50),
            Row("growing from 20", 200, lambda: Growing(20, 200, 20)),
        ],
    ),
    "pathwise": Rule(
        plh.PathwiseOptimizer,
        {"stepsize": 0.2},
        5,
        20,
        [
            Row("10", 120, 10),
            Row("5", 120, 5),
            Row("2", 120, 2),
            Row("growing from 2", 120, lambda: Growing(2, 40, 20)),
        ],
    ),
}


def one_run(rule: Rule, row: Row, seed: int, steps: int) -> dict:
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    fixed = isinstance(row.shots, int)
    hypernet = plh.QuantumHypernetwork(network, shots=row.shots if fixed else 200, seed=seed)
    beside = plh.QuantumHypernetwork(network, shots=LOOK_SHOTS, seed=seed + 1000)
    judged = NetworkLoss(network, data.inputs[:LOOK_SAMPLES], data.targets[:LOOK_SAMPLES])
    gradients = rule.build in (plh.ScoreFunctionOptimizer, plh.PathwiseOptimizer)
    own = {"decay_steps": steps} if gradients else {"seed": hypernet.generator("optimizer")}
    build = rule.build if fixed else type(rule.build.__name__, (WithShots, rule.build), {})
    optimizer = build(**own, **rule.options)
    if not fixed:
        optimizer.rule = row.shots()
    looks = []

    def look(record: dict, theta) -> None:
        if record["step"] % rule.every == 0:
            energy = judged(beside.sample(theta)).mean()
            looks.append((record["step"], record["shots"], float(energy)))

    run = plh.train(
        hypernet, data, optimizer, steps=steps, progress=False, callbacks=[look],
        evaluation_shots=2,
    )  # fmt: skip
    stopping = plh.callbacks.EarlyStopping(rule.window)
    stopped = next((r["step"] for r in run.history if stopping.on_step(r, None)), steps)
    return {
        "label": row.label, "seed": seed, "looks": looks, "stopped": stopped,
        "circuits": run.history[-1]["circuits"],
    }  # fmt: skip


def at_end(looks: list, step: float = np.inf) -> tuple[int, float]:
    """Shots up to a step, and the mean energy of the last looks before it."""
    seen = [look for look in looks if look[0] <= step]
    return seen[-1][1], float(np.mean([energy for *_, energy in seen[-IN_A_ROW:]]))


def shots_to(looks: list, target: float) -> int | None:
    """Shots at the middle one of the first looks in a row whose mean is as low; None: never."""
    for first in range(len(looks) - IN_A_ROW + 1):
        some = looks[first : first + IN_A_ROW]
        if np.mean([energy for *_, energy in some]) <= target:
            return some[IN_A_ROW // 2][1]
    return None


def whole(numbers) -> str:
    """Mean and standard error, rounded to hundreds where they are large."""
    numbers = np.array(numbers, dtype=float)
    error = numbers.std(ddof=1) / np.sqrt(len(numbers)) if len(numbers) > 1 else np.nan
    digits = -2 if numbers.mean() > 3000 else 0
    return f"{round(numbers.mean(), digits):,.0f} ± {round(error, digits):,.0f}"


def table(name: str, groups: dict[str, list[dict]]) -> Table:
    first = next(iter(groups.values()))
    target = WITHIN * np.mean([at_end(run["looks"])[1] for run in first])
    made = Table(title=f"{name}; to reach: {target:.4f}", title_justify="left")
    for heading in ("shots of an energy", "steps", "shots", "energy", "shots to reach", "by",
                    "stops at step", "shots", "energy"):  # fmt: skip
        made.add_column(heading, justify="left" if heading.startswith("shots of") else "right")
    for label, runs in groups.items():
        ends = [at_end(run["looks"]) for run in runs]
        stops = [at_end(run["looks"], run["stopped"]) for run in runs]
        reached = [n for run in runs if (n := shots_to(run["looks"], target)) is not None]
        made.add_row(
            label,
            f"{runs[0]['looks'][-1][0]:,}",
            whole([shots for shots, _ in ends]),
            mean_and_error([energy for _, energy in ends]),
            whole(reached) if reached else "",
            f"{len(reached)} of {len(runs)}",
            whole([run["stopped"] for run in runs]),
            whole([shots for shots, _ in stops]),
            mean_and_error([energy for _, energy in stops]),
        )
    return made


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    rules: Annotated[str, typer.Option(help="Of " + ", ".join(RULES) + ".")] = ",".join(RULES),
    small: Annotated[bool, typer.Option(help="Few steps, to see that it runs.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Add all runs here.")] = None,
) -> None:
    torch.set_num_threads(1)
    console = Console(width=160)
    kept = json.loads(as_json.read_text()) if as_json and as_json.exists() else {}
    for name in rules.split(","):
        rule = RULES[name]
        groups = kept.setdefault(name, {})
        for seed, row in product(range(seeds), rule.rows):
            runs = groups.setdefault(row.label, [])
            if len(runs) == seed:
                runs.append(one_run(rule, row, seed, rule.every if small else row.steps))
                if as_json:
                    as_json.write_text(json.dumps(kept) + "\n")
        console.print(table(name, groups))


if __name__ == "__main__":
    typer.run(main)
