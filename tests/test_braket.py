"""Braket's QPUs without an account: the real SDK over emulated QPUs, or over a local port."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from braket.circuits import Circuit
from braket.devices import LocalSimulator
from braket_service import BraketService
from pennylane.tape import QuantumScript
from pennylane.wires import Wires
from scipy.stats import unitary_group

import pl_hypernet as plh
from pl_hypernet.devices.braket import emulated_session, trajectories
from pl_hypernet.devices.braket.aws_device import HypernetAwsDevice
from pl_hypernet.devices.braket.emulated_session import EmulatedSession
from pl_hypernet.devices.braket.model_qpus import MODEL_QPUS
from pl_hypernet.devices.braket.native_gates import compile_native, zyz_angles
from pl_hypernet.devices.braket.noise import with_noise
from pl_hypernet.devices.braket.placement import best_line
from pl_hypernet.devices.braket.qpu import QPU, read_qpu
from pl_hypernet.devices.braket.task_log import Request, TaskLog, holds_tasks
from pl_hypernet.devices.braket.task_session import TaskSession
from pl_hypernet.devices.braket.trajectories import sample_trajectories
from pl_hypernet.errors import DeviceError, InputError, RunFolderError
from pl_hypernet.testing import ALPHA, check_device, g_test

KINDS = ("iqm-20", "rigetti-108", "ionq-36")  # PRX + CZ, RX + RZ + iSWAP, GPi2 + ZZ
NATIVE = ({"cz", "prx"}, {"rx", "rz", "iswap"}, {"gpi", "gpi2", "zz"})
ARN = MODEL_QPUS["iqm-20"][0]


def emulated(n_wires: int, kind: str = "iqm-20", noise: bool = False, **options):
    return plh.device("braket.aws.qubit", wires=n_wires, emulator=kind, noise=noise, **options)


def bits_of(device, theta, shots: int = 100):
    @qml.set_shots(shots)
    @qml.qnode(device, interface=None, diff_method=None)
    def circuit():
        plh.HardwareEfficientAnsatz(theta, wires=device.wires)
        return qml.sample(wires=device.wires)

    return np.asarray(circuit())


def some_angles(n_wires: int, layers: int = 2, seed: int = 3):
    shape = plh.HardwareEfficientAnsatz.shape(layers, n_wires)
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)


# Circuits


@pytest.mark.parametrize("kind", KINDS)
def test_an_emulated_qpu_keeps_the_contract(kind):
    check_device(lambda wires: emulated(wires, kind).inner, shots=5000)


def test_trajectories_follow_the_density_matrix(monkeypatch):
    """With errors often enough to be seen; blocks of shots; the qubits 7, 2, 5 in order."""
    monkeypatch.setattr(trajectories, "AMPLITUDES", 8 * 3000)
    circuit = Circuit().h(7).cnot(7, 2).depolarizing(7, 0.3).rx(5, 0.7).cz(2, 5)
    circuit.two_qubit_depolarizing(5, 2, 0.4).ry(2, 0.4).xx(7, 5, 0.9).bit_flip(5, 0.2)
    p = LocalSimulator("braket_dm").run(circuit.copy().probability(), shots=0).result().values[0]
    bits = sample_trajectories(circuit, 20_000, np.random.default_rng(0))
    assert g_test(bits, p) > ALPHA
    less = Circuit([each for each in circuit.instructions if each.operator.name != "BitFlip"])
    assert g_test(sample_trajectories(less, 20_000, np.random.default_rng(0)), p) < ALPHA
    with pytest.raises(NotImplementedError, match="PhaseDamping: shots with errors of their own"):
        sample_trajectories(circuit.phase_damping(2, 0.1), 10, np.random.default_rng(0))


def test_noisy_tasks_run_side_by_side():
    """Which the simulator's own threads do not survive."""
    bits = emulated(9, "ionq-36", noise=True)
    theta = some_angles(9, 0)

    @qml.set_shots(5)
    @qml.qnode(bits, interface=None)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(9))
        return plh.expected_loss(lambda bits: bits.mean(axis=1), wires=range(9))

    optimizer = plh.PathwiseOptimizer(derivatives="measured")
    optimizer.step(energy, qml.numpy.array(theta, requires_grad=True))
    assert bits.counts.circuits == 3


