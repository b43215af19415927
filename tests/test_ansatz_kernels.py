"""The kernels for the CZ-chain ansatz: light cones and Walsh-Hadamard transforms."""

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.mps import kernels, light_cone, product_shots, walsh
from pl_hypernet.mps.closed_form import closed_form
from pl_hypernet.mps.closed_form_state import ClosedFormState
from pl_hypernet.mps.cones import cones, euler_angles, small_turns
from pl_hypernet.mps.layers import layers_of
from pl_hypernet.mps.state import MatrixProductState
from pl_hypernet.testing import ALPHA, g_test

ROTATIONS = [("RY", "RZ"), ("RY",), ("RX", "RZ"), ("RZ", "RX", "RY"), ("RX",)]


def ansatz_of(n_layers, n_wires, rotations=("RY", "RZ"), seed=0, **options):
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires, rotations)
    theta = np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)
    return plh.HardwareEfficientAnsatz(theta, wires=range(n_wires), rotations=rotations, **options)


def exact(ansatz) -> np.ndarray:
    return np.abs(qml.matrix(ansatz, wire_order=ansatz.wires)[:, 0]) ** 2


def cones_of(ansatz):
    return cones(ansatz.data[0][None], layers_of(ansatz))


def state_of(ansatz) -> ClosedFormState:
    return ClosedFormState(closed_form(ansatz))


def draw(sampler, uniforms):
    """Of a batch of one circuit."""
    bits, log_probabilities = sampler.draw(uniforms[None])
    return bits[0], log_probabilities[0]


def index(bits) -> np.ndarray:
    return bits @ (1 << np.arange(bits.shape[1])[::-1])


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
@pytest.mark.parametrize("n_layers", range(8))
@pytest.mark.parametrize(
    ("n_wires", "pattern"), [(1, "chain"), (2, "ring"), (5, "chain"), (4, "none")]
)
def test_light_cones_have_the_exact_probabilities(rotations, n_layers, n_wires, pattern):
    """Of every bitstring drawn, and the frequencies follow them."""
    ansatz = ansatz_of(n_layers, n_wires, rotations, pattern=pattern)
    uniforms = np.random.default_rng(1).random((n_wires, 2000))
    bits, log_probabilities = draw(cones_of(ansatz), uniforms)
    probabilities = exact(ansatz)
    drawn = probabilities[index(bits)]
    np.testing.assert_allclose(np.exp(log_probabilities), drawn, rtol=1e-9)
    assert g_test(bits, probabilities) > ALPHA
    single, _ = draw(cones_of(ansatz), uniforms.astype(np.float32))
    assert (single != bits).mean() < 1e-3


@pytest.mark.parametrize(
    "shots", [1, light_cone.HALF - 1, light_cone.HALF + 1, light_cone.LANES + 1]
)
def test_any_number_of_shots(shots):
    ansatz = ansatz_of(2, 6)
    uniforms = np.random.default_rng(1).random((6, 300))
    bits, log_probabilities = draw(cones_of(ansatz), uniforms)
    some, some_logs = draw(cones_of(ansatz), uniforms[:, :shots].copy())
    assert np.array_equal(some, bits[:shots])
    np.testing.assert_allclose(some_logs, log_probabilities[:shots], rtol=1e-12)


def test_a_circuit_without_phases_is_real():
    assert cones_of(ansatz_of(3, 4, ("RY",))).is_real
    assert not cones_of(ansatz_of(3, 4)).is_real


@pytest.mark.parametrize("fault", ["tangents", "flips", "phases", "start", "order"])
@pytest.mark.parametrize("n_layers", [2, 3, 4, 5])
def test_wrong_light_cones_are_found(n_layers, fault):
    """Each fault alone must fail the test that the right ones pass."""
    ansatz = ansatz_of(n_layers, 6)
    right = cones_of(ansatz)
    one_turn = np.ones_like(right.tangents)
    one_turn[:, 5, 1] = -1
    wrong = {
        "tangents": {"tangents": right.tangents * one_turn},
        "flips": {"flips": 1 - right.flips},
        "phases": {"phases": right.phases.conj()},
        "start": {"start": np.roll(right.start, 1, axis=1)},
        "order": {"tangents": right.tangents[:, ::-1].copy()},
    }[fault]
    uniforms = np.random.default_rng(1).random((6, 20_000))
    assert g_test(draw(right, uniforms)[0], exact(ansatz)) > ALPHA
    assert g_test(draw(replace(right, **wrong), uniforms)[0], exact(ansatz)) < ALPHA


@pytest.mark.parametrize("n_wires", [1, 2, 5])
@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_small_turns_are_the_same_circuits(n_layers, n_wires):
    """RZ, RY and CZ with angles of any size, against those with turns of at most pi/2."""
    rng = np.random.default_rng(0)
    turn = rng.uniform(-10, 10, (1, n_layers + 1, n_wires))
    pending = rng.uniform(-10, 10, (1, n_layers, n_wires))
    small, others, flips = small_turns(turn, pending)
    assert np.abs(small).max() <= np.pi / 2
    assert not np.array_equal(small, turn)

    def probabilities(turn, pending):
        gates = []
        for layer in range(n_layers + 1):
            gates += [qml.RY(turn[0, layer, i], i) for i in range(n_wires)]
            if layer < n_layers:
                gates += [qml.RZ(pending[0, layer, i], i) for i in range(n_wires)]
                gates += [qml.CZ([i, i + 1]) for i in range(n_wires - 1)]
        return np.abs(qml.matrix(qml.prod(*gates[::-1]), wire_order=range(n_wires))[:, 0]) ** 2

    flipped = np.arange(2**n_wires) ^ index(flips)[0]
    np.testing.assert_allclose(
        probabilities(small, others)[flipped], probabilities(turn, pending), atol=1e-12
    )


