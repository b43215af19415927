"""What the reproductions share: brickwork states, the 17-qubit task, files beside the scripts."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.optimize import minimize

import pl_hypernet as plh
from pl_hypernet.measurements.expected_loss import bitstrings

HERE = Path(__file__).parent
torch.set_num_threads(1)


def rotations(theta: torch.Tensor) -> torch.Tensor:
    """RZ RY of each layer and qubit, complex128 (layers + 1, N, 2, 2).

    Args:
        theta: float64 (2 layers + 1, N), radians, rows as of ``HardwareEfficientAnsatz``: RY, RZ,
            RY, RZ, ..., RY.
    """
    ry, rz = theta[0::2] / 2, theta[1::2] / 2
    phase = torch.cat((torch.exp(1j * rz), torch.ones_like(ry[-1:], dtype=torch.complex128)))
    real = torch.stack((ry.cos(), -ry.sin(), ry.sin(), ry.cos()), -1).unflatten(-1, (2, 2))
    return torch.stack((phase.conj(), phase), -1)[..., None] * real


def brick_state(gates: torch.Tensor) -> torch.Tensor:
    """Amplitudes of a brickwork circuit of CNOT, complex128 (batch, 2^N), wire 0 first.

    The circuit of arXiv:2301.08292: one-qubit gates on all wires, and between two layers of them
    CNOT on the pairs (0, 1), (2, 3), ... or (1, 2), (3, 4), ... in turn. A CNOT is a bond of
    dimension 2: the control copies its bit into it, the target is flipped by it. So the state is a
    matrix product state of bond dimension 2^(layers / 2), and the amplitudes are the product of its
    halves.

    Args:
        gates: complex128 (batch, layers + 1, N, 2, 2).
    """
    n = gates.shape[2]
    tensors = [gates[:, 0, first::2, :, 0, None][..., None, :, :] for first in (0, 1)]  # b n l p r
    copy = torch.eye(2, dtype=gates.dtype).reshape(2, 1, 2)
    for layer in range(1, gates.shape[1]):
        control, target = (layer - 1) % 2, layer % 2
        tensors[control] = (tensors[control][..., None] * copy).flatten(-2)
        flipped = (tensors[target], tensors[target].flip(-2))
        tensors[target] = torch.stack(flipped, dim=-3).flatten(-4, -3)
        for first in (0, 1):
            own = gates[:, layer, first::2]
            tensors[first] = torch.einsum("bnpq,bnlqr->bnlpr", own, tensors[first])
    sites = [tensors[i % 2][:, i // 2] for i in range(n)]
    left = sites[0][:, 0]  # a target that no control is left of stays
    for site in sites[1 : n // 2]:
        left = torch.einsum("bal,blpr->bapr", left, site).flatten(1, 2)
    right = sites[-1].sum(-1)  # a control without a target stays too
    for site in reversed(sites[max(1, n // 2) : -1]):
        right = torch.einsum("blpr,bra->blpa", site, right).flatten(2)
    return (left @ right).flatten(1)


def probabilities(gates: torch.Tensor) -> torch.Tensor:
    """Of all bitstrings, float64 (batch, 2^N), of ``brick_state``."""
    return torch.view_as_real(brick_state(gates)).square().sum(-1)  # abs() takes a root


@cache
def digits(root: Path | None, small: bool) -> tuple[np.ndarray, np.ndarray]:
    """All losses of 0 against 1, float64 (2^N,), and the bits of each, int8 (2^N, N).

    4x4 pixels, weights and a bias of {-3, 1}, sigmoid, logit scale 1: the 17 qubits of
    arXiv:2301.08292, which need the MNIST files. Small: 4 of the 64 pixels that ship, 5 qubits.
    """
    if small:
        data = plh.datasets.mnist()
        inputs = data.inputs.reshape(-1, 8, 8)[:, 2::4, 2::4].reshape(-1, 4)
    else:
        data = plh.datasets.mnist(size=4, root=root, resize="bilinear")
        inputs = data.inputs
    network = plh.BinaryNetwork(inputs.shape[1], [1], "sigmoid", scale=1.0, values=(1, -3))
    bits = bitstrings(0, 2**network.n_qubits, network.n_qubits)
    return plh.NetworkLoss(network.double(), inputs, data.targets, "bce")(bits), bits


def train(costs: np.ndarray, layers: int, seed: int, steps: int = 500):
    """Angles in [0, 2 pi) trained by L-BFGS on the exact energy: energy, angles, probabilities."""
    n = int(np.log2(len(costs)))
    costs_ = torch.as_tensor(costs)
    shape = (2 * layers + 1, n)

    def energy(flat):
        theta = torch.tensor(flat.reshape(shape), requires_grad=True)
        value = probabilities(rotations(theta)[None])[0] @ costs_
        value.backward()
        return value.item(), theta.grad.numpy().ravel()

    start = np.random.default_rng((layers, seed)).uniform(0, 2 * np.pi, shape)
    options = {"maxiter": steps, "gtol": 1e-5, "ftol": 1e-9}
    found = minimize(energy, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    theta = found.x.reshape(shape)
    with torch.no_grad():
        return (
            float(found.fun),
            theta,
            probabilities(rotations(torch.tensor(theta))[None])[0].numpy(),
        )


def mean_and_error(values) -> tuple[float, float]:
    """Mean and its standard error over independent values."""
    values = np.asarray(values, dtype=float)
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def share_and_error(successes: int, n: int) -> tuple[float, float]:
    """A share, and its standard error; of none and all that of Laplace's estimate."""
    share, smooth = successes / n, (successes + 1) / (n + 2)
    return share, float(np.sqrt(smooth * (1 - smooth) / n))


def save(name: str, results: dict, figure: Figure, out: Path | None) -> None:
    """Results as JSON and the figure as PNG, into ``out`` or beside the scripts."""
    folder = HERE if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    save_picture(name, figure, folder)


def save_picture(name: str, figure: Figure, folder: Path) -> None:
    figure.savefig(folder / f"{name}.png", dpi=110)


def run_66_qubits(data, optimizer: str, steps: int, seed: int, **objective) -> dict:
    """README's main job with an objective: accuracies, entropy and diversity of 1000 shots."""
    network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, layers=2, shots=200, seed=seed)
    run = plh.train(hypernet, data, optimizer, steps, progress=False, **objective)
    summary = run.summary
    sigmoid = summary["choices"]["activation"]["sigmoid"]
    return {
        "energy": summary["energy"]["mean"],
        "mean": summary["test_accuracy"]["mean"],
        "best": summary["test_accuracy"]["best"],
        "vote": summary["test_accuracy"]["vote"],
        "above_90": summary["fraction_above_90"],
        "hamming": summary["mutual_hamming"] or 0.0,
        "entropy": -float(hypernet.log_probability(run.theta, run.evaluation.bits).mean()),
        "minority": min(sigmoid, 1 - sigmoid),
    }


def means_over_seeds(runs: list[dict]) -> dict:
    """Of each figure mean and standard error over runs of several seeds."""
    return {key: mean_and_error([run[key] for run in runs]) for key in runs[0]}
