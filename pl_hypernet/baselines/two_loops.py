"""Two loops in the place of one: an outer search over choices around trainings of their weights."""

import itertools
import math
from copy import copy
from typing import Any

import numpy as np

from pl_hypernet.baselines.hypernetworks import evaluations_of_step, made, trained
from pl_hypernet.baselines.task import Allowance, DoesNotApply, Found, Task
from pl_hypernet.baselines.trained_by_gradients import latent_bits, random_codes
from pl_hypernet.networks import BinaryNetwork, ParameterLayout
from pl_hypernet.objectives import NetworkLoss

TRIALS = 8  # of the outer search, or as many as there are options
VALIDATION = 0.2  # of the training samples
JUDGES = 200  # shots of a trial, at most, and no more than its training may spend
OF_TRIALS = 0.5  # of the allowance; the rest is for the training of what was chosen


def two_loops(task: Task, seed: int) -> Found:
    """Options are tried one after the other, the choice fixed and the weights trained by the
    hypernetwork on 80 % of the training samples; what has the lowest mean loss on the others is
    trained on all of them.

    Half of what may be spent is shared out among at most 8 trials: all options where these are
    no more, else options drawn at random, see :func:`random_codes`.

    Args:
        task: what to find, and what may be spent.
        seed: of all that is drawn.

    Raises:
        DoesNotApply: a network without choices, or too few evaluations.
    """
    network, data, rng = _checked(task), task.data, np.random.default_rng(seed)
    kept = data.split(VALIDATION, rng)
    options = _options(network, rng)
    allowance = task.allowance
    evaluations = OF_TRIALS * allowance.evaluations / len(options)
    seconds = OF_TRIALS * allowance.limit / len(options)
    _check_steps(task, len(options))
    share = len(kept.test_inputs) / len(data.inputs)
    judges = int(min(JUDGES, max(2, evaluations / share)))
    config = task.config.model_copy(update={"evaluation_shots": judges})
    best, lowest = options[0], math.inf
    for number, codes in enumerate(options):
        fixed = with_choices(network, codes)
        seed_of = seed + 1000 * (1 + number)
        run = trained(task, fixed, kept, config, seed_of, evaluations, seconds)
        loss = _validation_loss(task, run.hypernet.network, run.bits, kept)
        if loss < lowest:
            best, lowest = codes, loss
    fixed = with_choices(network, best)
    run = trained(task, fixed, data, task.config, seed)
    return Found(_lifted(network, fixed, run.bits), note=f"chose {_in_words(network, best)}")


def two_loops_straight_through(task: Task, seed: int) -> Found:
    """The same with networks by the straight-through estimator: of each trial one, and of what was
    chosen as many as can still be trained."""
    network, data, rng = _checked(task), task.data, np.random.default_rng(seed)
    task.check_gradient()
    allowance = task.allowance
    kept = data.split(VALIDATION, rng)
    options = _options(network, rng)
    inner = Task(network, kept, task.config, own_loss=task.own_loss)
    share = len(kept.inputs) / len(data.inputs)
    best, lowest = options[0], math.inf
    for codes in options:
        part = Allowance(
            OF_TRIALS * allowance.evaluations / len(options) / share,
            OF_TRIALS * allowance.limit / len(options),
        )
        bits = latent_bits(inner, codes, rng, part)[None]
        allowance.spend(part.used * share)
        loss = _validation_loss(task, network, bits, kept)
        if loss < lowest:
            best, lowest = codes, loss
    found: list[np.ndarray] = []
    while not found or (allowance.left >= 4 and not allowance.is_spent):
        found.append(latent_bits(task, best, rng, allowance))
    return Found(np.array(found), note=f"chose {_in_words(network, best)}")


def _checked(task: Task) -> BinaryNetwork:
    network = task.network
    if not isinstance(network, BinaryNetwork) or not network.choices:
        raise DoesNotApply("for a BinaryNetwork with choices, which an outer loop can make")
    if network.tied or network.fixed:
        raise DoesNotApply("for networks without tied or fixed bits")
    if math.inf == task.allowance.evaluations == task.allowance.limit:
        raise DoesNotApply("where evaluations or seconds are limited")
    return network


def _check_steps(task: Task, n_trials: int) -> None:
    """Each trial makes a step at least, and what was chosen as many as all of them.

    Raises:
        DoesNotApply: more than may be spent.
    """
    hypernet = made(task.network, task.config)
    least = n_trials / OF_TRIALS * evaluations_of_step(hypernet, task.data, task.config)
    if least > task.allowance.evaluations:
        raise DoesNotApply(
            f"where each of {n_trials} trials can make a step: they take {least:,.0f} evaluations"
        )


def _options(network: BinaryNetwork, rng: np.random.Generator) -> list[dict[str, Any]]:
    """All of them, or some at random."""
    choices = network.choices.items()
    every = math.prod(len(c.names) ** math.prod(c.shape) for _, c in choices)
    if every <= TRIALS:
        of_each = [
            [
                np.array(codes).reshape(c.shape)
                for codes in itertools.product(range(len(c.names)), repeat=math.prod(c.shape))
            ]
            for _, c in choices
        ]
        return [dict(zip(network.choices, one, strict=True)) for one in itertools.product(*of_each)]
    return [random_codes(network, rng) for _ in range(TRIALS)]


def with_choices(network: BinaryNetwork, codes: dict[str, Any]) -> BinaryNetwork:
    """The network with its choices made: their bits are constants.

    Args:
        network: without tied or fixed bits.
        codes: of each choice the number of an option, or an array of its shape.
    """
    blocks = {block.name: block for block in network.layout.blocks}
    fixed = {
        f"choice.{name}": blocks[f"choice.{name}"].encode(np.asarray(code)[None])[0].tolist()
        for name, code in codes.items()
    }
    made = copy(network)
    made.layout = ParameterLayout(network.layout.blocks, (), fixed)
    made.fixed = fixed
    return made


def _lifted(network: BinaryNetwork, fixed: BinaryNetwork, bits: np.ndarray) -> np.ndarray:
    """Bits of a network with its choices made, as those of the network that has them."""
    return network.layout.encode(fixed.layout.decode(bits))


def _validation_loss(task: Task, network, bits: np.ndarray, kept) -> float:
    """The mean over the networks, counted."""
    loss = task.own_loss or task.config.loss
    found = NetworkLoss(network, kept.test_inputs, kept.test_targets, loss, task.config.penalties)(
        bits
    ).mean()
    task.allowance.spend(len(bits) * len(kept.test_inputs) / len(task.data.inputs))
    return float(found)


def _in_words(network: BinaryNetwork, codes: dict[str, Any]) -> str:
    words = []
    for name, code in codes.items():
        names = network.choices[name].names
        if np.ndim(code):
            counts = np.bincount(np.ravel(code), minlength=len(names))
            said = "/".join(f"{n} {option}" for n, option in zip(counts, names, strict=True))
            words.append(f"{name}={said}")
        else:
            words.append(f"{name}={names[int(code)]}")
    return ", ".join(words)
