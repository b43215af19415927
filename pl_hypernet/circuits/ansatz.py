"""The hardware-efficient ansatz: rotations on every qubit, entanglers between neighbours."""

from collections import Counter
from collections.abc import Sequence

import pennylane as qml
from pennylane import math
from pennylane.decomposition import add_decomps, register_resources, resource_rep
from pennylane.operation import Operation

from pl_hypernet.circuits.entanglers import PATTERNS, entangled_pairs
from pl_hypernet.errors import InputError, unknown_name

ROTATIONS = {"RX": qml.RX, "RY": qml.RY, "RZ": qml.RZ}
ENTANGLERS = {"CZ": qml.CZ, "CNOT": qml.CNOT}


def _name(kind: str, choice, known: dict) -> str:
    """A gate given as a name or as its PennyLane class, as its name."""
    name = choice if isinstance(choice, str) else getattr(choice, "__name__", choice)
    if name not in known:
        raise unknown_name(kind, choice, known)
    return name


def rotation_names(rotations) -> tuple[str, ...]:
    """One rotation or several, as names or PennyLane classes, as a tuple of names."""
    if isinstance(rotations, str) or not isinstance(rotations, Sequence):
        rotations = (rotations,)
    return tuple(_name("rotation", rotation, ROTATIONS) for rotation in rotations)


def rotation_layers(n_layers: int, rotations: Sequence) -> tuple[tuple[str, ...], ...]:
    """Names of the rotations in each of the ``n_layers + 1`` rotation layers.

    A rotation about Z that acts on ``|0>`` or right before the measurement cannot change a bit:
    those are left out, so the first and the last layer may be shorter than the others.

    Raises:
        InputError: an unknown rotation, or none that can change a bit.
    """
    names = rotation_names(rotations)
    turning = [i for i, name in enumerate(names) if name != "RZ"]
    if not turning:
        raise InputError(
            f"rotations {tuple(names)} cannot change a measured bit: add 'RX' or 'RY' to them"
        )
    layers = [list(names) for _ in range(n_layers + 1)]
    layers[-1] = layers[-1][: turning[-1] + 1]
    layers[0] = layers[0][turning[0] :]
    return tuple(map(tuple, layers))


def count_layers(n_rows: int, rotations: Sequence) -> int:
    """The ``n_layers`` for which :func:`rotation_layers` holds ``n_rows`` rotations.

    Raises:
        InputError: no whole number of layers has that many.
    """
    names = rotation_names(rotations)
    fewest = sum(map(len, rotation_layers(0, names)))
    n_layers, rest = divmod(n_rows - fewest, len(names))
    if rest or n_layers < 0:
        shapes = [len(names) * p + fewest for p in range(4)]
        raise InputError(
            f"Theta tensor must have a number of rows (second last dimension) in {shapes} ... "
            f"for 0, 1, 2, 3, ... layers of rotations {names}; got {n_rows}"
        )
    return n_layers


