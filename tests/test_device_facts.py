"""What a device says of itself: its counts, noise and random state, whoever made it and asks."""

import pickle

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.devices import Counts
from pl_hypernet.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

NAMES = (
    "hypernet.mps",
    "default.qubit",
    "lightning.qubit",
    "default.tensor",
    "default.mixed",
    "braket.local.qubit",
    "reference.qubit",
)
SEEDED = NAMES[:5]


def small_task():
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(40, 2))
    return inputs, (inputs[:, 0] > inputs[:, 1]).astype(int)


def small_hypernet(device="hypernet.mps", **options):
    options = {"layers": 1, "shots": 30} | options
    return plh.QuantumHypernetwork(plh.BinaryNetwork(2), device, **options)


def train(hypernet, optimizer="qnspsa", steps=3, **options):
    options = {"progress": False, "evaluation_shots": 20} | options
    return plh.train(hypernet, small_task(), optimizer, steps=steps, **options)


# ------------------------------------------------------------------------------------------ counts


@pytest.mark.parametrize("name", NAMES[:-1])
def test_pennylanes_optimizers_are_counted(name):
    """Three energies a step of PennyLane's SPSA, counted as PennyLane's own tracker counts."""
    hypernet = small_hypernet(plh.device(name, wires=3))
    with qml.Tracker(hypernet.device) as tracker:
        run = train(hypernet, qml.SPSAOptimizer(maxiter=5), evaluation_shots=20)
    last = run.history[-1]
    assert (last["circuits"], last["overlaps"], last["shots"]) == (9, 0, 270)
    assert (run.summary["circuits"], run.summary["shots"]) == (9, 270)
    assert tracker.totals["executions"] == 9 + 1  # and the evaluation
    assert tracker.totals["shots"] == 270 + 20


def test_pennylanes_qnspsa_is_counted():
    hypernet = small_hypernet()
    with qml.Tracker(hypernet.device) as tracker:
        run = train(hypernet, qml.QNSPSAOptimizer(), steps=2)
    assert run.history[-1]["circuits"] == tracker.totals["executions"] - 1 > 10
    assert run.history[-1]["shots"] == tracker.totals["shots"] - 20


def test_parameter_shift_is_counted():
    hypernet = small_hypernet("default.qubit")
    run = train(hypernet, qml.GradientDescentOptimizer(0.1), steps=2)
    assert run.history[-1]["circuits"] == 2 * (1 + 2 * hypernet.n_angles)


def test_what_a_callback_asks_is_counted():
    hypernet = small_hypernet()
    run = train(
        hypernet, "spsa", callbacks=[lambda record, theta: hypernet.sample(theta, 7) is None]
    )
    assert [line["shots"] for line in run.history] == [90, 187, 284]


def test_a_reused_optimizer_counts_one_training():
    optimizer = plh.SPSAOptimizer(seed=0)
    for hypernet in (small_hypernet(), small_hypernet(), *[small_hypernet("default.qubit")] * 2):
        assert train(hypernet, optimizer, steps=5).history[-1]["circuits"] == 15


def test_energies_on_all_samples_are_counted_and_change_nothing():
    plain, looked = (
        train(small_hypernet("default.qubit"), steps=4, evaluate_every=every) for every in (None, 2)
    )
    assert [line["circuits"] for line in plain.history] == [7, 14, 21, 28]
    assert [line["circuits"] for line in looked.history] == [7, 15, 22, 30]
    np.testing.assert_array_equal(plain.theta, looked.theta)


@pytest.mark.parametrize("shots", [10, None])
def test_counts_of_batches_and_overlaps(shots):
    dev = plh.device("default.qubit", wires=2)

    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def energy(x):
        qml.RY(x, 0)
        return plh.expected_loss(lambda bits: bits.sum(axis=1), wires=dev.wires)

    energy(np.array([0.1, 0.2, 0.3]))
    expected = Counts(circuits=3, shots=3 * (shots or 0))
    assert dev.counts == expected
    tapes = [qml.workflow.construct_tape(energy)(x) for x in (0.1, 0.2)]
    overlap = plh.devices.overlap_tape(*tapes, dev)
    qml.execute([overlap], dev, diff_method=None, interface=None)
    assert dev.counts - expected == Counts(circuits=1, overlaps=1)


