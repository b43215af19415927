r"""
Gradients through the network of a quantum hypernetwork
=======================================================

A quantum hypernetwork is a circuit whose every measured shot is a neural network with binary
weights. Optimizers such as SPSA see one number for each shot, its loss. But the network knows more.
In this demo we ask it how its loss changes with each weight, and train 66 qubits with 300 shots and
a deep network of 4,810 qubits in about a minute.
"""

###############################################################################
# What the network knows
# ----------------------
#
# In a *quantum hypernetwork* (`Carrasquilla et al., 2023 <https://arxiv.org/abs/2301.08292>`_) each
# qubit stands for a weight, a bias or a choice about a neural network. A shot of the circuit
# :math:`|\psi(\theta)\rangle` is a string of bits, read as spins :math:`s_i = \pm 1`, and so a
# network with a loss :math:`L(s)`. Training lowers the mean loss of the shots, the energy
# :math:`E(\theta)`. ``tutorial_quantum_hypernetwork``, the demo before this one, starts from there.
#
# One number for each shot is little to go by if there are hundreds of angles. The chain rule makes
# more of a shot:
#
# .. math::
#
#     \nabla_\theta E \approx \sum_i c_i \, \nabla_\theta \langle Z_i \rangle,
#     \qquad c_i = \left\langle \frac{\partial L}{\partial s_i} \right\rangle_\text{shots}.
#
# The first factor comes from the network, the second one from the circuit. We look at one after the
# other, on a neuron that tells handwritten digits 0 from 1: 64 weights for the pixels of 8x8
# images, a bias, and a bit that chooses the activation.

import os

import matplotlib.pyplot as plt
import numpy as np
import pennylane as qp
from sklearn.datasets import load_digits

import pl_hypernet as plh
from pl_hypernet.analysis.calibration import expected_calibration_error
from pl_hypernet.baselines import straight_through

# room around what is drawn
pads = {f"figure.constrained_layout.{side}_pad": 0.1 for side in "wh"}  # inches
plt.rcParams.update(pads)

seed = 0
most_steps = int(os.environ.get("DEMO_STEPS", 1000))  # tests take fewer
data = plh.datasets.mnist()
network = plh.BinaryNetwork(64, [1], activation=plh.Choice("sigmoid", "hard_sigmoid"))
n_qubits = network.n_qubits
print(f"{n_qubits} qubits")

###############################################################################
# What is the derivative by a spin that is never anything but :math:`\pm 1`? Flip it, and take half
# the difference of the two losses. For any loss this is exact: it is the derivative of the one
# function that is linear in each spin and agrees with the loss on all strings (`Titsias and
# Lázaro-Gredilla, 2015 <https://papers.nips.cc/paper/5678>`_). ``NetworkLoss.spin_gradients`` does
# it for all bits of all shots.

loss = plh.NetworkLoss(network, data.inputs[:500], data.targets[:500])
random_networks = np.random.default_rng(seed).integers(0, 2, (10, n_qubits), dtype=np.int8)
losses, by_spin = loss.spin_gradients(random_networks)
print(f"losses {losses.shape}, derivatives {by_spin.shape}")

flipped = random_networks.copy()
flipped[:, 27] ^= 1
half = (losses - loss(flipped)) / 2 * (1 - 2 * random_networks[:, 27])
print(f"of spin 27 by hand: {np.allclose(half, by_spin[:, 27], atol=1e-5)}")

###############################################################################
# Ten random networks know what a good one looks like. In blue are pixels whose weights lower the
# loss if they are :math:`+1`, in red those that should be :math:`-1`: the middle of the image
# speaks for a 1, the ring around it for a 0.

c = by_spin.mean(axis=0)[:64].reshape(8, 8)
ones, zeros = (data.inputs[data.targets == digit].mean(axis=0) for digit in (1, 0))

fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for ax, image, title in zip(
    axes[:2], (zeros, ones), ("mean of the 0", "mean of the 1"), strict=True
):
    ax.imshow(image.reshape(8, 8), cmap="gray_r")
    ax.set(title=title, xticks=[], yticks=[])
