"""Gates in layers, through long bonds and by swaps; truncation and what it says of itself."""

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp
from scipy.stats import unitary_group

import pl_hypernet as plh
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.mps import gates
from pl_hypernet.mps.evolution import evolve, evolve_by_gates
from pl_hypernet.mps.gate_layers import gate_layers
from pl_hypernet.mps.gates import GateEvolution
from pl_hypernet.mps.operator_gates import line_gates
from pl_hypernet.mps.torch_gates import TorchEvolution


def random_gates(n_wires, n_gates, seed=0):
    """Unitaries on one and two wires, some of them far apart: (matrix, positions)."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(n_gates):
        positions = tuple(rng.choice(n_wires, rng.integers(1, 3), replace=False).tolist())
        drawn.append((unitary_group.rvs(2 ** len(positions), random_state=rng), positions))
    return drawn


def vector(drawn, n_wires):
    operations = [qml.QubitUnitary(matrix, positions) for matrix, positions in drawn]
    return qml.matrix(qml.tape.QuantumScript(operations), wire_order=range(n_wires))[:, 0]


def evolved(layers, n_wires, kind=GateEvolution, **options):
    evolution = kind(range(n_wires), **options)
    evolution.apply_layers(layers)
    return evolution


@pytest.mark.parametrize("seed", range(8))
def test_layers_are_the_same_circuit(seed):
    n = 5
    drawn = random_gates(n, 30, seed)
    layers = gate_layers(drawn)
    ordered = [gate for layer in layers for gate in layer]
    np.testing.assert_allclose(vector(ordered, n), vector(drawn, n), atol=1e-12)
    assert len(ordered) < len(drawn)
    for layer in layers:
        sites = [site for _, positions in layer for site in positions]
        assert len(sites) == len(set(sites))  # none of them is diagonal
        assert all(positions == tuple(sorted(positions)) for _, positions in layer)
    np.testing.assert_allclose(
        evolved(layers, n).state().state_vector(), vector(drawn, n), atol=1e-10
    )


def test_gates_on_one_pair_become_one():
    drawn = [(np.eye(4), (0, 1)), (np.eye(2), (1,)), (np.eye(4), (1, 0)), (np.eye(4), (1, 2))]
    assert [len(layer) for layer in gate_layers(drawn)] == [2]  # and the identity is diagonal
    assert gate_layers([]) == []


@pytest.mark.parametrize("positions", [(0, 5), (5, 1), (2, 4)])
@pytest.mark.parametrize("gate", [qml.CNOT, qml.CZ, qml.SWAP, "random", "three"])
@pytest.mark.parametrize(
    ("kind", "centre"),
    [(GateEvolution, 0), (TorchEvolution, 0), (TorchEvolution, 3), (TorchEvolution, 5)],
)
@pytest.mark.parametrize("at_once", [1, 64])
def test_far_wires(kind, positions, gate, at_once, centre, monkeypatch):
    monkeypatch.setattr(gates, "AT_ONCE", at_once)
    n = 6
    before = random_gates(n, 20, seed=1)
    if gate == "three":
        positions = (*positions, 3)
    random = unitary_group.rvs(2 ** len(positions), random_state=0)
    matrix = random if isinstance(gate, str) else gate.compute_matrix()
    evolution = evolved(gate_layers(before), n, kind)
    if kind is TorchEvolution:
        evolution._move_centre(centre)
    operation = qml.QubitUnitary(matrix, positions)
    drawn, _ = line_gates([operation], dict(zip(range(n), range(n), strict=True)))
    evolution.apply_layers(gate_layers(drawn))
    exact = vector([*before, (matrix, positions)], n)
    np.testing.assert_allclose(evolution.state().state_vector(), exact, atol=1e-10)
    _check_canonical(evolution)


def _check_canonical(evolution):
    if isinstance(evolution, TorchEvolution):
        sites, centre = [site.numpy() for site in evolution.sites], evolution.centre
    else:
        sites, centre = evolution.state().to_sites(), 0
    for i, site in enumerate(sites):
        if i == centre:
            continue
        rows = site.reshape(-1, site.shape[2]).T if i < centre else site
        rows = rows.reshape(rows.shape[0], -1)
        np.testing.assert_allclose(rows @ rows.conj().T, np.eye(len(rows)), atol=1e-10)


@pytest.mark.parametrize(("n_layers", "max_bond_dim"), [(3, 2), (4, 2), (5, 3)])
def test_one_sweep_states_its_fidelity_exactly_and_beats_gate_by_gate(
    n_layers, max_bond_dim, monkeypatch
):
    monkeypatch.setattr(gates, "AT_ONCE", 1)
    n = 14
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n)
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, shape)
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(n))
    wires = [qml.wires.Wires(range(n))]
    (exact,) = evolve([[ansatz]], wires)
    (by_sweep,) = evolve([[ansatz]], wires, max_bond_dim)
    by_gates = evolve_by_gates([ansatz], wires[0], max_bond_dim)
    assert exact.fidelity == 1
    assert by_sweep.bond_dim == by_gates.bond_dim == max_bond_dim
    assert by_sweep.fidelity == pytest.approx(exact.overlap(by_sweep), abs=1e-10)
    assert by_sweep.fidelity < 0.98
    assert exact.overlap(by_sweep) > exact.overlap(by_gates)
    assert by_gates.fidelity == pytest.approx(exact.overlap(by_gates), rel=0.3)


def test_no_state_of_this_bond_dimension_is_better():
    """Of one bond, the largest Schmidt coefficients are the best fidelity that there can be."""
    n, max_bond_dim = 8, 2
    drawn = [(unitary_group.rvs(4, random_state=i), (i % 7, i % 7 + 1)) for i in range(40)]
    evolution = evolved(gate_layers(drawn), n)
    exact = evolution.state()
    evolution.max_bond_dim = max_bond_dim
    evolution.truncate()
    schmidt = np.linalg.svd(exact.state_vector().reshape(2**4, -1), compute_uv=False)
    assert evolution.fidelity <= np.sum(schmidt[:max_bond_dim] ** 2) + 1e-10
    assert exact.overlap(evolution.state()) == pytest.approx(evolution.fidelity, abs=1e-10)


def test_the_device_reports_the_fidelity():
    n = 10
    shape = plh.HardwareEfficientAnsatz.shape(4, n)
    theta = np.random.default_rng(0).normal(0, 0.1, shape)
    dev = plh.device("hypernet.mps", wires=n, max_bond_dim=3, seed=0)

    @qml.set_shots(10)
    @qml.qnode(dev)
    def circuit():
        plh.HardwareEfficientAnsatz(theta, wires=range(n))
        return qml.sample()

    with qml.Tracker(dev) as tracker:
        circuit()
    assert 0.9 < dev.fidelity < 1
    assert tracker.history["fidelity"] == [dev.fidelity]
    assert 1 - dev.fidelity == pytest.approx(dev.truncation_error, rel=0.1)


ODD_GATES = {
    "RY": lambda x: qml.RY(x, 0),
    "several": lambda x: [qml.RY(x, 0), qml.SWAP([0, 2]), qml.CRX(0.3, [0, 1])],
    "CRY": lambda x: qml.CRY(x, [0, 1]),
    "matrix": lambda x: qml.QubitUnitary(np.full((2, 2), x), 0),
    "phase": lambda x: qml.GlobalPhase(x),
    "phase of gates": lambda x: [qml.SWAP([0, 2]), qml.CRX(0.3, [0, 1]), qml.GlobalPhase(x)],
    "controlled": lambda x: qml.ctrl(qml.RX(x, 0), [1, 2]),
    "ansatz": lambda x: plh.HardwareEfficientAnsatz(np.full((3, 3), x), wires=range(3)),
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("gates", ODD_GATES.values(), ids=ODD_GATES)
@pytest.mark.parametrize("name", ["hypernet.mps", "default.tensor", "default.qubit"])
@pytest.mark.parametrize("shots", [5, None])
def test_parameters_that_are_no_numbers_are_refused(name, gates, shots):
    """Simulators draw bits of NaN, mostly 0."""

    @qml.set_shots(shots)
    @qml.qnode(plh.device(name, wires=3), diff_method=None)
    def circuit(x):
        gates(x)
        return qml.probs(wires=[0, 1])

    for angle in (np.nan, -np.inf):
        with pytest.raises(InputError, match=r"NaN or infinite (angles|parameters)"):
            circuit(angle)
    if gates is not ODD_GATES["matrix"]:
        assert circuit(0.3).sum() == pytest.approx(1)


def test_observables_that_are_no_numbers_are_refused():
    @qml.qnode(plh.device("default.tensor", wires=2))
    def circuit(x):
        return qml.expval(x * qml.Z(0) + qml.X(1))

    with pytest.raises(InputError, match="has NaN or infinite parameters"):
        circuit(np.nan)


@pytest.mark.parametrize("interface", ["autograd", "torch"])
def test_parameters_that_are_differentiated_are_looked_at(interface):
    @qml.qnode(plh.device("default.qubit", wires=1), interface=interface)
    def circuit(x):
        qml.RY(x, 0)
        return qml.expval(qml.Z(0))

    def slope(x):
        if interface == "autograd":
            return qml.grad(circuit)(pnp.array(x, requires_grad=True))
        angle = torch.tensor(x, requires_grad=True)
        circuit(angle).backward()
        return angle.grad

    assert float(slope(0.3)) == pytest.approx(-np.sin(0.3))
    with pytest.raises(InputError, match="RY has NaN or infinite parameters"):
        slope(np.nan)


def test_an_exponential_that_is_not_unitary_is_refused():
    @qml.qnode(qml.device("hypernet.mps", wires=2), diff_method=None)
    def circuit(exponent):
        qml.exp(qml.X(0) @ qml.X(1), exponent)
        return qml.expval(qml.Z(0))

    assert circuit(-0.3j) == pytest.approx(np.cos(0.6))
    with pytest.raises(DeviceError, match="not unitary"):
        circuit(0.3)
