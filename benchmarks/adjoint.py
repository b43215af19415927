"""Gradients of hypernet.mps in reverse mode, beside one evaluation of the same QNode.

RY, RZ and a chain of CZ, two layers, written gate by gate; the sum of all <Z> and a Hamiltonian of
random Pauli words on up to four wires. Exactness: against parameter shift of a few angles.

    python benchmarks/adjoint.py
"""

import time
from typing import Annotated

import numpy as np
import pennylane as qml
import typer
from pennylane import numpy as pnp

LAYERS = 2


def circuit(theta):
    n_wires = theta.shape[1]
    for turns in theta:
        for wire in range(n_wires):
            qml.RY(turns[wire, 0], wire)
            qml.RZ(turns[wire, 1], wire)
        for wire in range(n_wires - 1):
            qml.CZ([wire, wire + 1])


def random_words(n_wires: int, n_words: int, rng):
    def word():
        wires = rng.choice(n_wires, rng.integers(1, 5), replace=False)
        return qml.prod(*(rng.choice([qml.X, qml.Y, qml.Z])(int(wire)) for wire in wires))

    return qml.dot(rng.normal(size=n_words), [word() for _ in range(n_words)])


def seconds(function, repeats: int) -> float:
    """The shortest of some calls, after one that is not counted."""
    times = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times[1:])


def main(
    wires: Annotated[int, typer.Option()] = 62,
    words: Annotated[int, typer.Option(help="In the Hamiltonian.")] = 200,
    repeats: Annotated[int, typer.Option()] = 3,
):
    rng = np.random.default_rng(0)
    theta = rng.uniform(-np.pi, np.pi, (LAYERS, wires, 2))
    trainable = pnp.array(theta, requires_grad=True)
    observables = {
        f"sum of {wires} <Z>": qml.sum(*(qml.Z(wire) for wire in range(wires))),
        f"{words} Pauli words": random_words(wires, words, rng),
    }
    device = qml.device("hypernet.mps", wires=wires)
    for name, observable in observables.items():

        @qml.qnode(device)
        def energy(theta, observable=observable):
            circuit(theta)
            return qml.expval(observable)

        gradient = qml.grad(energy)(trainable)
        errors = []
        for _ in range(5):
            index = tuple(rng.integers(0, theta.shape))
            shift = np.zeros_like(theta)
            shift[index] = np.pi / 2
            exact = (energy(theta + shift) - energy(theta - shift)) / 2
            errors.append(abs(gradient[index] - exact))
        once = seconds(lambda run=energy: run(theta), repeats)
        whole = seconds(lambda run=energy: qml.grad(run)(trainable), repeats)
        print(
            f"{name}: value {1000 * once:.0f} ms, gradient by {theta.size} angles "
            f"{1000 * whole:.0f} ms, {whole / once:.1f} times; error {max(errors):.1g}"
        )


if __name__ == "__main__":
    typer.run(main)