def test_counts_go_on_where_a_transform_is_applied_to_the_device():
    dev = plh.device("hypernet.mps", wires=10, max_bond_dim=1)
    transformed = qml.transforms.cancel_inverses(dev)

    @qml.set_shots(20)
    @qml.qnode(transformed, interface=None)
    def energy(entropy):
        plh.HardwareEfficientAnsatz(np.full((5, 10), 0.7), wires=range(10))
        return plh.expected_loss(lambda bits: bits[:, 0], wires=range(10), entropy=entropy)

    energy(0.0)
    assert dev.counts == transformed.counts == Counts(circuits=1, shots=20)
    with pytest.raises(InputError, match="of the weight of their state was truncated"):
        energy(0.1)


def test_an_unknown_device_is_tried_once_and_the_trial_is_counted():
    unknown = qml.device("reference.qubit", wires=3)

    @qml.set_shots(30)
    @qml.qnode(unknown, interface=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(3))
        return plh.expected_loss(lambda bits: bits.sum(axis=1), wires=range(3))

    optimizer = plh.SPSAOptimizer(seed=0)
    theta = plh.start_angles((3, 3), seed=0)
    with qml.Tracker(unknown) as tracker:
        for _ in range(4):
            theta = optimizer.step(energy, theta)
    assert plh.device(unknown) is plh.device(unknown)
    assert plh.device(unknown).counts == Counts(circuits=1 + 4 * 2, shots=5 + 4 * 60)
    assert tracker.totals["executions"] == 1 + 4 * 2


# ------------------------------------------------------------------------------- the random state


@pytest.mark.parametrize("name", SEEDED)
def test_the_random_state_is_kept_and_put_back(name):
    hypernet = small_hypernet(name, shots=50)
    theta = hypernet.start_angles()
    first = hypernet.sample(theta)
    state = hypernet.device.random_state
    second = hypernet.sample(theta)
    assert not np.array_equal(first, second)
    hypernet.device.random_state = state
    np.testing.assert_array_equal(hypernet.sample(theta), second)
    hypernet.reseed()
    np.testing.assert_array_equal(hypernet.sample(theta), first)


@pytest.mark.parametrize("name", SEEDED)
def test_looking_does_not_change_the_run(name):
    thetas = [train(small_hypernet(name), "spsa", evaluate_every=k).theta for k in (None, 1)]
    np.testing.assert_array_equal(*thetas)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "lightning.qubit"])
def test_a_hypernet_can_be_pickled(name):
    """Not lightning.qubit's, which holds a state of its own in C++ once it has executed."""
    hypernet = small_hypernet(name)
    theta = hypernet.start_angles()
    hypernet.sample(theta)
    copied = pickle.loads(pickle.dumps(hypernet))
    assert copied.device.counts == hypernet.device.counts
    bits = copied.sample(theta)
    if name in SEEDED:
        np.testing.assert_array_equal(bits, hypernet.sample(theta))


# ------------------------------------------------------------------------------------------- noise


def braket_dm():
    return qml.device("braket.local.qubit", wires=3, backend="braket_dm")


def noisy_aer():
    noise = pytest.importorskip("qiskit_aer.noise")
    pytest.importorskip("pennylane_qiskit")
    model = noise.NoiseModel()
    model.add_all_qubit_quantum_error(noise.depolarizing_error(0.1, 1), ["ry", "rz"])
    return qml.device("qiskit.aer", wires=3, noise_model=model)


def coarse_tensor():
    return qml.device("default.tensor", wires=3, max_bond_dim=1)


@pytest.mark.parametrize("make", [braket_dm, noisy_aer, coarse_tensor])
def test_a_device_object_keeps_its_noise(make):
    for optimizer in ("score", "spsa"):
        with pytest.raises(InputError, match=r"entropy needs log p .* may (have noise|truncate)"):
            train(small_hypernet(make()), optimizer, entropy=0.1)


def test_a_device_object_without_noise_has_an_entropy():
    for name in ("braket.local.qubit", "default.tensor"):
        assert plh.device(qml.device(name, wires=3)).noise is None
        run = train(small_hypernet(qml.device(name, wires=3)), "score", entropy=0.1)
        assert len(run.history) == 3


def test_a_pure_aer_device_has_no_noise():
    pytest.importorskip("pennylane_qiskit")
    assert plh.device(qml.device("qiskit.aer", wires=2)).noise is None
    assert plh.device("qiskit.aer", wires=2).noise is None