@pytest.mark.parametrize(
    ("kind", "density_qubits"),
    [("iqm-20", 8), ("iqm-20", 0), ("rigetti-108", 8), ("rigetti-108", 0), ("ionq-36", 8)],
)
def test_a_noisy_qpu_differs_as_its_calibration_says(kind, density_qubits, monkeypatch):
    """Against PennyLane's density matrix: an independent simulator of the same noise."""
    monkeypatch.setattr(emulated_session, "DENSITY_QUBITS", density_qubits)
    n, shots = 4, 5000 if kind == "ionq-36" else 20_000
    device = emulated(n, kind, noise=True)
    theta = some_angles(n)
    bits = bits_of(device, theta, shots)
    qpu, wires = device.inner.qpu, Wires(range(n))
    tape = QuantumScript([plh.HardwareEfficientAnsatz(theta, wires=wires)])
    (compiled,), _ = compile_native(tape, qpu.native_gates, None, wires)
    labels = dict(zip(wires, device.inner.line, strict=True))
    noisy = with_noise(compiled.operations, qpu, labels)
    assert g_test(bits, probabilities(noisy, wires, "default.mixed")) > ALPHA
    if kind != "ionq-36":  # whose errors are too few to show in so many shots
        assert g_test(bits, probabilities(tape.operations, wires)) < ALPHA


def probabilities(operations, wires, name: str = "default.qubit") -> np.ndarray:
    tape = QuantumScript(operations, [qml.probs(wires=wires)])
    device = qml.device(name, wires=sorted(wires))
    return qml.execute([tape], device, diff_method=None)[0]


def random_operations(rng, n: int, length: int = 15) -> list:
    operations = []
    for _ in range(length):
        a, b, c = (int(wire) for wire in rng.permutation(n)[:3])
        angle = rng.normal()
        operations.append(
            [
                qml.RY(angle, a),
                qml.RZ(angle, a),
                qml.Hadamard(a),
                qml.adjoint(qml.S(a)),
                qml.CZ([a, b]),
                qml.CNOT([a, b]),
                qml.SWAP([a, b]),
                qml.ISWAP([a, b]),
                qml.IsingXX(angle, [a, b]),
                qml.Toffoli([a, b, c]),
            ][rng.integers(10)]
        )
    return operations


@pytest.mark.parametrize("native_gates", NATIVE, ids=KINDS)
@pytest.mark.parametrize("on_a_line", [False, True])
def test_compiled_circuits_have_the_same_probabilities(native_gates, on_a_line):
    n, rng = 4, np.random.default_rng(0)
    couplers = [(i, i + 1) for i in range(n - 1)] if on_a_line else None
    for _ in range(5):
        operations = random_operations(rng, n)
        tape = QuantumScript(operations, [qml.sample(qml.Z(i)) for i in range(n)], shots=3)
        (compiled,), _ = compile_native(tape, native_gates, couplers, Wires(range(n)))
        names = {NAMES[op.name] for op in compiled.operations}
        assert names <= native_gates
        if on_a_line:
            pairs = [tuple(sorted(op.wires)) for op in compiled.operations if len(op.wires) == 2]
            assert set(pairs) <= set(couplers)
        measured = [m.wires[0] for m in compiled.measurements]
        expected = probabilities(operations, range(n))
        got = probabilities(with_matrices(compiled.operations), Wires(measured))
        assert np.allclose(got, expected, rtol=0, atol=1e-10)
        (again,), _ = compile_native(compiled, native_gates, couplers, Wires(range(n)))
        assert len(again.operations) == len(compiled.operations)


NAMES = {
    "PRx": "prx", "CZ": "cz", "RX": "rx", "RZ": "rz", "ISWAP": "iswap", "GPi2": "gpi2",
    "IsingZZ": "zz",
}  # fmt: skip


def with_matrices(operations) -> list:
    return [qml.QubitUnitary(qml.matrix(op), op.wires) for op in operations]


def test_a_layer_of_the_ansatz_is_one_pulse_and_one_coupler_a_wire():
    n, layers = 8, 3
    tape = QuantumScript([plh.HardwareEfficientAnsatz(some_angles(n, layers), wires=range(n))])
    (compiled,), _ = compile_native(tape, NATIVE[0], None, Wires(range(n)))
    names = [op.name for op in compiled.operations]
    assert names.count("PRx") == n * (layers + 1)
    assert names.count("CZ") == (n - 1) * layers


def test_rx_is_played_at_quarter_turns_alone():
    tape = QuantumScript([plh.HardwareEfficientAnsatz(some_angles(5), wires=range(5))])
    (compiled,), _ = compile_native(tape, NATIVE[1], None, Wires(range(5)))
    angles = {abs(op.data[0]) for op in compiled.operations if op.name == "RX"}
    assert np.allclose(list(angles), np.pi / 2)


