"""Whether parameter shift may guide SPSA: Guided-SPSA (arXiv:2404.15751) on the main job.

    python benchmarks/guided_spsa.py --seeds 3
    python benchmarks/guided_spsa.py --first 100 --stepsizes 0.3,1,3  # a seed of the tuning
    python benchmarks/guided_spsa.py --shots 2000  # to see that it runs

Guided-SPSA takes the gradients of a part of the training samples by parameter shift and those of
the others by SPSA. Here all samples are judged by the same shots, so that a part of them takes as
many circuits as all: two for each of the 330 angles. So in some steps, one of every so many, the
gradient is that by parameter shift, of few shots a circuit, with a step size of its own, and in
those between it is that of SPSA. Energies of 200 fresh shots on 2,000 digits, at equal shots.
"""

from typing import Annotated

import numpy as np
import torch
import typer
from optimizers_at_scale import mean_and_error
from pennylane import numpy as pnp
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.optimizers.arguments import TrainableArguments
from pl_hypernet.optimizers.cost_function import CircuitCost

SHOTS = 20  # of an energy of SPSA
FEW = 2  # of each circuit of a gradient by parameter shift
SEES = 500  # digits of a step


def gradient_by_shift(cost, theta: np.ndarray) -> np.ndarray:
    """Two circuits an angle, as one batch: float64, of the shape of theta."""
    function = CircuitCost(cost, TrainableArguments((pnp.array(theta, requires_grad=True),)), {})
    shifts = np.pi / 2 * np.eye(theta.size)
    tapes = [function.at(theta.ravel() + sign * shift) for shift in shifts for sign in (1, -1)]
    energies = np.array(function.evaluate(tapes), dtype=float)
    return ((energies[::2] - energies[1::2]) / 2).reshape(theta.shape)


def one_run(seed: int, period: int, stepsize: float, shots: int) -> float:
    """The energy once so many shots are spent; ``period`` 0: SPSA alone."""
    data = plh.datasets.mnist()
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, shots=SHOTS, seed=seed)
    loss = NetworkLoss(network, data.inputs, data.targets)
    rng = hypernet.generator("batches")
    optimizer = plh.SPSAOptimizer(seed=hypernet.generator("optimizer"))
    theta, step = hypernet.start_angles(), 0
    while hypernet.device.counts.shots < shots:
        loss.select(rng.choice(len(data.inputs), SEES, replace=False))
        if period and step % period == 0:
            few = hypernet.energy_qnode(loss, FEW)
            theta = hypernet.check_theta(theta - stepsize * gradient_by_shift(few, theta))
        else:
            theta, _ = optimizer.step_and_cost(hypernet.energy_qnode(loss), theta)
        step += 1
    loss.select(np.arange(2000))
    return float(loss(hypernet.sample(theta, 200)).mean())


def main(
    seeds: Annotated[int, typer.Option(help="How many.")] = 1,
    first: Annotated[int, typer.Option(help="The first of them.")] = 0,
    periods: Annotated[str, typer.Option(help="Steps of which one is guided.")] = "1,20",
    stepsizes: Annotated[str, typer.Option(help="Of the guided steps.")] = "0.1,0.3",
    shots: Annotated[int, typer.Option(help="Of each run.")] = 20_000,
) -> None:
    torch.set_num_threads(1)
    table = Table(title=f"energy after {shots:,} shots", title_justify="left")
    for heading in ("one guided step of", "its step size", "energy"):
        table.add_column(heading, justify="right")
    rows = [(0, 0.0)]
    rows += [(int(p), float(s)) for p in periods.split(",") for s in stepsizes.split(",")]
    for period, stepsize in rows:
        ends = [one_run(seed, period, stepsize, shots) for seed in range(first, first + seeds)]
        label = (f"{period}", f"{stepsize:g}") if period else ("none: SPSA", "")
        table.add_row(*label, mean_and_error(ends))
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
