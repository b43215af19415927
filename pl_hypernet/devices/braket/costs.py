"""What circuits cost on Braket's QPUs and managed simulators, without an account."""

from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.circuits.gate_counts import count_gates
from pl_hypernet.devices.braket.aws_device import check_arn, check_options
from pl_hypernet.devices.braket.capabilities import LOOK_ALIKES, find_capabilities
from pl_hypernet.devices.braket.emulated_session import MOST_QUBITS
from pl_hypernet.devices.braket.native_gates import compile_native
from pl_hypernet.devices.braket.placement import best_line
from pl_hypernet.devices.braket.prices import PriceTable
from pl_hypernet.devices.braket.qpu import circuits_per_task, read_qpu, shots_range
from pl_hypernet.devices.cost_figures import CircuitCosts
from pl_hypernet.devices.timing import SHOT_SECONDS, TASK_SECONDS, ion_shot_seconds
from pl_hypernet.errors import DeviceError, InputError

# last part of the ARN -> most qubits, most shots
MANAGED_SIMULATORS = {"sv1": (34, 100_000), "dm1": (17, 100_000), "tn1": (50, 1000)}


def task_costs(circuits: dict[str, list], shots: int, options: dict, prices=None) -> CircuitCosts:
    """As :func:`pl_hypernet.devices.costs.circuit_costs`, for ``braket.aws.qubit``."""
    table = PriceTable() if prices is None else PriceTable.read(prices)
    arn, emulator = options.get("device_arn"), options.get("emulator")
    check_options(options)
    if emulator in (None, False, True):
        check_arn(arn)
        tail = arn.rsplit("/", 1)[-1]
        if tail in MANAGED_SIMULATORS:
            return _managed(circuits, shots, arn, tail, table)
        if tail not in LOOK_ALIKES:
            raise InputError(
                f"the capabilities of {arn} are not known here: write "
                "AwsDevice(arn).properties.json() to a file, and give it as the device option "
                "emulator=FILE.json"
            )
        source = LOOK_ALIKES[tail]
    else:
        source = emulator
    arn, properties = find_capabilities(source, arn)
    qpu = read_qpu(properties)
    n_wires = len(Wires.all_wires([op.wires for op in circuits["energy"]]))
    _check_shots(shots, *shots_range(properties), arn)
    line = best_line(qpu, n_wires)
    wires = Wires(range(n_wires))
    couplers = [(line.index(a), line.index(b)) for a, b in qpu.couplers if a in line and b in line]
    gates = {}
    for kind, operations in circuits.items():
        (compiled,), _ = compile_native(
            QuantumScript(operations), qpu.native_gates, couplers, wires
        )
        gates[kind] = count_gates(compiled.operations)
    timing = getattr(getattr(properties, "provider", None), "timing", None)
    seconds = {
        kind: shots * (ion_shot_seconds(timing, counts) if timing else SHOT_SECONDS)
        for kind, counts in gates.items()
    }
    costs = CircuitCosts(
        exact_overlaps=False,
        gates=gates,
        native_gates=tuple(sorted(qpu.native_gates)),
        seconds=seconds,
        circuits_per_task=circuits_per_task(properties, shots),
        task_seconds=TASK_SECONDS,
        price=table.find(arn),
        arn=arn,
        line=line,
    )
    if emulator in (None, False, True):
        costs.remarks.append(f"gates and couplers as of the QPU {source}, which resembles {arn}")
        if not options.get("verbatim"):
            costs.remarks.append(
                "gates as compiled here with verbatim=true; without, the service compiles"
            )
    elif costs.price is not None:
        costs.remarks.append("cost and time are those of such a QPU; its emulator is free")
    if emulator not in (None, False):
        noise = options.get("noise", True)
        if n_wires > MOST_QUBITS[noise]:
            costs.remarks.append(
                f"too large to emulate: with noise={noise} up to {MOST_QUBITS[noise]} qubits"
            )
    costs.remarks.append("time without the queue")
    return costs


def _managed(circuits, shots: int, arn: str, name: str, table: PriceTable) -> CircuitCosts:
    most_wires, most_shots = MANAGED_SIMULATORS[name]
    n_wires = len(Wires.all_wires([op.wires for op in circuits["energy"]]))
    if n_wires > most_wires:
        raise DeviceError(f"{n_wires} wires on {name.upper()}, which has {most_wires} qubits")
    _check_shots(shots, 1, most_shots, arn)
    return CircuitCosts(
        exact_overlaps=False,
        gates={kind: count_gates(operations) for kind, operations in circuits.items()},
        seconds=dict.fromkeys(circuits, 0.0),
        circuits_per_task=1,
        task_seconds=TASK_SECONDS,
        price=table.find(arn),
        arn=arn,
        remarks=["billed at the least, 3 s a task: large circuits take longer"],
    )


def _check_shots(shots: int, fewest: int, most: int, arn: str) -> None:
    if not fewest <= shots <= most:
        raise DeviceError(
            f"{shots} shots on {arn}, which takes {fewest} to {most} for each circuit"
        )
