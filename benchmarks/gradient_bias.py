"""How far the mean of a gradient through the network is off the gradient of the energy.

    python benchmarks/gradient_bias.py --angles 20 --steps 500

10 qubits, and two networks of that size: 8-1, whose loss is smooth in its weights, and 2-2-1, whose
hidden neurons are signs; a qubit of each chooses the activation. Everything is exact but the last
columns: probabilities of all 2^10 bitstrings from a state vector, and the gradient of the energy by
automatic differentiation of these. The bias is the length of (mean of the gradient through the
network - gradient of the energy), in units of the length of the latter, and the cosine is that of
the angle between the two; means over several sets of angles, drawn uniformly or as start angles
are, with standard errors. Uniform ones keep a quarter radian off multiples of pi, where a
derivative comes from shots too rare to be seen.

The unbiased gradients are those of the optimizer, of 20 shots each, at the first four of these sets
of uniform angles: the largest deviation of the mean of --steps of them in any angle, in standard
errors. Exits with an error if one is above 5.
"""

import sys
from typing import Annotated

import numpy as np
import pennylane as qml
import torch
import typer
from optimizers_at_scale import mean_and_error
from pennylane import numpy as pnp
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh
from pl_hypernet.objectives import network_loss
from pl_hypernet.testing import standard_deviations

N = 10
LAYERS = (0, 1, 2)
WAYS = {"flips": 2**62, "backward": 0}  # work up to which every bit is flipped
SHOTS = 20
SAMPLED = 4  # sets of angles at which the unbiased gradient is drawn
LIMIT = 5  # standard errors
ALL_BITS = ((np.arange(2**N)[:, None] >> np.arange(N)[::-1]) & 1).astype(np.int8)


def losses() -> dict[str, plh.NetworkLoss]:
    """Of the two networks, on inputs that a perceptron classified."""
    rng = np.random.default_rng(0)
    made = {}
    for name, n_inputs, layers in (("8-1", 8, [1]), ("2-2-1", 2, [2, 1])):
        activation = plh.Choice("sigmoid", "hard_sigmoid")
        network = plh.BinaryNetwork(n_inputs, layers, activation=activation)
        assert network.n_qubits == N
        inputs = rng.normal(size=(60, n_inputs)).astype(np.float32)
        targets = (inputs @ rng.normal(size=n_inputs) > 0.2).astype(int)
        made[name] = plh.NetworkLoss(network, inputs, targets)
    return made


def sets_of_angles(layers: int, n: int) -> dict[str, np.ndarray]:
    """Angles (n, 2 layers + 1, N), radians."""
    shape = plh.HardwareEfficientAnsatz.shape(layers, N)
    rng = np.random.default_rng(layers)
    sizes, signs = rng.uniform(0.25, np.pi - 0.25, (n, *shape)), rng.choice((-1, 1), (n, *shape))
    return {
        "uniform": signs * sizes,
        "start": np.array([plh.start_angles(shape, seed=seed) for seed in range(n)]),
    }


@qml.qnode(qml.device("default.qubit", wires=N), interface="torch", diff_method="backprop")
def probabilities(theta):
    plh.HardwareEfficientAnsatz(theta, wires=range(N))
    return qml.probs(wires=range(N))


def exact_and_through(theta, loss: np.ndarray, by_spin: np.ndarray) -> tuple[np.ndarray, ...]:
    """The gradient of the energy, and the mean of the one through the network.

    Args:
        theta: float64 (2P + 1, N).
        loss, by_spin: of all bitstrings, (2^N,) and (2^N, N).
    """
    angles = torch.tensor(theta, requires_grad=True)
    p = probabilities(angles)
    (exact,) = torch.autograd.grad(p @ torch.from_numpy(loss), angles)
    spins = torch.from_numpy(1.0 - 2.0 * ALL_BITS)
    p = probabilities(angles)
    (through,) = torch.autograd.grad((p.detach() @ torch.from_numpy(by_spin)) @ (p @ spins), angles)
    return exact.numpy(), through.numpy()


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.vdot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def deviation(loss: plh.NetworkLoss, theta: np.ndarray, exact: np.ndarray, steps: int) -> float:
    """Of the mean of unbiased gradients, largest over the angles, in standard errors."""
    dev = plh.device("hypernet.mps", wires=N, seed=0)

    @qml.set_shots(SHOTS)
    @qml.qnode(dev, interface=None)
    def cost(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(N))
        return plh.expected_loss(loss, wires=range(N))

    optimizer = plh.PathwiseOptimizer(unbiased=True)
    theta = pnp.array(theta, requires_grad=True)
    found = []
    for _ in range(steps):
        optimizer.step(cost, theta)
        found.append(optimizer._angles.grad.numpy().reshape(theta.shape).copy())
    found = np.array(found)
    moving = np.argwhere(found.std(axis=0) > 1e-12)  # the others change no probability
    return max(standard_deviations(found[:, i, j], exact[i, j]) for i, j in moving)


def main(
    angles: Annotated[int, typer.Option(help="Sets of angles.")] = 20,
    steps: Annotated[int, typer.Option(help="Unbiased gradients at each of four sets.")] = 500,
) -> None:
    table = Table(title="bias / gradient; unbiased: standard errors", title_justify="left")
    for heading in ("network", "layers", "by", "uniform angles", "cosine", "start angles", "cosine",
                    "unbiased"):  # fmt: skip
        table.add_column(heading, justify="right" if heading == "layers" else "left")
    largest = 0.0
    for name, loss in losses().items():
        for way, work in WAYS.items():
            network_loss.FLIP_WORK = work
            values, by_spin = (found.astype(float) for found in loss.spin_gradients(ALL_BITS))
            for layers in LAYERS:
                cells, off = [], []  # columns of the table; standard errors
                for kind, drawn in sets_of_angles(layers, angles).items():
                    pairs = [exact_and_through(theta, values, by_spin) for theta in drawn]
                    biases = [np.linalg.norm(t - e) / np.linalg.norm(e) for e, t in pairs]
                    cosines = [cosine(e, t) for e, t in pairs]
                    cells += [mean_and_error(biases), f"{np.mean(cosines):.3f}"]
                    if kind == "uniform":
                        off = [
                            deviation(loss, theta, exact, steps)
                            for theta, (exact, _) in zip(drawn[:SAMPLED], pairs, strict=False)
                        ]
                largest = max(largest, *off)
                table.add_row(name, str(layers), way, *cells, f"{max(off):.1f}")
    Console(width=100).print(table)
    if largest > LIMIT:
        sys.exit(f"the unbiased gradient is {largest:.1f} standard errors off")


if __name__ == "__main__":
    typer.run(main)