def test_zyz_angles_of_any_rotation():
    rng = np.random.default_rng(1)
    matrices = [unitary_group.rvs(2, random_state=rng) for _ in range(50)]
    matrices += [np.eye(2), qml.X.compute_matrix(), qml.Y.compute_matrix(), qml.Z.compute_matrix()]
    for matrix in matrices:
        a, b, c = zyz_angles(matrix)
        again = qml.RZ.compute_matrix(c) @ qml.RY.compute_matrix(b) @ qml.RZ.compute_matrix(a)
        assert abs(np.trace(np.conj(matrix).T @ again)) == pytest.approx(2, abs=1e-9)


def test_a_wire_without_gates_is_measured_too():
    device = emulated(4)

    @qml.set_shots(20)
    @qml.qnode(device, interface=None, diff_method=None)
    def circuit():
        qml.PauliX(2)
        return qml.sample(wires=range(4))

    assert (circuit() == [0, 0, 1, 0]).all()


def test_gates_between_far_wires_are_swapped_together():
    device = emulated(5)
    theta = some_angles(5)

    def ring():
        plh.HardwareEfficientAnsatz(theta, wires=range(5), pattern="ring")

    @qml.set_shots(5000)
    @qml.qnode(device, interface=None, diff_method=None)
    def circuit():
        ring()
        return qml.sample(wires=range(5))

    exact = probabilities(qml.tape.make_qscript(ring)().operations, Wires(range(5)))
    assert g_test(circuit(), exact) > ALPHA


def test_observables_other_than_z():
    device = emulated(3)

    @qml.set_shots(4000)
    @qml.qnode(device, interface=None, diff_method=None)
    def circuit():
        qml.RY(0.7, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.X(0) @ qml.X(1)), qml.expval(qml.Z(0)), qml.var(qml.Y(2))

    got = [float(value) for value in circuit()]
    assert got == pytest.approx([np.sin(0.7), np.cos(0.7), 1.0], abs=0.08)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_by_parameter_shift(kind):
    device = emulated(2, kind)

    @qml.set_shots(2000)
    @qml.qnode(device)
    def circuit(x):
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        return qml.expval(qml.Z(0) @ qml.X(1) + 2 * qml.Z(1))

    x = qml.numpy.array(0.4, requires_grad=True)
    assert float(qml.grad(circuit)(x)) == pytest.approx(-2 * np.sin(0.4), abs=0.2)


@pytest.mark.parametrize("kind", KINDS)
def test_products_of_observables_and_far_wires(kind):
    device = emulated(4, kind)
    theta = some_angles(4)

    def circuit():
        plh.HardwareEfficientAnsatz(theta, wires=range(4), pattern="ring")
        return qml.expval(qml.Z(0) @ qml.Z(3)), qml.expval(qml.X(1) @ qml.Y(2) + qml.Z(0))

    sampled = qml.set_shots(qml.QNode(circuit, device, diff_method=None), shots=4000)()
    exact = qml.QNode(circuit, qml.device("default.qubit", wires=4))()
    for got, expected in zip(sampled, exact, strict=True):
        assert float(got) == pytest.approx(float(expected), abs=0.15)


@pytest.mark.parametrize("kind", KINDS)
def test_one_wire_and_several_measurements_of_bits(kind):
    one = emulated(1, kind)

    @qml.set_shots(20)
    @qml.qnode(one, interface=None, diff_method=None)
    def alone():
        qml.PauliX(0)
        return qml.sample(wires=0)

    assert np.ravel(alone()).tolist() == [1] * 20

    @qml.set_shots(20)
    @qml.qnode(emulated(3, kind), interface=None, diff_method=None)
    def several():
        qml.PauliX(1)
        return qml.sample(wires=0), qml.sample(wires=[1, 2]), qml.sample(wires=[2, 1])

    bits = several()
    assert [np.unique(part, axis=0).ravel().tolist() for part in bits] == [[0], [1, 0], [0, 1]]


def test_without_verbatim_the_circuit_is_left_to_the_service():
    session = Recording(ARN, MODEL_QPUS["iqm-20"][1](), noise=False)
    device = plh.device(
        "braket.aws.qubit", wires=3, device_arn=ARN, aws_session=session, verbatim=False
    )
    with pytest.raises(DeviceError, match="verbatim box"):  # the emulator takes nothing else
        bits_of(device, some_angles(3))
    (request,) = session.requests
    assert "box" not in request["action"]
    assert "ry(" in request["action"]
    assert "cz q" in request["action"]


