"""What of a QPU's capabilities decides how a circuit is laid out on it."""

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

from braket.device_schema import DeviceActionType
from braket.device_schema.device_capabilities import DeviceCapabilities
from braket.emulation.device_emulator_properties import DeviceEmulatorProperties

from pl_hypernet.errors import DeviceError

TWO_QUBIT_GATES = ("cz", "zz", "iswap")  # that native_gates.py compiles to, the best first

BENCHMARKS = ("RANDOMIZED_BENCHMARKING", "SIMULTANEOUS_RANDOMIZED_BENCHMARKING")


@dataclass(frozen=True)
class QPU:
    """A gate-model QPU.

    Attributes:
        native_gates: Braket's names of them.
        rotations: fidelity of a one-qubit gate on each qubit label.
        readouts: fidelity of the readout of each.
        couplers: fidelity of the two-qubit gate of each pair (a, b), a < b.
    """

    native_gates: frozenset[str]
    rotations: dict[int, float]
    readouts: dict[int, float]
    couplers: dict[tuple[int, int], float]


@contextmanager
def calibration_in_use():
    """Around code of the SDK, which fails in many ways where the capabilities do not fit.

    Raises:
        DeviceError: they do not.
    """
    try:
        yield
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
        said = " ".join(str(error).split())
        raise DeviceError(
            f"the QPU's capabilities hold no usable calibration ({said}): leave the compilation "
            "to the service with verbatim=False"
        ) from error


def read_calibration(properties: DeviceCapabilities) -> DeviceEmulatorProperties:
    """Gates, couplers and fidelities as the SDK's emulator wants them.

    Raises:
        DeviceError: the capabilities hold none that it can use.
    """
    with calibration_in_use():
        return DeviceEmulatorProperties.from_device_properties(deepcopy(properties))


def read_qpu(properties: DeviceCapabilities) -> QPU:
    """The QPU that capabilities describe, whatever its maker.

    Raises:
        DeviceError: no calibration data, or native gates that we do not compile to.
    """
    calibration = read_calibration(properties)
    native = frozenset(gate.lower() for gate in calibration.native_gate_set)
    two_qubit = next((gate for gate in TWO_QUBIT_GATES if gate in native), None)
    if two_qubit is None or not (native & {"prx", "gpi2"} or {"rx", "rz"} <= native):
        raise DeviceError(
            f"native gates {', '.join(sorted(native))} are none that we compile to: leave the "
            "compilation to the service with verbatim=False"
        )
    rotations, readouts = {}, {}
    for label, entry in calibration.one_qubit_properties.items():
        by_name = {f.fidelityType.name: f.fidelity for f in entry.oneQubitFidelity}
        benchmark = next((by_name[name] for name in BENCHMARKS if name in by_name), 1.0)
        rotations[int(label)], readouts[int(label)] = benchmark, by_name.get("READOUT", 1.0)
    couplers = {}
    for edge, entry in calibration.two_qubit_properties.items():
        fidelities = [
            gate.fidelity
            for gate in entry.twoQubitGateFidelity
            if gate.gateName.lower() == two_qubit
        ]
        a, b = sorted(int(label) for label in edge.split("-"))
        if fidelities and a in rotations and b in rotations:
            couplers[a, b] = max(fidelities)
    if not calibration.fully_connected:
        couplers = {
            (a, b): fidelity
            for (a, b), fidelity in couplers.items()
            if str(b) in calibration.connectivity_graph.get(str(a), ())
            or str(a) in calibration.connectivity_graph.get(str(b), ())
        }
    return QPU(native, rotations, readouts, couplers)


def shots_range(properties: DeviceCapabilities) -> tuple[int, int]:
    """Fewest and most shots of one circuit."""
    fewest, most = properties.service.shotsRange
    return int(fewest), int(most)


def circuits_per_task(properties: DeviceCapabilities, shots: int) -> int:
    """Circuits of so many shots that can go out as one task: many only in a program set."""
    action = properties.action.get(DeviceActionType.OPENQASM_PROGRAM_SET)
    if action is None:
        return 1
    return max(1, min(action.maximumExecutables, action.maximumTotalShots // shots))
