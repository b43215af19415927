"""Amazon Braket on this machine: tasks for a QPU, run by the SDK's emulator of that QPU."""

import json
import uuid
from datetime import UTC, datetime
from threading import Lock

import numpy as np
from botocore.exceptions import ClientError
from braket.circuits import Circuit
from braket.device_schema import DeviceActionType
from braket.device_schema.device_capabilities import DeviceCapabilities
from braket.devices import LocalSimulator
from braket.emulation.device_emulator_properties import DeviceEmulatorProperties
from braket.emulation.local_emulator import LocalEmulator
from braket.emulation.passes.circuit_passes.verbatim_transformation import (
    RemoveVerbatimTransformation,
)

from pl_hypernet.devices.braket.qpu import calibration_in_use, read_calibration
from pl_hypernet.devices.braket.trajectories import sample_trajectories
from pl_hypernet.errors import DeviceError

BUCKET = "emulated"
MOST_QUBITS = {True: 12, False: 24}  # with noise and without
DENSITY_QUBITS = 8  # with noise, up to which a density matrix takes no longer than the shots
ONE_AT_A_TIME = Lock()  # two threads in the simulator's compiled loops abort the program
TERMINAL = ("COMPLETED", "FAILED", "CANCELLED")


class EmulatedSession:
    """In the place of an ``AwsSession``: no account, no network, nothing to pay.

    A task is checked against native gates, couplers and limits, and run with the noise that the
    QPU's calibration implies, when it is made. What would fail on the QPU fails here.

    Args:
        arn: of the QPU.
        properties: its capabilities.
        noise: False: gates and readout are perfect, all else stays.

    Attributes:
        tasks (dict): ARN -> what ``get_quantum_task`` answers.
    """

    def __init__(self, arn: str, properties: DeviceCapabilities, noise: bool = True):
        self.region = arn.split(":")[3]
        self.arn = arn
        self.noise = noise
        self.tasks: dict[str, dict] = {}
        self._capabilities = properties.json()
        with calibration_in_use():
            self._emulator = LocalEmulator.from_device_properties(_with_graph(properties))
        program_set = properties.action.get(DeviceActionType.OPENQASM_PROGRAM_SET)
        self._most_shots = program_set.maximumTotalShots if program_set else 0
        self._simulator = LocalSimulator("braket_dm" if noise else "braket_sv")
        self._rng = np.random.default_rng()
        self._results: dict[str, str] = {}
        self._tokens: dict[str, str] = {}

    def get_device(self, arn: str) -> dict:
        return {
            "deviceName": arn.rsplit("/", 1)[-1],
            "deviceStatus": "ONLINE",
            "deviceType": "QPU",
            "providerName": arn.split("/")[2],
            "deviceCapabilities": self._capabilities,
        }

    def default_bucket(self) -> str:
        return BUCKET

    def add_braket_user_agent(self, user_agent: str) -> None:
        pass

    def create_quantum_task(self, **request) -> str:
        """Runs it at once. The same ``clientToken`` means the same task."""
        token = request.get("clientToken", uuid.uuid4().hex)
        if token in self._tokens:
            return self._tokens[token]
        task = f"arn:aws:braket:{self.region}:000000000000:quantum-task/{uuid.uuid4()}"
        self._tokens[token] = task
        action = json.loads(request["action"])
        answer = {
            "quantumTaskArn": task,
            "deviceArn": request["deviceArn"],
            "shots": request["shots"],
            "outputS3Bucket": request["outputS3Bucket"],
            "outputS3Directory": f"{request['outputS3KeyPrefix']}/{task.rsplit('/', 1)[-1]}",
            "actionMetadata": {"actionType": action["braketSchemaHeader"]["name"]},
        }
        try:
            body = self._run(task, action, request["shots"])
        except (ValueError, TypeError, NotImplementedError) as error:
            answer |= {"status": "FAILED", "failureReason": str(error)}
        else:
            answer["status"] = "COMPLETED"
            self._results[answer["outputS3Directory"] + "/results.json"] = body
        self.tasks[task] = answer
        return task

    def get_quantum_task(self, arn: str) -> dict:
        if arn not in self.tasks:
            raise _refusal("GetQuantumTask", "ResourceNotFoundException", f"no task {arn}")
        return self.tasks[arn]

    def cancel_quantum_task(self, arn: str) -> None:
        if self.tasks[arn]["status"] not in TERMINAL:
            self.tasks[arn]["status"] = "CANCELLED"

    def retrieve_s3_object_body(self, bucket: str, key: str) -> str:
        if key not in self._results:
            raise _refusal("GetObject", "NoSuchKey", f"no object {key}")
        return self._results[key]

    def _run(self, task: str, action: dict, shots: int) -> str:
        """The contents of ``results.json``."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        metadata = {"id": task, "deviceId": self.arn, "createdAt": now, "endedAt": now}
        if "programs" not in action:
            measured, values = self._measure(action, shots)
            return json.dumps(
                _header("gate_model_task_result")
                | measured
                | {
                    "resultTypes": values,
                    "taskMetadata": _header("task_metadata") | metadata | {"shots": shots},
                    "additionalMetadata": {"action": action},
                }
            )
        programs = action["programs"]
        if shots > self._most_shots:
            raise ValueError(f"{shots} shots in a program set: at most {self._most_shots}")
        results = []
        for program in programs:
            measured, _ = self._measure(program, shots // len(programs))
            executable = _header("program_set_executable_result") | measured | {"inputsIndex": 0}
            results.append(
                _header("program_result")
                | {
                    "executableResults": [executable],
                    "source": program,
                    "additionalMetadata": {},
                }
            )
        counts = {"requestedShots": shots, "successfulShots": shots}
        return json.dumps(
            _header("program_set_task_result")
            | {
                "programResults": results,
                "taskMetadata": _header("program_set_task_metadata")
                | metadata
                | counts
                | {
                    "programMetadata": [{"executables": [{}]} for _ in programs],
                    "totalFailedExecutables": 0,
                },
            }
        )

    def _measure(self, program: dict, shots: int) -> tuple[dict, list[dict]]:
        """Bits with the labels of their qubits, and the values of the result types asked for."""
        circuit = Circuit.from_ir(program["source"], inputs=program.get("inputs") or {})
        compiled = self._emulator.transform(circuit, apply_noise_model=self.noise)
        bare = RemoveVerbatimTransformation().transform(compiled)
        if self.noise and bare.qubit_count > DENSITY_QUBITS and not circuit.result_types:
            bits = sample_trajectories(bare, shots, self._rng.spawn(1)[0])
            labels = sorted(int(qubit) for qubit in bare.qubits)
            return {"measurements": bits.tolist(), "measuredQubits": labels}, []
        with ONE_AT_A_TIME:
            result = self._simulator.run(bare, shots=shots).result()
        labels = [int(qubit) for qubit in result.measured_qubits]
        if circuit.result_types:  # the local simulator numbers the qubits anew, from 0
            names = sorted(int(qubit) for qubit in circuit.qubits)
            labels = [names[label] for label in labels]
            for entry in result.result_types:
                entry.type.targets = [names[target] for target in entry.type.targets]
        measured = {"measurements": result.measurements.tolist(), "measuredQubits": labels}
        values = [
            {"type": json.loads(entry.type.json()), "value": np.asarray(entry.value).tolist()}
            for entry in result.result_types
        ]
        return measured, values


def check_emulated_size(n_wires: int, noise: bool) -> None:
    """Refuses what the emulator would take hours for, or not have the memory.

    Raises:
        DeviceError: with how many it can have.
    """
    if n_wires > MOST_QUBITS[noise]:
        raise DeviceError(
            f"{n_wires} wires on an emulated QPU with noise={noise}, which stops at "
            f"{MOST_QUBITS[noise]}: use fewer inputs"
            + (f", or noise=False for up to {MOST_QUBITS[False]}" if noise else "")
        )


def _refusal(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def _with_graph(properties: DeviceCapabilities) -> DeviceEmulatorProperties:
    """With every coupler of a fully connected QPU named, without which results are refused."""
    given = read_calibration(properties)
    if given.connectivity_graph:
        return given
    labels = given.qubit_labels
    graph = {str(a): [str(b) for b in labels if b != a] for a in labels}
    return DeviceEmulatorProperties(
        given.qubit_count,
        given.native_gate_set,
        graph,
        given.one_qubit_properties,
        given.two_qubit_properties,
        given.supported_result_types,
        given.supported_actions,
    )


def _header(name: str) -> dict:
    return {"braketSchemaHeader": {"name": f"braket.task_result.{name}", "version": "1"}}
