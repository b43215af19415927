"""What a training makes of a device that fails, hangs, or returns other shots than asked for."""

import time
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest
from pennylane.devices import DefaultQubit

import pl_hypernet as plh
from pl_hypernet.devices import calls
from pl_hypernet.errors import DeviceError
from pl_hypernet.testing import ContractError, check_device

N_WIRES, SHOTS = 4, 10
GOOD_CALLS = 9


def raises(error):
    def fault(bits):
        raise error

    return fault


def hangs(bits):
    time.sleep(2)
    return bits


FAULTS = {  # what comes in place of bits int64 (10, 4), and a word of what is said of it
    "raises": (raises(RuntimeError("the fridge is warm")), "the fridge is warm"),
    "out of memory": (raises(MemoryError()), "MemoryError"),
    "PennyLane's error": (raises(qml.exceptions.DeviceError("no")), "DeviceError: no"),
    "no connection": (raises(ConnectionError("refused")), "failed 5 times"),
    "hangs": (hangs, "call_timeout"),
    "few": (lambda bits: bits[:8], "(8, 4)"),
    "one": (lambda bits: bits[:1], "(1, 4)"),
    "no shots": (lambda bits: bits[:0], "(0, 4)"),
    "many": (lambda bits: np.repeat(bits, 2, axis=0), "(20, 4)"),
    "2": (lambda bits: bits + (bits == 1), "with 2"),
    "-1": (lambda bits: -bits, "with -1"),
    "255": (lambda bits: 255 * bits.astype(np.uint8), "with 255"),
    "0.5": (lambda bits: np.full(bits.shape, 0.5), "with 0.5"),
    "all NaN": (lambda bits: np.full(bits.shape, np.nan), "with nan"),
    "one NaN": (
        lambda bits: np.where(np.arange(bits.size).reshape(bits.shape), bits, np.nan),
        "nan",
    ),
    "complex": (lambda bits: bits + 0j, "complex128"),
    "text": (lambda bits: bits.astype(str), "expected 10 shots of 4 bits"),
    "spins": (lambda bits: 1 - 2 * bits, "with -1"),
    "wrong columns": (lambda bits: np.hstack([bits, bits]), "(10, 8)"),
    "missing column": (lambda bits: bits[:, :3], "(10, 3)"),
    "transposed": (lambda bits: bits.T, "(4, 10)"),
    "flat": (lambda bits: bits.ravel(), "(40,)"),
    "None": (lambda bits: None, "None"),
}
OPTIMIZERS = ("spsa", "qnspsa", "score")
PAGE = Path(__file__).parent.parent / "docs" / "faults.md"


class FaultyDevice(DefaultQubit):
    """default.qubit, with a fault from some circuit on.

    Args:
        fault: bits int64 (shots, n_wires) -> what is returned for them.
        good_calls: circuits before the fault.
    """

    def __init__(self, fault, wires=N_WIRES, good_calls=GOOD_CALLS):
        super().__init__(wires=wires, seed=1)
        self.fault = fault
        self.n_calls = -good_calls

    def execute(self, circuits, execution_config=None):
        results = list(super().execute(circuits, execution_config))
        for i, circuit in enumerate(circuits):
            if circuit.shots:
                self.n_calls += 1
                if self.n_calls > 0:
                    results[i] = self.fault(results[i])
        return tuple(results)


def train(device, optimizer="spsa", **settings):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(20, 2))
    network = plh.BinaryNetwork(2, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    hypernet = plh.QuantumHypernetwork(network, device, layers=1, shots=SHOTS)
    data = (inputs, (inputs[:, 0] > 0.5).astype(int))
    return plh.train(hypernet, data, optimizer, steps=12, progress=False, **settings)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(calls, "FIRST_WAIT", 1e-3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_training_in_one_line_that_keeps_the_angles(name, optimizer):
    fault, said = FAULTS[name]
    faulty = plh.device(FaultyDevice(fault), call_timeout=0.5 if name == "hangs" else None)
    with pytest.raises(DeviceError) as caught:
        train(faulty, optimizer)
    message = str(caught.value)
    assert "'default.qubit'" in message
    assert said in message
    assert "\n" not in message
    assert np.isfinite(caught.value.theta).all()


@pytest.mark.skipif(not PAGE.exists(), reason="documents are not there")
def test_the_page_has_a_row_for_each_fault():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    said = {row[0].removeprefix("| "): " ".join(row[1:]) for row in rows}
    for name, (_, part) in FAULTS.items():
        assert part in said[name], name
    assert {"raises once", "short batch", "stuck"} <= set(said)


def test_an_error_that_passes_is_waited_for():
    fails = iter([True] * 3)

    def once(bits):
        if next(fails, False):
            raise ConnectionResetError("by peer")
        return bits

    plain = train(FaultyDevice(lambda bits: bits))
    waited = train(FaultyDevice(once))
    assert waited.history[-1]["step"] == 12
    assert plain.history[-1]["circuits"] == waited.history[-1]["circuits"]


def test_the_results_of_some_circuits_are_missing():
    class Short(FaultyDevice):
        def execute(self, circuits, execution_config=None):
            return super().execute(circuits, execution_config)[:-1]

    with pytest.raises(DeviceError, match="results for"):
        train(Short(lambda bits: bits))


def test_bits_that_are_true_or_whole_floats_are_bits():
    for kind in (bool, np.float64, np.uint8):
        run = train(FaultyDevice(lambda bits, kind=kind: bits.astype(kind)))
        assert run.stop_reason == "steps"


def test_a_device_that_is_stuck_is_found_by_its_contract():
    def make(wires):
        kept = {}
        return FaultyDevice(lambda bits: kept.setdefault(bits.shape, bits), wires, good_calls=0)

    with pytest.raises(ContractError):
        check_device(make, n_wires=4, shots=200)


@pytest.mark.parametrize("counts", [{"0000": 9}, {"000": 10}, {"0002": 10}, {"0000": -1, "1": 11}])
def test_counts_that_are_not_of_these_shots_are_refused(counts):
    tape = qml.tape.QuantumScript([], [qml.counts(wires=range(4))], shots=10)
    with pytest.raises(DeviceError, match="expected counts of 10 shots of 4 bits"):
        calls.check_shots("mine", tape, counts)
    calls.check_shots("mine", tape, {"0000": 4, "1000": 6})


def test_a_time_limit_is_for_devices_that_may_hang():
    with pytest.raises(plh.errors.InputError, match="takes no call_timeout"):
        plh.device("hypernet.mps", wires=2, call_timeout=1)
    with pytest.raises(plh.errors.InputError, match="more than 0"):
        plh.device("lightning.qubit", wires=2, call_timeout=-1)
    assert plh.device("lightning.qubit", wires=2, call_timeout=5).call_timeout == 5
