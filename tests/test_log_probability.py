"""log p of bitstrings and its gradient: against state vectors, many digits, finite differences."""

import mpmath
import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.circuits.ansatz import rotation_layers
from pl_hypernet.errors import InputError
from pl_hypernet.mps.chain_log_probability import chain_log_probability, path_amplitudes
from pl_hypernet.mps.log_probability_by_gates import log_probability_by_gates

ROTATIONS = [("RY", "RZ"), ("RY",), ("RX", "RZ", "RY")]


def angles(n_layers, n_wires, rotations=("RY", "RZ"), seed=0):
    shape = plh.HardwareEfficientAnsatz.shape(n_layers, n_wires, rotations)
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)


@pytest.mark.parametrize("rotations", ROTATIONS, ids="".join)
@pytest.mark.parametrize("n_layers", range(4))
@pytest.mark.parametrize(
    ("n_wires", "pattern"), [(1, "chain"), (2, "chain"), (5, "chain"), (4, "none")]
)
def test_value_and_gradient(rotations, n_layers, n_wires, pattern):
    """The value against the state vector, the gradient against plain torch's."""
    theta = angles(n_layers, n_wires, rotations)
    ansatz = plh.HardwareEfficientAnsatz(
        theta, wires=range(n_wires), rotations=rotations, pattern=pattern
    )
    probabilities = np.abs(qml.matrix(ansatz, wire_order=range(n_wires))[:, 0]) ** 2
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (40, n_wires))
    t = torch.tensor(theta, requires_grad=True)
    value = plh.log_probability(t, bits, rotations, pattern)
    expected = np.log(probabilities[bits @ (1 << np.arange(n_wires)[::-1])])
    np.testing.assert_allclose(value.detach().numpy(), expected, rtol=0, atol=1e-9)

    weights = torch.tensor(rng.normal(size=40))
    (gradient,) = torch.autograd.grad((weights * value).sum(), t)
    paths = path_amplitudes(t, rotation_layers(n_layers, rotations), pattern == "none")
    plain = chain_log_probability(paths, torch.tensor(bits.T, dtype=torch.float64))
    (expected,) = torch.autograd.grad((weights * plain).sum(), t)
    torch.testing.assert_close(gradient, expected, rtol=1e-8, atol=1e-8)


def test_against_many_digits_at_2112_wires():
    """34 decimal digits, with the contraction written out once more."""
    n_wires, n_layers = 2112, 2
    theta = angles(n_layers, n_wires)
    bits = np.random.default_rng(0).integers(0, 2, (2, n_wires))
    values = plh.log_probability(theta, bits).numpy()
    with mpmath.workdps(34):
        for row, value in zip(bits, values, strict=True):
            exact = many_digits(theta, row)
            assert abs((mpmath.mpf(float(value)) - exact) / exact) < 1e-9


def many_digits(theta, bits):
    """log p of one bitstring under two layers of RY, RZ and CZ."""

    def ry(angle):
        c, s = mpmath.cos(mpmath.mpf(float(angle)) / 2), mpmath.sin(mpmath.mpf(float(angle)) / 2)
        return mpmath.matrix([[c, -s], [s, c]])

    def rz(angle):
        half = mpmath.mpf(float(angle)) / 2
        return mpmath.diag([mpmath.expj(-half), mpmath.expj(half)])

    v = {(0, 0): mpmath.mpc(1)}
    log = mpmath.mpf(0)
    last = theta.shape[1] - 1
    for site, bit in enumerate(bits):
        r0 = rz(theta[1, site]) * ry(theta[0, site])
        r1 = rz(theta[3, site]) * ry(theta[2, site])
        r2 = ry(theta[4, site])
        following = {}
        for (l1, l2), amplitude in v.items():
            for a in (0, 1):
                for b in (0, 1):
                    path = r0[a, 0] * r1[b, a] * r2[int(bit), b]
                    sign = (-1) ** (l1 * a + l2 * b)
                    right = (0, 0) if site == last else (a, b)
                    following[right] = following.get(right, 0) + amplitude * sign * path
        norm = mpmath.sqrt(sum(abs(x) ** 2 for x in following.values()))
        log += 2 * mpmath.log(norm)
        v = {key: x / norm for key, x in following.items()}
    return log + 2 * mpmath.log(abs(sum(v.values())))


