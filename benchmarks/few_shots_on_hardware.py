"""Gradients measured in parallel against SPSA on an emulated QPU, at equal shots and circuits.

    python benchmarks/few_shots_on_hardware.py --seeds 3

0 against 1 by the ten pixels that differ most between the two digits: 12 qubits, two layers,
mini-batches of 500. The device is braket.aws.qubit with the Braket SDK's emulator of a 20-qubit QPU
(iqm-20): native gates, couplers, program sets, with the noise of its calibration or without; no
account, no network. Each rule has 10,800 shots in 1,080 circuits of 10; stepsizes are the best of
three that were tried with other seeds on hypernet.mps. Prints the energy of 1000 fresh shots from
the same device, their mean test accuracy, and the energy of the same angles without noise; mean and
standard error over the seeds. Then how many circuits a step takes at 12, 66 and 786 qubits.
"""

from typing import Annotated

import numpy as np
import typer
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

SHOTS = 10
# label, optimizer, steps, options
RULES = (
    ("pathwise, measured", "pathwise", 40, {"stepsize": 0.2, "derivatives": "measured"}),
    ("SPSA", "spsa", 360, {"stepsize": 0.05}),
)


def ten_pixels() -> plh.Data:
    data = plh.datasets.mnist()
    of_ones, of_zeros = (data.inputs[data.targets == digit].mean(axis=0) for digit in (1, 0))
    kept = np.sort(np.argsort(np.abs(of_ones - of_zeros))[-10:])
    return plh.Data(
        data.inputs[:, kept], data.targets, data.test_inputs[:, kept], data.test_targets
    )


def network(n_inputs: int) -> plh.BinaryNetwork:
    return plh.BinaryNetwork(n_inputs, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))


def circuits_a_step(n_inputs: int) -> tuple[int, int]:
    """Qubits of a network, and circuits of a measured gradient and its energy."""
    hypernet = plh.QuantumHypernetwork(network(n_inputs))
    (circuit,) = hypernet.operations(hypernet.start_angles())
    optimizer = plh.PathwiseOptimizer(derivatives="measured")
    return hypernet.network.n_qubits, optimizer.circuits_per_step(circuit)[0]["energy"]


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    share: Annotated[float, typer.Option(help="Of the steps, for a quick look.")] = 1.0,
) -> None:
    data = ten_pixels()
    console = Console(width=110)
    table = Table(title="12 qubits on an emulated QPU", title_justify="left")
    for heading in ("rule", "noise", "circuits", "shots", "energy", "without noise", "accuracy"):
        table.add_column(heading, justify="left" if heading in ("rule", "noise") else "right")
    for noise in (True, False):
        for label, optimizer, steps, options in RULES:
            energies, accuracies, noise_free = [], [], []
            for seed in range(seeds):
                hypernet = plh.QuantumHypernetwork(
                    network(10),
                    "braket.aws.qubit",
                    shots=SHOTS,
                    seed=seed,
                    emulator="iqm-20",
                    noise=noise,
                )
                made = max(1, round(share * steps))
                run = plh.train(hypernet, data, optimizer, made, progress=False, **options)
                energies.append(run.summary["energy"]["mean"])
                accuracies.append(run.summary["test_accuracy"]["mean"])
                exact = plh.QuantumHypernetwork(network(10), seed=seed)
                judged = plh.evaluate(exact.network, exact.sample(run.theta, shots=1000), data)
                noise_free.append(float(judged.energy))
                console.print(f"{label}, noise={noise}, seed {seed}: {energies[-1]:.4f}")
            table.add_row(
                label,
                "yes" if noise else "no",
                f"{run.summary['circuits']:,}",
                f"{run.summary['shots']:,}",
                *map(mean_and_error, (energies, noise_free, accuracies)),
            )
    console.print(table)
    for n_inputs in (10, 64, 784):
        n_qubits, circuits = circuits_a_step(n_inputs)
        console.print(f"{n_qubits} qubits: {circuits} circuits a step")


if __name__ == "__main__":
    typer.run(main)
