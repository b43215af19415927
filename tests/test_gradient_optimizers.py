"""PennyLane's own optimizers, by parameter shift of the expected loss and without gradients."""

import numpy as np
import pennylane as qml
import pytest

import pl_hypernet as plh

FIELDS = np.array([0.5, -1.0, 0.7])


def make_energy(name, shots):
    dev = plh.device(name, wires=3, seed=0)

    @qml.set_shots(shots)
    @qml.qnode(dev, diff_method="parameter-shift")
    def energy(theta):
        plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
        return plh.expected_loss(lambda bits: bits @ FIELDS, wires=dev.wires)

    shape = plh.HardwareEfficientAnsatz.shape(1, 3)
    return energy, plh.start_angles(shape, seed=1, method="uniform")


@pytest.mark.parametrize("name", ["default.qubit", "lightning.qubit", "hypernet.mps"])
def test_parameter_shift_is_the_gradient(name):
    energy, theta = make_energy(name, None)
    gradient = qml.grad(energy)(theta)
    for index in np.ndindex(theta.shape):
        shifted = [np.array(theta), np.array(theta)]
        shifted[0][index] += 1e-5
        shifted[1][index] -= 1e-5
        difference = (float(energy(shifted[0])) - float(energy(shifted[1]))) / 2e-5
        assert gradient[index] == pytest.approx(difference, abs=1e-8)


@pytest.mark.parametrize("shots", [None, 500])
@pytest.mark.parametrize(
    "optimizer", [qml.AdamOptimizer(0.2), qml.GradientDescentOptimizer(0.5)], ids=lambda o: type(o)
)
def test_gradient_optimizers(optimizer, shots):
    energy, theta = make_energy("hypernet.mps", shots)
    for _ in range(40):
        theta, cost = optimizer.step_and_cost(energy, theta)
    assert cost < -0.9  # the best bitstring has -1


@pytest.mark.parametrize("optimizer", [qml.AdamOptimizer(0.1), qml.SPSAOptimizer(30, c=0.2)])
def test_training_with_pennylanes_optimizers(optimizer):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (80, 2))
    data = (inputs, (inputs[:, 0] > inputs[:, 1]).astype(int))
    network = plh.BinaryNetwork(2, activation="sigmoid")
    hypernet = plh.QuantumHypernetwork(network, layers=1, shots=100)
    run = plh.train(hypernet, data, optimizer, steps=25, progress=False)
    assert run.evaluation.energy < run.history[0]["energy"] - 0.1
