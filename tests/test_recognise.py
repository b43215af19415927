"""Circuits gate by gate that have a closed form, and those that almost have one."""

import itertools

import numpy as np
import pennylane as qml
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pennylane.wires import Wires
from scipy.stats import unitary_group

import pl_hypernet as plh
from pl_hypernet.circuits.entanglers import entangled_pairs
from pl_hypernet.errors import InputError
from pl_hypernet.mps import recognise as module
from pl_hypernet.mps import skeleton
from pl_hypernet.mps.closed_form import closed_form
from pl_hypernet.mps.evolution import evolve
from pl_hypernet.mps.log_probability_by_gates import log_probability_by_gates
from pl_hypernet.mps.recognise import recognise
from pl_hypernet.mps.recognised_log_p import recognised_log_p
from pl_hypernet.mps.site_order import site_order
from pl_hypernet.testing import MOST_ERRORS, standard_deviations

PATTERNS = ("chain", "brick", "ring", "none")
ENTANGLERS = {"CZ": qml.CZ, "CNOT": qml.CNOT}
TURNS = {
    "RX": lambda rng, wire: qml.RX(rng.uniform(-7, 7), wire),
    "RY": lambda rng, wire: qml.RY(rng.uniform(-7, 7), wire),
    "RZ": lambda rng, wire: qml.RZ(rng.uniform(-7, 7), wire),
    "PhaseShift": lambda rng, wire: qml.PhaseShift(rng.uniform(-7, 7), wire),
    "Rot": lambda rng, wire: qml.Rot(*rng.uniform(-7, 7, 3), wire),
    "U1": lambda rng, wire: qml.U1(rng.uniform(-7, 7), wire),
    "U2": lambda rng, wire: qml.U2(*rng.uniform(-7, 7, 2), wire),
    "U3": lambda rng, wire: qml.U3(*rng.uniform(-7, 7, 3), wire),
    "Hadamard": lambda rng, wire: qml.Hadamard(wire),
    "X": lambda rng, wire: qml.X(wire),
    "adjoint": lambda rng, wire: qml.adjoint(qml.S(wire), lazy=False),
    "unitary": lambda rng, wire: qml.QubitUnitary(unitary_group.rvs(2, random_state=rng), wire),
    "product": lambda rng, wire: qml.prod(qml.S(wire), qml.RX(rng.uniform(-7, 7), wire)),
}


def layered(rng, n_wires, n_layers, pattern="chain", entangler="CZ", turns=("RY", "RZ")) -> list:
    """The hardware-efficient ansatz as a user writes it, with rotations of any kind."""
    operations = []
    for layer in range(n_layers + 1):
        if layer:
            pairs = entangled_pairs(pattern, layer - 1, n_wires)
            operations += [ENTANGLERS[entangler](pair) for pair in pairs]
        for wire in range(n_wires):
            operations += [TURNS[turn](rng, wire) for turn in turns]
    return operations


def vector(operations, wires) -> np.ndarray:
    return qml.matrix(qml.tape.QuantumScript(operations), wire_order=wires)[:, 0]


def drawn_probabilities(state) -> np.ndarray:
    """Of all bitstrings, as the sampler has them; those that it cannot draw are 0."""
    n = len(state.wires)
    forced = np.array(list(itertools.product([0.0, 1.0], repeat=n))).T.copy()
    bits, log_probabilities = state.draw(forced)
    probabilities = np.zeros(2**n)
    probabilities[bits @ (1 << np.arange(n)[::-1])] = np.exp(log_probabilities)
    return probabilities


def check(operations, wires) -> None:
    """State with its phase, and the sampler, against the state vector."""
    order = site_order(operations, wires)
    (state,) = evolve([operations], [order])
    exact = vector(operations, order)
    np.testing.assert_allclose(state.state_vector(order), exact, atol=1e-10)
    if state.wires == order:
        np.testing.assert_allclose(drawn_probabilities(state), np.abs(exact) ** 2, atol=1e-9)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("entangler", ENTANGLERS)
@pytest.mark.parametrize("n_layers", range(4))
@pytest.mark.parametrize("n_wires", [1, 2, 3, 5])
def test_layers_are_those_of_the_template(pattern, entangler, n_layers, n_wires):
    theta = np.random.default_rng(0).uniform(
        -7, 7, plh.HardwareEfficientAnsatz.shape(n_layers, n_wires)
    )
    ansatz = plh.HardwareEfficientAnsatz(theta, range(n_wires), ("RY", "RZ"), entangler, pattern)
    form, rest = recognise(ansatz.decomposition(), ansatz.wires)
    template = closed_form(ansatz).layers
    assert not rest
    assert form.bond_dim == template.bond_dim
    assert form.layers.ring == template.ring
    if n_wires > 2 and pattern != "none":  # else some of the template's layers join nothing
        assert form.layers.joined == template.joined
        assert form.has_cones == closed_form(ansatz).has_cones
    check(ansatz.decomposition(), ansatz.wires)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("entangler", ENTANGLERS)
