"""Devices that return bits and energies: plh.device, expected_loss and hypernet.mps."""

import warnings

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.devices import installed_devices, overlap_tape
from pl_hypernet.devices.known import KNOWN
from pl_hypernet.errors import DeviceError, InputError, TruncationWarning
from pl_hypernet.measurements import Estimate, ZeroProbability
from pl_hypernet.testing import ALPHA, g_test

DEVICES = ["default.qubit", "lightning.qubit", "hypernet.mps"]
N = 5
WEIGHTS = np.array([1.0, 2.0, -1.5, 0.5, 3.0])


def loss(bits):
    """A pseudo-Boolean function with a term that no single wire gives."""
    return bits @ WEIGHTS + 4.0 * bits[:, 0] * bits[:, 3]


@pytest.fixture
def theta():
    return plh.start_angles(plh.HardwareEfficientAnsatz.shape(2, N), seed=0)


def qnodes(dev, shots, reduction="mean"):
    """An energy, and the bits behind it."""

    @qml.qnode(dev)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(loss, wires=dev.wires, reduction=reduction)

    @qml.qnode(dev)
    def bits(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return qml.sample(wires=dev.wires)

    return qml.set_shots(energy, shots=shots), qml.set_shots(bits, shots=shots)


def exact_energy(theta, loss=loss, n=N):
    op = plh.HardwareEfficientAnsatz(np.asarray(theta), wires=range(n))
    probabilities = np.abs(qml.matrix(op)[:, 0]) ** 2
    bits = (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1
    return float(probabilities @ loss(bits))


@pytest.mark.parametrize("name", DEVICES)
def test_bits_and_energy_with_shots(name, theta):
    dev = plh.device(name, wires=N, seed=1)
    energy, bits = qnodes(dev, 40_000)
    drawn = bits(theta)
    assert drawn.shape == (40_000, N)
    assert set(np.unique(drawn)) <= {0, 1}
    op = plh.HardwareEfficientAnsatz(np.asarray(theta), wires=range(N))
    assert g_test(np.asarray(drawn), np.abs(qml.matrix(op)[:, 0]) ** 2) > ALPHA
    value = energy(theta)
    (estimate,) = dev.estimates
    assert float(value) == float(estimate)
    assert estimate.shots == 40_000
    assert estimate.losses.shape == (40_000,)
    assert estimate.stderr == pytest.approx(estimate.losses.std(ddof=1) / 200)
    assert abs(estimate - exact_energy(theta)) < 5 * estimate.stderr


@pytest.mark.parametrize("name", DEVICES)
def test_energy_is_the_mean_over_the_very_bits(name, theta):
    dev = plh.device(name, wires=N, seed=1)

    @qml.set_shots(500)
    @qml.qnode(dev)
    def both(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return qml.sample(wires=dev.wires), plh.expected_loss(loss), qml.counts(wires=[1, 3])

    bits, energy, counts = both(theta)
    assert energy == pytest.approx(loss(np.asarray(bits)).mean())
    assert counts["01"] == np.sum((bits[:, 1] == 0) & (bits[:, 3] == 1))


@pytest.mark.parametrize("name", DEVICES)
def test_exact_without_shots(name, theta):
    dev = plh.device(name, wires=N)
    energy, _ = qnodes(dev, None)
    assert float(energy(theta)) == pytest.approx(exact_energy(theta), abs=1e-10)
    assert dev.estimates[-1].stderr == 0
    assert dev.estimates[-1].shots is None


@pytest.mark.parametrize("name", DEVICES)
def test_permuted_and_named_wires(name):
    dev = plh.device(name, wires=["a", 3, "c"], seed=0)

    @qml.set_shots(20)
    @qml.qnode(dev)
    def circuit():
        qml.PauliX("c")
        return qml.sample(wires=["c", "a", 3]), plh.expected_loss(
            lambda b: b @ [1, 10, 100], wires=["a", "c", 3]
        )

    bits, energy = circuit()
    assert (np.asarray(bits) == [1, 0, 0]).all()
    assert energy == 10


@pytest.mark.parametrize("name", DEVICES)
def test_broadcasting_shot_vectors_tracker_and_seeds(name, theta):
    dev = plh.device(name, wires=N, seed=7)
    energy, bits = qnodes(dev, 300)
    batch = pnp.stack([theta, theta + 0.3, theta])
    assert energy(batch).shape == (3,)
    assert np.shape(bits(batch)) == (3, 300, N)
    parts = qml.set_shots(energy, shots=[10, 20])(theta)
    assert len(parts) == 2
    with qml.Tracker(dev) as tracker:
        energy(theta)
    assert tracker.totals["executions"] == 1
    assert tracker.totals["shots"] == 300
    first, second = bits(theta), bits(theta)
    assert not np.array_equal(first, second)

    def all_bits(seed):
        _, bits = qnodes(plh.device(name, wires=N, seed=seed), 300)
        return [np.asarray(bits(theta)) for _ in range(2)]

    np.testing.assert_array_equal(all_bits(3), all_bits(3))
    assert not np.array_equal(all_bits(3), all_bits(4))


@pytest.mark.parametrize("name", DEVICES)
def test_torch_modules_and_other_reductions(name, theta):
    dev = plh.device(name, wires=N, seed=1)
    layer = torch.nn.Linear(N, 1, bias=False, dtype=torch.float64)
    torch.nn.init.constant_(layer.weight, 0.5)

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, bits):
            return self.layer(bits.to(torch.float64))[:, 0]

    @qml.set_shots(100)
    @qml.qnode(dev)
    def circuit(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        lowest = plh.expected_loss(loss, reduction=np.min)
        return lowest, qml.sample(wires=dev.wires), plh.expected_loss(Module())

    lowest, bits, mean = circuit(theta)
    assert mean == pytest.approx(0.5 * np.asarray(bits).sum(axis=1).mean())
    assert lowest == pytest.approx(loss(np.asarray(bits)).min())


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize(
    "make",
    [
        lambda: qml.SPSAOptimizer(maxiter=60, c=0.2, a=0.5),
        lambda: qml.QNSPSAOptimizer(stepsize=0.05, finite_diff_step=0.1, seed=2),
        lambda: qml.QNSPSAOptimizer(
            0.2, regularization=1.0, finite_diff_step=0.2, seed=2, blocking=False
        ),
        lambda: qml.GradientDescentOptimizer(0.1),
    ],
    ids=["SPSA", "QNSPSA-blocking", "QNSPSA", "parameter-shift"],
)
def test_stock_optimizers_lower_the_energy(name, make):
    np.random.seed(0)  # noqa: NPY002 - what SPSAOptimizer draws from
    dev = plh.device(name, wires=3, seed=1)
    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(1, 3), seed=1)

    @qml.set_shots(300)
    @qml.qnode(dev)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(lambda bits: bits.sum(axis=1) / 3.0, wires=dev.wires)

    before = float(energy(theta))
    optimizer = make()
    for _ in range(40):
        theta, _ = optimizer.step_and_cost(energy, theta)
    assert float(energy(theta)) < before - 0.1


def test_parameter_shift_gives_the_gradient():
    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(1, 3), seed=1)

    def weigh(bits):
        return bits @ np.array([1.0, 2.0, 4.0])

    @qml.qnode(plh.device("hypernet.mps", wires=3, seed=0), diff_method="parameter-shift")
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(3))
        return plh.expected_loss(weigh, wires=range(3))

    gradient = qml.grad(qml.set_shots(energy, shots=20_000))(theta)
    for index in np.ndindex(theta.shape):
        shifted = np.asarray(theta).copy()
        shifted[index] += np.pi / 2
        up = exact_energy(shifted, weigh, 3)
        shifted[index] -= np.pi
        assert gradient[index] == pytest.approx((up - exact_energy(shifted, weigh, 3)) / 2, abs=0.1)


