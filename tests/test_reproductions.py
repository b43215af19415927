"""The scripts of benchmarks/reproductions against state vectors and density matrices."""

import json
import sys
from functools import reduce
from itertools import product
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh

FOLDER = Path(__file__).parents[1] / "benchmarks" / "reproductions"
sys.path.append(str(FOLDER))
import circuit_depth  # noqa: E402
import depolarising  # noqa: E402
import perceptrons  # noqa: E402
from shared import brick_state, rotations  # noqa: E402

sys.path.remove(str(FOLDER))

PAULIS = [np.eye(2), *(gate.compute_matrix() for gate in (qml.X, qml.Y, qml.Z))]


@pytest.mark.parametrize("n_wires", [2, 5])
def test_brick_state_is_that_of_the_ansatz(n_wires):
    for layers in range(4):
        theta = np.random.default_rng(layers).uniform(0, 6, (2 * layers + 1, n_wires))

        @qml.qnode(qml.device("default.qubit", wires=n_wires))
        def state(theta):
            options = {"entangler": "CNOT", "pattern": "brick"}
            plh.HardwareEfficientAnsatz(theta, wires=range(n_wires), **options)
            return qml.state()

        mine = brick_state(rotations(torch.tensor(theta))[None])[0]
        assert np.allclose(mine, state(theta), atol=1e-12)


def density_matrix_energy(theta, costs, p1, p2):
    """The noisy circuit of the paper's program on 3 qubits, as channels one by one."""
    two = [np.sqrt(p2 / 15) * np.kron(a, b) for a, b in product(PAULIS, PAULIS)]
    two[0] *= np.sqrt((1 - p2) * 15 / p2)

    @qml.qnode(qml.device("default.mixed", wires=3))
    def energy():
        for layer in range((len(theta) + 1) // 2):
            pair = [1, 2] if layer % 2 == 0 else [0, 1]
            qml.CNOT(pair)
            qml.QubitChannel(two, wires=pair)
            for gate, row in ((qml.RY, 2 * layer), (qml.RZ, 2 * layer + 1)):
                for wire in range(3):
                    gate(theta[row, wire] if row < len(theta) else 0.0, wire)
                    qml.DepolarizingChannel(p1, wire)
        return qml.expval(qml.Hermitian(np.diag(costs), wires=range(3)))

    return float(energy())


def test_trajectories_against_density_matrices():
    rng = np.random.default_rng(0)
    theta, costs = rng.uniform(0, 6, (5, 3)), rng.normal(size=8)
    s = 40
    exact = density_matrix_energy(theta, costs, depolarising.ONE * s, depolarising.TWO * s)
    values = np.stack((costs, np.arange(8) == 5), axis=1).astype(float)
    exact_share = density_matrix_energy(
        theta, values[:, 1], depolarising.ONE * s, depolarising.TWO * s
    )
    (clean, _), none = depolarising.under_noise(theta, values, 0, 10, rng)
    (mean, share), (error, error_of_share) = depolarising.under_noise(theta, values, s, 3000, rng)
    assert not none.any()
    assert abs(share - exact_share) < 5 * error_of_share
    assert abs(mean - exact) < 5 * error
    assert abs(clean - exact) > 10 * error  # it can fail


def test_perceptrons_and_qaoa():
    data = plh.datasets.random_patterns(7, 1.5, seed=3)
    costs = perceptrons.errors_of_all(data)
    spins = 1 - 2 * perceptrons.all_bits(7)
    signs = 2 * data.targets - 1
    sums = spins @ data.inputs.T * signs
    assert np.array_equal(costs, (sums < 0).sum(axis=1))
    assert np.array_equal(perceptrons.errors_of_all(data, True), np.maximum(-sums, 0).sum(axis=1))
    state = np.full(128, 128**-0.5, dtype=complex)
    for gamma, beta in ((0.3, 0.7), (0.9, 0.2)):
        turn = qml.RX.compute_matrix(-2 * beta)
        state = reduce(np.kron, [turn] * 7) @ (np.exp(-1j * gamma * costs) * state)
    mine = perceptrons.qaoa(costs, (0.3, 0.9), (0.7, 0.2))
    assert np.allclose(mine, np.abs(state) ** 2, atol=1e-6)
    s = (np.arange(10) + 0.5) / 10
    assert perceptrons.qaoa(costs, 0.5 * s, 0.5 * (1 - s)) @ costs < costs.mean() - costs.std()


def test_scripts_leave_json_and_pictures(tmp_path):
    circuit_depth.main(depths="0,3", small=True, out=tmp_path)
    depolarising.main(small=True, out=tmp_path)
    depth, noise = (
        json.loads((tmp_path / f"{name}.json").read_text())
        for name in ("circuit_depth", "depolarising")
    )
    dotted = circuit_depth.draw(depth).axes[0].get_legend()  # as --redraw does
    assert [text.get_text() for text in dotted.get_texts()] == ["1e-4"]
    trained = depth["lowest"] + np.mean(depth["rows"][1]["gaps"])
    energies = [row["energy"][0] for row in noise["rows"]]
    assert abs(energies[0] - trained) < 1e-6  # angles are kept to six digits
    assert energies[0] < energies[1] < energies[2]
    assert (tmp_path / "depolarising.png").stat().st_size > 5000
