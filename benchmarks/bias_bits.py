"""Networks without real parameters: biases of one bit against biases of several, ten digits.

    OMP_NUM_THREADS=1 python benchmarks/bias_bits.py --root FOLDER_OF_MNIST --validation 0.0833

784-64-64-64-10 of signs as a product state, gradients through the network, each as many steps as
take equally long. Accuracies are on the training digits held out, with --validation 0 on the test
digits.
"""

import time
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

HEADINGS = ("biases", "factor", "seed", "qubits", "steps", "seconds", "vote", "most likely")
TRIAL = 20  # steps that are timed first


def main(
    root: Annotated[str, typer.Option(help="Folder of MNIST's files.")] = "data",
    network: Annotated[str, typer.Option(help="Neurons of the layers.")] = "64-64-64-10",
    biases: Annotated[str, typer.Option(help="yes, no, 6-bit, or 6-bit:2, twice as far.")] = (
        "yes,6-bit"
    ),
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 3,
    seconds: Annotated[float, typer.Option(help="Of each training.")] = 20.0,
    shots: Annotated[int, typer.Option(help="Shots of a step.")] = 4,
    batch_size: Annotated[int, typer.Option(help="Samples of a step.")] = 200,
    stepsize: Annotated[float, typer.Option(help="Of the angles, at first.")] = 0.1,
    validation: Annotated[float, typer.Option(help="Share held out; 0: the test digits.")] = 0.0833,
    small: Annotated[bool, typer.Option(help="On noise, to see that it runs.")] = False,
) -> None:
    if small:
        rng = np.random.default_rng(0)
        data = plh.datasets.as_data((rng.random((500, 784)), np.arange(500) % 10))
        network, seeds, seconds = "16-10", 1, 0.2
    else:
        data = plh.datasets.mnist(digits="all", size=28, root=root)
    sizes = [int(size) for size in network.split("-")]
    table = Table(title=f"784-{network}", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for bias in biases.split(","):
        for seed in range(seeds):
            binary = built(sizes, bias, data.mean_square)
            hypernet = plh.QuantumHypernetwork(binary, layers=0, shots=shots, seed=seed)
            settings = {
                "batch_size": batch_size,
                "stepsize": stepsize,
                "validation": validation or None,
            }
            _, trial = trained(hypernet, data, TRIAL, **settings)
            steps = max(TRIAL, round(seconds / trial * TRIAL))
            run, spent = trained(hypernet, data, steps, **settings)
            accuracy = run.evaluation.test or run.evaluation.train
            row = [
                bias,
                f"{binary.bias_scale[0]:g}",
                f"{seed}",
                f"{binary.n_qubits:,}",
                f"{steps}",
                f"{spent:.0f}",
                f"{accuracy.vote:.4f}",
                f"{accuracy.most_likely:.4f}",
            ]
            table.add_row(*row)
            Console(stderr=True).print(*row)
    Console(width=100).print(table)


def built(sizes: list[int], bias: str, mean_square: float) -> plh.BinaryNetwork:
    values, _, further = bias.partition(":")
    given = {"yes": True, "no": False}.get(values, values)
    network = plh.BinaryNetwork(784, sizes, bias=given, mean_square=mean_square)
    if not further:
        return network
    scales = [float(further) * scale for scale in network.bias_scale]
    return plh.BinaryNetwork(784, sizes, bias=given, bias_scale=scales, mean_square=mean_square)


def trained(hypernet, data, steps: int, **settings) -> tuple[plh.Run, float]:
    """The run, and the seconds of the processor from the first step to the last."""
    times: list[float] = []
    run = plh.train(
        hypernet,
        data,
        "pathwise",
        steps=steps,
        evaluation_shots=10,
        callbacks=[lambda record, theta: times.append(time.process_time())],
        progress=False,
        **settings,
    )
    return run, (times[-1] - times[0]) * steps / (steps - 1)


if __name__ == "__main__":
    typer.run(main)
