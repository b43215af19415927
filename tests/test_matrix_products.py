"""Large bonds: the same numbers as the compiled loops and as plain torch, which a GPU would run."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.mps import kernels, matrix_products
from pl_hypernet.mps.evolution import evolve
from pl_hypernet.mps.state import MatrixProductState
from pl_hypernet.training.config import RunConfig


@pytest.fixture(scope="module")
def state():
    n = 9
    shape = plh.HardwareEfficientAnsatz.shape(3, n)
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, shape)
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(n), entangler="CNOT", pattern="ring")
    (state,) = evolve([[ansatz]], [ansatz.wires])
    assert state.bond_dim == 64
    return state


def test_right_canonical(state):
    by_loops, by_matrices = state.tensors.copy(), state.tensors.copy()
    kernels.right_canonical(by_loops, state.bond_dims)
    matrix_products.right_canonical(by_matrices, state.bond_dims)
    for site, left, right in _parts(by_matrices, state):
        rows = np.concatenate(site[:, :left, :right], axis=1)
        gram = rows @ rows.conj().T
        np.testing.assert_allclose(gram, np.diag(np.diag(gram).round()), atol=1e-12)
    for tensors in (by_loops, by_matrices):
        same = MatrixProductState(tensors, state.wires, state.bond_dims)
        np.testing.assert_allclose(same.state_vector(), state.state_vector(), atol=1e-12)


def _parts(tensors, state):
    return zip(tensors, state.bond_dims[:-1], state.bond_dims[1:], strict=True)


def test_transfer(state):
    weights = np.random.default_rng(0).normal(size=(9, 2))
    weights[4, 1] = 0
    env = np.zeros((64, 64), dtype=complex)
    env[0, 0] = 1
    arguments = (env, state.canonical, state.tensors, weights)
    np.testing.assert_allclose(
        matrix_products.transfer(*arguments), kernels.transfer(*arguments), atol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("real", [False, True])
def test_three_samplers_draw_the_same_bits(dtype, real):
    """Compiled loops, matrix products with compiled choices, and torch alone."""
    n = 8
    rotations = ("RY",) if real else ("RY", "RZ")
    theta = np.random.default_rng(0).uniform(
        -np.pi, np.pi, plh.HardwareEfficientAnsatz.shape(2, n, rotations)
    )
    ansatz = plh.HardwareEfficientAnsatz(
        theta, wires=range(n), entangler="CNOT", pattern="ring", rotations=rotations
    )
    (state,) = evolve([[ansatz]], [ansatz.wires])
    assert state.canonical.imag.any() == (not real)
    uniforms = np.random.default_rng(1).random((n, 3000)).astype(dtype)
    drawn = [state.draw(uniforms)]
    parts = state.canonical.real.astype(dtype), state.canonical.imag.astype(dtype)
    joined = matrix_products.joined(*parts, state.bond_dims)
    assert joined[4].is_complex() == (not real)
    for block in (matrix_products._sample_block, matrix_products.sample_block_in_torch):
        bits, logs = np.empty((n, 3000), dtype=np.int8), np.empty(3000)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(matrix_products, "_sample_block", block)
            matrix_products.sample(joined, uniforms, bits, logs)
        drawn.append((bits.T, logs))
    probabilities = np.abs(state.state_vector()) ** 2
    for bits, logs in drawn:
        assert (bits != drawn[0][0]).mean() < (1e-3 if dtype == np.float32 else 1e-12)
        exact = np.log(probabilities[bits @ (1 << np.arange(n)[::-1])])
        np.testing.assert_allclose(logs, exact, atol=1e-3 if dtype == np.float32 else 1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_rounding_that_makes_denormal_numbers(dtype):
    """Of an ansatz with many Schmidt coefficients that are almost 0."""
    shape = plh.HardwareEfficientAnsatz.shape(6, 12)
    theta = np.random.default_rng(0).uniform(-np.pi, np.pi, shape)
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(12), entangler="CNOT")
    (state,) = evolve([[ansatz]], [ansatz.wires])
    smallest = np.abs(state.canonical[state.canonical != 0]).min()
    entries = np.abs(np.concatenate([site.ravel() for site in state._working_copy(dtype)]))
    assert entries[entries > 0].min() > 90 * np.finfo(dtype).eps ** 2 > smallest


def test_impossible_bits_are_not_drawn_by_torch():
    gates = [qml.Hadamard(0), *(qml.CNOT([i, i + 1]) for i in range(4))]
    (ghz,) = evolve([gates], [qml.wires.Wires(range(5))])
    parts = ghz.canonical.real.astype(np.float32), ghz.canonical.imag.astype(np.float32)
    joined = matrix_products.joined(*parts, ghz.bond_dims)
    uniforms = np.random.default_rng(0).random((5, 500), dtype=np.float32)
    uniforms[:, 0], uniforms[:, 1] = 0, 1
    bits, logs = np.empty((5, 500), dtype=np.int8), np.empty(500)
    matrix_products.sample_block_in_torch(joined, uniforms, bits, logs)
    assert set(map(tuple, bits.T)) == {(0,) * 5, (1,) * 5}
    np.testing.assert_allclose(logs, np.log(0.5), atol=1e-6)


def test_a_torch_device_that_is_not_there():
    with pytest.raises(InputError, match=r"torch_device='nowhere': .*; use 'cpu'"):
        plh.device("hypernet.mps", wires=2, torch_device="nowhere")
    with pytest.raises(InputError, match=r"torch_device='cuda:99': .*; use 'cpu'"):
        RunConfig(torch_device="cuda:99").build_network(3)
