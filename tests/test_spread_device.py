"""Circuits of one call on several workers have the shots of their own seeds, wherever they ran."""

import pickle
from contextlib import contextmanager

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.devices import spread_device
from pl_hypernet.errors import DeviceError, InputError

WIRES = 5


@pytest.fixture(scope="module")
def client():
    """In threads of this process; those of processes are tried in test_sweep_workers."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


def circuit(theta):
    plh.HardwareEfficientAnsatz(theta, wires=range(WIRES))
    return qml.sample()


@pytest.fixture(scope="module")
def thetas():
    shape = plh.HardwareEfficientAnsatz.shape(2, WIRES)
    return np.random.default_rng(0).uniform(0, np.pi, (3, *shape))


@pytest.mark.parametrize("name", ["hypernet.mps", "lightning.qubit", "default.tensor"])
def test_each_circuit_has_the_shots_of_its_own_seed(client, thetas, name):
    spread = plh.device(name, WIRES, scheduler=client, seed=7)
    tapes = [qml.workflow.construct_tape(qml.QNode(circuit, spread, shots=20))(t) for t in thetas]
    found = qml.execute(tapes, spread)
    seeds = np.random.default_rng(7).integers(spread_device.SEEDS, size=3)
    for theta, seed, bits in zip(thetas, seeds, found, strict=True):
        alone = qml.QNode(circuit, plh.device(name, WIRES, seed=int(seed)), shots=20)
        assert (alone(theta) == bits).all()
    assert not (found[0] == found[1]).all()
    assert vars(spread.counts) == {"circuits": 3, "overlaps": 0, "shots": 60}


def trained(client, steps, out=None):
    rng = np.random.default_rng(0)
    hypernet = plh.QuantumHypernetwork(
        plh.BinaryNetwork(WIRES), layers=1, shots=10, seed=1, scheduler=client.scheduler.address
    )
    data = rng.random((30, WIRES)), np.arange(30) % 2
    options = {"steps": steps, "evaluation_shots": 10, "progress": False, "out": out}
    return plh.train(hypernet, data, "qnspsa", **options), data


def test_a_run_goes_on_as_if_never_stopped(client, tmp_path):
    whole, data = trained(client, 4)
    trained(client, 2, tmp_path / "run")
    again = plh.resume(tmp_path / "run", steps=4, data=data, progress=False)
    assert (again.theta == whole.theta).all()
    assert (again.bits == whole.bits).all()


def test_what_is_measured_without_shots_and_its_gradient(client, thetas):
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=range(WIRES))
        return qml.expval(qml.Z(0) @ qml.Z(1))

    theta = qml.numpy.array(thetas[0], requires_grad=True)
    spread = qml.QNode(energy, plh.device("hypernet.mps", WIRES, scheduler=client))
    exact = qml.QNode(energy, qml.device("default.qubit", WIRES))
    assert spread(theta) == pytest.approx(exact(theta), abs=1e-10)
    assert qml.grad(spread)(theta) == pytest.approx(qml.grad(exact)(theta), abs=1e-8)


def test_gradients_of_torch_do_not_end_at_the_workers(client):
    def energy(x):
        qml.RY(x, 0)
        return qml.expval(qml.Z(0))

    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    qml.QNode(energy, plh.device("default.qubit", 1, scheduler=client))(x).backward()
    assert x.grad.item() == pytest.approx(-np.sin(0.3))


def test_a_copy_connects_anew(client, thetas):
    spread = plh.device("hypernet.mps", WIRES, scheduler=client.scheduler.address, seed=3)
    node = qml.QNode(circuit, spread, shots=9)
    node(thetas[0])
    copied = pickle.loads(pickle.dumps(spread))
    assert (qml.QNode(circuit, copied, shots=9)(thetas[1]) == node(thetas[1])).all()


def test_a_lost_scheduler_is_a_line():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:
        client = distributed.Client(cluster, set_as_default=False)
        spread = plh.device("hypernet.mps", 1, scheduler=client)
    client.close()
    with pytest.raises(DeviceError, match="scheduler is lost"):
        qml.QNode(lambda: qml.sample(), spread, shots=1)()
    nowhere = plh.device("hypernet.mps", 1, scheduler=12)  # as --device-option reads it
    with pytest.raises(InputError, match="scheduler 12: no scheduler"):
        qml.QNode(lambda: qml.sample(), nowhere, shots=1)()


def test_truncation_is_told(client, thetas):
    cut = plh.device("hypernet.mps", WIRES, scheduler=client, max_bond_dim=1, seed=0)
    here = plh.device("hypernet.mps", WIRES, max_bond_dim=1, seed=0)
    for made in (cut, here):
        with pytest.warns(plh.errors.TruncationWarning):
            qml.QNode(circuit, made, shots=2)(thetas[0])
    assert cut.truncation_error == pytest.approx(here.truncation_error, rel=1e-9)


def test_errors_of_workers_are_those_of_the_device(client):
    spread = plh.device("hypernet.mps", 30, scheduler=client)
    with pytest.raises(InputError, match="30 wires: an exact value sums"):
        qml.QNode(lambda: qml.state(), spread)()


def test_workers_of_this_machine_start_with_the_first_circuit_and_end(monkeypatch, client, thetas):
    opened = []

    @contextmanager
    def connected(workers, scheduler):
        opened.append((workers, scheduler))
        yield client
        opened.append("closed")

    monkeypatch.setattr(spread_device, "connected", connected)
    made = plh.device("hypernet.mps", WIRES, workers=2)
    assert opened == []
    qml.QNode(circuit, made, shots=2)(thetas[0])
    assert opened == [(2, None)]
    made.close()
    assert opened[-1] == "closed"


def test_a_plan_starts_none():
    plain, spread = (
        plh.plan(steps=2, layers=1, device_options=more) for more in ({}, {"workers": 3})
    )
    assert spread["total"]["shots"] == plain["total"]["shots"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"workers": 0}, "workers=0: expected a whole number"),
        ({"workers": "2"}, "workers='2': expected"),
        ({"workers": 1.5}, "workers=1.5: expected"),
        ({"workers": 2, "scheduler": "tcp://x"}, "give one of them"),
        ({"workers": 2, "call_timeout": 3}, "call_timeout=3 beside workers"),
        ({"name": "braket.aws.qubit", "workers": 2}, "run side by side already"),
        ({"workers": 2, "seed": -1}, "seed"),
        ({"workers": 2, "max_bond_dim": 0}, "max_bond_dim=0"),
    ],
)
def test_what_is_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        plh.device(arguments.pop("name", "hypernet.mps"), 2, **arguments)
    with pytest.raises(InputError, match="give its name, not a device"):
        plh.device(qml.device("default.qubit", 2), workers=2)
