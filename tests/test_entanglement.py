"""Density matrices, entropies and local expectation values of matrix product states."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.devices.mps import state as state_module
from pl_hypernet.devices.mps.evolution import evolve
from pl_hypernet.errors import InputError


def ansatz_of(n_layers, n_wires, seed=0, **options):
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires)
    theta = np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)
    return plh.HardwareEfficientAnsatz(theta, wires=range(n_wires), **options)


def state_of(ansatz):
    return evolve([[ansatz]], [ansatz.wires])[0]


@pytest.mark.parametrize("small", [2, 1000], ids=["matrix products", "compiled loops"])
@pytest.mark.parametrize("wires", [[0], [6], [3], [2, 3], [5, 1], [6, 0, 3], [4, 2, 0, 6]], ids=str)
def test_reduced_density_matrix(monkeypatch, small, wires):
    monkeypatch.setattr(state_module, "BLAS_BOND_DIM", small)
    monkeypatch.setattr(state_module, "MATRIX_BOND_DIM", small)
    ansatz = ansatz_of(3, 7)
    vector = qml.matrix(ansatz, wire_order=range(7))[:, 0]
    exact = qml.math.reduce_statevector(vector, wires)
    rho = state_of(ansatz).reduced_density_matrix(wires)
    np.testing.assert_allclose(rho, exact, atol=1e-12)


def test_entropies_of_all_cuts():
    ansatz = ansatz_of(3, 8)
    vector = qml.matrix(ansatz, wire_order=range(8))[:, 0]
    entropies = state_of(ansatz).entanglement_entropies()
    for bond in range(7):
        schmidt = np.linalg.svd(vector.reshape(2 ** (bond + 1), -1), compute_uv=False) ** 2
        exact = -np.sum(schmidt * np.log(schmidt, where=schmidt > 0, out=np.zeros_like(schmidt)))
        assert entropies[bond] == pytest.approx(exact, abs=1e-10)


def test_entropies_at_many_wires_keep_their_bounds():
    entropies = state_of(ansatz_of(2, 500)).entanglement_entropies()
    assert entropies.shape == (499,)
    assert np.all((entropies > 0) & (entropies <= 2 * np.log(2) + 1e-9))
    product = state_of(ansatz_of(2, 500, pattern="none")).entanglement_entropies()
    np.testing.assert_allclose(product, 0, atol=1e-9)


MEASUREMENTS = {
    "one wire": lambda: qml.density_matrix([3]),
    "two wires": lambda: qml.density_matrix([4, 1]),
    "left end": lambda: qml.vn_entropy([1, 0, 2]),
    "right end in bits": lambda: qml.vn_entropy([6, 5], log_base=2),
    "inner wires": lambda: qml.vn_entropy([1, 4]),
    "purity": lambda: qml.purity([2]),
    "mutual information": lambda: qml.mutual_info([0], [6]),
    "all wires": lambda: qml.vn_entropy(range(7)),
}


@pytest.mark.parametrize("measured", MEASUREMENTS.values(), ids=MEASUREMENTS)
def test_pennylanes_measurements(measured):
    ansatz = ansatz_of(3, 7)

    def circuit():
        plh.HardwareEfficientAnsatz(ansatz.data[0], wires=range(7))
        qml.CRX(0.3, [0, 4])
        return measured()

    results = [
        qml.QNode(circuit, qml.device(name, wires=7))()
        for name in ("default.qubit", "hypernet.mps")
    ]
    np.testing.assert_allclose(results[1], results[0], atol=1e-10)


def test_pennylanes_measurements_at_many_wires():
    n = 300
    ansatz = ansatz_of(2, n)
    dev = qml.device("hypernet.mps", wires=n)

    @qml.qnode(dev)
    def circuit():
        plh.HardwareEfficientAnsatz(ansatz.data[0], wires=range(n))
        return (
            qml.vn_entropy(range(150)),
            qml.vn_entropy(range(150, n)),
            qml.density_matrix([10, 200]),
            qml.probs([10, 200]),
            qml.expval(qml.Z(10) @ qml.Z(200)),
        )

    left, right, rho, probabilities, correlation = circuit()
    assert left == pytest.approx(right, abs=1e-9)
    np.testing.assert_allclose(np.diag(rho), probabilities, atol=1e-10)
    assert correlation == pytest.approx(probabilities @ [1, -1, -1, 1], abs=1e-10)
    with pytest.raises(InputError, match="stops at 20 wires"):
        qml.QNode(lambda: qml.vn_entropy(range(100, 200)), dev)()


def test_too_many_wires():
    with pytest.raises(InputError, match="of 9 wires: expected at most 8"):
        state_of(ansatz_of(1, 30)).reduced_density_matrix(range(9))
