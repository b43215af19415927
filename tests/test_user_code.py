"""Functions of a user's own: one line says whose failed, on what, and what is expected."""

import numpy as np
import pennylane as qml
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.user_code import UserCode, described

rng = np.random.default_rng(0)
INPUTS = rng.uniform(size=(40, 2)).astype(np.float32)
DATA = (INPUTS, (INPUTS[:, 0] > INPUTS[:, 1]).astype(int))


def hypernet(**options):
    return plh.QuantumHypernetwork(plh.BinaryNetwork(2), shots=30, **{"layers": 1} | options)


def train(network=None, optimizer="spsa", **options):
    options = {"steps": 2, "progress": False, "evaluation_shots": 20} | options
    return plh.train(network or hypernet(), DATA, optimizer, **options)


def refused(*parts, cause=None):
    """One line with these parts, from an error of this class."""

    class Check:
        def __enter__(self):
            self.raises = pytest.raises(InputError)
            self.caught = self.raises.__enter__()

        def __exit__(self, *error):
            swallowed = self.raises.__exit__(*error)
            if not swallowed:
                return False
            text = str(self.caught.value)
            assert "\n" not in text
            for part in parts:
                assert part in text, text
            assert isinstance(self.caught.value.__cause__, cause or type(None))
            return swallowed

    return Check()


# -------------------------------------------------------------------------------------- the losses


