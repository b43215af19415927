"""Methods beside the hypernetwork, against all networks of few bits, and their expense."""

import time

import numpy as np
import pytest
import torch

import pl_hypernet as plh
from pl_hypernet.baselines import Allowance, DoesNotApply, Task, flip_kernels, hypernetworks
from pl_hypernet.baselines.branch_and_bound import branch_and_bound
from pl_hypernet.baselines.chains import OneLayerChains, ScoredChains, make_chains
from pl_hypernet.baselines.gumbel_softmax import BernoulliEnsemble
from pl_hypernet.baselines.hypernetworks import hypernetwork
from pl_hypernet.baselines.methods import METHODS
from pl_hypernet.baselines.one_layer import one_layer
from pl_hypernet.baselines.plain_search import exhaustive
from pl_hypernet.baselines.relaxation import Relaxation
from pl_hypernet.baselines.task import GRADIENT
from pl_hypernet.baselines.trained_by_gradients import EPOCHS, latent_bits
from pl_hypernet.baselines.two_loops import with_choices
from pl_hypernet.measurements.expected_loss import bitstrings
from pl_hypernet.training.config import RunConfig

SIGMOIDS = plh.Choice("sigmoid", "hard_sigmoid")


def some_data(n_inputs: int, n_classes: int = 2, n_samples: int = 60, seed: int = 0):
    """Classes that weights of +1 and -1 tell apart badly, with some inputs that are 0."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_samples, n_inputs)).astype(np.float32)
    inputs[rng.random(inputs.shape) < 0.3] = 0
    scores = inputs @ rng.normal(size=(n_inputs, n_classes)) + rng.normal(size=n_classes)
    return plh.datasets.from_arrays(inputs, scores.argmax(axis=1), inputs, scores.argmax(axis=1))


def task_of(network, data, evaluations=np.inf, seconds=np.inf, **settings) -> Task:
    hypernet = plh.QuantumHypernetwork(network, shots=20, seed=0)
    settings = {"steps": 5, "batch_size": 30, "evaluation_shots": 20} | settings
    config = RunConfig.of(hypernet, data, "score", settings, {})
    return Task(network, data, config, Allowance(evaluations, seconds))


def exact_losses(task: Task, bits: np.ndarray) -> np.ndarray:
    """In double precision."""
    data, network = task.data, task.network.double()
    try:
        return plh.NetworkLoss(network, data.inputs, data.targets)(bits)
    finally:
        network.float()


ONE_LAYER = {
    "sigmoid": lambda: plh.BinaryNetwork(9, [1], "sigmoid", scale=1.0),
    "hard sigmoid": lambda: plh.BinaryNetwork(9, [1], "hard_sigmoid", scale=0.5, values=(1, -3)),
    "choice, two bits": lambda: plh.BinaryNetwork(9, [1], SIGMOIDS, 0.5, values="2-bit"),
    "classes, ternary, biases": lambda: plh.BinaryNetwork(
        9, [4], scale=1.0, values="ternary", bias="3-bit", bias_scale=1.0
    ),
}


@pytest.mark.parametrize("make", ONE_LAYER.values(), ids=ONE_LAYER)
def test_energies_of_flips_are_those_of_the_networks(make):
    network = make()
    task = task_of(network, some_data(9, max(2, network.n_outputs)))
    rng = np.random.default_rng(1)
    chains = make_chains(task, task.random_bits(3, rng))
    assert isinstance(chains, OneLayerChains)
    sites = rng.integers(0, task.n_qubits, (3, 5000))
    hot = chains.losses.std()
    refused = chains.advance(sites, -hot * np.log(rng.random(sites.shape)))
    assert np.abs(chains.losses - exact_losses(task, chains.bits)).max() < 1e-10
    assert refused.max() < 5000
    assert task.allowance.used == 3 + sites.size


def test_a_wrong_energy_is_noticed(monkeypatch):
    """The planted one forgets what flips back divide by."""
    network = ONE_LAYER["sigmoid"]()
    task = task_of(network, some_data(9))
    chains = make_chains(task, task.random_bits(1, np.random.default_rng(1)))
    targets, sides, own, sums, *rest = chains._of_task
    chains._of_task = targets, sides, own, 0 * sums, *rest
    sites = np.random.default_rng(1).integers(0, task.n_qubits, (1, 100))
    chains.advance(sites, np.full(sites.shape, np.inf))
    assert np.abs(chains.losses - exact_losses(task, chains.bits)).max() > 1e-3


@pytest.mark.parametrize("name", ["sigmoid", "classes, ternary, biases"])
def test_both_kinds_of_chains_walk_alike(name):
    network = ONE_LAYER[name]()
    task = task_of(network, some_data(9, max(2, network.n_outputs)))
    rng = np.random.default_rng(2)
    bits = task.random_bits(4, rng)
    sites = rng.integers(0, task.n_qubits, (4, 60))
    slacks = 0.1 * rng.random(sites.shape)
    compiled, scored = make_chains(task, bits), ScoredChains(task, bits)
    np.testing.assert_array_equal(compiled.advance(sites, slacks), scored.advance(sites, slacks))
    np.testing.assert_array_equal(compiled.bits, scored.bits)
    assert compiled.losses == pytest.approx(scored.losses, abs=1e-5)
    assert not np.array_equal(compiled.bits, bits)


@pytest.mark.parametrize(("scale", "kind"), [(2.0, OneLayerChains), (100.0, ScoredChains)])
def test_large_changes_stay_numbers(scale, kind):
    """Logits of hundreds: a flip and its undoing would not cancel."""
    network = plh.BinaryNetwork(6, [1], "sigmoid", scale=scale)
    task = task_of(network, some_data(6))
    rng = np.random.default_rng(0)
    chains = make_chains(task, task.random_bits(1, rng))
    assert isinstance(chains, kind)
    sites = rng.integers(0, task.n_qubits, (1, 300))
    chains.advance(sites, np.full(sites.shape, np.inf))
    assert chains.losses == pytest.approx(exact_losses(task, chains.bits), rel=1e-6)


@pytest.mark.parametrize("hidden", [[1], [2, 1]])
@pytest.mark.parametrize("method", ["annealing", "one-flip", "straight-through", "gumbel-softmax"])
def test_methods_find_the_best_of_few_bits(method, hidden):
    network = plh.BinaryNetwork(2 if hidden[1:] else 9, hidden, "sigmoid")
    evaluations = {"straight-through": 40, "gumbel-softmax": 1000}.get(method, 1000)
    task = task_of(network, some_data(network.n_inputs), evaluations)
    every = exhaustive(task_of(network, task.data), 0)
    assert len(every.bits) == 20
    best = exact_losses(task, every.bits[:1])[0]
    found = exact_losses(task, METHODS[method](task, 0).bits).min()
    assert found >= best - 1e-9
    slack = {"annealing": 1e-9, "one-flip": 1e-9}.get(method, 0.1 * best)
    assert found <= best + slack


def test_exhaustive_search_scores_all_and_refuses_many():
    network = plh.BinaryNetwork(7, [1], SIGMOIDS)
    task = task_of(network, some_data(7))
    found = exhaustive(task, 0)
    losses = task.objective(bitstrings(0, 2**9, 9))
    assert task.objective(found.bits) == pytest.approx(np.sort(losses)[:20])
    assert task.allowance.used == 2**9
    with pytest.raises(DoesNotApply, match="at most 24 bits, not 26"):
        exhaustive(task_of(plh.BinaryNetwork(24, [1], SIGMOIDS), some_data(24)), 0)


@pytest.mark.parametrize("values", [(1, -1), (-3, 1), "2-bit"])
@pytest.mark.parametrize("seed", range(3))
def test_branch_and_bound_proves_the_optimum(values, seed):
    n_inputs = 4 if values == "2-bit" else 9
    network = plh.BinaryNetwork(n_inputs, [1], "sigmoid", values=values)
    task = task_of(network, some_data(n_inputs, seed=seed))
    losses = exact_losses(task, bitstrings(0, 2**network.n_qubits, network.n_qubits))
    found = branch_and_bound(task, seed)
    assert found.figures["gap"] == 0
    assert found.figures["lowest"] == pytest.approx(losses.min(), abs=1e-9)
    assert exact_losses(task, found.bits)[0] == pytest.approx(losses.min(), abs=1e-9)


def test_branch_and_bound_says_its_gap():
    network = plh.BinaryNetwork(14, [1], "sigmoid")
    data = some_data(14, n_samples=30)
    found = branch_and_bound(task_of(network, data, evaluations=300), 0)
    whole = branch_and_bound(task_of(network, data), 0)
    assert 0 < found.figures["gap"] < 1
    assert found.figures["lower_bound"] <= whole.figures["lowest"] <= found.figures["lowest"]
    assert "a gap of" in found.note


def test_bounds_hold_in_every_box():
    network = plh.BinaryNetwork(7, [1], "sigmoid")
    task = task_of(network, some_data(7))
    every = bitstrings(0, 2**8, 8)
    losses = exact_losses(task, every)
    relaxed, rng = Relaxation(one_layer(task)), np.random.default_rng(0)
    tight = []
    for _ in range(30):
        low = rng.integers(0, 2, 8)
        high = np.maximum(low, rng.integers(0, 2, 8))
        inside = ((every >= low) & (every <= high)).all(axis=1)
        bound = relaxed.bound(low.astype(float), high.astype(float), np.inf, np.full(8, 0.5))
        assert bound.lower <= losses[inside].min() + 1e-12
        tight.append(losses[inside].min() - bound.lower)
    assert min(tight) < 1e-6  # boxes of one network, or nearly


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (plh.BinaryNetwork(4, [2, 1], "sigmoid"), "one layer"),
        (plh.BinaryNetwork(4, [1], SIGMOIDS), "--activation sigmoid"),
        (plh.BinaryNetwork(4, [2]), "--activation sigmoid"),
    ],
)
def test_branch_and_bound_is_for_one_sigmoid(network, why):
    with pytest.raises(DoesNotApply, match=why):
        branch_and_bound(task_of(network, some_data(4)), 0)


def test_gradients_of_independent_bits_point_downhill():
    """Against the exact derivative of the mean loss over all networks, choices included."""
    network = plh.BinaryNetwork(3, [1], SIGMOIDS)
    task = task_of(network, some_data(3))
    ensemble = BernoulliEnsemble(network, 0.3, np.random.default_rng(0))
    every = bitstrings(0, 2**5, 5)
    losses = torch.tensor(task.objective(every))
    exact = ensemble.logits.detach().double().requires_grad_()
    p = torch.where(torch.tensor(every) == 1, exact.sigmoid(), 1 - exact.sigmoid()).prod(dim=1)
    (p @ losses).backward()
    ensemble.backward(task.objective, np.arange(60), 4000, 1.0, 0.5)
    found, expected = ensemble.logits.grad.double(), exact.grad
    assert torch.nn.functional.cosine_similarity(found, expected, dim=0) > 0.9
    assert torch.sign(found[-1]) == torch.sign(expected[-1])  # the choice


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"exhaustive"}))
def test_methods_spend_what_they_may(method):
    network = plh.BinaryNetwork(6, [1], plh.Choice("sigmoid", "hard_sigmoid"))
    if method == "branch-and-bound":
        network = plh.BinaryNetwork(14, [1], "sigmoid")
    data = some_data(network.n_inputs, n_samples=40)
    evaluations = {"branch-and-bound": 400, "two-loops": 100}.get(method, 40)
    task = task_of(network, data, evaluations, steps=4, batch_size=20)
    found = METHODS[method](task, 3)
    assert 0.5 * evaluations < task.allowance.used <= 1.2 * evaluations
    if found.bits is not None:
        assert found.bits.shape[1] == network.n_qubits
        assert set(np.unique(found.bits)) <= {0, 1}
        again = METHODS[method](task_of(network, data, evaluations, steps=4, batch_size=20), 3)
        np.testing.assert_array_equal(found.bits, again.bits)


def test_seconds_end_methods_too():
    network = plh.BinaryNetwork(6, [2, 1], SIGMOIDS)
    for method in ("annealing", "random", "straight-through", "gumbel-softmax", "hypernetwork"):
        task = task_of(network, some_data(6), seconds=0.03, steps=100_000)
        METHODS[method](task, 0)
        assert task.allowance.used > 1
        assert task.allowance.share > 0.5


@pytest.mark.parametrize("method", ["straight-through", "binarised", "float"])
def test_a_training_has_all_its_epochs_where_seconds_are_the_only_limit(method):
    task = task_of(plh.BinaryNetwork(6, [2, 1], SIGMOIDS), some_data(6), seconds=2)
    task.allowance.spend = lambda n: (Allowance.spend(task.allowance, n), spent.append(n))
    spent: list[float] = []
    if method == "float":
        METHODS[method](task, 0)
    else:
        latent_bits(task, {}, np.random.default_rng(0), task.allowance, method != "binarised")
    assert abs(sum(spent) - EPOCHS * (GRADIENT + (method != "float"))) < 1e-9


def test_what_is_compiled_takes_no_seconds(monkeypatch):
    """So the first seed of a process may take as many as the others."""
    real, slow = hypernetworks.train, 0.2

    def train(hypernet, *arguments, **settings):
        begun = time.process_time()
        while settings["steps"] == 1 and time.process_time() - begun < slow:
            pass
        return real(hypernet, *arguments, **settings)

    monkeypatch.setattr(hypernetworks, "_compiled", set())
    monkeypatch.setattr(hypernetworks, "train", train)
    task, begun = task_of(plh.BinaryNetwork(6, [1]), some_data(6)), time.process_time()
    hypernetwork(task, 0)
    assert time.process_time() - begun - task.allowance.seconds > slow


def test_the_hypernetwork_is_that_of_train():
    network = plh.BinaryNetwork(6, [1], SIGMOIDS)
    data = some_data(6)
    task = task_of(network, data)
    found = hypernetwork(task, 4)
    hypernet = plh.QuantumHypernetwork(network, shots=20, seed=4)
    settings = {"steps": 5, "batch_size": 30, "evaluation_shots": 20}
    run = plh.train(hypernet, data, "score", progress=False, **settings)
    np.testing.assert_array_equal(found.bits, run.bits)
    assert task.allowance.used == pytest.approx(5 * 20 * 30 / 60)


def test_choices_that_are_made_leave_the_same_networks():
    network = plh.BinaryNetwork(4, [3, 1], SIGMOIDS, choices=[plh.RemoveNeurons(0)])
    codes = {"activation": np.array(1), "neurons.0": np.array([0, 1, 1])}
    fixed = with_choices(network, codes)
    assert fixed.n_qubits == network.n_qubits - 4
    bits = np.random.default_rng(0).integers(0, 2, (5, fixed.n_qubits), dtype=np.int8)
    whole = network.layout.encode(fixed.layout.decode(bits))
    inputs = some_data(4).inputs
    torch.testing.assert_close(fixed(bits, inputs), network(whole, inputs))
    decoded = network.layout.decode(whole)
    assert (decoded["choice.activation"] == 1).all()
    assert (decoded["choice.neurons.0"] == codes["neurons.0"]).all()


def test_kernels_are_kept_outside_the_installation():
    from pl_hypernet.compiled import KernelCache

    assert isinstance(flip_kernels.walk._cache, KernelCache)