@pytest.mark.parametrize("name", DEVICES)
def test_overlap_tapes(name, theta):
    dev = plh.device(name, wires=N, seed=1)
    energy, _ = qnodes(dev, 4000)
    tapes = [qml.workflow.construct_tape(energy)(angles) for angles in (theta, theta + 0.05)]
    ops = [plh.HardwareEfficientAnsatz(np.asarray(t), range(N)) for t in (theta, theta + 0.05)]
    vectors = [qml.matrix(op)[:, 0] for op in ops]
    exact = abs(np.vdot(*vectors)) ** 2
    tape = overlap_tape(*tapes, dev)
    assert not tape.shots
    (value,) = qml.execute([tape], dev, diff_method=None, interface=None)
    assert float(value) == pytest.approx(exact, abs=1e-10)
    measured = qml.tape.QuantumScript(tape.operations, [ZeroProbability(range(N))], shots=4000)
    (estimate,) = qml.execute([measured], dev, diff_method=None, interface=None)
    assert abs(estimate - exact) < 5 * estimate.stderr


def test_overlaps_at_66_wires_and_after_truncation():
    dev = plh.device("hypernet.mps", wires=66, seed=0)
    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(2, 66), seed=0)
    energy = qnodes(dev, 10)[0]
    tape = qml.workflow.construct_tape(energy)
    same = overlap_tape(tape(theta), tape(theta), dev)
    near = overlap_tape(tape(theta), tape(theta + 0.01), dev)
    values = qml.execute([same, near], dev, diff_method=None, interface=None)
    assert values[0] == pytest.approx(1, abs=1e-12)
    assert 0.9 < values[1] < 1 - 1e-5


