"""The same script on every device: the same energy, and a training that runs."""

import numpy as np
import pennylane as qml
import pytest
from scipy.stats import chi2

import pl_hypernet as plh
from pl_hypernet.devices import overlap_tape
from pl_hypernet.devices.readings import COUNTS, EACH_WIRE, SAMPLES, find_reading
from pl_hypernet.errors import DeviceError
from pl_hypernet.testing import ALPHA, g_test

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

DEVICES = {
    "default.qubit": {},
    "lightning.qubit": {},
    "default.tensor": {"method": "mps"},
    "hypernet.mps": {},
    "default.mixed": {},
    "braket.local.qubit": {},
    "qiskit.aer": {},
    "braket.aws.qubit": {"emulator": "iqm-20", "noise": False},
    "reference.qubit": {},
    "maestro.qubit": {},
}
PLUGINS = {"qiskit.aer": "pennylane_qiskit", "maestro.qubit": "pennylane_maestro"}
SEEDS = {name: {"seed": i} for i, name in enumerate(DEVICES) if plh.devices.takes_seed(name)}
SEEDS["qiskit.aer"] = {"seed_simulator": 6}


def make(name, wires, **options):
    pytest.importorskip(PLUGINS.get(name, "pennylane"))
    return plh.device(name, wires=wires, **DEVICES[name], **options)


