"""An ansatz of a user's own: a quantum function, or that of a QNode."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature

import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operation
from pennylane.wires import Wires

from pl_hypernet.errors import InputError
from pl_hypernet.mps.evolution import gates_of
from pl_hypernet.user_code import UserCode


class OwnAnsatz:
    """Queues the operations of a user's function.

    Args:
        ansatz: ``f(theta, wires)``, or ``f(theta)`` that knows its wires; or a QNode of one, whose
            device and measurements are left out, as are measurements that the function returns.
        n_angles: that it is called with.

    Raises:
        InputError: a QNode with transforms, or a function of other arguments.
    """

    def __init__(self, ansatz: Callable, n_angles: int):
        function = ansatz
        if isinstance(ansatz, qml.QNode):
            function = ansatz.func
            if len(ansatz.compile_pipeline):
                raise InputError(
                    f"ansatz {function.__name__!r} is a QNode with transforms, which would be left "
                    "out: give a function that queues the operations you want"
                )
        if not callable(function):
            raise InputError(f"ansatz={ansatz!r}: expected a function f(theta, wires)")
        self.takes_wires = _fits(function, 2)
        self._code = UserCode(
            "ansatz",
            function,
            f"operations queued by f(theta, wires), of theta ({n_angles},) as numpy or torch "
            "arrays: reshape it as you like, by qml.math, which works on both",
        )
        if not self.takes_wires and not _fits(function, 1):
            raise InputError(
                f"ansatz {function.__name__!r}{signature(function)}: expected f(theta, wires), or "
                "f(theta)"
            )

    def __call__(self, theta, wires: Wires) -> None:
        got = {"theta": theta, "wires": wires} if self.takes_wires else {"theta": theta}
        returned = self._code(**got)
        parts = returned.values() if isinstance(returned, Mapping) else returned
        for part in parts if isinstance(parts, list | tuple) else [parts]:
            if isinstance(part, MeasurementProcess):
                qml.QueuingManager.remove(part)

    def check(self, theta, wires: Wires) -> None:
        """Calls it once, before anything is run or paid for.

        Raises:
            InputError: it fails, or does not act on these wires.
        """
        operations = qml.tape.make_qscript(self)(theta, wires).operations
        known = set(wires)
        name = self._code.function.__name__
        if not operations:
            raise InputError(f"ansatz {name!r} queues no operation: expected {self._code.expected}")
        for operation in operations:
            for wire in operation.wires:
                if wire not in known:
                    raise InputError(
                        f"ansatz {name!r} acts on wire {wire!r}: expected the wires that it is "
                        f"given, {wires[0]!r} to {wires[-1]!r}"
                    )


class OwnCircuit(Operation):
    """A user's ansatz as one operation of one array of angles: to be counted, not to be run.

    Args:
        theta: float64 (n_angles,).
        wires: that the ansatz is given.
        ansatz: queues its operations.
    """

    num_params = 1
    ndim_params = (1,)
    grad_method = None

    def __init__(self, theta, wires, ansatz: OwnAnsatz):
        self._hyperparameters = {"ansatz": ansatz}
        super().__init__(theta, wires=wires)

    @staticmethod
    def compute_decomposition(theta, wires, ansatz):
        """Its gates on one and two qubits (list[Operator])."""
        operations = qml.tape.make_qscript(ansatz)(theta, Wires(wires)).operations
        gates = [gate for operation in operations for gate in gates_of(operation)]
        return [gate for gate in gates if gate.wires and not isinstance(gate, qml.GlobalPhase)]


def _fits(function: Callable, n_arguments: int) -> bool:
    """Whether a function can be called with so many positional arguments."""
    try:
        signature(function).bind(*[Parameter.empty] * n_arguments)
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return n_arguments == 2
    return True
