"""The kernels for the CZ-chain ansatz: light cones and Walsh-Hadamard transforms."""

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.devices.mps import kernels, light_cone, walsh
from pl_hypernet.devices.mps.ansatz_mps import AnsatzState
from pl_hypernet.devices.mps.light_cone import cones, euler_angles
from pl_hypernet.devices.mps.state import MatrixProductState
from pl_hypernet.testing import ALPHA, g_test

ROTATIONS = [("RY", "RZ"), ("RY",), ("RX", "RZ"), ("RZ", "RX", "RY"), ("RX",)]


def ansatz_of(n_layers, n_wires, rotations=("RY", "RZ"), seed=0, **options):
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires, rotations)
    theta = np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)
    return plh.HardwareEfficientAnsatz(theta, wires=range(n_wires), rotations=rotations, **options)


def exact(ansatz) -> np.ndarray:
    return np.abs(qml.matrix(ansatz, wire_order=ansatz.wires)[:, 0]) ** 2


def index(bits) -> np.ndarray:
    return bits @ (1 << np.arange(bits.shape[1])[::-1])


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
@pytest.mark.parametrize("n_layers", range(6))
@pytest.mark.parametrize(
    ("n_wires", "pattern"), [(1, "chain"), (2, "ring"), (5, "chain"), (4, "none")]
)
def test_light_cones_have_the_exact_probabilities(rotations, n_layers, n_wires, pattern):
    """Of every bitstring drawn, and the frequencies follow them."""
    ansatz = ansatz_of(n_layers, n_wires, rotations, pattern=pattern)
    uniforms = np.random.default_rng(1).random((n_wires, 2000))
    bits, log_probabilities = cones(ansatz.data[0], ansatz).draw(uniforms)
    probabilities = exact(ansatz)
    drawn = probabilities[index(bits)]
    np.testing.assert_allclose(np.exp(log_probabilities), drawn, rtol=1e-9)
    assert g_test(bits, probabilities) > ALPHA
    single, _ = cones(ansatz.data[0], ansatz).draw(uniforms.astype(np.float32))
    assert (single != bits).mean() < 1e-3


@pytest.mark.parametrize("shots", [1, light_cone.BLOCK - 1, light_cone.BLOCK + 1])
def test_any_number_of_shots(shots):
    ansatz = ansatz_of(2, 6)
    uniforms = np.random.default_rng(1).random((6, 300))
    bits, log_probabilities = cones(ansatz.data[0], ansatz).draw(uniforms)
    some, some_logs = cones(ansatz.data[0], ansatz).draw(uniforms[:, :shots].copy())
    assert np.array_equal(some, bits[:shots])
    np.testing.assert_allclose(some_logs, log_probabilities[:shots], rtol=1e-12)


def test_a_circuit_without_phases_is_real():
    assert cones(ansatz_of(3, 4, ("RY",)).data[0], ansatz_of(3, 4, ("RY",))).is_real
    assert not cones(ansatz_of(3, 4).data[0], ansatz_of(3, 4)).is_real


@pytest.mark.parametrize("fault", ["sines", "phases", "start", "order"])
def test_wrong_light_cones_are_found(fault):
    """Each fault alone must fail the test that the right ones pass."""
    ansatz = ansatz_of(3, 5)
    right = cones(ansatz.data[0], ansatz)
    if fault == "sines":  # one CZ too many, in effect
        sines = right.sines.copy()
        sines[2, 2] *= -1
        wrong = replace(right, sines=sines)
    elif fault == "phases":
        wrong = replace(right, phases=right.phases.conj())
    elif fault == "start":
        wrong = replace(right, start=np.roll(right.start, 1))
    else:
        wrong = replace(right, cosines=right.cosines[::-1].copy(), sines=right.sines[::-1].copy())
    uniforms = np.random.default_rng(1).random((5, 20_000))
    assert g_test(right.draw(uniforms)[0], exact(ansatz)) > ALPHA
    assert g_test(wrong.draw(uniforms)[0], exact(ansatz)) < ALPHA


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
def test_euler_angles(rotations):
    names = [rotations, rotations]
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, (2 * len(rotations), 4))
    before, turn, after = euler_angles(theta, names)
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
    state = AnsatzState(ansatz_of(4, 300))
    uniforms = np.random.default_rng(0).random((300, 200))
    bits, log_probabilities = state.draw(uniforms)
    others, other_logs = MatrixProductState.draw(state, uniforms)
    assert (bits != others).mean() < 1e-6
    np.testing.assert_allclose(log_probabilities, other_logs, rtol=1e-8)


def test_single_and_double_precision_agree_at_2112_wires():
    ansatz = ansatz_of(2, 2112)
    sampler = cones(ansatz.data[0], ansatz)
    uniforms = np.random.default_rng(0).random((2112, 500), dtype=np.float32)
    single, _ = sampler.draw(uniforms)
    double, _ = sampler.draw(uniforms.astype(float))
    assert (single != double).mean() < 1e-5  # where a number falls on the edge


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
@pytest.mark.parametrize("n_layers", range(5))
@pytest.mark.parametrize("n_wires", [1, 2, 5])
def test_overlaps_by_walsh_hadamard_transforms(rotations, n_layers, n_wires):
    one, other = (ansatz_of(n_layers, n_wires, rotations, seed) for seed in (0, 1))
    vectors = [qml.matrix(ansatz, wire_order=range(n_wires))[:, 0] for ansatz in (one, other)]
    states = [AnsatzState(ansatz) for ansatz in (one, other)]
    assert states[0].overlap(states[1]) == pytest.approx(abs(np.vdot(*vectors)) ** 2, abs=1e-12)
    weights = np.random.default_rng(2).normal(size=(n_wires, 2))
    expected = kernels.sandwich(states[1].tensors, states[0].tensors, weights)
    assert walsh.contract(states[1].paths, states[0].paths, weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    "options", [{"entangler": "CNOT"}, {"pattern": "ring"}, {"pattern": "brick"}], ids=str
)
def test_other_ansaetze_are_sampled_and_contracted_by_their_tensors(options):
    ansatz = ansatz_of(2, 4, **options)
    state = AnsatzState(ansatz)
    bits, logs = state.draw(np.random.default_rng(0).random((4, 3000)))
    np.testing.assert_allclose(np.exp(logs), exact(ansatz)[index(bits)], rtol=1e-9)
    assert state.overlap(AnsatzState(ansatz)) == pytest.approx(1)
    chain = AnsatzState(ansatz_of(2, 4))
    vectors = [qml.matrix(s.ansatz, wire_order=range(4))[:, 0] for s in (state, chain)]
    assert state.overlap(chain) == pytest.approx(abs(np.vdot(*vectors)) ** 2)