def test_what_goes_out_is_verbatim_native_and_on_couplers():
    session = Recording(ARN, MODEL_QPUS["iqm-20"][1](), noise=False)
    device = plh.device(
        "braket.aws.qubit", wires=6, device_arn=ARN, aws_session=session, verbatim=True
    )
    bits_of(device, some_angles(6), shots=70)
    (request,) = session.requests
    assert request["shots"] == 70
    (program,) = json.loads(request["action"])["programs"]
    circuit = Circuit.from_ir(program["source"])
    assert "#pragma braket verbatim" in program["source"]
    qpu = read_qpu(session.properties)
    assert 0 not in circuit.qubits  # labels start at 1
    for instruction in circuit.instructions:
        if instruction.operator.name in ("CZ", "PRx"):
            targets = tuple(sorted(int(q) for q in instruction.target))
            assert len(targets) == 1 or targets in qpu.couplers
        else:
            assert instruction.operator.name in ("StartVerbatimBox", "EndVerbatimBox", "Measure")


def test_the_emulator_refuses_a_coupler_that_is_not_there():
    """The proof that legality is checked: the same circuit on a wrong line."""
    device = emulated(3)
    device.inner._wire_map = {0: 1, 1: 20, 2: 7}
    with pytest.raises(DeviceError, match=r"task arn:\S+ FAILED on Emulated-20: .*20"):
        bits_of(device, some_angles(3))


# Placement


def grid(n_rows: int, n_columns: int, seed: int = 0) -> QPU:
    rng = np.random.default_rng(seed)
    sites = np.arange(n_rows * n_columns).reshape(n_rows, n_columns)
    across = zip(sites[:, :-1].flat, sites[:, 1:].flat, strict=True)
    pairs = [*across, *zip(sites[:-1].flat, sites[1:].flat, strict=True)]
    one = {int(s): 1 - 0.05 * rng.random() for s in sites.flat}
    two = {(int(a), int(b)): 1 - 0.1 * rng.random() for a, b in pairs}
    return QPU(frozenset(NATIVE[0]), one, dict.fromkeys(one, 0.97), two)


def quality(qpu: QPU, line) -> float:
    edges = [tuple(sorted(edge)) for edge in pairwise(line)]
    return float(np.prod([qpu.couplers[e] for e in edges] + [qpu.rotations[q] for q in line]))


@pytest.mark.parametrize("n_wires", [2, 4, 6, 9])
def test_the_line_is_the_best_of_all(n_wires):
    qpu = grid(3, 3)
    lines = [
        line
        for line in permutations(qpu.rotations, n_wires)
        if all(tuple(sorted(edge)) in qpu.couplers for edge in pairwise(line))
    ]
    best = max(quality(qpu, line) for line in lines)
    assert quality(qpu, best_line(qpu, n_wires)) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("kind", MODEL_QPUS)
def test_lines_of_any_length_are_found(kind):
    qpu = read_qpu(MODEL_QPUS[kind][1]())
    n = len(qpu.rotations)
    for n_wires in {1, 2, n // 2, 66, n} - set(range(n + 1, 200)):
        line = best_line(qpu, n_wires)
        assert len(set(line)) == n_wires
        assert all(tuple(sorted(edge)) in qpu.couplers for edge in pairwise(line))


def test_a_bad_coupler_is_gone_around():
    qpu = grid(2, 4)
    qpu.couplers[1, 2] = 0.5
    line = best_line(qpu, 4)
    assert {1, 2} not in [set(edge) for edge in pairwise(line)]


def test_too_many_wires_and_no_line():
    with pytest.raises(DeviceError, match="66 wires on a QPU of 54 qubits"):
        emulated(66, "iqm-54")
    perfect = dict.fromkeys(range(4), 1.0)
    apart = QPU(frozenset(NATIVE[0]), perfect, perfect, {(0, 1): 0.9, (2, 3): 0.9})
    with pytest.raises(DeviceError, match="no line of 3 coupled qubits"):
        best_line(apart, 3)


# Tasks


class Recording(EmulatedSession):
    """Notes what it is asked for, and fails where told to."""

    def __init__(self, arn, properties, noise=False):
        super().__init__(arn, properties, noise)
        self.properties = properties
        self.requests: list[dict] = []
        self.errors: list[Exception] = []
        self.lose_answer = False
        self.status = None

    def create_quantum_task(self, **request):
        self.requests.append(request)
        if self.errors:
            raise self.errors.pop(0)
        arn = super().create_quantum_task(**request)
        if self.lose_answer:
            raise KeyboardInterrupt  # the client dies between the service's answer and its log
        return arn

    def get_quantum_task(self, arn):
        answer = super().get_quantum_task(arn)
        return answer if self.status is None else answer | {"status": self.status}


@pytest.fixture
def session():
    return Recording(ARN, MODEL_QPUS["iqm-20"][1]())


@pytest.fixture
def quick(monkeypatch):
    """Back-off without waiting; the seconds that it would have waited."""
    waits: list[float] = []
    monkeypatch.setattr("backoff._sync.time.sleep", waits.append)
    return waits


def qpu_device(session, **options):
    return plh.device(
        "braket.aws.qubit", wires=3, device_arn=ARN, aws_session=session, verbatim=True, **options
    )


def throttled(code: str = "ThrottlingException", status: int = 429) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}}
    answer["ResponseMetadata"] = {"HTTPStatusCode": status}
    return ClientError(answer, "CreateQuantumTask")


