"""How many shots a step: fixed numbers against those that adapt to the noise of the gradient.

    python benchmarks/adaptive_shots.py --seeds 5 --json adaptive_shots.json
    python benchmarks/adaptive_shots.py --seeds 5 --task gaussian
    python benchmarks/adaptive_shots.py --rules spsa --first 100  # seeds that settings are tuned on
    python benchmarks/adaptive_shots.py --small  # to see that it runs

Two tasks: the main job, 0 against 1 at 8x8, 66 qubits; and the 18 qubits of the Gaussian mixture of
arXiv:2301.08292, 2-4-1 with squared error. Beside the training, and not counted, 200 fresh shots
are judged on 2,000 training samples now and then: every 50 steps, or 5 of the rules with gradients.

Prints for each number of shots: all shots of the run; the energy at the end; the energy once as
many shots were spent as the cheapest run of the table spent in all; and the shots until three such
energies in a row have a mean below a given one. Mean and standard error over the seeds.
"""

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.objectives import NetworkLoss

LOOK_SHOTS, LOOK_SAMPLES = 200, 2000
IN_A_ROW = 3
MOST = 200  # shots of a step that adapts


@dataclass(frozen=True)
class Row:
    """Shots of an energy: a fixed number, or from ``least`` on, up to 200."""

    steps: int
    shots: int = MOST
    least: int | None = None

    @property
    def label(self) -> str:
        return f"{self.shots}" if self.least is None else f"{self.least} to {self.shots}"


@dataclass(frozen=True)
class Rule:
    """An optimizer, its options, and steps between looks."""

    build: type
    options: dict
    every: int


RULES = {
    "spsa": Rule(plh.SPSAOptimizer, {}, 50),
    "qnspsa": Rule(plh.QNSPSAOptimizer, {}, 50),
    "score": Rule(plh.ScoreFunctionOptimizer, {}, 5),
    "natural": Rule(plh.ScoreFunctionOptimizer, {"natural_gradient": True}, 5),
    "pathwise": Rule(plh.PathwiseOptimizer, {"stepsize": 0.2}, 5),
}


@dataclass(frozen=True)
class Job:
    """What is trained; the energy to be reached and the rows, of each rule."""

    data: plh.Data
    network: plh.BinaryNetwork
    loss: str
    rows: dict[str, tuple[float, list[Row]]]


def main_job() -> Job:
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    score = [Row(200, n) for n in (20, 30, 50, 200)] + [Row(200, least=5), Row(200, least=20)]
    rows = {
        "spsa": (0.1, [Row(1000, 200), Row(1500, 20), Row(2500, 10), Row(1500, least=5)]),
        "qnspsa": (0.1, [Row(1000, 200), Row(700, 60), Row(1000, 30), Row(1000, least=5)]),
        "score": (0.05, score),
        "natural": (0.045, score),
        "pathwise": (0.045, [Row(120, 10), Row(120, 5), Row(120, 2), Row(120, 40, least=2)]),
    }
    return Job(plh.datasets.mnist(), network, "bce", rows)


def gaussian() -> Job:
    hidden = plh.Choice("sigmoid", "relu")
    network = plh.BinaryNetwork(2, [4, 1], "sigmoid", scale=1.0, hidden=hidden)
    perturbed = [Row(600, 200), Row(1000, 50), Row(1000, 20), Row(1000, 10), Row(1000, least=5)]
    score = [Row(200, n) for n in (10, 20, 50, 200)] + [Row(200, least=5)]
    rows = {
        "spsa": (0.12, perturbed),
        "qnspsa": (0.12, perturbed),
        "score": (0.04, score),
        "natural": (0.04, score),
    }
    return Job(plh.datasets.gaussian_mixture(4000), network, "mse", rows)


TASKS = {"main": main_job, "gaussian": gaussian}