def energy_qnode(dev, shots):
    weights = np.random.default_rng(3).normal(size=len(dev.wires))

    def loss(bits):
        return bits @ weights + bits[:, 0] * bits[:, -1]

    @qml.qnode(dev, interface=None, diff_method=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(loss, wires=dev.wires)

    return qml.set_shots(energy, shots=shots)


def angles(n_wires):
    return np.asarray(plh.start_angles(plh.HardwareEfficientAnsatz.shape(2, n_wires), seed=0))


def test_one_energy_on_every_device():
    """Chi-square over the devices, of energies of the same theta from 20,000 shots each."""
    n, theta, energies = 8, angles(8), []
    for name in DEVICES:
        if name in PLUGINS and not any(
            entry.name == name for entry in plh.devices.installed_devices(check_seed=False)
        ):
            continue
        estimate = energy_qnode(make(name, n, **SEEDS.get(name, {})), 20_000)(theta)
        assert estimate.shots == 20_000
        energies.append(estimate)
    values = np.array([float(energy) for energy in energies])
    weights = np.array([energy.stderr**-2 for energy in energies])
    mean = (weights * values).sum() / weights.sum()
    assert chi2.sf((weights * (values - mean) ** 2).sum(), df=len(values) - 1) > ALPHA
    exact = energy_qnode(make("default.qubit", n), None)(theta)
    assert abs(mean - exact) < 5 / np.sqrt(weights.sum())


def test_hypernet_mps_and_default_tensor_agree_at_66_wires():
    theta = angles(66)
    ours, theirs = (
        energy_qnode(make(name, 66, seed=1), 4000)(theta)
        for name in ("hypernet.mps", "default.tensor")
    )
    assert abs(ours - theirs) < 5 * np.hypot(ours.stderr, theirs.stderr)


@pytest.mark.parametrize("name", DEVICES)
def test_a_training_runs_on_every_device(name):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(60, 2))
    data = (inputs, (inputs[:, 0] > inputs[:, 1]).astype(int))
    network = plh.BinaryNetwork(2, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    dev = make(name, network.n_qubits)
    hypernet = plh.QuantumHypernetwork(network, dev, layers=1, shots=30)
    steps = 6
    run = plh.train(hypernet, data, steps=steps, progress=False, evaluation_shots=20)
    assert len(run.history) == steps
    exact = dev.overlaps_exactly(4)
    tried = name == "reference.qubit"  # of which we know nothing: one circuit of 5 shots, once
    assert run.history[-1]["circuits"] == steps * 7 + tried
    assert run.history[-1]["overlaps"] == steps * 4
    assert run.history[-1]["shots"] == steps * 30 * (3 if exact else 7) + 5 * tried


@pytest.mark.parametrize("name", DEVICES)
def test_shot_vectors_broadcasting_and_counts_on_every_device(name):
    dev = make(name, 3)
    theta = np.full(plh.HardwareEfficientAnsatz.shape(1, 3), 0.4)

    @qml.qnode(dev, interface=None, diff_method=None)
    def circuit(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return (
            qml.sample(wires=[2, 0]),
            qml.counts(wires=[1]),
            plh.expected_loss(lambda b: b @ [1, 2, 4]),
        )

    parts = qml.set_shots(circuit, shots=[5, 7])(theta)
    assert [np.shape(bits) for bits, _, _ in parts] == [(5, 2), (7, 2)]
    assert [sum(counts.values()) for _, counts, _ in parts] == [5, 7]
    energies = energy_qnode(dev, 40)(np.stack([theta, theta + 1]))
    assert energies.shape == (2,)
    assert [estimate.shots for estimate in dev.estimates] == [40, 40]


@pytest.mark.parametrize(
    "name", ["braket.local.qubit", "qiskit.aer", "braket.aws.qubit", "maestro.qubit"]
)
def test_observables_where_bits_are_read(name):
    dev = make(name, 3)
    overlapping = qml.prod(qml.X(0) @ qml.Z(1), qml.Z(0) @ qml.X(1))  # Y(0) @ Y(1)
    matrix = np.array([[1.0, 2.0], [2.0, -0.5]])

    @qml.qnode(dev, interface=None, diff_method=None)
    def circuit():
        qml.RX(0.4, 0)
        qml.RX(0.9, 1)
        return (
            qml.expval(overlapping),
            qml.expval(qml.Y(0) + 0.5 * qml.X(2)),
            qml.var(qml.Z(0) + qml.X(0)),
            qml.expval(qml.Hermitian(matrix, 1)),
            qml.sample(wires=[0, 2]),
        )

    *values, bits = qml.set_shots(circuit, shots=4000)()
    exact = [np.sin(0.4) * np.sin(0.9), -np.sin(0.4), 2 - np.cos(0.4) ** 2]
    exact.append(0.25 + 0.75 * np.cos(0.9))
    np.testing.assert_allclose(values, exact, atol=0.2)
    assert bits.shape == (4000, 2)
    assert bits.dtype == np.int64
    few, more = qml.set_shots(circuit, shots=(2, 3))()
    assert [np.shape(value) for value in few] == [(), (), (), (), (2, 2)]
    assert more[-1].shape == (3, 2)


@pytest.mark.parametrize("name", ["braket.local.qubit", "qiskit.aer"])
def test_mid_circuit_measurements_where_bits_are_read(name):
    def circuit():
        qml.X(0)
        m = qml.measure(0, reset=True)
        return qml.expval(m), qml.expval(qml.Z(0)), qml.sample(wires=[0])

    outcome, z, bits = qml.set_shots(qml.QNode(circuit, make(name, 2)), shots=5)()
    assert (outcome, z) == (1, 1)
    assert not bits.any()
    with pytest.raises(qml.wires.WireError, match=r"on (the )?device"):
        qml.set_shots(qml.QNode(circuit, make(name, 1)), shots=5)()


@pytest.mark.parametrize("name", DEVICES)
def test_tracker_counts_on_every_device(name):
    dev = make(name, 3)
    energy = energy_qnode(dev, 40)
    theta = np.full(plh.HardwareEfficientAnsatz.shape(1, 3), 0.4)
    energy(theta)  # a device that we know nothing of is tried first
    with qml.Tracker(dev) as tracker:
        energy(theta)
        energy(theta)
    assert tracker.totals["executions"] == 2
    assert tracker.totals["shots"] == 80


@pytest.mark.parametrize("method", ["mps", "tn"])
def test_overlaps_and_exact_values_on_default_tensor(method):
    dev = plh.device("default.tensor", wires=4, method=method)
    theta = angles(4)
    energy = energy_qnode(dev, None)
    exact = energy_qnode(make("default.qubit", 4), None)(theta)
    assert float(energy(theta)) == pytest.approx(float(exact), abs=1e-8)
    tapes = [qml.workflow.construct_tape(energy)(t) for t in (theta, theta + 0.1)]
    states = [
        qml.matrix(plh.HardwareEfficientAnsatz(t, range(4)))[:, 0] for t in (theta, theta + 0.1)
    ]
    (overlap,) = qml.execute([overlap_tape(*tapes, dev)], dev, diff_method=None, interface=None)
    assert float(overlap) == pytest.approx(abs(np.vdot(*states)) ** 2, abs=1e-8)


def test_default_tensor_honours_its_options_and_says_what_tn_cannot_do():
    theta = angles(10)
    coarse = plh.device("default.tensor", wires=10, method="mps", max_bond_dim=1, seed=0)
    energy_qnode(coarse, 10)(theta)
    assert coarse._state([], coarse.wires).bond_dim == 1
    op = plh.HardwareEfficientAnsatz(theta, wires=range(10)).decomposition()
    assert coarse._state(op, coarse.wires).bond_dim == 1
    wide = plh.device("default.tensor", wires=21, method="tn")
    with pytest.raises(DeviceError, match="cannot be sampled beyond 20 wires"):
        energy_qnode(wide, 10)(angles(21))


@pytest.mark.parametrize("reading", [SAMPLES, COUNTS, EACH_WIRE], ids=lambda r: r.name)
def test_every_reading_gives_the_same_distribution(reading):
    n = 4
    dev = plh.devices.bitstring_device.BitstringDevice(
        qml.device("default.qubit", wires=n, seed=1), reading
    )
    ansatz = plh.HardwareEfficientAnsatz(angles(n), wires=range(n))

    @qml.set_shots(20_000)
    @qml.qnode(dev, interface=None, diff_method=None)
    def circuit():
        plh.HardwareEfficientAnsatz(angles(n), wires=range(n))
        return qml.sample(wires=range(n))

    bits = circuit()
    assert g_test(bits, np.abs(qml.matrix(ansatz)[:, 0]) ** 2) > ALPHA
    assert abs(bits[:10_000].mean() - bits[10_000:].mean()) < 0.02  # no order in them


def test_readings_are_found_by_trying():
    assert find_reading(qml.device("reference.qubit", wires=3)) is SAMPLES
    assert find_reading(qml.device("braket.local.qubit", wires=3)) is COUNTS
    with pytest.raises(DeviceError, match="returns no bits: tried"):
        find_reading(qml.device("default.tensor", wires=3))


def test_devices_that_would_pass_off_shots_as_exact_are_refused():
    dev = make("qiskit.aer", 3)
    with pytest.raises(DeviceError, match="gives no exact values: set shots"):
        energy_qnode(dev, None)(angles(3))


def test_braket_dm_with_a_noise_model():
    """Each X gate is followed by a bit flip of probability 0.2."""
    from braket.circuits import Gate
    from braket.circuits.noise_model import GateCriteria, NoiseModel
    from braket.circuits.noises import BitFlip

    model = NoiseModel().add_noise(BitFlip(0.2), GateCriteria(Gate.X))
    dev = plh.device("braket.local.qubit", wires=3, backend="braket_dm", noise_model=model)

    @qml.set_shots(4000)
    @qml.qnode(dev, interface=None, diff_method=None)
    def circuit():
        qml.PauliX(0)
        qml.PauliX(2)
        return qml.sample(wires=range(3)), plh.expected_loss(lambda bits: bits.sum(axis=1))

    bits, energy = circuit()
    exact = np.kron(np.kron([0.2, 0.8], [1, 0]), [0.2, 0.8])
    assert g_test(bits, exact) > ALPHA
    assert abs(energy - 1.6) < 5 * energy.stderr
    with pytest.raises(DeviceError, match=r"can have \d+ wires here, not 30"):
        plh.device("braket.local.qubit", wires=30, backend="braket_dm")