def test_transient_errors_are_retried_with_growing_waits(session, quick):
    session.errors = [
        throttled(),
        throttled("InternalServiceException", 500),
        EndpointConnectionError(endpoint_url="https://braket"),
    ]
    assert bits_of(qpu_device(session), some_angles(3)).shape == (100, 3)
    assert len(session.requests) == 4
    assert len(quick) == 3
    assert len({request["clientToken"] for request in session.requests}) == 1
    assert len(session.tasks) == 1


def test_other_errors_are_not_retried(session, quick):
    session.errors = [throttled("ValidationException", 400)]
    with pytest.raises(DeviceError, match="Amazon Braket: ValidationException"):
        bits_of(qpu_device(session), some_angles(3))
    assert len(session.requests) == 1
    assert quick == []


def test_a_failing_service_is_given_up(session, monkeypatch):
    session.errors = [throttled() for _ in range(1000)]
    patient = TaskSession(session, give_up_after=0.01)
    with pytest.raises(DeviceError, match="ThrottlingException"):
        patient.create_quantum_task(deviceArn=ARN, shots=1, action="{}")


def test_a_failed_task_names_itself(session):
    session.status = "FAILED"
    with pytest.raises(DeviceError, match=r"task arn:aws:braket:\S+ FAILED on Emulated-20"):
        bits_of(qpu_device(session), some_angles(3))


def test_a_task_that_does_not_end_names_itself(session, tmp_path):
    session.status = "RUNNING"
    device = qpu_device(session, poll_timeout_seconds=0.05, task_log=tmp_path / "tasks.jsonl")
    still = r"task arn:\S+ on Emulated-20 is still RUNNING .*task_log"
    with pytest.raises(DeviceError, match=still):
        bits_of(device, some_angles(3))


def test_tasks_are_noted_before_they_are_waited_for(session, tmp_path):
    path = tmp_path / "tasks.jsonl"
    seen = []
    wait = session.get_quantum_task
    session.get_quantum_task = lambda arn: seen.append(path.read_text()) or wait(arn)
    bits_of(qpu_device(session, task_log=path), some_angles(3))
    (arn,) = session.tasks
    assert seen
    assert arn in seen[0]


def test_a_second_program_takes_up_the_tasks_of_the_first(session, tmp_path):
    path = tmp_path / "tasks.jsonl"
    thetas = [some_angles(3, seed=seed) for seed in (0, 1, 0)]  # the same circuit twice
    first = [bits_of(qpu_device(session, task_log=path), thetas[0])]
    device = qpu_device(session, task_log=path)
    again = [bits_of(device, theta) for theta in thetas]
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(again[0], again[2])  # one task is taken up once
    assert len(session.tasks) == 3
    assert (device.inner._session.n_taken_up, device.inner._session.n_created) == (1, 2)


def test_a_request_whose_answer_was_lost_is_not_paid_for_twice(session, tmp_path):
    path = tmp_path / "tasks.jsonl"
    session.lose_answer = True
    with pytest.raises(KeyboardInterrupt):
        bits_of(qpu_device(session, task_log=path), some_angles(3))
    session.lose_answer = False
    bits_of(qpu_device(session, task_log=path), some_angles(3))
    assert len(session.requests) == 2
    assert len(session.tasks) == 1


def test_failed_and_unknown_tasks_are_not_taken_up(session, tmp_path):
    path = tmp_path / "tasks.jsonl"
    theta = some_angles(3)
    bits_of(qpu_device(session, task_log=path), theta)
    (arn,) = session.tasks
    session.tasks[arn]["status"] = "FAILED"
    bits_of(qpu_device(session, task_log=path), theta)
    assert len(session.tasks) == 2
    other = Recording(ARN, MODEL_QPUS["iqm-20"][1]())  # which knows none of them
    bits_of(qpu_device(other, task_log=path), theta)
    assert len(other.tasks) == 1


def test_a_line_that_was_cut_off_does_not_spoil_the_log(tmp_path):
    path = tmp_path / "tasks.jsonl"
    log = TaskLog(path)
    request = Request("token", "digest")
    log.sending(request, ARN, 10)
    request.arn = "arn:task"
    log.sent(request)
    for end in ("{", '{"time": "2026', "\0\0\0"):
        with open(path, "a") as file:
            file.write(end)
        assert TaskLog(path).take("digest") == request
        TaskLog(path).sending(Request(f"other {end}", "other"), ARN, 10)  # on a line of its own
        assert TaskLog(path).take("digest") == request
        assert TaskLog(path).take("other").arn is None