def test_which_devices_overlap_exactly():
    assert plh.device("hypernet.mps", wires=66).overlaps_exactly(66)
    assert plh.device("lightning.qubit", wires=4).overlaps_exactly(20)
    assert not plh.device("lightning.qubit", wires=4).overlaps_exactly(21)
    assert not plh.device(qml.device("reference.qubit", wires=4)).overlaps_exactly(4)


def test_hypernet_mps_through_pennylane_alone():
    dev = qml.device("hypernet.mps", wires=66, max_bond_dim=4, cutoff=1e-10, seed=3)
    assert dev.name == "hypernet.mps"

    @qml.set_shots(200)
    @qml.qnode(dev)
    def ghz():
        qml.Hadamard(0)
        for i in range(65):
            qml.CNOT([i, i + 1])
        return qml.counts(), qml.expval(qml.Z(3) @ qml.Z(60)), qml.expval(qml.X(5))

    counts, zz, x = ghz()
    assert set(counts) == {"0" * 66, "1" * 66}
    assert zz == 1
    assert abs(x) < 5 / np.sqrt(200)
    assert dev.bond_dim == 2
    assert dev.truncation_error < 1e-20


def test_hypernet_mps_decomposes_what_is_wider_than_two_wires():
    dev = qml.device("hypernet.mps", wires=4)

    def circuit():
        qml.QFT(wires=[0, 1, 2])
        qml.Toffoli([0, 3, 1])
        qml.MultiControlledX([0, 1, 2, 3])
        qml.RY(0.3, 3)
        return qml.probs(wires=[2, 0, 1, 3])

    ours = qml.QNode(circuit, dev)()
    np.testing.assert_allclose(
        ours, qml.QNode(circuit, qml.device("default.qubit", wires=4))(), atol=1e-10
    )


def test_hypernet_mps_reports_truncation():
    dev = plh.device("hypernet.mps", wires=12, max_bond_dim=2, seed=0)
    theta = plh.start_angles(plh.HardwareEfficientAnsatz.shape(4, 12), seed=0)

    @qml.set_shots(10)
    @qml.qnode(dev)
    def bits():
        plh.HardwareEfficientAnsatz(theta, wires=range(12))
        return qml.sample(wires=range(12))

    with pytest.warns(TruncationWarning, match="raise max_bond_dim"), qml.Tracker(dev) as tracker:
        bits()
    assert dev.bond_dim == 2
    assert dev.truncation_error > 1e-3
    assert tracker.history["bond_dim"] == [2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_bond_dim": 0}, "max_bond_dim=0: expected an int of at least 1"),
        ({"cutoff": 2.0}, "cutoff=2.0"),
        ({"precision": "half"}, "unknown precision 'half'"),
        ({"wires": 0}, "wires=0"),
    ],
)
def test_bad_options_of_hypernet_mps(options, message):
    with pytest.raises(InputError, match=message):
        plh.device("hypernet.mps", **({"wires": 3} | options))


def test_bad_devices():
    with pytest.raises(DeviceError, match=r"'foo.bar' is not installed: install .* hypernet.mps, "):
        plh.device("foo.bar", wires=3)
    with pytest.raises(DeviceError, match="not installed: pip install pennylane-cirq, or choose"):
        plh.device("cirq.mixedsimulator", wires=3)
    with pytest.raises(DeviceError, match=r"can have \d+ wires here, not 66: use hypernet.mps"):
        plh.device("lightning.qubit", wires=66)
    with pytest.raises(InputError, match=r"'braket\.local\.qubit', seed=1: it cannot be seeded"):
        plh.device("braket.local.qubit", wires=2, seed=1)
    for name in ("hypernet.mps", "default.qubit", "default.tensor", "lightning.qubit"):
        with pytest.raises(InputError, match=f"'{name}': no option 'colour': choose from .*seed"):
            plh.device(name, wires=3, colour="red")
    with pytest.raises(InputError, match="expected a name or a PennyLane device"):
        plh.device(3)


