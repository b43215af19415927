"""Ways to find a binary perceptron without error, and how many errors each of all has."""

from functools import reduce

import numpy as np
import torch

import pl_hypernet as plh


def errors_of_all(data: plh.Data, by_sum: bool = False) -> np.ndarray:
    """How many patterns each perceptron has wrong, int16 (2^N,), wire 0 the most significant bit;
    N odd. ``by_sum``: the sum of |xi . sigma| over these."""
    n = data.inputs.shape[1]
    half = n // 2
    signed = (data.inputs * (2 * data.targets - 1)[:, None]).astype(np.int16)
    first, last = (1 - 2 * all_bits(m).astype(np.int16) for m in (half, n - half))
    errors = np.zeros((2**half, 2 ** (n - half)), dtype=np.int16)
    for pattern in signed:
        sums = (first @ pattern[:half])[:, None] + last @ pattern[half:]
        errors += np.maximum(-sums, 0) if by_sum else sums < 0
    return errors.ravel()


def all_bits(n: int) -> np.ndarray:
    return np.arange(2**n)[:, None] >> np.arange(n)[::-1] & 1


def qaoa(costs: np.ndarray, gammas, betas) -> np.ndarray:
    """Probabilities (2^N,) after exp(i beta sum X) exp(-i gamma cost), for each pair of angles.

    The signs are those of annealing from -sum X, of which |+...+> is the ground state, to the cost.
    In the basis in which |1> is -i |1>, the mixer is real: it turns real and imaginary parts alike.
    """
    n = int(np.log2(len(costs)))
    sizes = [n // 3, n // 3, n - 2 * (n // 3)]
    index = torch.as_tensor(costs, dtype=torch.int32)
    first, last = (all_bits(m).sum(axis=1) for m in (n // 2, n - n // 2))
    ones = torch.as_tensor((first[:, None] + last).ravel() % 4)
    state = torch.tensor([1, 1j, -1, -1j], dtype=torch.complex64)[ones] * 2 ** (-n / 2)
    levels = torch.arange(int(costs.max()) + 1)
    for gamma, beta in zip(gammas, betas, strict=True):
        state = state * torch.exp(-1j * gamma * levels).to(torch.complex64)[index]
        for size in sizes:  # turns the first qubits, and brings them to the end
            turned = _mixer(size, -beta) @ torch.view_as_real(state).reshape(2**size, -1)
            state = torch.view_as_complex(turned.unflatten(1, (-1, 2))).T.reshape(-1)
    return state.abs().square().numpy()


def _mixer(n: int, beta: float) -> torch.Tensor:
    """(cos, -sin; sin, cos) on each of n qubits: float32 (2^n, 2^n)."""
    turn = torch.tensor([[np.cos(beta), -np.sin(beta)], [np.sin(beta), np.cos(beta)]])
    return reduce(torch.kron, [turn] * n).float()


def simulated_annealing(costs: np.ndarray, sweeps: int, chains: int, rng) -> float:
    """Share of the chains that end without error."""
    n = int(np.log2(len(costs)))
    at = rng.integers(0, 2**n, chains)
    for temperature in np.geomspace(1, 0.1, sweeps * n):
        to = at ^ (1 << rng.integers(0, n, chains))
        rise = costs[to] - costs[at]
        at = np.where(rng.random(chains) < np.exp(-np.maximum(rise, 0) / temperature), to, at)
    return float(np.mean(costs[at] == 0))


def ansatz(data: plh.Data, costs: np.ndarray, layers: int, seed: int, steps: int) -> float:
    """Share of 1000 shots without error, of the package's own training."""

    def wrong(outputs, targets):
        return ((outputs[..., 0] > 0) != (targets > 0)).float().sum(-1)

    n = data.inputs.shape[1]
    network = plh.BinaryNetwork(n, [1], bias=False)
    hypernet = plh.QuantumHypernetwork(network, layers=layers, shots=200, seed=seed)
    run = plh.train(hypernet, data, "score", steps, loss=wrong, progress=False)
    return float(np.mean(costs[run.evaluation.bits @ (1 << np.arange(n)[::-1])] == 0))
