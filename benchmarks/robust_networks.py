"""Whether training for networks with flipped bits makes networks that bear flips, or better ones.

    python benchmarks/robust_networks.py --root DATA --seeds 5 --json robust_networks.json
    python benchmarks/robust_networks.py --networks 66 --seeds 5
    python benchmarks/robust_networks.py --root DATA --networks 784-64-10 --seeds 3 --longer 4
    python benchmarks/robust_networks.py --small  # to see that it runs

Local-entropy training looks for networks whose neighbours are good as well (arXiv:1605.06444). Of a
distribution of networks the neighbours of all can be trained at once: the mean loss of the shots
with each bit flipped with probability p. For a product state that is the mean loss of the state
whose every <Z> is (1 - 2 p) times as large: a bound on how certain a bit may be. The derivatives by
the spins are those at the flipped bits, times 1 - 2 p. Beside it the training without flips, and
with a weight of the entropy, which bounds nothing but pays for bits that are not certain.

All with `pathwise`, and as many shots and steps: 66 qubits, 0 against 1 at 8x8, two layers;
64-16-10 (8x8) and 784-64-10 (28x28), ten digits, product states. Shots are judged without flips.

Prints accuracies on the test digits of the mean shot, the best shot by training loss, the vote and
the most likely network, calibration error and negative log-likelihood of the vote, the mean |<Z>|
of the bits, and the accuracy of the most likely network with 2, 6 and 12 % of its bits flipped (100
draws, 1,000 test digits; between the distances drawn, 1, 2, 4, ... bits, linearly). Mean and
standard error over the seeds.
"""

import json
from dataclasses import dataclass, replace
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
from pl_hypernet.analysis.calibration import expected_calibration_error, negative_log_likelihood
from pl_hypernet.analysis.neighbourhood import neighbourhood
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.objectives.flipped_bits import FlippedBits

FLIPPED = (0.02, 0.06, 0.12)  # shares of the bits
MEASURED = (
    "mean shot", "best shot", "vote", "most likely", "ECE", "NLL", "|<Z>|",
    *(f"{share:.0%} flipped" for share in FLIPPED),
)  # fmt: skip
JUDGED = 5000  # training digits that say which shot is best
NEAR = 1000  # test digits that judge neighbours


@dataclass(frozen=True)
class Task:
    digits: tuple
    size: int
    layers: int
    neurons: list
    network: dict
    shots: int
    steps: int
    batch_size: int
    options: dict
    judged: int  # shots
    rules: tuple  # pairs of p and the weight of the entropy


TASKS = {
    "66": Task(
        (0, 1), 8, 2, [1], {"activation": plh.Choice("sigmoid", "hard_sigmoid")}, 10, 120, 500,
        {"stepsize": 0.2}, 1000,
        ((0, 0), (0.02, 0), (0.1, 0), (0, 0.003), (0, 0.01)),
    ),
    "64-16-10": Task(
        tuple(range(10)), 8, 0, [16, 10], {}, 10, 600, 500, {"stepsize": 0.1, "window": 0.5}, 200,
        ((0, 0), (0.02, 0), (0.1, 0), (0, 1e-4), (0, 1e-3)),
    ),
    "784-64-10": Task(
        tuple(range(10)), 28, 0, [64, 10], {"scale": 0.3}, 10, 450, 250,
        {"stepsize": 0.1, "window": 0.5}, 50,
        ((0, 0), (0.02, 0), (0.1, 0), (0, 1e-5)),
    ),
}  # fmt: skip


def one_run(task: Task, p: float, entropy: float, seed: int, steps: int, root) -> dict:
    data = plh.datasets.mnist(task.digits, size=task.size, **({"root": root} if root else {}))
    network = plh.BinaryNetwork(task.size**2, task.neurons, **task.network)
    hypernet = plh.QuantumHypernetwork(network, layers=task.layers, shots=task.shots, seed=seed)
    optimizer = plh.PathwiseOptimizer(decay_steps=steps, **task.options)
    loss = NetworkLoss(network, data.inputs, data.targets)
    flips = hypernet.generator("flips")
    cost = hypernet.energy_qnode(FlippedBits(loss, p, flips) if p else loss, entropy=entropy)
    batches = hypernet.generator("batches")
    theta = hypernet.start_angles()
    for _ in range(steps):
        loss.select(batches.choice(len(data.inputs), task.batch_size, replace=False))
        theta, _ = optimizer.step_and_cost(cost, theta)

    bits = hypernet.sample(theta, task.judged)
    likely = (bits.mean(axis=0) > 0.5).astype(np.int8)  # bit by bit
    part = replace(data, inputs=data.inputs[:JUDGED], targets=data.targets[:JUDGED])
    found = plh.evaluate(network, bits, part, most_likely=likely).test
    vote = network.vote(bits, data.test_inputs).mean
    near = neighbourhood(network, likely, data.test_inputs[:NEAR], data.test_targets[:NEAR])
    shares = near.distances / network.n_qubits
    accuracy = [np.interp(share, shares, near.accuracy) for share in FLIPPED]
    numbers = (
        found.mean, found.best, found.vote, found.most_likely,
        expected_calibration_error(vote, data.test_targets),
        negative_log_likelihood(vote, data.test_targets),
        np.abs(1 - 2 * bits.mean(axis=0)).mean(), *accuracy,
    )  # fmt: skip
    return dict(zip(MEASURED, map(float, numbers), strict=True))


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    networks: Annotated[str, typer.Option(help="Some of them, with commas.")] = ",".join(TASKS),
    longer: Annotated[int, typer.Option(help="So many times the steps.", min=1)] = 1,
    root: Annotated[Path | None, typer.Option(help="Folder of the MNIST files.")] = None,
    small: Annotated[bool, typer.Option(help="66 qubits, 3 steps, to see that it runs.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Add all runs here.")] = None,
) -> None:
    torch.set_num_threads(1)
    console = Console(width=180)
    kept = json.loads(as_json.read_text()) if as_json and as_json.exists() else {}
    for name in ["66"] if small else networks.split(","):
        task = replace(TASKS[name], steps=longer * TASKS[name].steps)
        title = f"{name}, {task.steps} steps"
        groups = kept.setdefault(title, {})
        for seed, (p, entropy) in product(range(seeds), task.rules):
            label = f"flips, p = {p}" if p else f"entropy, {entropy:g}" if entropy else "neither"
            runs = groups.setdefault(label, [])
            if len(runs) == seed:
                runs.append(one_run(task, p, entropy, seed, 3 if small else task.steps, root))
                if as_json:
                    as_json.write_text(json.dumps(kept) + "\n")
        table = Table(title=title, title_justify="left")
        for heading in ("trained with", *MEASURED):
            table.add_column(heading, justify="left" if heading == "trained with" else "right")
        for label, runs in groups.items():
            table.add_row(label, *(mean_and_error([run[key] for run in runs]) for key in MEASURED))
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
