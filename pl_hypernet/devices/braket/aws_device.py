"""Braket's QPUs and managed simulators, with tasks that are not lost and circuits that fit."""

import re
from inspect import Parameter, signature
from pathlib import Path

import boto3
import pennylane as qml
from botocore.exceptions import BotoCoreError, ClientError
from braket.aws import AwsDevice, AwsQuantumTask, AwsQuantumTaskBatch, AwsSession
from braket.pennylane_plugin import BraketAwsQubitDevice
from braket.pennylane_plugin.braket_device import BraketQubitDevice
from braket.program_sets import ProgramSet
from braket.tasks import ProgramSetQuantumTaskResult
from pennylane.devices.preprocess import null_postprocessing, validate_device_wires
from pennylane.transforms.core import CompilePipeline

from pl_hypernet.devices.braket.capabilities import find_capabilities
from pl_hypernet.devices.braket.emulated_session import EmulatedSession, check_emulated_size
from pl_hypernet.devices.braket.native_gates import compile_native
from pl_hypernet.devices.braket.placement import best_line
from pl_hypernet.devices.braket.prices import PriceTable
from pl_hypernet.devices.braket.qpu import QPU, circuits_per_task, read_qpu, shots_range
from pl_hypernet.devices.braket.spending import Spending
from pl_hypernet.devices.braket.task_log import TaskLog
from pl_hypernet.devices.braket.task_session import TaskSession, service_error
from pl_hypernet.devices.readings import EACH_WIRE, read_bits
from pl_hypernet.errors import DeviceError, InputError, unknown_name

ARN = re.compile(r"arn:aws[a-z-]*:braket:[a-z0-9-]*::device/(qpu|quantum-simulator)/[^/]+/[^/]+")
MAX_PARALLEL = 10
OPTIONS = {  # of the plugin's device, and of the tasks that it makes
    name
    for function in (
        BraketAwsQubitDevice.__init__,
        BraketQubitDevice.__init__,
        AwsDevice.run,
        AwsQuantumTask.create,
    )
    for name, parameter in signature(function).parameters.items()
    if parameter.kind is Parameter.KEYWORD_ONLY or parameter.default is not Parameter.empty
} | {"device_arn", "emulator", "noise", "task_log"}  # and of ours