class HardwareEfficientAnsatz(Operation):
    r"""Rotation layers on every qubit with entangling layers between them.

    .. math:: |\psi(\theta)\rangle = R_P(\theta) \prod_{p=1}^{P} E_p R_{p-1}(\theta) |0\rangle,

    the circuit of Carrasquilla et al., arXiv:2301.08292, with a choice of gates. Each
    :math:`R_p` applies the ``rotations`` to every wire in the given order, each :math:`E_p` the
    ``entangler`` to the pairs of the ``pattern``. Rotations about Z that act on :math:`|0\rangle`
    or just before the measurement are left out, because no measured bit depends on them.

    Args:
        theta (tensor_like): angles in radians, float64, of the shape given by :meth:`shape`:
            ``(n_rows, len(wires))``, a row for each rotation in the order in which they act; or
            ``(batch, n_rows, len(wires))`` for parameter broadcasting.
        wires (Iterable): wires that the template acts on.
        rotations (Sequence[str or type]): ``"RX"``, ``"RY"``, ``"RZ"`` or the PennyLane classes.
        entangler (str or type): ``"CZ"`` or ``"CNOT"``.
        pattern (str): ``"chain"``, ``"brick"``, ``"ring"``, ``"none"``: :func:`entangled_pairs`.

    Raises:
        InputError: the shape of ``theta`` does not fit, or an unknown name.

    **Example**

    >>> shape = HardwareEfficientAnsatz.shape(n_layers=2, n_wires=3)
    >>> shape
    (5, 3)
    >>> op = HardwareEfficientAnsatz(np.zeros(shape), wires=range(3))
    >>> [gate.name for gate in op.decomposition()[:8]]
    ['RY', 'RY', 'RY', 'RZ', 'RZ', 'RZ', 'CZ', 'CZ']
    """

    grad_method = None
    num_params = 1
    ndim_params = (2,)
    resource_keys = frozenset({"n_layers", "n_wires", "rotations", "entangler", "pattern"})

    def __init__(
        self,
        theta,
        wires=None,
        rotations=("RY", "RZ"),
        entangler="CZ",
        pattern="chain",
        id=None,
    ):
        interface = math.get_interface(theta)
        theta = math.asarray(theta, like=interface)
        shape = math.shape(theta)
        if not isinstance(wires, qml.wires.Wires):  # else the object itself, which knows its hash
            wires = qml.wires.Wires([] if wires is None else wires)
        if len(shape) not in (2, 3):
            raise InputError(
                "Theta tensor must be 2-dimensional or 3-dimensional if batching; "
                f"got shape {shape}"
            )
        if shape[-1] != len(wires) or not len(wires):
            raise InputError(
                f"Theta tensor must have last dimension of length {len(wires)}, one for each wire; "
                f"got {shape[-1]}"
            )
        if pattern not in PATTERNS:
            raise unknown_name("pattern", pattern, PATTERNS)
        rotations = rotation_names(rotations)
        self._hyperparameters = {
            "rotations": rotations,
            "entangler": _name("entangler", entangler, ENTANGLERS),
            "pattern": pattern,
        }
        self._n_layers = count_layers(shape[-2], rotations)
        super().__init__(theta, wires=wires[:1], id=id)
        self._wires = wires  # PennyLane would go through thousands of them once more

    @property
    def n_layers(self) -> int:
        """Number P of entangling layers."""
        return self._n_layers

    @property
    def resource_params(self) -> dict:
        return {"n_layers": self.n_layers, "n_wires": len(self.wires), **self.hyperparameters}

    @staticmethod
    def shape(n_layers: int, n_wires: int, rotations=("RY", "RZ")) -> tuple[int, int]:
        """Shape ``(n_rows, n_wires)`` of the angles.

        Args:
            n_layers: number P of entangling layers, 0 or more (0: a product state).
            n_wires: number of wires.
            rotations: as for the template; the default has 2P + 1 rows.
        """
        if n_layers < 0 or n_wires < 1:
            raise InputError(
                f"n_layers={n_layers}, n_wires={n_wires}: expected n_layers >= 0 and n_wires >= 1"
            )
        fewest = sum(map(len, rotation_layers(0, rotations)))
        return fewest + n_layers * len(rotation_names(rotations)), n_wires

    @staticmethod
    def compute_decomposition(theta, wires, rotations, entangler, pattern):
        """The rotations and entanglers in the order in which they act (list[Operator])."""
        operations = []
        row = 0
        wires = qml.wires.Wires(wires)
        layers = rotation_layers(count_layers(math.shape(theta)[-2], rotations), rotations)
        for layer, names in enumerate(layers):
            if layer > 0:
                for pair in entangled_pairs(pattern, layer - 1, len(wires)):
                    operations.append(ENTANGLERS[entangler](wires=[wires[i] for i in pair]))
            for name in names:
                for i, wire in enumerate(wires):
                    operations.append(ROTATIONS[name](theta[..., row, i], wires=wire))
                row += 1
        return operations


def _resources(n_layers, n_wires, rotations, entangler, pattern):
    gates: Counter = Counter()
    for names in rotation_layers(n_layers, rotations):
        gates.update({resource_rep(ROTATIONS[name]): names.count(name) * n_wires for name in names})
    n_pairs = sum(len(entangled_pairs(pattern, p, n_wires)) for p in range(n_layers))
    if n_pairs:
        gates[resource_rep(ENTANGLERS[entangler])] = n_pairs
    return dict(gates)


@register_resources(_resources)
def _decomposition(theta, wires, rotations, entangler, pattern):
    HardwareEfficientAnsatz.compute_decomposition(theta, wires, rotations, entangler, pattern)


add_decomps(HardwareEfficientAnsatz, _decomposition)