def test_a_loss_that_meets_classes():
    def entropy(outputs, targets):
        targets = targets.expand(len(outputs), -1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return loss(outputs[..., 0], targets, reduction="none").mean(dim=1)

    parts = ("loss 'entropy' raised RuntimeError", "torch.int64 (40,)", "targets.float()")
    with refused(*parts, "outputs torch.float32 (", cause=RuntimeError):
        train(loss=entropy)
    assert len(train(loss=lambda z, y: entropy(z, y.float())).history) == 2


@pytest.mark.parametrize("wrong", [lambda z: z.mean(), lambda z: z[0, :, 0], lambda z: 1.0])
def test_a_loss_of_another_shape(wrong):
    def mine(outputs, targets):
        return wrong(outputs)

    with refused("loss 'mine' returned ", "it got outputs torch.float32 (", "expected a torch ten"):
        train(loss=mine)


def test_a_loss_with_weights_of_its_own():
    weight = torch.ones(1, requires_grad=True)
    run = train(loss=lambda z, y: weight * (z[..., 0].sigmoid() - y).square().mean(dim=1))
    assert np.isfinite(run.history[-1]["energy"])


def energy(loss, **options):
    dev = plh.device("hypernet.mps", wires=3)

    @qml.set_shots(10)
    @qml.qnode(dev)
    def circuit():
        qml.RY(1.0, 0)
        return plh.expected_loss(loss, wires=range(3), **options)

    return circuit()


class Module(torch.nn.Module):
    def forward(self, bits):
        return bits @ torch.ones(3)


def test_an_expected_loss():
    with refused("loss 'far' raised IndexError", "bits int8 (10, 3)", cause=IndexError):

        def far(bits):
            return bits[:, 7]

        energy(far)
    with refused("loss '<lambda>' returned int64 ();", "expected finite losses (shots,)"):
        energy(lambda bits: bits.sum())
    with refused("loss '<lambda>' returned 'low';", cause=ValueError):
        energy(lambda bits: "low")
    with refused("loss 'Module' raised RuntimeError", "torch.int8 (10, 3)", cause=RuntimeError):
        energy(Module())


@pytest.mark.parametrize(
    ("reduction", "said", "cause"),
    [
        (lambda losses: losses, "returned float64 (10,)", TypeError),
        (lambda losses: np.nan, "returned nan", None),
        (lambda losses: losses[99], "raised IndexError", IndexError),
    ],
)
def test_a_reduction(reduction, said, cause):
    with refused("reduction '<lambda>' " + said, "it got losses float64 (10,)", cause=cause):
        energy(lambda bits: bits[:, 0], reduction=reduction)


# -------------------------------------------------------------------------------------- the ansatz


def rows(theta, wires):
    for row in theta:
        for wire, angle in zip(wires, row, strict=True):
            qml.RY(angle, wire)


@qml.qnode(qml.device("default.qubit", wires=3))
def node(theta):
    for wire in range(3):
        qml.RY(theta[wire], wire)
    qml.CZ([0, 1])
    return qml.expval(qml.Z(0)), qml.probs(wires=[1, 2])


def test_an_ansatz_that_reads_theta_in_another_shape():
    def mine(theta, wires):
        qml.RY(theta[0, 1], wires[0])

    parts = ("ansatz 'mine' raised IndexError", "theta float64 (6,)", "reshape it")
    with refused(*parts, cause=IndexError):
        hypernet(ansatz=mine, n_angles=6)
    shaped = hypernet(ansatz=lambda theta, wires: rows(theta.reshape(2, 3), wires), n_angles=6)
    for optimizer in ("score", "spsa"):
        assert len(train(shaped, optimizer).history) == 2


def test_a_qnode_is_taken_as_an_ansatz():
    """Its gates alone: the measurements that it returns are ours to make."""

    def same(theta, wires):
        for wire in wires:
            qml.RY(theta[int(wire)], wire)
        qml.CZ([wires[0], wires[1]])

    ours, theirs = (hypernet(ansatz=ansatz, n_angles=3) for ansatz in (same, node))
    assert [op.name for op in theirs.operations(np.ones(3))] == ["RY", "RY", "RY", "CZ"]
    for optimizer in ("score", "spsa", "qnspsa"):
        one, other = (train(one, optimizer) for one in (ours, theirs))
        np.testing.assert_array_equal(one.theta, other.theta)


@pytest.mark.parametrize(
    ("ansatz", "said"),
    [
        (lambda: None, "ansatz '<lambda>'(): expected f(theta, wires)"),
        (lambda theta, wires, more: None, "expected f(theta, wires)"),
        (lambda theta, wires: None, "queues no operation"),
        (lambda theta: qml.RY(theta[0], 7), "acts on wire 7: expected the wires that it is given"),
        (qml.transforms.cancel_inverses(node), "'node' is a QNode with transforms"),
        ("chain", "expected a function f(theta, wires)"),
    ],
)
def test_what_is_no_ansatz(ansatz, said):
    with refused(said):
        hypernet(ansatz=ansatz, n_angles=3)


def test_an_ansatz_that_torch_cannot_enter():
    def mine(theta, wires):
        qml.RY(np.sin(theta[0]) if isinstance(theta, np.ndarray) else float(theta.numpy()[0]), 0)

    network = hypernet(ansatz=mine, n_angles=2)
    with refused("'mine' raised RuntimeError", "theta torch.float64 (2,)", cause=RuntimeError):
        train(network, "score")


# --------------------------------------------------------------------- networks, callbacks, signals


def logits(**options):
    network = plh.BinaryNetwork(2, [2, 1], **options)
    return network(np.zeros((5, network.n_qubits), dtype=int), INPUTS)


def test_an_activation():
    def mean(z):
        return z.mean()

    for hidden in (mean, plh.Choice(mean, "relu")):
        for scale in (None, 1.0):  # a hidden layer's biases are scaled for it in any case
            with refused("'mean' returned torch.float32 (); it got z torch.float32 (1, 32, 1)"):
                logits(hidden=hidden, scale=scale)


class Broken(plh.ArchitectureChoice):
    name = "broken"
    options = ("a", "b")

    def apply(self, parameters, chosen):
        parameters.scale = self.value

    def prepare(self, sizes):
        sizes[self.index]


def test_a_choice():
    choice = Broken()
    choice.index = 9
    with refused("choice 'Broken.prepare' raised IndexError", "sizes (2, 2, 1)", cause=IndexError):
        logits(choices=[choice])
    choice.index = 0
    parts = ("choice 'Broken.apply' raised AttributeError", "chosen torch.int64 (5,)")
    with refused(*parts, cause=AttributeError):
        logits(choices=[choice])
    choice.value = torch.ones(3)
    with refused("choice 'broken' left scale with the shape (3,): expected (5,)"):
        logits(choices=[choice])


def test_a_callback():
    def mine(record, theta):
        return record["enrgy"]

    with refused("callback 'mine' raised KeyError", "theta float64 (3, 3)", cause=KeyError):
        train(callbacks=[mine])
    with refused("callback '<lambda>' returned float64 (3, 3)", cause=ValueError):
        train(callbacks=[lambda record, theta: theta])
    assert train(callbacks=[lambda record, theta: "enough"]).stop_reason == "enough"


class Pruned(Exception):
    """As a tuner's, which it expects to get back."""


def test_a_signal_goes_through():
    def prune(record, theta):
        raise Pruned

    with pytest.raises(Pruned):
        train(callbacks=[prune])
    with pytest.raises(InputError, match=r"^ours$"):
        UserCode("loss", raise_ours, "a loss")(bits=1)


def raise_ours(bits):
    raise InputError("ours")


def test_described():
    assert described(np.zeros((2, 3), dtype=np.int8)) == "int8 (2, 3)"
    assert described(torch.zeros(2)) == "torch.float32 (2,)"
    assert described(None) == "None"
    assert described({"step": 1}) == "dict"
    assert described(qml.wires.Wires(range(3))) == "Wires([0, 1, 2])"
    assert described(list(range(100))) == "list"
