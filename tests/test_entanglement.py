"""Density matrices, entropies and local expectation values of matrix product states."""

from functools import cache

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps import state as state_module
from pl_hypernet.mps.evolution import evolve


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
    with pytest.raises(InputError, match="100 of 300 wires at bond dimension"):
        qml.QNode(lambda: qml.vn_entropy(range(100, 200)), dev)()


ANGLES_OF_ELEVEN = ansatz_of(3, 11).data[0]


def circuit_of_eleven(wires, measured):
    plh.HardwareEfficientAnsatz(ANGLES_OF_ELEVEN, wires=wires)
    return measured(wires)


@cache
def exact_of_eleven(measured):
    """PennyLane's own measurements take labels for positions, so the wires have plain ones."""
    dev = qml.device("default.qubit", wires=11)
    return qml.QNode(lambda: circuit_of_eleven(range(11), measured), dev)()


@pytest.mark.parametrize("labels", [range(11)[::-1], range(1, 12), "abcdefghijk"], ids=str)
@pytest.mark.parametrize(
    "measured",
    [
        lambda w: qml.vn_entropy([w[i] for i in (0, 1, 2, 3, 4, 5, 6, 7, 10)]),
        lambda w: qml.mutual_info([w[1], w[8], w[3]], [w[i] for i in (0, 2, 4, 5, 6, 7)]),
        lambda w: qml.purity([w[i] for i in range(0, 10)]),
        lambda w: qml.density_matrix([w[5], w[2]]),
    ],
    ids=["vn_entropy", "mutual_info", "purity", "density_matrix"],
)
def test_any_labels_beyond_small_density_matrices(labels, measured):
    labels = list(labels)
    dev = qml.device("hypernet.mps", wires=labels)
    ours = qml.QNode(lambda: circuit_of_eleven(labels, measured), dev)()
    np.testing.assert_allclose(ours, exact_of_eleven(measured), atol=1e-9)


def test_long_pauli_words_with_shots():
    n = 40
    dev = qml.device("hypernet.mps", wires=n, seed=0)

    @qml.qnode(dev)
    def circuit(shift):
        for wire in range(n):
            qml.RX(np.pi + shift, wire)
        word = qml.prod(*(qml.Z(wire) for wire in range(n)))
        return qml.expval(-2 * word), qml.var(word)

    assert qml.set_shots(circuit, shots=50)(0.0) == (-2, 0)
    mean, variance = qml.set_shots(circuit, shots=20_000)(0.1)
    exact = np.cos(0.1) ** n
    assert abs(mean + 2 * exact) < 5 * 2 * np.sqrt((1 - exact**2) / 20_000)
    assert variance == pytest.approx(1 - (mean / 2) ** 2)


def test_too_many_wires():
    state = state_of(ansatz_of(2, 30))
    assert state.reduced_density_matrix(range(3, 11)).shape == (256, 256)
    with pytest.raises(InputError, match="of 12 of 30 wires at bond dimension 4 is too large"):
        state.reduced_density_matrix(range(12))