class HypernetAwsDevice(BraketAwsQubitDevice):
    """``braket.aws.qubit`` with a task log, retries, placement and compilation to native gates.

    Args:
        wires: number of wires or their labels.
        device_arn: of the QPU or managed simulator.
        task_log: file in which every task is noted before anybody waits for it. A device that is
            made with the log of another begins at its top: asked for the same circuits, it gives
            the results that were paid for. None: no file; the device then takes up only tasks of
            its own, which it was interrupted in waiting for.
        verbatim: compile to the QPU's native gates, on a line of good couplers, and let the service
            change nothing. False: the service compiles and places. None: False, but True on an
            emulator, which takes nothing else.
        emulator: run on the SDK's emulator of a QPU, without an account: a name of
            ``MODEL_QPUS``, a JSON file of capabilities, or True for the QPU of ``device_arn``
            (whose capabilities are asked for with an account). Its tasks end with the program.
        noise: of the emulator; False: perfect gates and readout.
        aws_session: an ``AwsSession`` of one's own.
        **options: of ``braket.aws.qubit``, as ``s3_destination_folder``, ``max_parallel``,
            ``poll_timeout_seconds``; ``parallel`` is True here.

    Attributes:
        line (tuple[int] | None): qubit labels of the wires, where we place them.
        options (dict): arguments that decide what it is.
        spending (Spending | None): what its tasks cost; None: an emulator's, which cost nothing.
        task_log (TaskLog): where tasks are noted; may be set, to a path or None.

    Raises:
        InputError: an argument that makes no sense.
        DeviceError: no region, no credentials, no such device, or it has too few qubits.
    """

    def __init__(
        self,
        wires,
        device_arn: str | None = None,
        *,
        task_log=None,
        verbatim: bool | None = None,
        emulator: str | Path | bool | None = None,
        noise: bool = True,
        aws_session=None,
        **options,
    ):
        if wires is None:
            raise InputError("braket.aws.qubit needs to know its wires: give wires=N")
        check_options({"noise": noise, "verbatim": verbatim} | options)
        self.options = {"emulator": emulator, "noise": noise}
        if emulator not in (None, False):
            if aws_session is not None:
                raise InputError("emulator and aws_session: give one of them")
            if verbatim is False:
                raise InputError("verbatim=False with an emulator: it takes native gates only")
            device_arn, aws_session = _emulated(emulator, device_arn, noise)
        elif not noise:
            raise InputError("noise=False without an emulator: a QPU has its noise")
        check_arn(device_arn)
        if verbatim is None:
            verbatim = isinstance(aws_session, EmulatedSession)
        options = {"parametrize_differentiable": False, "parallel": True} | options
        try:
            aws_session = aws_session or _session_for(device_arn)
            super().__init__(
                wires, device_arn, aws_session=aws_session, verbatim=verbatim, **options
            )
        except (ClientError, BotoCoreError) as error:
            raise DeviceError(service_error(error)) from error
        self.options |= {"device_arn": self._device.arn, "verbatim": verbatim}
        # AwsDevice makes its tasks through this session, whoever asks it to
        self._session = TaskSession(self._device.aws_session)
        self._device._aws_session = self._session
        if not isinstance(self._session.session, EmulatedSession):
            price = PriceTable().find(self._device.arn)
            self._session.spending = Spending(self._device.arn, price, self._circuits_per_task)
        if task_log is not None:
            self.task_log = task_log
        self.qpu: QPU | None = None
        self.line: tuple[int, ...] | None = None
        if verbatim:
            self.qpu = read_qpu(self._device.properties)
            self.line = best_line(self.qpu, len(self.wires))
            if isinstance(self._session.session, EmulatedSession):
                check_emulated_size(len(self.wires), self._session.session.noise)
            self._wire_map = dict(zip(self.wires, self.line, strict=True))
        else:
            self._check_n_qubits()

    @property
    def task_log(self) -> TaskLog:
        return self._session.task_log

    @task_log.setter
    def task_log(self, log):
        self._session.task_log = log if isinstance(log, TaskLog) else TaskLog(log)

    @property
    def spending(self) -> Spending | None:
        return self._session.spending

    def _circuits_per_task(self, shots: int) -> int:
        return circuits_per_task(self._device.properties, shots)

    @property
    def task_counts(self) -> tuple[int, int]:
        """Tasks made and paid for by this object, and tasks that it took up."""
        return self._session.n_created, self._session.n_taken_up

    @property
    def properties(self):
        """Capabilities of the QPU or simulator, as Braket describes them."""
        return self._device.properties

    def _check_n_qubits(self) -> None:
        there = getattr(self._device.properties.paradigm, "qubitCount", None)
        if there is not None and len(self.wires) > there:
            raise DeviceError(
                f"{len(self.wires)} wires on {self._device.name} of {there} qubits: choose a "
                "larger device, or fewer inputs"
            )

    def preprocess_transforms(self, execution_config=None):
        program = CompilePipeline()
        fewest, most = shots_range(self._device.properties)
        program.add_transform(check_shots, fewest=fewest, most=most, name=self._device.name)
        if self.qpu is not None:
            wire_at = dict(zip(self.line, self.wires, strict=True))
            couplers = [
                (wire_at[a], wire_at[b])
                for a, b in self.qpu.couplers
                if a in wire_at and b in wire_at
            ]
            program.add_transform(validate_device_wires, self.wires, name=self.name)
            program.add_transform(read_bits, reading=lambda: EACH_WIRE, device_wires=self.wires)
            program.add_transform(
                compile_native,
                native_gates=self.qpu.native_gates,
                couplers=couplers,
                device_wires=self.wires,
            )
        return program + super().preprocess_transforms(execution_config)

    def execute(self, circuits, execution_config=None):
        with self._session.results_or_back():
            return super().execute(circuits, execution_config)

    def apply(self, operations, rotations=None, *args, **kwargs):
        # compile_native touches every wire; the plugin would add identities, which are not native
        apply_identities = kwargs.pop("apply_identities", True) and self.qpu is None
        return super().apply(
            operations, rotations, *args, apply_identities=apply_identities, **kwargs
        )

    def _run_task(self, circuit, inputs=None, shots=0):
        task = super()._run_task(circuit, inputs, shots)
        self._result(task)
        return task

    def _run_program_set(self, program_set: ProgramSet) -> ProgramSetQuantumTaskResult:
        """All parts are sent before the first is waited for."""
        most = circuits_per_task(self._device.properties, program_set.shots_per_executable)
        parts, index_map = program_set.split(most)
        tasks = [super(HypernetAwsDevice, self)._run_task(p, shots=p.total_shots) for p in parts]
        results = [self._result(task) for task in tasks]
        for task, result in zip(tasks, results, strict=True):
            for executable in (executable for entry in result for executable in entry):
                if not hasattr(executable, "measurements"):
                    raise DeviceError(
                        f"a circuit of task {task.id} failed on {self._device.name}: {executable}"
                    )
        return ProgramSetQuantumTaskResult.merge(results, program_set, index_map)

    def _run_task_batch(self, braket_circuits, pl_circuits, batch_shots: int, inputs):
        if self._max_program_set_executables is not None and batch_shots:
            return super()._run_task_batch(braket_circuits, pl_circuits, batch_shots, inputs)
        # as AwsDevice.run_batch, which would make a session of its own that logs nothing
        batch = AwsQuantumTaskBatch(
            self._session,
            self._device.arn,
            braket_circuits,
            self._s3_folder or (self._session.default_bucket(), "tasks"),
            batch_shots,
            max_parallel=self._max_parallel or MAX_PARALLEL,
            max_workers=self._max_connections,
            poll_timeout_seconds=self._poll_timeout_seconds,
            poll_interval_seconds=self._poll_interval_seconds,
            inputs=inputs,
            **self._run_kwargs,
        )
        try:
            # no retries: the SDK would pay anew for tasks that are only late
            results = batch.results(max_retries=0)
            for task in batch.tasks:
                self._result(task)
        finally:
            if self.tracker.active:
                self._update_tracker_for_batch(batch, batch_shots)
        return [
            self._braket_to_pl_result(result, circuit)
            for result, circuit in zip(results, pl_circuits, strict=True)
        ]

    def _result(self, task: AwsQuantumTask):
        """Waits for a task.

        Raises:
            DeviceError: it failed, or did not end in time; it names itself.
        """
        try:
            result = task.result()
        except DeviceError:  # a failed program set may leave no results to fetch
            result = None
            if task.state() not in AwsQuantumTask.NO_RESULT_TERMINAL_STATES:
                raise
        answer = task.metadata(use_cached_value=True)
        status = answer.get("status")
        if result is not None and status in AwsQuantumTask.RESULTS_READY_STATES:
            return result
        if status in AwsQuantumTask.NO_RESULT_TERMINAL_STATES:
            reason = answer.get("failureReason", "no reason given")
            raise DeviceError(f"task {task.id} {status} on {self._device.name}: {reason}")
        raise DeviceError(
            f"task {task.id} on {self._device.name} is still {status} after "
            f"{self._poll_timeout_seconds:g} s: execute the same circuit again, here or with the "
            "same task_log, to take it up"
        )