def test_a_file_that_is_no_task_log_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    for text in ("milk\nbread\n", '{"a": 1}\n', '{"token": [1], "digest": 2}\n', "[]\n"):
        path.write_text(text)
        with pytest.raises(RunFolderError, match="not a task log"):
            TaskLog(path)


def test_all_circuits_of_a_step_are_one_program_set(session):
    device = qpu_device(session)
    theta = qml.numpy.array(some_angles(3), requires_grad=True)

    @qml.set_shots(50)
    @qml.qnode(device)
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=device.wires)
        return plh.expected_loss(lambda bits: bits.sum(axis=1), wires=device.wires)

    optimizer = plh.QNSPSAOptimizer(seed=0)
    with qml.Tracker(device) as tracker:
        optimizer.step_and_cost(energy, theta)
    (request,) = session.requests
    assert len(json.loads(request["action"])["programs"]) == 7
    assert request["shots"] == 7 * 50 == device.counts.shots
    assert (tracker.totals["executions"], tracker.totals["shots"]) == (7, 350)


def test_more_circuits_than_a_program_set_holds(session):
    limit = session.properties.action["braket.ir.openqasm.program_set"]
    limit.maximumExecutables = 3
    session._capabilities = session.properties.json()
    device = qpu_device(session)
    tapes = [
        QuantumScript([qml.RX(np.pi * (i % 2), 0)], [qml.sample(wires=[0])], shots=5)
        for i in range(7)
    ]
    results = qml.execute(tapes, device, diff_method=None, interface=None)
    assert [int(np.asarray(bits).sum()) for bits in results] == [0, 5, 0, 5, 0, 5, 0]
    assert len(session.requests) == 3


def test_without_program_sets_tasks_go_out_side_by_side(tmp_path):
    arn, make = MODEL_QPUS["ionq-36"]
    session = Recording(arn, make())
    path = tmp_path / "tasks.jsonl"
    device = plh.device(
        "braket.aws.qubit",
        wires=2,
        device_arn=arn,
        aws_session=session,
        verbatim=True,
        task_log=path,
    )
    tapes = [
        QuantumScript([qml.RX(np.pi * (i % 2), 0)], [qml.sample(wires=[0, 1])], shots=5)
        for i in range(4)
    ]
    made = []
    ask = session.retrieve_s3_object_body
    session.retrieve_s3_object_body = lambda *a: made.append(len(session.tasks)) or ask(*a)
    results = qml.execute(tapes, device, diff_method=None, interface=None)
    assert [int(np.asarray(bits).sum()) for bits in results] == [0, 5, 0, 5]
    assert made == [4] * 4  # all were sent before the first result was fetched
    assert all(task in path.read_text() for task in session.tasks)


@pytest.mark.parametrize("status", ["RUNNING", "FAILED"])
def test_late_and_failed_tasks_are_not_paid_for_again_by_themselves(status):
    arn, make = MODEL_QPUS["ionq-36"]
    session = Recording(arn, make())
    session.status = status
    device = plh.device(
        "braket.aws.qubit", wires=2, device_arn=arn, aws_session=session, verbatim=True,
        poll_timeout_seconds=0.05,
    )  # fmt: skip
    tapes = [QuantumScript([qml.RX(i, 0)], [qml.sample(wires=[0])], shots=5) for i in range(3)]
    with pytest.raises(DeviceError, match=f"{status}"):
        qml.execute(tapes, device, diff_method=None, interface=None)
    assert len(session.requests) == 3
    for task in session.tasks.values():
        task["status"] = "COMPLETED" if status == "RUNNING" else status
    session.status = None
    qml.execute(tapes, device, diff_method=None, interface=None)
    assert len(session.requests) == (3 if status == "RUNNING" else 6)


def test_a_device_takes_up_its_own_task_after_an_interruption(session):
    device = qpu_device(session, poll_timeout_seconds=0.05)
    theta = some_angles(3)
    session.status = "RUNNING"
    with pytest.raises(DeviceError, match="execute the same circuit again"):
        bits_of(device, theta)
    session.status = None
    first = bits_of(device, theta)
    assert len(session.tasks) == 1
    assert not np.array_equal(first, bits_of(device, theta))
    assert len(session.tasks) == 2


def test_two_equal_circuits_of_one_batch_are_two_tasks():
    arn, make = MODEL_QPUS["ionq-36"]
    session = Recording(arn, make())
    device = plh.device(
        "braket.aws.qubit", wires=2, device_arn=arn, aws_session=session, verbatim=True
    )
    tapes = [QuantumScript([qml.Hadamard(0)], [qml.sample(wires=[0])], shots=50)] * 2
    one, other = qml.execute(tapes, device, diff_method=None, interface=None, cache=False)
    assert not np.array_equal(one, other)


