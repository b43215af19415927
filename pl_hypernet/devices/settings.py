"""With shots: in which bases a circuit is measured, and what becomes of the bits of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pennylane as qml
from pennylane.measurements import (
    CountsMP,
    ExpectationMP,
    MeasurementProcess,
    ProbabilityMP,
    SampleMeasurement,
    SampleMP,
    VarianceMP,
)
from pennylane.operation import Operator
from pennylane.ops import MeasurementValue
from pennylane.pauli import PauliWord
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pl_hypernet.circuits.same_wires import same_wires
from pl_hypernet.devices.observable_forms import Basis, Form, Rotation, check_listed, common_basis
from pl_hypernet.devices.observables import own_basis, scored, summands
from pl_hypernet.errors import DeviceError
from pl_hypernet.measurements import ExpectedLoss

TAKES_INT8 = (ProbabilityMP, CountsMP, ExpectedLoss)
SAME = 1e-9  # outcomes closer than this, relative to the largest, are one in counts


@dataclass(frozen=True, eq=False)
class Part:
    """A share of one measurement's result.

    Attributes:
        measurement: its index in the circuit.
        basis: in which its bits are measured.
        score: bits (shots, wires) in this basis, and their wires -> the share.
    """

    measurement: int
    basis: Basis
    score: Callable


@dataclass(frozen=True, eq=False)
class Setting:
    """Parts that are measured together: each sees the same shots.

    Attributes:
        basis: the one that all of them share.
    """

    basis: Basis
    parts: list[Part]

    @property
    def wires(self) -> Wires:
        """That the basis is of."""
        if isinstance(self.basis, Wires):
            return self.basis
        return self.basis.wires if isinstance(self.basis, Rotation) else Wires(list(self.basis))

    def gates(self) -> list[Operator]:
        """Operations after which a measurement of plain bits is one in the basis."""
        if isinstance(self.basis, Wires):
            return []
        if isinstance(self.basis, Rotation):
            return [qml.QubitUnitary(self.basis.unitary, wires=self.basis.wires)]
        return [
            gate
            for wire, letter in self.basis.items()
            for gate in {
                "X": [qml.Hadamard(wire)],
                "Y": [qml.adjoint(qml.S(wire), lazy=False), qml.Hadamard(wire)],
                "Z": [],
            }[letter]
        ]


def settings_of(circuit: QuantumScript, wires: Wires) -> list[Setting]:
    """The bases to measure a circuit in, as few as we find.

    Pauli words that commute on each wire go together, with all measurements of plain bits; an
    eigenbasis of a matrix goes alone.

    Args:
        circuit: with shots; any measurements that PennyLane can process from samples.
        wires: what a measurement without wires measures.

    Raises:
        DeviceError: a measurement that takes no shots, or an observable that is not Hermitian or
            whose eigenbasis is out of reach.
    """
    parts = [p for i, m in enumerate(circuit.measurements) for p in _parts(i, m, wires)]
    if parts and all(isinstance(part.basis, Wires) for part in parts):
        first, *others = dict.fromkeys(part.basis for part in parts)
        return [Setting(Wires.all_wires([first, *others]) if others else first, parts)]
    by_word: dict[PauliWord, list[Part]] = {}
    alone = []
    for part in parts:
        if isinstance(part.basis, Rotation):
            alone.append(Setting(part.basis, [part]))
        else:
            by_word.setdefault(_word(part.basis), []).append(part)
    together = [
        Setting(common_basis(words), [part for word in words for part in by_word[word]])
        for words in _commuting_groups(list(by_word))
    ]
    return together + alone


def _word(basis: PauliWord | Wires) -> PauliWord:
    """Plain bits as a word, where they meet other words."""
    return PauliWord(dict.fromkeys(basis, "Z")) if isinstance(basis, Wires) else basis


def _commuting_groups(words: list[PauliWord]) -> list[list[PauliWord]]:
    """Groups of words that commute on each wire; the empty word goes anywhere."""
    if common_basis(words) is not None:
        return [words] if words else []
    some = [word for word in words if word]
    indices = qml.pauli.compute_partition_indices([word.operation() for word in some])
    groups = [[some[i] for i in group] for group in indices]
    groups[0] += [word for word in words if not word]
    return groups


def _parts(index: int, measurement: MeasurementProcess, wires: Wires) -> list[Part]:
    if not isinstance(measurement, SampleMeasurement):
        raise DeviceError(f"{measurement} cannot be measured with shots")
    observable = measurement.obs
    if observable is None:
        return [Part(index, measurement.wires or wires, partial(of_bits, measurement))]
    if isinstance(measurement, ExpectationMP):
        terms = [term for form in summands(observable) for term in form.split()]
        return [Part(index, term.basis, partial(_mean, term)) for term in terms]
    if isinstance(measurement, VarianceMP | SampleMP | CountsMP):
        form = scored(observable)
        return [Part(index, form.basis, partial(_of_values, measurement, form))]
    # outcomes without values: probabilities, and classes of a user's own
    return [Part(index, own_basis(observable), partial(of_bits, measurement))]


def results_of(circuit: QuantumScript, settings: list[Setting], measured: Iterable):
    """The result of a circuit, as PennyLane's devices give it.

    Args:
        circuit, settings: as of :func:`settings_of`.
        measured: of each setting, bits int8 (total shots, wires) in its basis, and their wires.
    """
    shares = [[[] for _ in circuit.measurements] for _ in circuit.shots.bins()]
    for setting, (bits, wires) in zip(settings, measured, strict=True):
        for (start, stop), of_bin in zip(circuit.shots.bins(), shares, strict=True):
            for part in setting.parts:
                of_bin[part.measurement].append(part.score(bits[start:stop], wires))
    results = []
    for of_bin in shares:
        values = [_joined(*pair) for pair in zip(circuit.measurements, of_bin, strict=True)]
        results.append(values[0] if len(values) == 1 else tuple(values))
    return tuple(results) if circuit.shots.has_partitioned_shots else results[0]


def _joined(measurement: MeasurementProcess, shares: list):
    """The result of a measurement from the shares of its parts."""
    if isinstance(measurement, ExpectationMP) and measurement.obs is not None:
        return np.float64(sum(shares))
    return shares[0]


def of_bits(measurement: SampleMeasurement, bits: np.ndarray, wires: Wires):
    """What PennyLane makes of plain bits int8 (shots, wires), as default.qubit has it.

    Raises:
        DeviceError: a list of 2^n outcomes that would fill the memory.
    """
    listed = measurement.wires or wires
    if isinstance(measurement, ProbabilityMP):
        check_listed(len(listed), "probabilities")
    elif isinstance(measurement, CountsMP) and measurement.all_outcomes:
        check_listed(len(listed), "counts of all outcomes")
    elif isinstance(measurement.mv, MeasurementValue):
        check_listed(len(listed), "values of mid-circuit measurements")
    asks_dtype = isinstance(measurement, SampleMP) and measurement.numeric_type is not int
    if asks_dtype and _asks_for_bits(measurement) and same_wires(measurement.wires, wires):
        return bits.astype(measurement.numeric_type, copy=False)
    if not asks_dtype and not isinstance(measurement, TAKES_INT8):
        bits = bits.astype(np.int64)  # so that a user's arithmetic does not overflow
    return measurement.process_samples(bits, wires)


def _asks_for_bits(measurement: SampleMP) -> bool:
    """Whether it asks for bits as they are, and not for the values of an observable."""
    return measurement.obs is None and measurement.mv is None and measurement._eigvals is None


def _mean(form: Form, bits: np.ndarray, wires: Wires) -> float:
    return form.values(bits, wires).mean()


def _of_values(measurement: MeasurementProcess, form: Form, bits: np.ndarray, wires: Wires):
    values = form.values(bits, wires)
    if isinstance(measurement, VarianceMP):
        return values.var()
    if isinstance(measurement, CountsMP):
        return _counts(values, form.outcomes() if measurement.all_outcomes else values[:0])
    return values.astype(measurement.numeric_type)


def _counts(values: np.ndarray, outcomes: np.ndarray) -> dict:
    """How often each value came; those that differ by rounding are one."""
    distinct, places = np.unique(np.concatenate([values, outcomes]), return_inverse=True)
    apart = np.diff(distinct) > SAME * np.abs(distinct).max(initial=0)
    groups = np.concatenate([[0], np.cumsum(apart)])
    numbers = np.bincount(groups[places[: len(values)]], minlength=groups[-1] + 1)
    names = distinct[np.concatenate([[True], apart])]
    return dict(zip(names, numbers, strict=True))
