r"""
Any torch module as a quantum hypernetwork
==========================================

You have a neural network in PyTorch. In this demo its weights become qubits: every measured shot of
a circuit is your module with other binary weights, and training the circuit trains them all. We
take a small convolutional network as tutorials have it, let its batch norms be trained along, leave
a piece of its architecture to a qubit, and ask honestly what the circuit is good for.
"""

###############################################################################
# A module that somebody wrote
# ----------------------------
#
# In a *quantum hypernetwork* (`Carrasquilla et al., 2023 <https://arxiv.org/abs/2301.08292>`_) each
# qubit stands for a weight of a neural network. A shot of the circuit :math:`|\psi(\theta)\rangle`
# is a string of bits, so it is a network with binary weights, and it has a loss. Training lowers
# the mean loss of the shots, the energy
#
# .. math::
#
#     E(\theta) = \sum_s \left| \langle s | \psi(\theta) \rangle \right|^2 L(s).
#
# Nothing in this says what the network looks like. So we take one from elsewhere, in the style of
# LeNet: two convolutions, each with a batch norm, and a linear layer. One thing about it is chosen
# for us: behind the convolutions stands a *sign*, as in binary neural networks (`Courbariaux et
# al., 2016 <https://arxiv.org/abs/1602.02830>`_). ``plh.Sign`` is a layer like any other one, with
# a gradient in a window around 0.

import os
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.func import functional_call

import pl_hypernet as plh

# room around what is drawn
pads = {f"figure.constrained_layout.{side}_pad": 0.1 for side in "wh"}  # inches
plt.rcParams.update(pads)

seed = 0
most_steps = int(os.environ.get("DEMO_STEPS", 1000))  # tests take fewer


class SmallLeNet(nn.Module):
    """From images (M, 1, 8, 8) to logits (M, 10)."""

    def __init__(self, activation=plh.Sign):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.norm2 = nn.BatchNorm2d(16)
        self.act1, self.act2 = activation(), activation()
        self.fc = nn.Linear(16 * 4 * 4, 10)
        self.norm3 = nn.BatchNorm1d(10)

    def forward(self, x):
        x = self.act1(self.norm1(self.conv1(x)))
        x = self.act2(self.norm2(self.conv2(x)))
        return self.norm3(self.fc(x.flatten(1)))


###############################################################################
# The ten digits that ship with scikit-learn have 8x8 pixels. We hold out 400 of the 1,797 images
# for the test; they decide nothing.

X, y = load_digits(return_X_y=True)
order = np.random.default_rng(seed).permutation(len(y))
X, y = (X[order] / 8 - 1).reshape(-1, 8, 8), y[order]
data = plh.datasets.from_arrays(X[400:], y[400:], X[:400], y[:400])

torch.manual_seed(seed)
module = SmallLeNet()
network = plh.TorchNetwork(module, input_shape=(1, 8, 8), mean_square=data.mean_square)
print(f"{network.n_qubits} qubits and {network.n_real} real parameters")
print("the first qubits:", ", ".join(network.layout.names[:3]))

###############################################################################
# This one line took the module as it is. Weights and biases of linear and convolution layers became
# bits, and the qubits are named as the parameters are. The scales and shifts of the batch norms
# stay real numbers. They are no part of the hypernetwork, but its companions: an optimizer of torch
# trains them beside the angles of the circuit, the classical half of a hybrid workflow.
#
# What a bitstring means is what the layout decodes. Of four random strings it gives the eight
# kernels of the first convolution:

random_networks = np.random.default_rng(seed).integers(0, 2, (4, network.n_qubits), dtype=np.int8)
kernels = network.layout.decode(random_networks)["conv1.weight"]
print(f"conv1.weight of four networks: {kernels.shape}, of {np.unique(kernels)}")

###############################################################################
# Training
# --------
#
# A loss that is one number for each shot says next to nothing about one weight of thousands. But
# the network knows more: one backward pass tells how its loss changes with each weight, and the
# circuit tells how each angle changes the mean of each bit.
# ``tutorial_gradients_through_the_network``, the demo before this one, looks at both factors. Their
# product is ``optimizer="pathwise"``.
#
# All shots of a step go through the module together, each with its own weights. And each has its
# own batch norms: while it trains by the statistics of its mini-batch, and later by statistics that
# are measured once, on training images, for every network that is judged.
#
# We train a circuit with ``layers=1``, a layer of CZ gates between neighbours. And as a control one
# with ``layers=0``, a product state without any entanglement: it could be thrown coins. The first
# one has two rows of rotations instead of one, so that its bits move faster at the same step size.
# So we train the product state twice, once with steps of double the size.


def train(network, layers, stepsize):
    """A run of 250 steps of 8 shots on 100 images each."""
    hypernet = plh.QuantumHypernetwork(network, layers=layers, shots=8, seed=seed)
    return plh.train(
        hypernet,
        data,
        "pathwise",
        min(250, most_steps),
        batch_size=100,
        stepsize=stepsize,
        evaluation_shots=50,
        progress=False,
    )