def test_a_refused_request_is_noted_as_no_task(session, tmp_path):
    path = tmp_path / "tasks.jsonl"
    session.errors = [throttled("ValidationException", 400)]
    with pytest.raises(DeviceError, match="ValidationException"):
        bits_of(qpu_device(session, task_log=path), some_angles(3))
    assert not holds_tasks(path)
    bits_of(qpu_device(session, task_log=path), some_angles(3))
    assert holds_tasks(path)
    tokens = {request["clientToken"] for request in session.requests}
    assert len(tokens) == 2


def test_a_program_set_keeps_to_its_most_shots(session):
    limit = session.properties.action["braket.ir.openqasm.program_set"]
    limit.maximumTotalShots = 250
    session._capabilities, session._most_shots = session.properties.json(), 250
    tapes = [QuantumScript([qml.X(0)], [qml.sample(wires=[0])], shots=100) for _ in range(5)]
    qml.execute(tapes, qpu_device(session), diff_method=None, interface=None, cache=False)
    assert [request["shots"] for request in session.requests] == [200, 200, 100]


# Training


def small_problem():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3))
    return inputs, (inputs[:, 0] > 0).astype(int)


def hypernetwork(device="braket.aws.qubit", **options):
    network = plh.BinaryNetwork(3, [1], activation="sigmoid")
    return plh.QuantumHypernetwork(network, device, layers=1, shots=50, **options)


def test_a_run_notes_its_tasks_and_costs(tmp_path):
    folder = tmp_path / "run"
    hypernet = hypernetwork(emulator="iqm-20", noise=False)
    run = plh.train(hypernet, small_problem(), steps=3, progress=False, out=folder)
    assert [record["circuits"] for record in run.history] == [7, 14, 21]
    assert [record["shots"] for record in run.history] == [350, 700, 1050]
    lines = [json.loads(line) for line in (folder / "tasks.jsonl").read_text().splitlines()]
    assert sum("task" in line for line in lines) == 4  # three steps and the evaluation
    again = plh.load(folder, data=small_problem())
    assert np.array_equal(again.evaluation.bits, run.evaluation.bits)  # nothing is measured anew


