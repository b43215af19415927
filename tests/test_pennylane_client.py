"""What PennyLane's own tests ask of hypernet.mps: allocated wires, batches, raw tapes."""

import numpy as np
import pennylane as qml
import pytest

from pl_hypernet.errors import DeviceError
from pl_hypernet.random_state import generator


def test_wires_that_are_allocated():
    @qml.qnode(qml.device("hypernet.mps", wires=3))
    def circuit():
        qml.RX(0.4, 0)
        with qml.allocate(1) as work:
            qml.CNOT([0, work[0]])
            qml.CNOT([work[0], 1])
            qml.CNOT([0, work[0]])
        return qml.expval(qml.Z(0) @ qml.Z(1)), qml.expval(qml.Z(1))

    np.testing.assert_allclose(circuit(), [1, np.cos(0.4)], atol=1e-12)


def test_counts_of_a_batch_are_a_list():
    @qml.set_shots(50)
    @qml.qnode(qml.device("hypernet.mps", wires=1, seed=0))
    def circuit(x):
        qml.RX(x, 0)
        return qml.counts(wires=0)

    counts = circuit(np.array([0.0, np.pi]))
    assert list(counts) == [{"0": 50}, {"1": 50}]


def test_a_batch_of_exponents():
    @qml.qnode(qml.device("hypernet.mps", wires=2))
    def circuit():
        qml.pow(qml.X(0), [1, 2])
        qml.pow(qml.RX([0.3, 0.4], 1), [2, 3])
        return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))

    np.testing.assert_allclose(circuit(), [[-1, 1], [np.cos(0.6), np.cos(1.2)]], atol=1e-12)


def test_a_measurement_within_a_circuit_needs_preprocessing():
    tape = qml.tape.QuantumScript([qml.ops.MidMeasure(0)], [qml.expval(qml.Z(0))])
    with pytest.raises(DeviceError, match="that the device preprocessed"):
        qml.device("hypernet.mps", wires=1).execute(tape)


def test_a_seed_that_is_an_array_of_another_kind():
    class Key:
        """As of JAX."""

        ndim = 1

        def __array__(self, dtype=None, copy=None):
            return np.array([0, 7], dtype=np.uint32)

    assert generator(Key()).random() == np.random.default_rng([0, 7]).random()