settings = {"P = 0": (0, 0.1), "P = 0, steps of 0.2": (0, 0.2), "P = 1": (1, 0.1)}
runs, seconds = {}, {}
for name, (layers, stepsize) in settings.items():
    start = time.perf_counter()
    runs[name] = train(network, layers, stepsize)
    seconds[name] = time.perf_counter() - start
print(runs["P = 1"].summary)

###############################################################################
# The other control is the same module trained classically: latent real weights, whose signs are the
# network, and the *straight-through* gradient that takes the sign for the identity. It is a few
# lines of torch, sees as many images (8 shots of 100 images are a mini-batch of 800 here), and ends
# with one network.

magnitudes = {  # the hypernetwork's weights have about these sizes too
    name: p.detach().square().mean().sqrt()
    for name, p in module.named_parameters()
    if isinstance(module.get_submodule(name.split(".")[0]), nn.Conv2d | nn.Linear)
}


def binary(module):
    """The parameters with signs in the place of latent weights, whose gradients they pass."""
    return {
        name: magnitudes[name] * (p + (torch.where(p >= 0, 1.0, -1.0) - p).detach())
        if name in magnitudes
        else p
        for name, p in module.named_parameters()
    }


torch.manual_seed(seed)
classical = SmallLeNet()
inputs = torch.tensor(data.inputs).view(-1, 1, 8, 8)
targets = torch.tensor(data.targets)
adam = torch.optim.Adam(classical.parameters(), 0.01)
start = time.perf_counter()
for _ in range(min(250, most_steps)):
    batch = torch.randint(len(inputs), (800,))
    logits = functional_call(classical, binary(classical), (inputs[batch],))
    adam.zero_grad()
    nn.functional.cross_entropy(logits, targets[batch]).backward()
    adam.step()
    for name, p in classical.named_parameters():
        if name in magnitudes:
            p.data.clamp_(-1, 1)
seconds["straight-through"] = time.perf_counter() - start

for norm in (classical.norm1, classical.norm2, classical.norm3):  # statistics of the end
    norm.reset_running_stats()
    norm.momentum = None
with torch.no_grad():
    functional_call(classical, binary(classical), (inputs,))
    test_inputs = torch.tensor(data.test_inputs).view(-1, 1, 8, 8)
    logits = functional_call(classical.eval(), binary(classical), (test_inputs,))
right = (logits.argmax(dim=1).numpy() == data.test_targets).mean()

print(f"{'test accuracy':20} {'mean':>7} {'likely':>7} {'vote':>7} {'seconds':>8}")
for name, run in runs.items():
    test = run.evaluation.test
    likely = f"{test.most_likely:7.4f}"
    print(f"{name:20} {test.mean:7.4f} {likely} {test.vote:7.4f} {seconds[name]:8.1f}")
print(f"{'straight-through':20} {'':7} {right:7.4f} {'':7} {seconds['straight-through']:8.1f}")

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name, run in runs.items():
    energy = np.array([record["energy"] for record in run.history])
    axes[0].plot(energy, label=name, lw=1)
    axes[1].hist(run.evaluation.test.each, bins=15, alpha=0.6, label=f"{name}: shots")
for k, run in enumerate(runs.values()):
    axes[1].axvline(run.evaluation.test.vote, color=f"C{k}", ls="--", label="their vote")
axes[1].set_ylim(0, 1.8 * axes[1].get_ylim()[1])  # room for the legend
axes[1].axvline(right, color="black", lw=1, label="straight-through")
axes[0].set(xlabel="step", ylabel="energy (cross-entropy, nats)", yscale="log")
axes[1].set(xlabel="test accuracy", ylabel="shots")
for ax in axes:
    ax.legend(frameon=False, fontsize=8)
plt.show()

###############################################################################
# The vote of 50 shots is right on more of the 400 test images than the one network of
# straight-through with any of the three: 0.953, 0.965 and 0.973 against 0.943. A single shot is
# worse than that network, and the most likely network, which is one network too, is on either side
# of it. So it is the number of networks that helps. We did not let several trainings of
# straight-through vote.
#
# At first it looks as if entanglement helped. But the product state with steps of 0.2 has the
# energy and the shots of ``P = 1``: 0.928 in the mean, against 0.926. What is left are 3 images of
# the vote, less than its standard error, and this is one seed. The layer of CZ gates made the bits
# move faster, and nothing here needs it.
#
# What the shots agree on
# -----------------------
#
# Training pulls each bit towards one of its values. Weights in dark red or blue are the same in all
# shots of the product state; pale ones are still open, and the shots differ in them.

bits = runs["P = 0"].bits
mean = network.layout.decode(bits)["conv1.weight"].mean(axis=0)[:, 0]

