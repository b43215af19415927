"""What the optimizers refuse, each in one line."""

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

import pl_hypernet as plh
from pl_hypernet.errors import DeviceError, InputError

OPTIMIZERS = [plh.SPSAOptimizer, plh.QNSPSAOptimizer, plh.ScoreFunctionOptimizer]


def energy_of(dev, shots=20, circuit=None, scale=1.0):
    @qml.set_shots(shots)
    @qml.qnode(dev, interface=None)
    def energy(theta):
        if circuit is None:
            plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        else:
            circuit(theta)
        return plh.expected_loss(lambda bits: scale * bits.mean(axis=1), wires=dev.wires)

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
        (plh.SPSAOptimizer, {"seed": -1}, "seed=-1: expected a whole number of at least 0"),
        (plh.QNSPSAOptimizer, {"seed": "a"}, "seed='a': expected a whole number of at least 0"),
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


def hybrid():
    """A function of two QNodes, with a classical part."""
    dev = qml.device("default.qubit", wires=1)

    @qml.qnode(dev)
    def first(theta):
        qml.RY(theta[0], 0)
        return qml.expval(qml.Z(0))

    @qml.qnode(dev)
    def second(theta):
        qml.RX(theta[1], 0)
        return qml.expval(qml.Z(0)), qml.expval(qml.Y(0))

    return lambda theta: first(theta) + 0.5 * sum(second(theta))


def test_spsa_takes_any_function_that_returns_a_number():
    theta = pnp.array([0.3, 0.4], requires_grad=True)
    for kind in (lambda x: x, np.float64, np.atleast_1d, torch.tensor):
        cost, optimizer = hybrid(), plh.SPSAOptimizer(seed=0, blocking=True)
        moved, value = optimizer.step_and_cost(lambda t, f=cost, k=kind: k(float(f(t))), theta)
        assert value == pytest.approx(float(cost(theta)))
        assert moved.requires_grad
        assert not np.array_equal(moved, theta)
    angles = theta
    for _ in range(100):
        angles = optimizer.step(cost, angles)
    assert cost(angles) < -1.5


@pytest.mark.parametrize("build", [plh.QNSPSAOptimizer, plh.ScoreFunctionOptimizer])
def test_other_optimizers_expect_a_qnode(build):
    with pytest.raises(InputError, match=r"expects a QNode; SPSAOptimizer takes any function"):
        build().step(hybrid(), pnp.array([0.3, 0.4], requires_grad=True))


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ((1.0, 2.0), r"returned \(1.0, 2.0\): expected one number"),
        (np.ones(3), r"returned float64 \(3,\): expected one number"),
        (None, "returned None: expected one number"),
        ("a", "returned 'a': expected one number"),
        (np.nan, "returned nan: expected finite numbers"),
        (1e308 * 10, "returned inf: expected finite numbers"),
        (1j, "returned 1j: expected one number"),
    ],
)
def test_values_that_are_no_number(returned, said):
    with pytest.raises(InputError, match=said):
        plh.SPSAOptimizer().step(lambda theta: returned, pnp.array([0.3], requires_grad=True))


@pytest.mark.parametrize("build", OPTIMIZERS)
def test_a_qnode_of_several_values_and_a_tensor_of_torch(build):
    dev = plh.device("hypernet.mps", wires=3)

    @qml.set_shots(5)
    @qml.qnode(dev)
    def several(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return qml.expval(qml.Z(0)), qml.expval(qml.Z(1))

    with pytest.raises(InputError, match=r"the cost function returns?(ed)? "):
        build().step(several, start())
    tensor = torch.tensor(np.asarray(start()), requires_grad=True)
    with pytest.raises(InputError, match="is a tensor of torch: make it"):
        build().step(energy_of(dev), tensor)


@pytest.mark.filterwarnings("ignore:overflow")
def test_angles_that_a_step_makes_infinite():
    optimizer = plh.SPSAOptimizer(stepsize=1e308)
    with pytest.raises(InputError, match="the step ends at NaN or infinite angles"):
        optimizer.step(lambda theta: 1e9 * theta[0], pnp.array([0.3], requires_grad=True))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("build", [*OPTIMIZERS, plh.PathwiseOptimizer])
def test_no_optimizer_returns_infinite_angles(build):
    dev, theta = plh.device("hypernet.mps", wires=3, seed=0), start()
    optimizer = build(stepsize=1e308, seed=0) if build in OPTIMIZERS[:2] else build(stepsize=1e308)
    energy = energy_of(dev, scale=1e5)

    def many_steps(theta):
        for _ in range(10):
            theta = optimizer.step(energy, theta)
            assert np.isfinite(theta).all()

    with pytest.raises(InputError, match="the step ends at NaN or infinite angles"):
        many_steps(theta)


@pytest.mark.parametrize("build", [*OPTIMIZERS, plh.PathwiseOptimizer])
def test_angles_that_are_infinite_before_a_step(build):
    for dev in (plh.device("hypernet.mps", wires=3), plh.device("default.tensor", wires=3)):
        theta = start()
        theta[1, 1] = np.inf
        with pytest.raises(InputError, match="angles to begin with are NaN or infinite"):
            build().step(energy_of(dev), theta)


def test_a_calibrated_step_is_calibrated_again_for_another_cost_function():
    dev, theta = plh.device("hypernet.mps", wires=3, seed=0), start()
    optimizer = plh.SPSAOptimizer("auto", seed=0)
    theta = optimizer.step(energy_of(dev, 200), theta)
    first = optimizer.stepsize
    theta = optimizer.step(energy_of(dev, 200), theta)  # made anew, but the same
    assert optimizer.stepsize == first
    arrays, plain = optimizer.state()

    @qml.set_shots(200)
    @qml.qnode(dev)
    def another(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(lambda bits: 100 * bits.mean(axis=1))

    optimizer.step(another, theta)
    assert optimizer.stepsize < first / 20
    restored = plh.SPSAOptimizer("auto", seed=0)
    restored.restore(arrays, plain)
    restored.step(energy_of(dev, 200), theta)
    assert restored.stepsize == first
    optimizer.training_begins()
    assert optimizer.stepsize == "auto"


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