shown = axes[2].imshow(c, cmap="RdBu_r", vmin=-np.abs(c).max(), vmax=np.abs(c).max())
axes[2].set(title="derivative of the loss by each weight", xticks=[], yticks=[])
fig.colorbar(shown, ax=axes[2])
plt.show()

###############################################################################
# Light cones
# -----------
#
# Now the circuit. In the hardware-efficient ansatz with two layers of CZ gates between neighbours,
# an angle changes :math:`\langle Z_i \rangle` of the few qubits in its light cone, and of no other
# one. Let us shift one angle of the first row of rotations, and look at all 66 qubits. (The device
# ``hypernet.mps`` holds the state as a matrix product state, and gives these without shots.)

dev = plh.device("hypernet.mps", wires=n_qubits)
shape = plh.HardwareEfficientAnsatz.shape(n_layers=2, n_wires=n_qubits)


@qp.qnode(dev, interface=None)
def z_of_all(theta):
    plh.HardwareEfficientAnsatz(theta, wires=dev.wires)
    return [qp.expval(qp.Z(wire)) for wire in dev.wires]


def change(theta, shifted):
    """Half the difference of <Z> with some angles shifted by pi/2 up and down: (66,)."""
    shift = np.zeros(shape)
    shift[tuple(zip(*shifted, strict=True))] = np.pi / 2
    return (np.array(z_of_all(theta + shift)) - np.array(z_of_all(theta - shift))) / 2


angles = np.random.default_rng(seed).uniform(-np.pi, np.pi, shape)
alone = change(angles, [(0, 33)])
print(f"one angle is felt by the qubits {np.flatnonzero(np.abs(alone) > 1e-9)}")

###############################################################################
# This is the parameter-shift rule, so these are derivatives. And because the light cones are so
# narrow, one pair of circuits can shift many angles at once, each of which is read off its own
# qubits.

every_sixth = [(0, wire) for wire in range(3, n_qubits, 6)]
together = change(angles, every_sixth)

