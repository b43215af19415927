"""What training, evaluation, pictures and exports ask for, of every class of networks."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

import pl_hypernet as plh
from pl_hypernet.analysis.pictures import Pictures
from pl_hypernet.errors import InputError
from pl_hypernet.exports import check_export
from pl_hypernet.exports.files import has_onnx
from pl_hypernet.objectives import network_loss
from pl_hypernet.objectives.spin_gradients import flip_gradients
from pl_hypernet.training.timing import scoring_seconds


class Threshold(plh.Network):
    """The least that a network is: outputs of signs of inputs, without derivatives."""

    def __init__(self, n_inputs):
        from pl_hypernet.networks.block import Block

        super().__init__()
        self.layout = plh.ParameterLayout([Block("weight", (n_inputs,))])
        self.choices = {}
        self.n_columns, self.n_outputs, self.is_regression = n_inputs, 1, False
        self.n_multiplications, self.n_neurons, self.widest = n_inputs, 1, 1
        self.register_buffer("scale", torch.ones(()))

    def logits(self, bits, inputs):
        return ((1 - 2 * bits.float()) @ inputs.sign().T)[..., None]


def batch_normed():
    layers = nn.Linear(4, 3), nn.BatchNorm1d(3), plh.Sign(), nn.Linear(3, 3)
    return plh.TorchNetwork(nn.Sequential(*layers), 4)


NETWORKS = {
    "binary": lambda: plh.BinaryNetwork(4, [3, 3], hidden="tanh"),
    "choices": lambda: plh.BinaryNetwork(
        4, [2, 1], activation=plh.Choice("sigmoid", "hard_sigmoid"), choices=[plh.RemoveNeurons(0)]
    ),
    "regression": lambda: plh.BinaryNetwork(4, [2], activation="identity"),
    "torch": lambda: plh.TorchNetwork(
        nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 1)), 4
    ),
    "torch regression": lambda: plh.TorchNetwork(nn.Linear(4, 2), 4, activation="identity"),
    "batch norms": batch_normed,
    "module choices": lambda: plh.TorchNetwork(
        nn.Sequential(
            plh.SkipModule(nn.Sequential(plh.DropGroups(nn.Linear(4, 4), 2), nn.BatchNorm1d(4))),
            plh.ChooseModule(nn.Tanh(), plh.Sign()),
            plh.RemoveChannels(4),
            nn.Linear(4, 3),
        ),
        4,
    ),
    "own": lambda: Threshold(4),
}


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]()


def task(network, n=60):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(n, network.n_columns)).astype(np.float32)
    if network.is_regression:
        return inputs, rng.normal(size=(n, network.n_outputs)).astype(np.float32)
    return inputs, np.arange(n) % max(2, network.n_outputs)


def some_bits(network, shots=6):
    rng = np.random.default_rng(1)
    return rng.integers(0, 2, (shots, network.n_qubits)).astype(np.int8)


def test_outputs_do_not_depend_on_the_company(network):
    inputs, _ = task(network)
    bits = some_bits(network)
    network.observe(inputs)
    logits = network(bits, inputs)
    assert logits.shape == (6, 60, network.n_outputs)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(network(bits[2:3], inputs)[0], logits[2])
    torch.testing.assert_close(network(bits, inputs[5:8]), logits[:, 5:8])
    assert len(network.layout.names) == network.n_qubits
    assert len(set(network.layout.names)) == network.n_qubits


def test_scores_and_votes_are_of_the_outputs(network):
    inputs, _ = task(network)
    bits = some_bits(network)[[0, 1, 1, 2, 0]]
    network.observe(inputs)
    logits = network(bits, inputs)
    scores, votes = network.score_and_vote(bits, inputs, lambda z: z.square().mean(dim=(1, 2)))
    np.testing.assert_allclose(scores, logits.square().mean(dim=(1, 2)), rtol=1e-5)
    expected = network.probabilities(logits).mean(dim=0).numpy()
    found = (
        votes.mean[:, 1:] if network.n_outputs == 1 and not network.is_regression else votes.mean
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(network.vote(bits, inputs).mean, votes.mean)


def test_losses_and_gradients(network, monkeypatch):
    loss = plh.NetworkLoss(network, *task(network))
    network.observe(loss.inputs)
    bits = some_bits(network)
    losses, gradients = loss.spin_gradients(bits)  # by flips, as it is small
    assert gradients.shape == bits.shape
    np.testing.assert_allclose(
        gradients, flip_gradients(loss, bits, losses, np.arange(bits.shape[1]))
    )
    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    through, gradients = loss.spin_gradients(bits)  # one backward pass
    np.testing.assert_allclose(through, losses, rtol=1e-4)
    assert np.isfinite(gradients).all()


def test_it_trains_is_judged_and_drawn(network, tmp_path):
    hypernet = plh.QuantumHypernetwork(network, layers=0, shots=5)
    data = task(network)
    options = {"steps": 3, "evaluation_shots": 10, "progress": False}
    run = plh.train(hypernet, data, "pathwise", out=tmp_path / "run", **options)
    assert run.summary["n_qubits"] == network.n_qubits
    assert run.summary["n_real"] == network.n_real
    assert len(run.predict(data[0])) == 60
    assert (tmp_path / "run" / "overview.png").is_file()
    pictures = Pictures(run.history, run.evaluation, run.hypernet.network, run.data)
    drawn = "weights" in pictures.each()
    assert drawn == (network.first_weights(run.bits) is not None)
    pictures.draw_overview(Figure(figsize=pictures.overview_size()))
    again = plh.load(tmp_path / "run", hypernet=hypernet, data=data)
    np.testing.assert_allclose(
        again.judged().energy.losses, run.evaluation.energy.losses, rtol=1e-5
    )
    assert scoring_seconds(network, 10, 10) > 0


@pytest.mark.parametrize(("which", "suffix"), [("one", "pt2"), ("vote", "onnx")])
@pytest.mark.parametrize("name", ["torch regression", "module choices"])
def test_exports_say_the_same(name, which, suffix, tmp_path):
    if suffix == "onnx" and not has_onnx():
        pytest.skip("needs the extra export")
    network = NETWORKS[name]()
    inputs, _ = task(network)
    network.observe(inputs)
    bits = some_bits(network)[0] if which == "one" else some_bits(network, 3)[[0, 1, 1, 2]]
    path = plh.export(network, bits, tmp_path / f"network.{suffix}")
    assert check_export(network, bits, path, inputs)
    assert not check_export(network, 1 - bits, path, inputs)


def test_a_network_without_a_plain_module_is_not_exported(tmp_path):
    with pytest.raises(InputError, match="Threshold cannot be exported"):
        plh.export(Threshold(4), np.zeros(4, np.int8), tmp_path / "network.pt2")
    with pytest.raises(InputError, match=r"a packed file holds .*, not a Threshold: export as"):
        plh.export(Threshold(4), np.zeros(4, np.int8), tmp_path / "network.npz")


def test_straight_through_is_of_dense_layers():
    network = NETWORKS["torch"]()
    with pytest.raises(InputError, match="trains a BinaryNetwork"):
        plh.baselines.straight_through(network, task(network))