def test_each_run_has_a_log_of_its_own(tmp_path):
    hypernet = hypernetwork(emulator="iqm-20", noise=False)
    hypernet.shots = 30_000
    with pytest.raises(DeviceError, match="30000 shots"):
        plh.train(hypernet, small_problem(), steps=1, progress=False, out=tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    hypernet.shots = 50
    for name in ("one", "two"):
        plh.train(hypernet, small_problem(), steps=1, progress=False, out=tmp_path / name)
        assert (tmp_path / name / "tasks.jsonl").read_text().count('"task"') == 2


def test_a_run_can_be_looked_at_without_its_device(tmp_path, no_account):
    folder = tmp_path / "run"
    hypernet = hypernetwork(emulator="iqm-20", noise=False)
    run = plh.train(hypernet, small_problem(), steps=1, progress=False, out=folder)
    config = (folder / "config.toml").read_text()
    config = config.replace('emulator = "iqm-20"', f'device_arn = "{GARNET}"')
    (folder / "config.toml").write_text(config.replace("noise = false\n", ""))
    with pytest.warns(UserWarning, match=r"stands in for braket\.aws\.qubit: .*NoCredentialsError"):
        loaded = plh.load(folder, data=small_problem(), check=False)
    assert loaded.summary == run.summary


def test_a_run_whose_first_task_fails_keeps_its_log(tmp_path, session):
    session.status = "FAILED"
    hypernet = hypernetwork(device=qpu_device_of(session, 4))
    with pytest.raises(DeviceError, match="FAILED"):
        plh.train(hypernet, small_problem(), steps=3, progress=False, out=tmp_path / "run")
    assert (tmp_path / "run" / "tasks.jsonl").exists()


def qpu_device_of(session, n_wires):
    return HypernetAwsDevice(n_wires, ARN, aws_session=session, verbatim=True)


CLIENT = """
import sys
import numpy as np
import pl_hypernet as plh
from test_braket import ARN, hypernetwork, small_problem

log, out = sys.argv[1:]
hypernet = hypernetwork(
    device_arn=ARN, s3_destination_folder=("bucket", "runs"), verbatim=True,
    **({"task_log": log} if log != "-" else {}),
)
run = plh.train(
    hypernet, small_problem(), steps=4, progress=False, out=out, evaluation_shots=50,
    budget=float("inf"),
)
np.save(out + "/theta.npy", run.theta)
"""


def test_a_client_that_is_killed_loses_no_paid_task(tmp_path):
    """The real boto3 client in a process of its own, killed while it waits for its third task."""
    service = BraketService(EmulatedSession(ARN, MODEL_QPUS["iqm-20"][1](), noise=False))
    secret = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
    environment = os.environ | service.environment(AWS_SECRET_ACCESS_KEY=secret)
    environment["PYTHONPATH"] = str(Path(__file__).parent)

    def client(log, out):
        command = [sys.executable, "-c", CLIENT, str(log), str(out)]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    try:
        n_tasks = 5  # four steps and the evaluation
        service.failures = [(429, "ThrottlingException"), (500, "InternalServiceException")]
        killed = client("-", tmp_path / "killed")
        deadline = time.monotonic() + 60
        while len(service.session.tasks) < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        service.holding.set()
        time.sleep(1.0)
        paid = len(service.session.tasks)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        service.holding.clear()
        assert 2 <= paid < n_tasks
        assert len(service.requests) == paid + 2  # two were refused, and sent again

        log = tmp_path / "killed" / "tasks.jsonl"
        resumed = client(log, tmp_path / "resumed")
        assert resumed.wait(120) == 0, resumed.stderr.read()
        assert len(service.session.tasks) == n_tasks
        tokens = [request["clientToken"] for request in service.requests]
        assert len(set(tokens)) == n_tasks
    finally:
        service.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


# Bad input


@pytest.fixture
def no_account(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("AWS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"


def test_no_region(no_account):
    with pytest.raises(DeviceError, match=r"specify a region.*AWS_DEFAULT_REGION"):
        plh.device("braket.aws.qubit", wires=4, device_arn=SV1)


def test_no_credentials_in_the_region_of_the_arn(no_account):
    with pytest.raises(DeviceError, match=r"NoCredentialsError.*aws configure"):
        plh.device("braket.aws.qubit", wires=4, device_arn=GARNET)
    no_account.setenv("AWS_ACCESS_KEY_ID", "half")
    with pytest.raises(DeviceError, match="set both AWS_ACCESS_KEY_ID and"):
        plh.device("braket.aws.qubit", wires=4, device_arn=GARNET)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, InputError, "needs a device_arn"),
        ({"device_arn": "arn:aws:s3:::bucket"}, InputError, "is no ARN of a Braket device"),
        ({"device_arn": 5}, InputError, "is no ARN of a Braket device"),
        ({"emulator": "iqm-7"}, InputError, "unknown emulator 'iqm-7': did you mean 'iqm-54'"),
        ({"emulator": "nowhere.json"}, RunFolderError, "nowhere.json cannot be read"),
        ({"emulator": "iqm-20", "verbatim": False}, InputError, "takes native gates only"),
        ({"emulator": "iqm-20", "shotz": 5}, InputError, "unknown option .* 'shotz'"),
        ({"device_arn": GARNET, "noise": False}, InputError, "without an emulator"),
        ({"emulator": "iqm-20", "noise": "maybe"}, InputError, "noise='maybe': expected true or"),
        ({"emulator": "iqm-20", "parallel": "no"}, InputError, "parallel='no': expected true or"),
        ({"emulator": "iqm-20", "poll_timeout_seconds": "long"}, InputError, "expected a number"),
        ({"emulator": "iqm-20", "s3_destination_folder": "b"}, InputError, "a bucket and a folder"),
        ({"emulator": "iqm-20", "device_arn": SV1}, InputError, "only QPUs are emulated"),
    ],
)  # fmt: skip
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message) as caught:
        plh.device("braket.aws.qubit", wires=4, **options)
    assert "\n" not in str(caught.value)


def test_wires_must_be_known():
    with pytest.raises(InputError, match="give wires=N"):
        plh.device("braket.aws.qubit", emulator="iqm-20")


def test_shots_that_the_qpu_cannot_do(session):
    with pytest.raises(DeviceError, match="20001 shots on Emulated-20, which takes 1 to 20000"):
        bits_of(qpu_device(session), some_angles(3), shots=20_001)
    assert session.requests == []


def test_exact_values_are_refused():
    with pytest.raises(DeviceError, match="gives no exact values"):
        bits_of(emulated(3), some_angles(3), shots=None)


def test_a_file_of_capabilities(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(MODEL_QPUS["iqm-20"][1]().json())
    assert bits_of(emulated(3, str(path)), some_angles(3)).shape == (100, 3)
    path.write_text("{}")
    with pytest.raises(InputError, match="no capabilities of a Braket QPU"):
        emulated(3, str(path))
