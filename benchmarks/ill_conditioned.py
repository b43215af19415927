"""A problem on which the metric matters: angles that act together, and very unequally.

Three angles, mixed by a rotation Q, turn 100, 10 and 1 qubits: the Fubini-Study metric is
Q^T diag(100, 10, 1) Q / 4, of condition number 100, and no choice of units for the single angles
mends it. The loss is the number of ones, the start leaves every bit open: E = 55.5. Overlaps are
exact, and count as circuits like energies.

    python benchmarks/ill_conditioned.py --seeds 10

Prints the circuits after which the mean energy of 20 steps falls below 0.1 (mean and standard error
over the seeds; runs that never got there count as given up): QN-SPSA with its defaults, the same
with the metric's weight set to zero, SPSA with its defaults, and with other steps for those who can
afford to look for one; then the learned metric against ``qml.metric_tensor``.
"""

from typing import Annotated

import numpy as np
import pennylane as qml
import torch
import typer
from optimizers_at_scale import WithoutMetric, mean_and_error
from pennylane import numpy as pnp
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

GROUPS = (100, 10, 1)  # qubits that an angle turns
N, D = sum(GROUPS), len(GROUPS)
REACHED = 0.1
WINDOW = 20
Q = np.linalg.qr(np.random.default_rng(0).normal(size=(D, D)))[0]
START = np.linalg.solve(Q, np.full(D, np.pi / 2))


def run(optimizer, seed: int, most: int) -> tuple[int, bool]:
    """Circuits that were spent, at least ``most`` if it was given up, and whether it was not."""
    dev = plh.device("hypernet.mps", wires=N, seed=seed)

    @qml.set_shots(200)
    @qml.qnode(dev, interface=None)
    def energy(theta):
        turns = np.repeat(Q @ theta, GROUPS)[None]
        plh.HardwareEfficientAnsatz(turns, wires=dev.wires, rotations=("RY",), pattern="none")
        return plh.expected_loss(lambda bits: bits.sum(axis=1), wires=dev.wires)

    theta, last = pnp.array(START, requires_grad=True), []
    while dev.counts.circuits < most:
        theta = optimizer.step(energy, theta)
        exact = np.array(GROUPS) @ np.sin(Q @ np.asarray(theta) / 2) ** 2  # a look, not counted
        last = [*last, exact][-WINDOW:]
        if len(last) == WINDOW and np.mean(last) < REACHED:
            return dev.counts.circuits, True
    return dev.counts.circuits, False


def exact_metric() -> np.ndarray:
    """From ``qml.metric_tensor`` of one qubit of each group: independent qubits add up."""
    dev = qml.device("default.qubit", wires=2)  # one for the Hadamard test
    total = np.zeros((D, D))
    for row, qubits in zip(Q, GROUPS, strict=True):

        @qml.qnode(dev)
        def one_qubit(theta, row=row):
            qml.RY(qml.math.dot(row, theta), wires=0)
            return qml.expval(qml.Z(0))

        total += qubits * qml.metric_tensor(one_qubit)(pnp.array(START, requires_grad=True))
    return total


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 10,
    most: Annotated[int, typer.Option(help="Circuits at which a run is given up.")] = 10_000,
) -> None:
    torch.set_num_threads(1)
    rules = {
        "QN-SPSA": lambda seed: plh.QNSPSAOptimizer(seed=seed),
        "QN-SPSA, weight of the metric 0": lambda seed: WithoutMetric(seed=seed),
        "SPSA": lambda seed: plh.SPSAOptimizer(seed=seed),
        **{
            f"SPSA, stepsize {a:g}": lambda seed, a=a: plh.SPSAOptimizer(stepsize=a, seed=seed)
            for a in (0.001, 0.003, 0.01, 0.03)
        },
    }
    table = Table(title=f"Circuits until E < {REACHED:g}", title_justify="left")
    for heading in ("rule", "circuits", "reached by"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    learned = []
    for label, build in rules.items():
        spent, reached = [], 0
        for seed in range(seeds):
            optimizer = build(seed)
            circuits, in_time = run(optimizer, seed, most)
            spent.append(circuits)
            reached += in_time
            if label == "QN-SPSA":
                learned.append((optimizer.k - 1, optimizer.metric_tensor, optimizer.metric_weight))
        error = f" ± {np.std(spent, ddof=1) / np.sqrt(seeds):,.0f}" if seeds > 1 else ""
        table.add_row(label, f"{np.mean(spent):,.0f}{error}", f"{reached} of {seeds}")
    console = Console(width=100)
    console.print(table)

    exact = exact_metric()
    size = np.linalg.norm(exact)
    off = [np.linalg.norm(metric - exact) / size for _, metric, _ in learned]
    noise = np.mean([D / np.sqrt(2 * k) for k, _, _ in learned])
    console.print(
        f"Learned metric against qml.metric_tensor: |difference| / |metric| = "
        f"{mean_and_error(off)} after {np.mean([k for k, _, _ in learned]):.0f} estimates, whose "
        f"noise alone is about d / sqrt(2 k) = {noise:.4f}. Its weight: "
        f"{np.mean([weight for _, _, weight in learned]):.1%}. Condition number of the exact one: "
        f"{np.linalg.cond(exact):.0f}."
    )


if __name__ == "__main__":
    typer.run(main)
