"""What the optimizers refuse, each in one line."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh
from pl_hypernet.errors import DeviceError, InputError

OPTIMIZERS = [plh.SPSAOptimizer, plh.QNSPSAOptimizer, plh.ScoreFunctionOptimizer]


def energy_of(dev, shots=20, circuit=None):
    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def energy(theta):
        if circuit is None:
            plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        else:
            circuit(theta)
        return plh.expected_loss(lambda bits: bits.mean(axis=1), wires=dev.wires)

    return energy


def start():
    return plh.start_angles(plh.HardwareEfficientAnsatz.shape(1, 3), seed=0)


@pytest.mark.parametrize(
    ("build", "settings", "message"),
    [
        (plh.SPSAOptimizer, {"stepsize": 0}, "stepsize=0: expected a positive number"),
        (plh.SPSAOptimizer, {"stepsize": "fast"}, "stepsize=fast: expected a positive number"),
        (plh.SPSAOptimizer, {"resamplings": None}, "resamplings=None: expected a positive number"),
        (plh.SPSAOptimizer, {"blocking": "no"}, "blocking=no: expected true or false"),
        (plh.QNSPSAOptimizer, {"resamplings": 0}, "resamplings=0: expected a positive number"),
        (plh.QNSPSAOptimizer, {"stock": "off"}, "stock=off: expected true or false"),
        (plh.ScoreFunctionOptimizer, {"stepsize": "auto"}, "stepsize=auto: expected a positive"),
        (plh.ScoreFunctionOptimizer, {"natural_gradient": "off"}, "expected true or false"),
    ],
)
def test_settings(build, settings, message):
    with pytest.raises(InputError, match=message):
        build(**settings)


@pytest.mark.parametrize("build", OPTIMIZERS)
def test_transforms_of_the_cost_function(build):
    energy = qml.transforms.cancel_inverses(energy_of(plh.device("hypernet.mps", wires=3)))
    with pytest.raises(InputError, match=r"has transforms .*cancel_inverses.*would be left out"):
        build().step(energy, start())


@pytest.mark.parametrize("build", OPTIMIZERS)
def test_several_numbers_of_shots(build):
    with pytest.raises(InputError, match="number of shots"):
        build().step(energy_of(plh.device("hypernet.mps", wires=3), [10, 10]), start())


def test_circuits_that_torch_cannot_follow():
    dev, theta = plh.device("hypernet.mps", wires=3), start()
    optimizer = plh.ScoreFunctionOptimizer()
    with pytest.raises(InputError, match=r"use qml\.math in place of numpy"):
        optimizer.step(energy_of(dev, circuit=lambda t: qml.RY(np.sin(t[0, 0]), 0)), theta)
    with pytest.raises(InputError, match="does not depend on the trained angles"):
        optimizer.step(energy_of(dev, circuit=lambda t: [qml.RY(0.3, w) for w in range(3)]), theta)


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"optimizer_options": {"metric": "exact"}}, DeviceError), ({"entropy": 0.1}, InputError)],
    ids=str,
)
def test_a_plan_refuses_what_a_training_would(settings, error, tmp_path):
    inputs = np.random.default_rng(0).normal(size=(20, 3))
    np.savez(tmp_path / "small.npz", inputs=inputs, targets=(inputs[:, 0] > 0).astype(int))
    settings = {"data": str(tmp_path / "small.npz"), "device": "default.mixed"} | settings
    with pytest.raises(error) as planned:
        plh.plan(**settings)
    config = plh.training.config.RunConfig.checked(settings)
    data = config.load_data()
    hypernet = config.build_hypernetwork(data.n_inputs)
    options = {"progress": False, "entropy": config.entropy, **config.optimizer_options}
    with pytest.raises(error) as trained:
        plh.train(hypernet, data, steps=1, **options)
    assert str(planned.value).partition(":")[0] == str(trained.value).partition(":")[0]