def test_a_device_object_serves_as_well(theta):
    inner = qml.device("default.qubit", wires=N, seed=2)
    dev = plh.device(inner)
    assert plh.device(dev) is dev
    energy, _ = qnodes(dev, 100)
    assert np.isfinite(float(energy(theta)))


def test_exact_value_beyond_20_wires_is_refused():
    dev = plh.device("hypernet.mps", wires=21)

    @qml.qnode(dev)
    def energy():
        qml.PauliX(0)
        return plh.expected_loss(lambda bits: bits.sum(axis=1))

    with pytest.raises(DeviceError, match="stops at 20 wires; set shots"):
        energy()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda bits: bits, r"returned int8 \(10, 3\)"),
        (lambda bits: np.full(len(bits), np.nan), "loss of shot 0 is nan"),
    ],
)
def test_bad_losses(bad, message):
    dev = plh.device("hypernet.mps", wires=3)

    @qml.set_shots(10)
    @qml.qnode(dev)
    def energy():
        qml.PauliX(0)
        return plh.expected_loss(bad)

    with pytest.raises(InputError, match=message):
        energy()


def test_bad_expected_loss():
    with pytest.raises(InputError, match="not callable"):
        plh.expected_loss(3)
    with pytest.raises(InputError, match="unknown reduction 'median'"):
        plh.expected_loss(loss, reduction="median")
    dev = plh.device("default.qubit", wires=2)
    energy = qml.QNode(lambda: plh.expected_loss(loss, reduction=np.min), dev)
    with pytest.raises(InputError, match="no exact value without shots"):
        energy()


def test_estimate():
    estimate = Estimate.from_losses(np.array([1.0, 2.0, 3.0, 4.0]))
    assert estimate + 1 == 3.5
    assert f"{estimate}" == str(estimate) == "2.5000 ± 0.6455"
    assert f"{estimate:.1f}" == "2.5"
    assert estimate.value == 2.5
    lowest = Estimate.from_losses(np.random.default_rng(0).normal(size=400), np.median)
    assert lowest.stderr == pytest.approx(1.2533 / 20, rel=0.3)  # of a normal sample's median
    assert np.isnan(Estimate.from_losses(np.array([1.0])).stderr)


def test_installed_devices():
    names = {entry.name: entry for entry in installed_devices()}
    assert list(names)[:3] == ["hypernet.mps", "default.qubit", "lightning.qubit"]
    assert names["hypernet.mps"].seedable
    assert names["null.qubit"].known is None
    assert 20 < KNOWN["lightning.qubit"].wires_here() < 50
    assert KNOWN["default.mixed"].wires_here() == KNOWN["lightning.qubit"].wires_here() // 2
    assert KNOWN["hypernet.mps"].wires_here() is None


