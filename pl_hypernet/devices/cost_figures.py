"""The figures of the circuits of a run."""

from dataclasses import dataclass, field

from pl_hypernet.circuits.gate_counts import GateCounts


@dataclass
class CircuitCosts:
    """Of the two circuits of a run: an energy, and the overlap of two states.

    Attributes:
        exact_overlaps: overlaps take no shots.
        gates: of ``"energy"`` and ``"overlap"``, after compilation.
        native_gates: that they are compiled to; empty: the ansatz's own.
        bond_dim: of a matrix product state; None where there is none.
        memory: bytes of one state; None where it is not this machine's.
        seconds: of each kind of circuit, about; None where we do not know.
        circuits_per_task: how many go out as one paid task; None where nothing is paid.
        task_seconds: about, beside those of its circuits.
        price: of the tasks; None where the price table has none.
        arn: of a device on Amazon Braket.
        line: qubits of the QPU that the wires lie on.
        remarks: what was assumed.
    """

    exact_overlaps: bool
    gates: dict[str, GateCounts]
    native_gates: tuple[str, ...] = ()
    bond_dim: int | None = None
    memory: float | None = None
    seconds: dict[str, float] | None = None
    circuits_per_task: int | None = None
    task_seconds: float = 0.0
    price: object = None
    arn: str | None = None
    line: tuple[int, ...] = ()
    remarks: list[str] = field(default_factory=list)