def test_rotations_of_any_kind(turn, entangler):
    rng = np.random.default_rng(1)
    operations = layered(rng, 4, 2, entangler=entangler, turns=("RX", turn, "Hadamard", turn))
    assert recognise(operations, Wires(range(4)))[0].bond_dim == 4
    check(operations, Wires(range(4)))


def test_a_circuit_without_phases_is_drawn_by_real_numbers():
    form, _ = recognise(layered(np.random.default_rng(0), 5, 3, turns=["RY"]), Wires(range(5)))
    assert np.count_nonzero(form.angles[1::3]) == 20
    assert not form.angles[0::3].any()
    assert not form.angles[2::3].any()


def drop(rng, operations):
    del operations[rng.integers(len(operations))]


def repeat(rng, operations):
    i = rng.integers(len(operations))
    operations.insert(i, operations[i])


def insert(rng, operations):
    wires = list(rng.permutation(4))
    gate = [
        qml.CZ(wires[:2]),
        qml.CNOT(wires[:2]),
        qml.CRX(0.7, wires[:2]),
        qml.SWAP(wires[:2]),
        qml.Toffoli(wires[:3]),
        qml.GlobalPhase(0.3),
        qml.GlobalPhase(0.3, wires=wires[:1]),
        qml.Identity(wires[:1]),
        TURNS["Rot"](rng, wires[0]),
        qml.adjoint(qml.CZ(wires[:2])),
    ]
    operations.insert(rng.integers(len(operations) + 1), gate[rng.integers(len(gate))])


def exchange(rng, operations):
    i, j = rng.integers(len(operations), size=2)
    operations[i], operations[j] = operations[j], operations[i]


def exchange_neighbours(rng, operations):
    i = rng.integers(len(operations) - 1)
    operations[i : i + 2] = operations[i : i + 2][::-1]


def move(rng, operations):
    operations.insert(rng.integers(len(operations)), operations.pop(rng.integers(len(operations))))


def turn_around(rng, operations):
    i = rng.integers(len(operations))
    if type(operations[i]) in ENTANGLERS.values():
        operations[i] = type(operations[i])(operations[i].wires[::-1])


def permute_wires(rng, operations):
    places = {i: int(j) for i, j in enumerate(rng.permutation(4))}
    operations[:] = [qml.map_wires(operation, places) for operation in operations]


def adjoin(rng, operations):
    operations[:] = [qml.adjoint(operation, lazy=False) for operation in reversed(operations)]


def shuffle_entanglers(rng, operations):
    """Those of each layer among themselves."""
    for is_two, group in itertools.groupby(range(len(operations)), _is_two(operations)):
        if is_two:
            places = list(group)
            gates = [operations[i] for i in places]
            for i, j in zip(places, rng.permutation(len(gates)), strict=True):
                operations[i] = gates[j]


def _is_two(operations):
    return lambda i: len(operations[i].wires) == 2


FAULTS = (
    drop,
    repeat,
    insert,
    exchange,
    exchange_neighbours,
    move,
    turn_around,
    permute_wires,
    adjoin,
    shuffle_entanglers,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    n_layers=st.integers(0, 3),
    pattern=st.sampled_from(PATTERNS),
    entangler=st.sampled_from(sorted(ENTANGLERS)),
    turns=st.lists(st.sampled_from(sorted(TURNS)), min_size=1, max_size=2),
    faults=st.lists(st.sampled_from(FAULTS), max_size=3),
)
def test_circuits_that_almost_fit(seed, n_layers, pattern, entangler, turns, faults):
    rng = np.random.default_rng(seed)
    operations = layered(rng, 4, n_layers, pattern, entangler, turns)
    for fault in faults:
        fault(rng, operations)
    check(operations, Wires(range(4)))


