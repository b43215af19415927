"""Choices in torch modules, against modules written by hand for each option."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks import torch_network
from pl_hypernet.objectives import network_loss

RNG = np.random.default_rng(0)


class Half(nn.Module):
    def forward(self, x):
        return x / 2


def every(network):
    """All bitstrings of a network: int8 (2^n, n)."""
    return np.array(list(product((0, 1), repeat=network.n_qubits)), dtype=np.int8)


def inputs_of(network, n=7):
    return RNG.normal(size=(n, network.n_columns)).astype(np.float32)


def numbers(network, row):
    """What parameters and choices of one network are, by the names of blocks."""
    decoded = network.layout.decode(row[None])
    return {
        name: torch.tensor(values[0].astype(np.float32)) * network._magnitudes.get(name, 1)
        for name, values in decoded.items()
    }


def activation(two):
    """Linear(2, 2), one of some activations, Linear(2, 1) without a bias."""
    options = [nn.Tanh(), plh.Sign()] if two else [nn.Tanh(), nn.ReLU(inplace=True), Half()]
    module = nn.Sequential(
        nn.Linear(2, 2, bias=False), plh.ChooseModule(*options), nn.Linear(2, 1, bias=False)
    )

    def by_hand(x, w):
        z = x @ w["0.weight"].T
        found = [z.tanh(), torch.where(z >= 0, 1.0, -1.0)] if two else [z.tanh(), z.relu(), z / 2]
        return found[int(w["choice.1"])] @ w["2.weight"].T

    return module, 2, by_hand


def skipped():
    module = nn.Sequential(plh.SkipModule(nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))),
                           nn.Linear(2, 1))  # fmt: skip

    def by_hand(x, w):
        if not w["choice.0"]:
            x = (x @ w["0.module.0.weight"].T + w["0.module.0.bias"]).relu()
        return x @ w["1.weight"].T + w["1.bias"]

    return module, 2, by_hand


def removed():
    module = nn.Sequential(
        nn.Conv2d(1, 3, 2, bias=False), plh.RemoveChannels(3), nn.Flatten(), nn.Linear(3, 1, False)
    )

    def by_hand(x, w):
        z = nn.functional.conv2d(x.view(-1, 1, 2, 2), w["0.weight"])
        return (z.flatten(1) * (1 - w["choice.1"])) @ w["3.weight"].T

    return module, (1, 2, 2), by_hand


def dropped(groups):
    module = plh.DropGroups(nn.Linear(3, 3), groups, seed=1)

    def by_hand(x, w):
        group = np.random.default_rng(1).permutation(9) % (groups or 2)
        chosen = w["choice.itself"]
        weight = w["layer.weight"].clone()
        for i, g in enumerate(group):
            out = chosen == 1 and g == 0 if groups is None else chosen[g] == 1
            if out:
                weight[i // 3, i % 3] = 0
        return x @ weight.T + w["layer.bias"]

    return module, 3, by_hand


def submodules():
    """One within the other."""
    inner = plh.ChooseModule(halved=Half(), tanh=nn.Tanh())
    outer = plh.ChooseModule(narrow=nn.Linear(2, 2), deep=nn.Sequential(nn.Linear(2, 2), inner))

    def by_hand(x, w):
        if not w["choice.0"]:
            z = x @ w["0.narrow.weight"].T + w["0.narrow.bias"]
        else:
            z = x @ w["0.deep.0.weight"].T + w["0.deep.0.bias"]
            z = z.tanh() if w["choice.0.deep.1"] else z / 2
        return z

    return nn.Sequential(outer), 2, by_hand


CASES = {
    "activation": lambda: activation(True),
    "three activations": lambda: activation(False),
    "skip": skipped,
    "channels": removed,
    "half": lambda: dropped(None),
    "groups": lambda: dropped(4),
    "submodules": submodules,
}


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_every_network_is_the_one_written_by_hand(name, alone, monkeypatch):
    monkeypatch.setattr(torch_network, "FEW", 10**6 if alone else 0)
    module, shape, by_hand = CASES[name]()
    network = plh.TorchNetwork(module, shape, scale=1.0)
    assert network.is_mapped
    assert network.layout.names[-1].startswith("choice.")
    bits, inputs = every(network), inputs_of(network)
    if len(bits) > 200:
        bits = bits[RNG.choice(len(bits), 200, replace=False)]
    found = network(bits, inputs)
    x = torch.tensor(inputs)
    for row, logits in zip(bits, found, strict=True):
        expected = by_hand(x, numbers(network, row))
        torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-5)
    for row in bits[:: len(bits) // 4]:  # without choices, as it is exported
        plain = network.plain_module(torch.tensor(row))
        assert not any(isinstance(m, plh.ChooseModule | plh.SkipModule) for m in plain.modules())
        expected = by_hand(x, numbers(network, row))
        torch.testing.assert_close(plain(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_choices_are_flips(name, monkeypatch):
    monkeypatch.setattr(network_loss, "FLIP_WORK", 0)
    module, shape, by_hand = CASES[name]()
    network = plh.TorchNetwork(module, shape, scale=1.0)
    inputs = inputs_of(network, 20)
    targets = np.arange(20) % max(2, network.n_outputs)
    loss = plh.NetworkLoss(network, inputs, targets)
    bits = RNG.integers(0, 2, (4, network.n_qubits)).astype(np.int8)
    losses, gradients = loss.spin_gradients(bits)

    def loss_of(row):
        z = by_hand(torch.tensor(inputs), numbers(network, row))
        if network.n_outputs == 1:
            return nn.functional.binary_cross_entropy_with_logits(
                z[:, 0], torch.tensor(targets).float()
            )
        return nn.functional.cross_entropy(z, torch.tensor(targets))

    for i, qubit in enumerate(network.layout.names):
        if not qubit.startswith("choice."):
            continue
        for s, row in enumerate(bits):
            up, down = row.copy(), row.copy()
            up[i], down[i] = 0, 1
            half = (loss_of(up) - loss_of(down)).item() / 2
            assert gradients[s, i] == pytest.approx(half, abs=1e-5)
    np.testing.assert_allclose(losses, [loss_of(row).item() for row in bits], rtol=1e-4)


def test_a_planted_error_is_noticed():
    module, shape, by_hand = CASES["skip"]()
    network = plh.TorchNetwork(module, shape, scale=1.0)
    bits, inputs = every(network), inputs_of(network)
    wrong = bits.copy()
    wrong[:, network.layout.names.index("choice.0")] ^= 1
    expected = torch.stack([by_hand(torch.tensor(inputs), numbers(network, r)) for r in bits])
    assert (network(wrong, inputs) - expected).abs().max() > 0.1


def test_a_shared_choice_is_one():
    act = plh.ChooseModule(nn.Tanh(), Half())
    network = plh.TorchNetwork(
        nn.Sequential(nn.Linear(2, 2), act, nn.Linear(2, 2), act, nn.Linear(2, 1)), 2
    )
    assert list(network.choices) == ["1"]
    bits = RNG.integers(0, 2, (6, network.n_qubits)).astype(np.int8)
    inputs = inputs_of(network)
    for row in bits:
        plain = network.plain_module(torch.tensor(row))
        torch.testing.assert_close(plain(torch.tensor(inputs)), network(row[None], inputs)[0])


def test_outside_of_a_network_it_is_the_first_option():
    x = torch.randn(3, 2)
    act = plh.ChooseModule(nn.Tanh(), Half())
    torch.testing.assert_close(act(x), x.tanh())
    torch.testing.assert_close(plh.RemoveChannels(2)(x), x)
    torch.testing.assert_close(plh.SkipModule(Half())(x), x / 2)
    assert not act.state_dict()


def test_shares_are_shown_and_penalties_lower_them():
    module = nn.Sequential(
        nn.Linear(4, 3),
        plh.ChooseModule(nn.Tanh(), plh.Sign(), Half()),
        plh.RemoveChannels(3),
        nn.Linear(3, 1),
    )
    network = plh.TorchNetwork(module, 4)
    assert network.n_qubits == 12 + 3 + 3 + 1 + 2 + 3
    inputs = RNG.normal(size=(80, 4)).astype(np.float32)
    data = inputs, (inputs[:, 0] > 0).astype(int)
    run = plh.train(
        plh.QuantumHypernetwork(network, layers=0, shots=20),
        data,
        "score",
        steps=40,
        stepsize=0.3,
        penalties={"1": {"Tanh": 5.0, "Sign": 5.0}},
        evaluation_shots=200,
        progress=False,
    )
    shares = run.evaluation.choices
    assert list(shares) == ["1", "2"]
    assert list(shares["1"]) == ["Tanh", "Sign", "Half"]
    assert shares["1"]["Half"] > 0.8
    assert "shots with 1 = Half" in str(run.summary)
    with pytest.raises(InputError, match="Tanh, Sign, Half"):
        plh.NetworkLoss(network, *data, penalties={"1": {"relu": 1.0}})


BAD = {
    "one": (lambda: plh.ChooseModule(nn.Tanh()), "expected 2 to 127"),
    "none": (lambda: plh.ChooseModule("tanh", nn.Tanh()), "'tanh': expected torch modules"),
    "taken": (lambda: plh.ChooseModule(shape=nn.Tanh(), a=nn.ReLU()), "'shape' is taken"),
    "skip": (lambda: plh.SkipModule(3), "expected a torch module"),
    "channels": (lambda: plh.RemoveChannels(0), "whole number of at least 1"),
    "no weight": (lambda: plh.DropGroups(nn.Tanh()), "expected a layer with a weight"),
    "groups": (lambda: plh.DropGroups(nn.Linear(2, 2), 9), "from 1 to 4, the weights"),
    "shapes": (
        lambda: plh.TorchNetwork(plh.ChooseModule(nn.Linear(2, 2), nn.Linear(2, 3)), 2),
        r"Linear0 gives \(2, 2\), Linear1 \(2, 3\)",
    ),
    "skipped shape": (
        lambda: plh.TorchNetwork(plh.SkipModule(nn.Linear(2, 3)), 2),
        r"makes \(2, 3\) of \(2, 2\)",
    ),
    "other channels": (
        lambda: plh.TorchNetwork(nn.Sequential(nn.Linear(2, 3), plh.RemoveChannels(2)), 2),
        r"RemoveChannels\(2\) got \(2, 3\)",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_line(what):
    make, message = BAD[what]
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