@pytest.mark.parametrize("n_wires", [66, 2112])
def test_gradient_against_finite_differences(n_wires):
    theta, h = angles(2, n_wires), 1e-4
    bits = np.random.default_rng(0).integers(0, 2, (20, n_wires))
    t = torch.tensor(theta, requires_grad=True)
    plh.log_probability(t, bits).mean().backward()
    for row, wire in ((0, 0), (1, 5), (2, n_wires // 2), (3, 7), (4, n_wires - 1)):
        shifted = np.repeat(theta[None], 2, axis=0)
        shifted[:, row, wire] += (h, -h)
        up, down = (float(plh.log_probability(s, bits).mean()) for s in shifted)
        assert float(t.grad[row, wire]) == pytest.approx((up - down) / (2 * h), rel=1e-4, abs=1e-6)


def test_scores_have_mean_zero_under_their_own_distribution():
    """sum_x p(x) grad log p(x) = 0, and sum_x p(x) = 1, over all bitstrings."""
    theta = torch.tensor(angles(2, 6), requires_grad=True)
    bits = (np.arange(64)[:, None] >> np.arange(6)[::-1]) & 1
    log = plh.log_probability(theta, bits)
    p = log.detach().exp()
    assert float(p.sum()) == pytest.approx(1, abs=1e-12)
    (score,) = torch.autograd.grad((p * log).sum(), theta)
    assert float(score.abs().max()) < 1e-12


def test_sampler_and_log_probability_agree():
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(40, activation="sigmoid"), layers=3)
    theta = hypernet.start_angles()
    bits = hypernet.sample(theta, 500)
    log = hypernet.log_probability(theta, bits)
    entropy = -float(log.mean())  # an estimate of the entropy, in nats
    assert 0 < entropy < 41 * np.log(2)
    state = plh.device("hypernet.mps", wires=41)._states(
        [[plh.HardwareEfficientAnsatz(theta, wires=range(41))]], [qml.wires.Wires(range(41))]
    )[0]
    uniforms = np.random.default_rng(0).random((41, 50))
    bits, expected = state.draw(uniforms)
    np.testing.assert_allclose(hypernet.log_probability(theta, bits).numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("options", [{"entangler": "CNOT"}, {"pattern": "ring"}], ids=str)
def test_hypernetworks_of_other_ansaetze(options):
    network = plh.BinaryNetwork(3, activation="sigmoid")
    hypernet = plh.QuantumHypernetwork(network, ansatz_options=options)
    theta = hypernet.start_angles()
    bits = (np.arange(16)[:, None] >> np.arange(4)[::-1]) & 1
    ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(4), **options)
    probabilities = np.abs(qml.matrix(ansatz, wire_order=range(4))[:, 0]) ** 2
    log = hypernet.log_probability(theta, bits).numpy()
    np.testing.assert_allclose(np.exp(log), probabilities, atol=1e-12)


def test_hypernetwork_with_an_ansatz_of_its_own():
    def ansatz(theta, wires):
        for angle, wire in zip(theta, wires, strict=True):
            qml.RY(angle, wire)
        qml.CNOT(wires[:2])
        qml.IsingXX(theta[0], [wires[3], wires[1]])

    network = plh.BinaryNetwork(3, activation="sigmoid")
    hypernet = plh.QuantumHypernetwork(network, ansatz=ansatz, n_angles=4)
    theta = torch.tensor([0.3, 0.5, 0.7, 0.9], dtype=torch.float64, requires_grad=True)
    bits = (np.arange(16)[:, None] >> np.arange(4)[::-1]) & 1
    log = hypernet.log_probability(theta, bits)
    assert log.detach().exp().sum().item() == pytest.approx(1)
    log[3].backward()
    assert theta.grad.abs().min() > 0
    vector = qml.matrix(
        qml.tape.make_qscript(hypernet.circuit)(theta.detach().numpy()), wire_order=range(4)
    )[:, 0]
    np.testing.assert_allclose(log.detach().exp().numpy(), np.abs(vector) ** 2, atol=1e-12)
    entropies = hypernet.entanglement_entropies(theta.detach().numpy())
    schmidt = np.linalg.svd(vector.reshape(4, 4), compute_uv=False) ** 2
    assert entropies[1] == pytest.approx(-np.sum(schmidt * np.log(schmidt + 1e-300)), abs=1e-10)


def test_an_impossible_bitstring():
    theta = torch.zeros((5, 4), dtype=torch.float64, requires_grad=True)
    log = plh.log_probability(theta, [[0, 0, 0, 0], [1, 0, 0, 0]])
    assert log[0] == 0
    assert log[1] == -np.inf
    log[0].backward()
    assert torch.isfinite(theta.grad).all()


def test_an_impossible_bitstring_in_plain_torch():
    theta = torch.zeros((3, 2), dtype=torch.float64, requires_grad=True)
    paths = path_amplitudes(theta, rotation_layers(0, ("RY", "RZ", "RY")))
    log = chain_log_probability(paths, torch.tensor([[0.0, 0.0], [0.0, 1.0]]).double())
    assert log.tolist() == [0, -np.inf]
    (gradient,) = torch.autograd.grad(log.exp().sum(), theta)
    assert torch.isfinite(gradient).all()


def test_second_derivatives():
    """They go through plain torch; the same by gates."""
    theta, bits = torch.tensor(angles(1, 3)), np.array([[0, 1, 1], [1, 0, 1]])

    def by_gates(theta):
        ansatz = plh.HardwareEfficientAnsatz(theta, wires=range(3))
        return log_probability_by_gates([ansatz], torch.tensor(bits)).sum()

    hessian = torch.autograd.functional.hessian
    found = hessian(lambda theta: plh.log_probability(theta, bits).sum(), theta)
    assert found.abs().max() > 0.1
    torch.testing.assert_close(found, hessian(by_gates, theta), rtol=1e-8, atol=1e-8)


def test_arrays_in_any_order():
    theta, bits = angles(1, 3), np.array([[0, 1, 1], [1, 0, 0]])
    expected = plh.log_probability(theta[:, ::-1].copy(), bits[:, ::-1].copy())
    torch.testing.assert_close(plh.log_probability(theta[:, ::-1], bits[:, ::-1]), expected)


@pytest.mark.parametrize(
    ("theta", "bits", "options", "message"),
    [
        (np.zeros(5), [[0]], {}, "expected .n_rows, n_wires."),
        (np.zeros((5, 3)), [[0, 1]], {}, "expected .shots, 3."),
        (np.zeros((5, 3)), [[0, 1, 2]], {}, "other values than 0 and 1"),
        (np.zeros((5, 3)), [[0, 1, 1]], {"pattern": "star"}, "unknown pattern 'star'"),
        (np.zeros((5, 3)), [[0, 1, 1]], {"entangler": "CY"}, "unknown entangler 'CY'"),
        (np.zeros((23, 40)), [[0] * 40], {"pattern": "ring"}, "bond dimension of 4,194,304"),
        (np.zeros((4, 3)), [[0, 1, 1]], {}, "number of rows"),
    ],
)
def test_bad_input(theta, bits, options, message):
    with pytest.raises(InputError, match=message):
        plh.log_probability(theta, bits, **options)