fig, axes = plt.subplots(1, 8, figsize=(10, 1.8), layout="constrained")
for kernel, ax in zip(mean, axes, strict=True):
    shown = ax.imshow(kernel, cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set(xticks=[], yticks=[])
fig.suptitle("conv1: mean of each weight over 50 shots")
fig.colorbar(shown, ax=axes[-1])
plt.show()

###############################################################################
# A qubit for the architecture
# ----------------------------
#
# Signs lose information. Should the layers have another activation? Nobody needs to decide: put
# ``plh.ChooseModule`` in the place of the activation, and a qubit for each layer chooses between
# the two. There are layers that skip a module, remove channels or drop weights, too. The choice is
# searched in the same loop as the weights, by the difference of the loss of both options.


def sign_or_tanh():
    return plh.ChooseModule(plh.Sign(), nn.Tanh())


torch.manual_seed(seed)
choosing = plh.TorchNetwork(SmallLeNet(sign_or_tanh), (1, 8, 8), mean_square=data.mean_square)
print(f"{choosing.n_qubits} qubits, the last ones {', '.join(choosing.layout.names[-2:])}")
chosen = train(choosing, layers=0, stepsize=0.1)

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name in choosing.choices:
    ax.plot([record["choices"][name]["Tanh"] for record in chosen.history], label=name)
ax.set(xlabel="step", ylabel="share of the shots with tanh", ylim=(-0.05, 1.05))
ax.legend(frameon=False)
plt.show()
print(f"vote {chosen.evaluation.test.vote:.4f}, shares {chosen.evaluation.choices}")

###############################################################################
# Both layers choose tanh within fifty steps, in every shot. The vote is right on 385 of the 400
# images instead of 381, which decides nothing. But nobody told the circuit, and it took two qubits
# and one training, where trying all pairs of activations would take four.
#
# Another device
# --------------
#
# Thousands of qubits are what a matrix product state is for. A device with few qubits can have the
# last layer of a module alone: the rest is frozen, as in quantum transfer learning. We freeze the
# convolutions of the classical network, average what they see over the image, and let a head of 17
# bits tell the digits 0 and 1 apart. A pattern of names says which parameters are bits.

pair = np.flatnonzero(np.isin(y, (0, 1)))
first, rest = pair[pair < 400], pair[pair >= 400]
pairs = plh.datasets.from_arrays(X[rest], y[rest], X[first], y[first])

body = nn.Sequential(
    classical.conv1, classical.norm1, plh.Sign(), classical.conv2, classical.norm2, plh.Sign(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(),
)  # fmt: skip
with torch.no_grad():
    for name in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            getattr(getattr(classical, name), kind).copy_(binary(classical)[f"{name}.{kind}"])
head = plh.TorchNetwork(
    nn.Sequential(body, nn.Linear(16, 1)), (1, 8, 8), bits="1.*", mean_square=pairs.mean_square
)
print(f"{head.n_qubits} qubits, {head.n_real} real parameters")

for device in ("hypernet.mps", "default.qubit"):
    hypernet = plh.QuantumHypernetwork(head, device=device, layers=1, shots=20, seed=seed)
    run = plh.train(
        hypernet,
        pairs,
        "pathwise",
        min(60, most_steps),
        stepsize=0.3,
        evaluation_shots=100,
        progress=False,
    )
    test = run.evaluation.test
    print(
        f"{device:14} E = {run.evaluation.energy}, "
        f"test: shots {test.mean:.3f}, vote {test.vote:.3f}"
    )

###############################################################################
# One string is the difference between the two, and they end alike, as far as shots can tell.
# Seventeen bits on averages of signs are few: their vote is right on four images of five.
# ``device="braket.aws.qubit"`` with ``emulator="iqm-20"`` takes the same circuit to an emulated
# quantum computer, and without the emulator to a real one.
#
# From a command line
# -------------------
#
# The same module trains without a program around it. A function in a file of yours, or its class,
# makes it:
#
# ``pl-hypernet train --network mine.py:SmallLeNet --optimizer pathwise --layers 0``
#
# The file is run because you name it, and never because a folder does: ``pl-hypernet evaluate
# runs/001`` asks for ``--network mine.py:SmallLeNet`` again.
#
# Conclusion
# ----------
#
# A module of yours goes into a quantum hypernetwork in one line. Its weights are qubits, its batch
# norms are trained along, and parts of its architecture can be left to qubits of their own. What
# comes out is no single network but a distribution over networks, and their vote is better than
# one. On these small images a product state does as well as an entangled one. This demo makes no
# claim of an advantage over classical training; it shows that the same experiment is now one line
# away for a network where the answer is not known.
#
# References
# ----------
#
# - Carrasquilla, J., Hibat-Allah, M., Inack, E., Makhzani, A., Neklyudov, K., Taylor, G. W., &
#   Torlai, G. (2023). *Quantum HyperNetworks: Training Binary Neural Networks in Quantum
#   Superposition*. `arXiv:2301.08292 <https://arxiv.org/abs/2301.08292>`_.
# - Courbariaux, M., Hubara, I., Soudry, D., El-Yaniv, R., & Bengio, Y. (2016). *Binarized Neural
#   Networks*. `arXiv:1602.02830 <https://arxiv.org/abs/1602.02830>`_.
# - LeCun, Y., Bottou, L., Bengio, Y., & Haffner, P. (1998). *Gradient-Based Learning Applied to
#   Document Recognition*. Proceedings of the IEEE, 86(11), 2278-2324.
#
# About the author
# ----------------
#
# This demo was written by the developers of ``pl_hypernet``.