def test_no_warning_where_nothing_is_truncated(theta):
    dev = plh.device("hypernet.mps", wires=N, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        qnodes(dev, 100)[1](theta)


OBSERVABLES = [
    qml.X(0) @ qml.Z(2),
    qml.Y(1),
    qml.Z(0) + 0.5 * qml.X(1),
    qml.Hermitian(np.array([[0, 1], [1, 0.5]]), wires=1),
    qml.Hermitian(np.add.outer(np.arange(8.0), np.arange(8.0)), wires=[0, 1, 2]),
    qml.Projector(np.array([1, 1]) / np.sqrt(2), wires=0),
    qml.Projector([0, 1], wires=[0, 2]),
]


@pytest.mark.parametrize("observable", OBSERVABLES, ids=str)
def test_observables_on_hypernet_mps(observable):
    def circuit():
        qml.StatePrep(np.arange(1, 9) / np.linalg.norm(np.arange(1, 9)), wires=[0, 1, 2])
        qml.RX(0.4, 1)
        return qml.expval(observable)

    exact = qml.QNode(circuit, qml.device("default.qubit", wires=3))()
    dev = qml.device("hypernet.mps", wires=3, seed=0)
    value = qml.set_shots(qml.QNode(circuit, dev), shots=40_000)()
    spread = np.ptp(observable.eigvals())
    assert abs(value - exact) < 5 * spread / 2 / np.sqrt(40_000)


def test_probabilities_of_an_observable():
    def circuit():
        qml.RY(0.3, 0)
        return qml.probs(op=qml.X(0)), qml.probs(wires=1)

    ours = qml.QNode(circuit, qml.device("hypernet.mps", wires=2))()
    theirs = qml.QNode(circuit, qml.device("default.qubit", wires=2))()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("name", DEVICES)
def test_zero_probability_of_some_wires(name):
    dev = plh.device(name, wires=3, seed=0)
    operations = [qml.RX(1.0, 0), qml.RX(2.0, 1)]
    some = qml.tape.QuantumScript(operations, [ZeroProbability([0])])
    both = qml.tape.QuantumScript(operations, [ZeroProbability([0, 1]), qml.probs(wires=1)])
    some, (both, probs) = qml.execute([some, both], dev, diff_method=None, interface=None)
    assert float(some) == pytest.approx(np.cos(0.5) ** 2)
    assert float(both) == pytest.approx(np.cos(0.5) ** 2 * np.cos(1) ** 2)
    assert probs[0] == pytest.approx(np.cos(1) ** 2)


def test_overlap_of_an_ansatz_on_wires_in_another_order():
    dev = plh.device("hypernet.mps", wires=3)
    theta = np.random.default_rng(0).uniform(-1, 1, plh.HardwareEfficientAnsatz.shape(2, 3))
    operations = [plh.HardwareEfficientAnsatz(theta, wires=[2, 1, 0])]
    tape = qml.tape.QuantumScript(operations, [ZeroProbability()])
    exact = abs(qml.matrix(operations[0], wire_order=range(3))[0, 0]) ** 2
    (value,) = qml.execute([tape], dev, diff_method=None, interface=None)
    assert float(value) == pytest.approx(exact)


def test_wires_that_a_device_was_not_told():
    def circuit():
        plh.HardwareEfficientAnsatz(np.full((1, 3), np.pi), wires=[2, 0, 1])
        qml.PauliX(0)
        return qml.state() if exact else qml.sample()

    for exact in (True, False):
        results = []
        for dev in (qml.device("hypernet.mps"), qml.device("default.qubit")):
            qnode = qml.QNode(circuit, dev)
            results.append(qnode() if exact else qml.set_shots(qnode, shots=3)())
        np.testing.assert_allclose(*results, atol=1e-12)


def test_global_phase_is_kept():
    def circuit():
        qml.GlobalPhase(0.7)
        plh.HardwareEfficientAnsatz(np.full((1, 3), 0.3), wires=range(3))
        qml.GlobalPhase(0.2, wires=range(3))
        return qml.state()

    states = [
        qml.QNode(circuit, qml.device(name, wires=3))()
        for name in ("hypernet.mps", "default.qubit")
    ]
    np.testing.assert_allclose(*states, atol=1e-12)


@pytest.mark.parametrize("wires", [[0, 1], ["a", 0]])
def test_mid_circuit_measurements(wires):
    dev = plh.device("hypernet.mps", wires=wires, seed=0)

    @qml.set_shots(500)
    @qml.qnode(dev)
    def circuit():
        qml.Hadamard(wires[0])
        outcome = qml.measure(wires[0])
        qml.cond(outcome, qml.PauliX)(wires[1])
        return plh.expected_loss(lambda bits: 1.0 * (bits[:, 0] != bits[:, 1]), wires=wires)

    assert circuit() == 0


@pytest.mark.parametrize("name", DEVICES)
def test_gradient_of_the_exact_energy(name, theta):
    energy, _ = qnodes(plh.device(name, wires=N), None)
    gradient = qml.grad(energy)(theta)
    shifted = np.asarray(theta).copy()
    shifted[0, 0] += np.pi / 2
    up = exact_energy(shifted)
    shifted[0, 0] -= np.pi
    assert gradient[0, 0] == pytest.approx((up - exact_energy(shifted)) / 2)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("shots", [50, None])
def test_estimates_of_a_batch(name, shots, theta):
    dev = plh.device(name, wires=N, seed=0)
    energy, _ = qnodes(dev, shots)
    values = energy(pnp.stack([theta, theta + 1]))
    assert [float(estimate) for estimate in dev.estimates] == pytest.approx(list(values))
    assert [estimate.shots for estimate in dev.estimates] == [shots, shots]


def test_options_beside_a_device_object_are_refused():
    inner = qml.device("default.qubit", wires=3)
    for options in ({"wires": 3}, {"seed": 1}):
        with pytest.raises(InputError, match="beside a device object"):
            plh.device(inner, **options)
    assert len(plh.device("default.qubit", wires=(i for i in range(4))).wires) == 4
