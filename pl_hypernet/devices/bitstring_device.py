"""Any PennyLane device, made to return bits and expected losses."""

from pennylane.devices import Device, ExecutionConfig
from pennylane.transforms.core import CompilePipeline

from pl_hypernet.devices.lowering import lower_expected_loss
from pl_hypernet.measurements import Estimate, ExpectedLoss


class BitstringDevice(Device):
    """A PennyLane device around another one, on which ``expected_loss`` works.

    It adds one step before the other device's own preprocessing, the lowering of expected losses
    to ``qml.sample`` (with shots) or ``qml.probs`` (without), and hands on all else: tracker,
    seeds, options, derivatives.

    Args:
        inner: the device that executes.

    Attributes:
        inner (Device): the device that executes.
        estimates (list[Estimate]): the expected losses of the last execution, with their errors.
    """

    def __init__(self, inner: Device):
        self.inner = inner
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
        program.add_transform(lower_expected_loss, device_wires=self.wires, record=self.estimates)
        return program + self.inner.preprocess_transforms(execution_config)

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
