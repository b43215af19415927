"""Depolarising noise on trained 17-qubit circuits, as in arXiv:2301.08292.

    python benchmarks/reproductions/depolarising.py --root DATA    # after circuit_depth.py

The circuits are those that circuit_depth.py trained with 3 layers of CNOT (the paper's depth 4).
Each one-qubit gate is followed by a Pauli error with probability p1 = 0.001 s, each two-qubit gate
by one with p2 = 0.00375 s, for s from 0 to 2. As in the paper's program, the first layer of CNOT
(on |0...0>, without effect) and the last RZ (before the measurement) are gates too.

Errors are drawn at random (quantum trajectories). Circuits without any have a known probability
and one energy, so only those with an error are drawn, and the mean is weighted: no bias, and
little noise. Published means are those of the files in github.com/carrasqu/binncode.
"""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from circuit_depth import CLOSE
from matplotlib.figure import Figure
from rich import print
from shared import HERE, digits, mean_and_error, probabilities, rotations, save

PAULIS = torch.tensor(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]],
    dtype=torch.complex128,
)
ONE, TWO = 0.001, 0.00375  # at s = 1
PUBLISHED = {  # mean and standard error over 100 circuits, noisy_histogram_p_*.txt of 10 folders
    0.2: (0.33264, 8e-5), 0.4: (0.33836, 1.6e-4), 0.6: (0.34406, 2.4e-4), 0.8: (0.34973, 3.1e-4),
    1.0: (0.35537, 3.9e-4), 1.2: (0.36099, 4.6e-4), 1.4: (0.36658, 5.4e-4),
    1.6: (0.37214, 6.1e-4), 1.8: (0.37767, 6.8e-4), 2.0: (0.38318, 7.5e-4),
}  # fmt: skip
CIRCUITS = 5  # the first ones


def draw_errors(shape: tuple, p1: float, p2: float, rng) -> tuple[np.ndarray, ...]:
    """Paulis 0 ... 3 after the CNOT before each rotation layer, after RY and after RZ.

    Args:
        shape: (batch, layers + 1, N).
    """
    after_ry, after_rz = (rng.integers(1, 4, shape) * (rng.random(shape) < p1) for _ in range(2))
    after_cnot = np.zeros(shape, dtype=int)
    batch, n_layers, n = shape
    for layer in range(n_layers):
        first = (layer - 1) % 2
        n_pairs = len(range(first, n - 1, 2))
        words = rng.integers(1, 16, (batch, n_pairs)) * (rng.random((batch, n_pairs)) < p2)
        after_cnot[:, layer, first : first + 2 * n_pairs : 2] = words // 4
        after_cnot[:, layer, first + 1 : first + 1 + 2 * n_pairs : 2] = words % 4
    return after_cnot, after_ry, after_rz


def noisy_gates(theta: torch.Tensor, errors: tuple[np.ndarray, ...]) -> torch.Tensor:
    """The gates of a brickwork with these errors, complex128 (batch, layers + 1, N, 2, 2)."""
    after_cnot, after_ry, after_rz = (PAULIS[torch.as_tensor(error)] for error in errors)
    only_ry = theta.clone()
    only_ry[1::2] = 0
    ry = rotations(only_ry)
    rz = rotations(theta) @ ry.mH
    return after_rz @ rz @ after_ry @ ry @ after_cnot


def without_error(n_layers: int, n: int, p1: float, p2: float) -> float:
    """The probability that no gate has an error."""
    n_pairs = sum(len(range((layer - 1) % 2, n - 1, 2)) for layer in range(n_layers))
    return (1 - p1) ** (2 * n_layers * n) * (1 - p2) ** n_pairs


def under_noise(theta, values, s: float, n_trajectories: int, rng) -> tuple:
    """Means of functions of the bitstring under noise of strength s, and their standard errors.

    Args:
        theta: angles (2 layers + 1, N), radians.
        values: float64 (2^N, k), a column for each function.
        n_trajectories: with at least one error each.

    Returns:
        Two arrays (k,).
    """
    theta, values = torch.as_tensor(theta), torch.as_tensor(values)
    clean = (probabilities(rotations(theta)[None])[0] @ values).numpy()
    if s == 0:
        return clean, np.zeros_like(clean)
    shape = (n_trajectories, (len(theta) + 1) // 2, theta.shape[1])
    p0 = without_error(*shape[1:], ONE * s, TWO * s)
    kept = [np.zeros((0, *shape[1:]), dtype=int)] * 3
    while len(kept[0]) < n_trajectories:
        errors = draw_errors(shape, ONE * s, TWO * s, rng)
        some = sum(error.sum(axis=(1, 2)) for error in errors) > 0
        pairs = zip(kept, errors, strict=True)
        kept = [np.concatenate((old, new[some]))[:n_trajectories] for old, new in pairs]
    each = []
    for at in range(0, n_trajectories, 20):
        gates = noisy_gates(theta, tuple(errors[at : at + 20] for errors in kept))
        each.append((probabilities(gates) @ values).numpy())
    each = np.concatenate(each)
    errors = each.std(axis=0, ddof=1) / np.sqrt(n_trajectories)
    return p0 * clean + (1 - p0) * each.mean(axis=0), (1 - p0) * errors


def draw(results: dict) -> Figure:
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    rows = results["rows"]
    strengths = [row["s"] for row in rows]
    if any(row["published"] for row in rows):
        values, bars = np.transpose(list(PUBLISHED.values()))
        label = "published, 100 circuits"
        left.errorbar(list(PUBLISHED), values, bars, fmt="s", mfc="none", label=label)
    for ax, key in ((left, "energy"), (right, "probability")):
        means, errors = np.transpose([row[key] for row in rows])
        ax.errorbar(strengths, means, errors, fmt=".-", capsize=3, label="ours", color="C1")
        ax.set(xlabel="strength s of the noise")
        ax.grid(alpha=0.3)
    left.set(ylabel="mean loss (cross-entropy, nats)")
    left.legend(frameon=False)
    right.set(ylabel=f"probability of a network within {CLOSE:g} of the best", ylim=(0, 1.05))
    return figure


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw.")] = None,
    trajectories: Annotated[int, typer.Option(help="Of each circuit and strength.")] = 40,
    small: Annotated[bool, typer.Option(help="5 qubits, few trajectories.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go, circuit_depth.json is.")] = None,
) -> None:
    costs, _ = digits(root, small)
    trained = json.loads(((out or HERE) / "circuit_depth.json").read_text())["angles_of_3_layers"]
    trained = trained[:CIRCUITS]
    values = np.stack((costs, costs < costs.min() + CLOSE), axis=1).astype(float)
    rng = np.random.default_rng(0)
    trajectories = 20 if small else trajectories
    rows = []
    for s in (0, 1, 2) if small else np.arange(0, 2.1, 0.4).round(1).tolist():
        with torch.no_grad():
            each = [under_noise(theta, values, s, trajectories, rng) for theta in trained]
        means, errors = np.array(each).transpose(1, 2, 0)  # (k, circuits)
        row = {"s": s, "published": None if small else PUBLISHED.get(s)}
        row |= {"energy": mean_and_error(means[0]), "probability": mean_and_error(means[1])}
        row["of_trajectories"] = np.sqrt(np.mean(errors**2, axis=1) / len(trained)).tolist()
        rows.append(row)
        print(row, flush=True)
    results = {"trajectories": trajectories, "rows": rows}
    save("depolarising", results, draw(results), out)


if __name__ == "__main__":
    typer.run(main)