@pytest.mark.parametrize("planted", ["before and after", "phase", "bits of a layer", "two in one"])
def test_a_wrong_recogniser_is_noticed(monkeypatch, planted):
    skeleton._skeleton.cache_clear()
    euler, joins, layers = module._euler, skeleton._Taken._joins, skeleton._Taken.layers
    if planted == "before and after":
        monkeypatch.setattr(module, "_euler", lambda m: (euler(m)[0][::-1], euler(m)[1]))
    elif planted == "phase":
        monkeypatch.setattr(module, "_euler", lambda m: (euler(m)[0], -euler(m)[1]))
    elif planted == "bits of a layer":  # the order of two CNOTs on a site is not asked for
        monkeypatch.setattr(
            skeleton._Taken, "_joins", lambda taken, layer, *_: joins(taken, layer, _[0], 16)
        )
    else:  # one entangler of a layer is forgotten

        def forgetful(taken):
            found = layers(taken)
            short = tuple(sites[:1] for sites in found.joined)
            return skeleton.Layers(found.n_sites, found.rotations, short, found.entangler)

        monkeypatch.setattr(skeleton._Taken, "layers", forgetful)
    entangler = "CNOT" if planted == "bits of a layer" else "CZ"
    operations = layered(
        np.random.default_rng(0), 4, 2, entangler=entangler, turns=["Rot", "PhaseShift"]
    )
    shuffle_entanglers(np.random.default_rng(0), operations)
    with pytest.raises(AssertionError):
        check(operations, Wires(range(4)))
    skeleton._skeleton.cache_clear()


def test_what_is_left_acts_afterwards():
    rng = np.random.default_rng(0)
    operations = layered(rng, 5, 2)
    more = [qml.CRX(0.3, [4, 2]), qml.RX(0.2, 0), qml.CZ([0, 1])]
    form, rest = recognise(operations + more, Wires(range(5)))
    assert form.bond_dim == 4
    assert rest == more
    ring = layered(rng, 5, 3, "ring")
    closing = max(i for i, gate in enumerate(ring) if set(gate.wires) == {0, 4})
    del ring[closing]
    form, rest = recognise(ring, Wires(range(5)))
    assert form.layers.n_layers == 2
    assert sum(len(gate.wires) for gate in rest if len(gate.wires) == 2) == 8
    check(ring, Wires(range(5)))


def swap_network() -> list:
    gates = [qml.H(0)]
    for i in range(3):
        gates += [qml.CNOT([i, i + 1]), qml.CNOT([i + 1, i]), qml.CNOT([i, i + 1])]
    return gates


def ising_steps() -> list:
    gates = [qml.H(i) for i in range(4)]
    for _ in range(3):
        for i in range(3):
            gates += [qml.CNOT([i, i + 1]), qml.RZ(0.3, i + 1), qml.CNOT([i, i + 1])]
        gates += [qml.RX(0.2, i) for i in range(4)]
    return gates


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [qml.CZ([0, 1])],
        [qml.H(0), *(qml.CNOT([i, i + 1]) for i in range(3))],
        qml.QFT(range(4)).decomposition(),
        swap_network(),
        ising_steps(),
        [*(qml.RY(0.1, i) for i in range(4)), qml.CRX(0.2, [0, 3]), qml.CZ([0, 1])],
    ],
    ids=["nothing", "CZ", "GHZ", "QFT", "swaps", "Ising", "far gate"],
)
def test_circuits_that_are_left_to_gates(operations):
    """Where a form would have more bits on a bond than gates need, or little to say."""
    form, rest = recognise(operations, Wires(range(4)))
    assert form is None
    assert rest is operations


def test_not_unitary_is_not_recognised():
    half = qml.QubitUnitary(np.diag([1, 0.5]), 0)
    assert recognise([qml.RY(0.3, 0), half], Wires([0]))[0] is None


def test_angles_that_are_not_finite():
    operations = layered(np.random.default_rng(0), 3, 1)
    operations[2] = qml.RY(np.nan, operations[2].wires)
    form, _ = recognise(operations, Wires(range(3)))
    with pytest.raises(InputError, match="NaN or infinite angles"):
        form.tensors()


@pytest.mark.parametrize(
    ("pairs", "order"),
    [
        ([(0, 1), (1, 2), (2, 3)], [0, 1, 2, 3]),
        ([(2, 3), (0, 1)], [0, 1, 2, 3]),
        ([(3, 1), (1, 0), (0, 2)], [3, 1, 0, 2]),
        ([(3, 1), (0, 2), (1, 0)], [3, 1, 0, 2]),
        ([(0, 2)], [0, 2, 1, 3]),
        ([(0, 2), (2, 1), (1, 3), (3, 0)], [0, 2, 1, 3]),
        ([(0, 1), (0, 2), (0, 3)], [0, 1, 2, 3]),
        ([(0, 2), (2, 1), (1, 0)], [0, 1, 2, 3]),
    ],
)
def test_order_of_the_sites(pairs, order):
    operations = [qml.CZ(pair) for pair in pairs]
    assert list(site_order(operations, Wires(range(4)))) == order