@qml.transform
def check_shots(tape, fewest: int, most: int, name: str):
    """Refuses shots that the device cannot do, before anything is sent."""
    shots = tape.shots.total_shots
    if shots and not fewest <= shots <= most:
        raise DeviceError(
            f"{shots} shots on {name}, which takes {fewest} to {most} for each circuit: set other "
            "shots"
        )
    return (tape,), null_postprocessing


def _session_for(arn: str) -> AwsSession:
    """A session in the region that an ARN names; in one that is set up where it names none."""
    return AwsSession(
        boto_session=boto3.Session(region_name=AwsDevice.get_device_region(arn) or None)
    )


def _emulated(emulator, arn: str | None, noise: bool) -> tuple[str, EmulatedSession]:
    """The ARN of the QPU to emulate, and a session that does."""
    if arn is not None:
        check_arn(arn)
        if ":device/qpu/" not in arn:
            raise InputError(f"emulator={emulator!r} with {arn}: only QPUs are emulated")
    if emulator is not True:
        arn, properties = find_capabilities(emulator, arn)
    else:
        check_arn(arn)
        try:
            properties = AwsDevice(arn, aws_session=_session_for(arn)).properties
        except (ClientError, BotoCoreError) as error:
            raise DeviceError(service_error(error)) from error
    return arn, EmulatedSession(arn, properties, noise)


def check_options(options: dict) -> None:
    """Refuses options that neither our device, nor the plugin's, nor its tasks take.

    Raises:
        InputError: an unknown name, or a value of the wrong kind.
    """
    for option, value in options.items():
        if option not in OPTIONS:
            raise unknown_name("option of braket.aws.qubit", option, sorted(OPTIONS))
        if option in ("noise", "verbatim", "parallel", "disable_qubit_rewiring", "quiet"):
            _check_bool(option, value)
        if option.startswith(("poll_", "max_")) and not isinstance(value, int | float | None):
            raise InputError(f"{option}={value!r}: expected a number")
        if option == "s3_destination_folder" and (isinstance(value, str) or len(value) != 2):
            raise InputError(f"{option}={value!r}: expected a bucket and a folder, as bucket,runs")


def _check_bool(name: str, value) -> None:
    if value not in (None, True, False):
        raise InputError(f"{name}={value!r}: expected true or false")


def check_arn(arn) -> None:
    """Refuses what is no ARN of a Braket device."""
    if arn is None:
        raise InputError(
            "braket.aws.qubit needs a device_arn, as "
            "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet, or emulator='iqm-20'"
        )
    if not isinstance(arn, str) or not ARN.fullmatch(arn):
        raise InputError(
            f"device_arn={arn!r} is no ARN of a Braket device: expected one as "
            "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
        )
