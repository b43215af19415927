"""Any PennyLane device, made to return bits and expected losses."""

import pennylane as qml
from pennylane.devices import Device, ExecutionConfig
from pennylane.transforms.core import CompilePipeline

from pl_hypernet.devices.lowering import lower_expected_loss, refuse_without_shots
from pl_hypernet.devices.readings import Reading, find_reading, read_bits
from pl_hypernet.measurements import Estimate, ExpectedLoss


class BitstringDevice(Device):
    """A PennyLane device around another one, on which ``expected_loss`` works.

    It adds steps before the other device's own preprocessing: expected losses become
    ``qml.sample`` (with shots) or ``qml.probs`` (without), and where the device does not sample
    bits by itself, they are read in a way that it supports. It hands on all else: tracker, seeds,
    options, derivatives.

    Args:
        inner: the device that executes.
        reading: how bits are read from it; None: it samples them itself, in every respect;
            ``"try"``: find out with a small circuit when bits are first asked for.
        exact: whether its results without shots are exact.
        noise: why its shots may not follow the circuit's pure state; None: they do.

    Attributes:
        inner (Device): the device that executes.
        estimates (list[Estimate]): the expected losses of the last execution, with their errors.
    """

    def __init__(
        self,
        inner: Device,
        reading: Reading | str | None = None,
        exact: bool = True,
        noise: str | None = None,
    ):
        self.inner = inner
        self.reading = reading
        self.noise = noise
        self._exact = exact
        self.estimates: list[Estimate] = []
        self._wires = inner.wires
        self._shots = inner.shots

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def capabilities(self):
        return self.inner.capabilities

    @property
    def tracker(self):
        return self.inner.tracker

    @tracker.setter
    def tracker(self, tracker):
        self.inner.tracker = tracker

    def setup_execution_config(self, config: ExecutionConfig | None = None, circuit=None):
        return self.inner.setup_execution_config(config, circuit)

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        program = CompilePipeline()
        if not self._exact:
            program.add_transform(refuse_without_shots, name=self.name)
        program.add_transform(
            lower_expected_loss, device_wires=self.wires, record=self.estimates, noise=self.noise
        )
        if self.reading is not None:
            program.add_transform(qml.transforms.broadcast_expand)
            program.add_transform(read_bits, reading=self._read, device_wires=self.wires)
        return program + self.inner.preprocess_transforms(execution_config)

    def _read(self) -> Reading:
        if self.reading == "try":
            self.reading = find_reading(self.inner)
        return self.reading

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        self.estimates.clear()
        if execution_config is None:
            execution_config = ExecutionConfig()
        return self.inner.execute(circuits, execution_config)

    def supports_derivatives(self, execution_config=None, circuit=None) -> bool:
        # what lies between probabilities and an energy is a user's function: no backpropagation,
        # and PennyLane turns to parameter shift
        if circuit is not None and any(isinstance(m, ExpectedLoss) for m in circuit.measurements):
            return False
        return self.inner.supports_derivatives(execution_config, circuit)

    def compute_derivatives(self, circuits, execution_config=None):
        return self.inner.compute_derivatives(circuits, execution_config)

    def execute_and_compute_derivatives(self, circuits, execution_config=None):
        return self.inner.execute_and_compute_derivatives(circuits, execution_config)

    def supports_vjp(self, execution_config=None, circuit=None) -> bool:
        return self.inner.supports_vjp(execution_config, circuit)

    def compute_vjp(self, circuits, cotangents, execution_config=None):
        return self.inner.compute_vjp(circuits, cotangents, execution_config)

    def execute_and_compute_vjp(self, circuits, cotangents, execution_config=None):
        return self.inner.execute_and_compute_vjp(circuits, cotangents, execution_config)

    def supports_jvp(self, execution_config=None, circuit=None) -> bool:
        return self.inner.supports_jvp(execution_config, circuit)

    def compute_jvp(self, circuits, tangents, execution_config=None):
        return self.inner.compute_jvp(circuits, tangents, execution_config)

    def execute_and_compute_jvp(self, circuits, tangents, execution_config=None):
        return self.inner.execute_and_compute_jvp(circuits, tangents, execution_config)
