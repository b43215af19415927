"""Any PennyLane device, made to return bits and expected losses."""

from contextlib import contextmanager

import numpy as np
import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.transforms.core import CompilePipeline

from pl_hypernet.devices.calls import call, within
from pl_hypernet.devices.deferral import defer_measurements
from pl_hypernet.devices.hypernet_device import HypernetDevice
from pl_hypernet.devices.known import KNOWN, KnownDevice, noise_of, options_of
from pl_hypernet.devices.lowering import lower_expected_loss, refuse_without_shots
from pl_hypernet.devices.parameter_check import check_parameters
from pl_hypernet.devices.readings import READINGS, TRIAL_SHOTS, Reading, find_reading, read_bits
from pl_hypernet.devices.record import Counts, Record
from pl_hypernet.measurements import ExpectedLoss
from pl_hypernet.measurements.capture import check_no_capture
from pl_hypernet.random_state import generator

TRY = "try"


class BitstringDevice(HypernetDevice):
    """A PennyLane device around another one, on which ``expected_loss`` works.

    It adds steps before the other device's own preprocessing: expected losses become
    ``qml.sample`` (with shots) or ``qml.probs`` (without), and where the device does not sample
    bits by itself, they are read in a way that it supports: as the table of ``known.py`` says, or
    found with a small circuit when bits are first asked for. It hands on all else: tracker, seeds,
    options, derivatives.

    Args:
        inner: the device that executes.
        reading: another way of reading bits from it than the table has.
        call_timeout: seconds that an execution may take; None: any time.

    Attributes:
        inner (Device): the device that executes.
    """

    def __init__(
        self, inner: Device, reading: Reading | None = None, call_timeout: float | None = None
    ):
        self.inner = inner
        self.call_timeout = call_timeout
        self.options = options_of(inner)
        self.reading = reading or (TRY if self.known is None else self.known.reading)
        self.noise = noise_of(inner.name, self.options)
        self.record = Record()
        # a device that starts every circuit from one seed is given a fresh one each time
        self._seed_attribute = None if self.known is None else self.known.seed_attribute
        seed = None if self._seed_attribute is None else getattr(inner, self._seed_attribute)
        self._rng = None if seed is None else generator(seed)
        self._wires = inner.wires
        self._shots = inner.shots

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def known(self) -> KnownDevice | None:
        """What the table of devices says of it; None: nothing."""
        return KNOWN.get(self.inner.name)

    @property
    def capabilities(self):
        return self.inner.capabilities

    @property
    def tracker(self):
        return self.inner.tracker

    @tracker.setter
    def tracker(self, tracker):
        self.inner.tracker = tracker

    def overlaps_exactly(self, n_wires: int) -> bool:
        return self.known is not None and self.known.overlaps_exactly(n_wires, self.options)

    def _generator(self) -> np.random.Generator | None:
        if self._rng is not None:
            return self._rng
        # PennyLane's simulators keep it so; there is no public way to it
        generator = vars(self.inner).get("_rng")
        return generator if isinstance(generator, np.random.Generator) else None

    @property
    def task_counts(self) -> tuple[int, int] | None:
        return getattr(self.inner, "task_counts", None)

    @property
    def spending(self):
        return getattr(self.inner, "spending", None)

    @contextmanager
    def tasks_logged(self, path):
        log = getattr(self.inner, "task_log", None)
        if path is None or log is None or log.path is not None:
            yield
            return
        self.inner.task_log = path
        try:
            yield
        finally:
            self.inner.task_log = log

    def setup_execution_config(self, config: ExecutionConfig | None = None, circuit=None):
        check_no_capture(f"device {self.name!r}")
        return self.inner.setup_execution_config(config, circuit)

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        program = CompilePipeline()
        program.add_transform(check_parameters)
        if self.known is not None and not self.known.exact:
            program.add_transform(refuse_without_shots, name=self.name)
        program.add_transform(
            lower_expected_loss, device_wires=self.wires, record=self.record, noise=self.noise
        )
        if self.reading is not None:
            program.add_transform(qml.transforms.broadcast_expand)
            program.add_transform(defer_measurements)
            program.add_transform(read_bits, reading=self._read, device_wires=self.wires)
        return program + self.inner.preprocess_transforms(execution_config)

    def _read(self) -> Reading:
        if self.reading == TRY:
            self.reading = within(self.name, self.call_timeout, lambda: find_reading(self.inner))
            tried = 1 + READINGS.index(self.reading)
            self.record.counts += Counts(tried, shots=tried * TRIAL_SHOTS)
        return self.reading

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        self.record.begin(circuits)
        if execution_config is None:
            execution_config = ExecutionConfig()
        if self._rng is None:
            return self._call(circuits, execution_config)
        results = []
        for circuit in circuits:
            setattr(self.inner, self._seed_attribute, int(self._rng.integers(2**31 - 1)))
            results += self._call([circuit], execution_config)
        return tuple(results)

    def _call(self, circuits, config: ExecutionConfig) -> tuple:
        return call(self.name, self.inner.execute, circuits, config, self.call_timeout)

    def supports_derivatives(self, execution_config=None, circuit=None) -> bool:
        # what lies between probabilities and an energy is a user's function: no backpropagation,
        # and PennyLane turns to parameter shift
        if circuit is not None and any(isinstance(m, ExpectedLoss) for m in circuit.measurements):
            return False
        return self.inner.supports_derivatives(execution_config, circuit)

    def compute_derivatives(self, circuits, execution_config=None):
        self.record.count(circuits)
        return self.inner.compute_derivatives(circuits, execution_config)

    def execute_and_compute_derivatives(self, circuits, execution_config=None):
        self.record.count(circuits)
        return self.inner.execute_and_compute_derivatives(circuits, execution_config)

    def supports_vjp(self, execution_config=None, circuit=None) -> bool:
        return self.inner.supports_vjp(execution_config, circuit)

    def compute_vjp(self, circuits, cotangents, execution_config=None):
        self.record.count(circuits)
        return self.inner.compute_vjp(circuits, cotangents, execution_config)

    def execute_and_compute_vjp(self, circuits, cotangents, execution_config=None):
        self.record.count(circuits)
        return self.inner.execute_and_compute_vjp(circuits, cotangents, execution_config)

    def supports_jvp(self, execution_config=None, circuit=None) -> bool:
        return self.inner.supports_jvp(execution_config, circuit)

    def compute_jvp(self, circuits, tangents, execution_config=None):
        self.record.count(circuits)
        return self.inner.compute_jvp(circuits, tangents, execution_config)

    def execute_and_compute_jvp(self, circuits, tangents, execution_config=None):
        self.record.count(circuits)
        return self.inner.execute_and_compute_jvp(circuits, tangents, execution_config)