def test_wires_beyond_those_given_and_cnots_from_the_right():
    assert list(site_order([qml.CRX(0.1, ["b", "a"])], Wires(["a", "b"]))) == ["a", "b"]
    assert list(site_order([qml.CNOT(["b", "a"])], Wires(["a", "b"]))) == ["b", "a"]
    assert list(site_order([qml.CZ(["b", 7])], Wires(["a", "b"]))) == ["a", "b", 7]


@pytest.mark.parametrize("entangler", ENTANGLERS)
@pytest.mark.parametrize("step", [1, -1])
def test_the_same_bits_as_the_template(entangler, step):
    """On the device, at 66 wires with labels, along them and against them."""
    labels = [f"q{i}" for i in range(66)]
    theta = np.random.default_rng(0).uniform(-7, 7, plh.HardwareEfficientAnsatz.shape(3, 66))
    options = ("RY", "RZ"), entangler, "chain"
    line = labels[::step]

    def template():
        plh.HardwareEfficientAnsatz(theta, line, *options)
        return qml.sample(wires=line)

    def gates():
        plh.HardwareEfficientAnsatz.compute_decomposition(theta, line, *options)
        return qml.sample(wires=line)

    bits = []
    for function in (template, gates):
        dev = qml.device("hypernet.mps", wires=labels, seed=3)
        bits.append(qml.set_shots(qml.QNode(function, dev, diff_method=None), shots=300)())
        assert dev.bond_dim == 8
    if (entangler, step) == ("CZ", -1):  # drawn from the other end
        deviations = [
            standard_deviations(bits[1][:, i] * 1.0, exact)
            for i, exact in enumerate(bits[0].mean(axis=0))
        ]
        assert max(deviations) < 2 * MOST_ERRORS
    else:
        assert (bits[0] == bits[1]).mean() > 0.9999


def test_deep_circuits_are_left_to_gates_and_truncated():
    operations = layered(np.random.default_rng(0), 30, 12, turns=["RY"])
    (state,) = evolve([operations], [Wires(range(30))], max_bond_dim=8)
    assert state.bond_dim == 8


@pytest.mark.parametrize(
    "turns", [["RX", "unitary"], ["Rot", "Hadamard"], ["U3"], ["adjoint", "RY"]]
)
@pytest.mark.parametrize("n_layers", range(4))
def test_log_p_of_what_is_recognised(turns, n_layers):
    """Its value and its derivatives, with wires in any order, against gates one by one."""
    operations = layered(np.random.default_rng(0), 5, n_layers, turns=turns)
    wires = [3, 0, 4, 1, 2]
    bits = torch.as_tensor(np.random.default_rng(1).integers(0, 2, (20, 5)))
    values, gradients = [], []
    for log_p in (recognised_log_p, log_probability_by_gates):
        angles = torch.linspace(0.1, 3, 5 * n_layers + 5, dtype=torch.float64, requires_grad=True)
        turned = [qml.RY(angles[i], i % 5) for i in range(5)] + operations
        turned += [qml.Rot(0.1, angles[5 * n_layers + i], 0.3, i) for i in range(5)]
        values.append(log_p(turned, bits, Wires(wires)))
        gradients.append(torch.autograd.grad(values[-1].mean(), angles)[0])
    torch.testing.assert_close(*values, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "operations",
    [
        layered(np.random.default_rng(0), 4, 2, entangler="CNOT"),
        layered(np.random.default_rng(0), 4, 2, "ring"),
        [*layered(np.random.default_rng(0), 4, 2), qml.CRX(0.1, [0, 1])],
        layered(np.random.default_rng(0), 4, 7),
        layered(np.random.default_rng(0), 3, 2),
    ],
    ids=["CNOT", "ring", "more", "deep", "a wire without gates"],
)
def test_other_circuits_have_log_p_by_gates(operations):
    bits = torch.as_tensor(np.random.default_rng(1).integers(0, 2, (20, 4)))
    assert recognised_log_p(operations, bits, Wires(range(4))) is None
    log_p = plh.circuit_log_probability(operations, bits, range(4))
    amplitudes = vector(operations, range(4))[bits.numpy() @ [8, 4, 2, 1]]
    np.testing.assert_allclose(log_p.exp(), np.abs(amplitudes) ** 2, atol=1e-12)


def test_a_batch_of_angles_is_no_circuit():
    batch = torch.linspace(0, 1, 3, dtype=torch.float64)
    with pytest.raises(InputError, match="batch of 3"):
        plh.circuit_log_probability([qml.RY(batch, 0), qml.RX(0.3, 0)], [[0]])