def test_many_circuits_at_once():
    """The same bits as one after the other, by any number of threads."""
    ansaetze = [ansatz_of(2, 9, seed=seed) for seed in range(3)]
    uniforms = np.random.default_rng(0).random((3, 9, 2000), dtype=np.float32)
    thetas = np.stack([ansatz.data[0] for ansatz in ansaetze])
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            bits, logs = cones(thetas, layers_of(ansaetze[0])).draw(uniforms)
            for i, ansatz in enumerate(ansaetze):
                alone, alone_logs = draw(cones_of(ansatz), uniforms[i])
                assert np.array_equal(bits[i], alone)
                assert np.array_equal(logs[i], alone_logs)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
def test_euler_angles(rotations):
    names = [rotations, rotations]
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, (2 * len(rotations), 4))
    before, turn, after = (angles[0] for angles in euler_angles(theta[None], names))
    gates = {"RX": qml.RX, "RY": qml.RY, "RZ": qml.RZ}
    for layer in range(2):
        for site in range(4):
            expected = np.eye(2)
            for row, name in enumerate(rotations):
                angle = theta[layer * len(rotations) + row, site]
                expected = gates[name].compute_matrix(angle) @ expected
            got = (
                qml.RZ.compute_matrix(after[layer, site])
                @ qml.RY.compute_matrix(turn[layer, site])
                @ qml.RZ.compute_matrix(before[layer, site])
            )
            assert abs(np.trace(got.conj().T @ expected)) == pytest.approx(2, abs=1e-12)


def test_light_cones_and_tensors_are_one_state():
    """The same random numbers give the same bits by both samplers, at many wires."""
    state = state_of(ansatz_of(4, 300))
    uniforms = np.random.default_rng(0).random((300, 200))
    bits, log_probabilities = state.draw(uniforms)
    others, other_logs = MatrixProductState.draw(state, uniforms)
    assert (bits != others).mean() < 1e-6
    np.testing.assert_allclose(log_probabilities, other_logs, rtol=1e-8)


def test_single_and_double_precision_agree_at_2112_wires():
    ansatz = ansatz_of(2, 2112)
    sampler = cones_of(ansatz)
    uniforms = np.random.default_rng(0).random((2112, 500), dtype=np.float32)
    single, _ = draw(sampler, uniforms)
    double, _ = draw(sampler, uniforms.astype(float))
    assert (single != double).mean() < 1e-5  # where a number falls on the edge


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
@pytest.mark.parametrize("n_layers", range(5))
@pytest.mark.parametrize("n_wires", [1, 2, 5])
def test_overlaps_by_walsh_hadamard_transforms(rotations, n_layers, n_wires):
    one, other = (ansatz_of(n_layers, n_wires, rotations, seed) for seed in (0, 1))
    vectors = [qml.matrix(ansatz, wire_order=range(n_wires))[:, 0] for ansatz in (one, other)]
    states = [state_of(ansatz) for ansatz in (one, other)]
    assert states[0].overlap(states[1]) == pytest.approx(abs(np.vdot(*vectors)) ** 2, abs=1e-12)
    weights = np.random.default_rng(2).normal(size=(n_wires, 2))
    start = np.zeros([state.tensors.shape[2] for state in states[::-1]], dtype=complex)
    start[0, 0] = 1
    expected = kernels.transfer(start, states[1].tensors, states[0].tensors, weights)[0, 0]
    ket, bra = (state.form.paths for state in states)
    assert walsh.contract(bra, ket, weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    "options", [{"entangler": "CNOT"}, {"pattern": "ring"}, {"pattern": "brick"}], ids=str
)
def test_other_ansaetze_are_sampled_and_contracted_by_their_tensors(options):
    ansatz = ansatz_of(2, 4, **options)
    state = state_of(ansatz)
    bits, logs = state.draw(np.random.default_rng(0).random((4, 3000)))
    np.testing.assert_allclose(np.exp(logs), exact(ansatz)[index(bits)], rtol=1e-9)
    assert state.overlap(state_of(ansatz)) == pytest.approx(1)
    chain = ansatz_of(2, 4)
    vectors = [qml.matrix(op, wire_order=range(4))[:, 0] for op in (ansatz, chain)]
    assert state.overlap(state_of(chain)) == pytest.approx(abs(np.vdot(*vectors)) ** 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shots", [1, 3, 7])
def test_bits_alone_are_those_that_are_drawn_with_log_p(shots, dtype, monkeypatch):
    monkeypatch.setattr(product_shots, "HELD", 10)  # parts that do not divide the sites evenly
    turns = np.random.default_rng(1).uniform(-4, 4, (2, 23))
    turns[0, :3] = 0, np.pi, 2 * np.pi
    sampler = product_shots.ProductShots(turns)
    uniforms = np.random.default_rng(2).random((2, 23, shots), dtype)
    alone = sampler.bits(shots, np.random.default_rng(2), dtype)
    np.testing.assert_array_equal(alone, sampler.draw(uniforms)[0])
