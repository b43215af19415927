"""PennyLane's program capture is refused in one line. Its own switch needs jax; here it is told."""

import pennylane as qp
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import DeviceError


@pytest.mark.parametrize("dev", [qp.device("hypernet.mps", wires=2), plh.device("default.qubit")])
def test_a_captured_program_is_refused(dev, monkeypatch):
    monkeypatch.setattr(qp.capture, "enabled", lambda: True)
    with pytest.raises(DeviceError, match=r"while PennyLane captures programs: call pennylane"):
        dev.setup_execution_config()
    with pytest.raises(DeviceError, match=r"expected_loss does not work while"):
        plh.expected_loss(sum)