def one_run(job: Job, rule: Rule, row: Row, seed: int, steps: int) -> dict:
    data = job.data
    hypernet = plh.QuantumHypernetwork(job.network, shots=row.shots, seed=seed)
    beside = plh.QuantumHypernetwork(job.network, shots=LOOK_SHOTS, seed=seed + 1000)
    inputs, targets = data.inputs[:LOOK_SAMPLES], data.targets[:LOOK_SAMPLES]
    judged = NetworkLoss(job.network, inputs, targets, job.loss)
    perturbs = rule.build in (plh.SPSAOptimizer, plh.QNSPSAOptimizer)
    own = {"seed": hypernet.generator("optimizer")} if perturbs else {"decay_steps": steps}
    optimizer = rule.build(**own, **rule.options)
    looks, taken = [], []

    def look(record: dict, theta) -> None:
        taken.append(record.get("step_shots", row.shots))
        if record["step"] % rule.every == 0:
            energy = judged(beside.sample(theta)).mean()
            looks.append((record["step"], record["shots"], float(energy)))

    plh.train(
        hypernet, data, optimizer, steps=steps, progress=False, callbacks=[look],
        evaluation_shots=2, loss=job.loss, adaptive_shots=row.least,
    )  # fmt: skip
    tenths = [int(np.mean(part)) for part in np.array_split(taken, 10) if len(part)]
    return {"seed": seed, "looks": looks, "taken": tenths}


def at_end(looks: list) -> float:
    """The mean energy of the last looks."""
    return float(np.mean([energy for *_, energy in looks[-IN_A_ROW:]]))


def when_spent(looks: list, shots: float) -> float:
    """The energy once so many shots are spent: the mean of the last looks before."""
    seen = [energy for _, spent, energy in looks if spent <= shots] or [looks[0][2]]
    return float(np.mean(seen[-IN_A_ROW:]))


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


def table(name: str, groups: dict[str, list[dict]], target: float) -> Table:
    spent = {label: np.mean([r["looks"][-1][1] for r in runs]) for label, runs in groups.items()}
    equal = min(spent.values())
    made = Table(title=name, title_justify="left")
    made.add_column("shots of an energy")
    for heading in ("steps", "shots", "energy", f"energy at {equal:,.0f}", f"shots to {target:g}",
                    "by"):  # fmt: skip
        made.add_column(heading, justify="right")
    made.add_column("shots of a step, each tenth of seed 0")
    for label, runs in groups.items():
        reached = [n for run in runs if (n := shots_to(run["looks"], target)) is not None]
        made.add_row(
            label,
            f"{runs[0]['looks'][-1][0]:,}",
            whole([run["looks"][-1][1] for run in runs]),
            mean_and_error([at_end(run["looks"]) for run in runs]),
            mean_and_error([when_spent(run["looks"], equal) for run in runs]),
            whole(reached) if reached else "",
            f"{len(reached)} of {len(runs)}",
            " ".join(map(str, runs[0]["taken"])) if "to" in label else "",
        )
    return made


def main(
    seeds: Annotated[int, typer.Option(help="How many.")] = 1,
    first: Annotated[int, typer.Option(help="The first of them.")] = 0,
    task: Annotated[str, typer.Option(help="Of " + ", ".join(TASKS) + ".")] = "main",
    rules: Annotated[str, typer.Option(help="Of " + ", ".join(RULES) + "; all of the task.")] = "",
    small: Annotated[bool, typer.Option(help="Few steps, to see that it runs.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Add all runs here.")] = None,
) -> None:
    torch.set_num_threads(1)
    console = Console(width=180)
    kept = json.loads(as_json.read_text()) if as_json and as_json.exists() else {}
    job = TASKS[task]()
    for name in rules.split(",") if rules else job.rows:
        rule, (target, rows) = RULES[name], job.rows[name]
        groups = kept.setdefault(f"{task}, {name}", {})
        for seed, row in product(range(first, first + seeds), rows):
            runs = groups.setdefault(row.label, [])
            if seed not in [run["seed"] for run in runs]:
                runs.append(one_run(job, rule, row, seed, 3 * rule.every if small else row.steps))
                if as_json:
                    as_json.write_text(json.dumps(kept) + "\n")
        console.print(table(f"{task}, {name}", groups, target))


if __name__ == "__main__":
    typer.run(main)