fig, axes = plt.subplots(2, 1, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
axes[0].bar(range(n_qubits), alone, color="C0")
axes[0].set(title="the angle of qubit 33 is shifted")
axes[1].bar(range(n_qubits), together, color="C1")
axes[1].bar(range(n_qubits), alone, width=0.35, color="C0")
axes[1].set(
    title="every sixth angle is shifted; the thin bars are those from above", xlabel="qubit"
)
for ax in axes:
    ax.set_ylabel(r"change of $\langle Z \rangle$")
plt.show()

###############################################################################
# The bars of qubit 33 are the same in both. So all derivatives take a number of circuits that does
# not depend on the number of qubits:

optimizer = plh.PathwiseOptimizer(derivatives="measured")
for n in (12, 66, 786):
    ansatz = plh.HardwareEfficientAnsatz(np.zeros((*shape[:-1], n)), wires=range(n))
    (step,) = optimizer.circuits_per_step(ansatz)
    print(f"{n:4} qubits, {ansatz.data[0].size:5} angles: {step['energy']} circuits a step")

###############################################################################
# One circuit measures the shots themselves. The parameter-shift rule for each angle alone would
# take 7,860 circuits at 786 qubits.
#
# Sixty-six qubits with 300 shots
# -------------------------------
#
# On a simulator even these circuits are not needed: :math:`\nabla \langle Z_i \rangle` is exact,
# from the few qubits of each light cone. ``optimizer="pathwise"`` sees which of the two it can
# have. We train with 5 shots a step, with derivatives measured as on hardware, and by SPSA, which
# sees losses alone.

rules = {
    "pathwise": ("pathwise", 5, 60, {"stepsize": 0.2}),
    "pathwise, measured": ("pathwise", 10, 70, {"stepsize": 0.2, "derivatives": "measured"}),
    "SPSA": ("spsa", 20, 700, {}),
}
runs = {}
for name, (rule, shots, steps, options) in rules.items():
    hypernet = plh.QuantumHypernetwork(network, layers=2, shots=shots, seed=seed)
    run = plh.train(hypernet, data, rule, min(steps, most_steps), progress=False, **options)
    runs[name] = run
    print(
        f"{name:20} {run.summary['shots']:7,} shots, {run.summary['circuits']:5,} circuits: "
        f"E = {run.evaluation.energy}, test accuracy {run.evaluation.test.mean:.4f}"
    )

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, run in runs.items():
    spent = np.array([record["shots"] for record in run.history])
    energy = np.array([record["energy"] for record in run.history])
    window = min(10, len(energy))
    mean = np.convolve(energy, np.ones(window) / window, mode="valid")
    ax.plot(spent[window - 1 :], mean, label=name)
ax.set(xscale="log", yscale="log", xlabel="shots", ylabel="energy (cross-entropy, nats)")
ax.grid(alpha=0.3)
ax.legend(frameon=False)
plt.show()

###############################################################################
# Is this gradient right? For product states it is, in the mean. With CZ gates the bits are
# correlated, and the chain rule leaves out how correlations change. At 10 qubits and two layers it
# is 8 % off for such a neuron. ``unbiased=True`` adds what is missing, for more shots. Here it is
# not needed.
#
# A deep network
# --------------
#
# A loss that is one number for each shot says next to nothing about one weight of thousands. A
# gradient through the network does not care how many there are. We take the ten digits that ship
# with scikit-learn, and a network with 64 hidden neurons whose outputs are signs: 4,810 weights and
# biases, and as many qubits. To flip each of them would take too long, so now one backward pass
# gives all derivatives. It needs a surrogate for the hidden signs, the same that classical training
# of binary networks takes, the *straight-through estimator* (`Courbariaux et al., 2016
# <https://arxiv.org/abs/1602.02830>`_).
#
# Signs of sums of signs carry nothing while all bits are even, so we start each bit at
# :math:`|\langle Z \rangle| = 0.7` with a random sign.

X, y = load_digits(return_X_y=True)
X = X / 8 - 1
ten_digits = plh.datasets.from_arrays(X[:1000], y[:1000], X[1200:], y[1200:])
held_out = X[1000:1200], y[1000:1200]  # for later
deep = plh.BinaryNetwork(64, [64, 10])
print(deep)

ensembles = {}
for layers in (0, 1):
    hypernet = plh.QuantumHypernetwork(
        deep, layers=layers, shots=10, seed=seed, start="random_signs"
    )
    ensembles[layers] = plh.train(
        hypernet,
        ten_digits,
        "pathwise",
        min(300, most_steps),
        batch_size=300,
        stepsize=0.05,
        progress=False,
    )

###############################################################################
# With ``layers=0`` the circuit is a product state, without any entanglement: it could be thrown
# coins. This control says what the quantum circuit is good for. The other control is the same
# network, trained classically by the straight-through estimator alone.

single = straight_through(deep, ten_digits, seed=seed, epochs=min(20, most_steps))
one_network = plh.evaluate(deep, single.bits[np.newaxis].repeat(2, axis=0), ten_digits)
print(f"{'test accuracy':22} {'mean':>7} {'best':>7} {'vote':>7}")
for layers, run in ensembles.items():
    test = run.evaluation.test
    print(f"circuit, P = {layers}         {test.mean:7.4f} {test.best:7.4f} {test.vote:7.4f}")
print(f"{'straight-through':22} {'':7} {one_network.test.best:7.4f}")

###############################################################################
# The vote of 1,000 shots is better than its best shot. The product state does about as well as the
# layer of CZ gates: what helps is that the circuit returns many networks, and nothing here needs
# entanglement. Whether the vote is also better than one network of straight-through depends on the
# seed and on the scale of the outputs; on this task the two are close.
#
# A vote that knows what it does not know
# ---------------------------------------
#
# The vote averages the probabilities of its shots. Are these as often right as they say? The
# *expected calibration error*, or ECE, is how far the probability that is predicted for a class is
# from the share of images on which it is right (`Guo et al., 2017
# <https://arxiv.org/abs/1706.04599>`_). A vote of many networks is cautious: it is right more often
# than it says. One number mends that. We raise all probabilities to a power, the one with which the
# 200 images that we held out are the most likely, and norm them again.


def calibrated(bits):
    """Test probabilities of the vote of some networks as it is, and raised to a power."""
    before, images = deep.vote(bits, held_out[0].astype(np.float32)).mean, np.arange(200)
    powers = np.linspace(0.3, 3, 55)
    chances = [sharpened(before, power)[images, held_out[1]] for power in powers]
    power = powers[np.argmax([np.log(chance).mean() for chance in chances])]
    plain = deep.vote(bits, ten_digits.test_inputs).mean
    return plain, sharpened(plain, power), power


def sharpened(probabilities, power):
    raised = probabilities**power
    return raised / raised.sum(axis=1, keepdims=True)


voters = {f"circuit, P = {layers}": run.evaluation.bits for layers, run in ensembles.items()}
voters["straight-through"] = single.bits[np.newaxis]
edges = np.linspace(0, 1, 11)
fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
for name, bits in voters.items():
    plain, raised, power = calibrated(bits)
    errors = [expected_calibration_error(p, ten_digits.test_targets) for p in (plain, raised)]
    print(f"{name:18} ECE {errors[0]:.3f}, with the power {power:.2f}: {errors[1]:.3f}")
    for ax, p in zip(axes, (plain, raised), strict=True):
        confidence, right = p.max(axis=1), p.argmax(axis=1) == ten_digits.test_targets
        place = np.digitize(confidence, edges[1:-1])
        kept = [k for k in range(10) if (place == k).sum() >= 10]
        said = [confidence[place == k].mean() for k in kept]
        ax.plot(said, [right[place == k].mean() for k in kept], marker="o", ms=4, label=name)
for ax, title in zip(axes, ("as it is", "raised to a power"), strict=True):
    ax.plot((0, 1), (0, 1), color="black", ls="--", lw=1, label="calibrated")
    ax.set(title=title, xlabel="confidence", xlim=(0.2, 1.02), ylim=(0.2, 1.02))
axes[0].set_ylabel("share that is right")
axes[0].legend(frameon=False, fontsize=8)
plt.show()

###############################################################################
# The power more than halves the error of both votes. The network of straight-through was close to
# begin with, and 200 images are few to choose a power by.
#
# Conclusion
# ----------
#
# The network in a quantum hypernetwork is no black box, and its derivatives are worth more than its
# losses. They trained 66 qubits with 300 shots, and a network with a hidden layer that is out of
# reach for rules that see losses alone. On hardware the derivatives of the circuit cost a number of
# circuits that does not depend on the number of qubits, as long as it is shallow. The same shallow
# circuits are easy to simulate, and this demo makes no claim of an advantage over classical
# training.
#
# From here you can take ``device="braket.aws.qubit"`` with ``emulator="iqm-20"``, where derivatives
# are measured under noise, add hidden layers, or start from a network that was trained classically:
# ``plh.start_angles(shape, bits=single.bits, confidence=0.9)``.
#
# References
# ----------
#
# - Carrasquilla, J., Hibat-Allah, M., Inack, E., Makhzani, A., Neklyudov, K., Taylor, G. W., &
#   Torlai, G. (2023). *Quantum HyperNetworks: Training Binary Neural Networks in Quantum
#   Superposition*. `arXiv:2301.08292 <https://arxiv.org/abs/2301.08292>`_.
# - Courbariaux, M., Hubara, I., Soudry, D., El-Yaniv, R., & Bengio, Y. (2016). *Binarized Neural
#   Networks*. `arXiv:1602.02830 <https://arxiv.org/abs/1602.02830>`_.
# - Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). *On Calibration of Modern Neural
#   Networks*. `arXiv:1706.04599 <https://arxiv.org/abs/1706.04599>`_.
# - Titsias, M. K., & Lázaro-Gredilla, M. (2015). *Local Expectation Gradients for Black Box
#   Variational Inference*. Advances in Neural Information Processing Systems 28.
#
# About the author
# ----------------
#
# This demo was written by the developers of ``pl_hypernet``.
