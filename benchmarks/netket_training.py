"""The networks of README's first example, found by NetKet's variational Monte Carlo and by ours.

    pip install netket
    OMP_NUM_THREADS=1 python benchmarks/netket_training.py --seeds 5 --json netket.json
    python benchmarks/netket_training.py --small  # a few steps, to see that it runs

The energy is a diagonal operator of 66 spins: the loss of the network that they are, on the same
mini-batches of 500 digits, 0 against 1 at 8x8. NetKet calls our scoring for it, so that only what
draws the bits and what trains it differ. Its states: a product of spins, a restricted Boltzmann
machine of 66 hidden units (both sampled by Metropolis, 16 chains), and a dense autoregressive
network of two layers (sampled exactly); stochastic reconfiguration with a diagonal shift of 0.01,
or Adam. Ours: circuits of two layers on hypernet.mps, by QN-SPSA, the score function, and gradients
through the network; and a product state by the last two. Learning rates of NetKet's were chosen on
seeds 100 and 101 by the training energy (--tune).

Prints the energy of 1000 fresh shots on all training digits, their test accuracies (mean, best by
training loss, vote), mutual Hamming distance, shots of the training, seconds of the processor that
it took, and those of the first step, in which what is compiled is. Mean and standard error over the
seeds.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import jax
import netket as nk
import numpy as np
import optax
import typer
from flax import linen
from jax import numpy as jnp
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table

import pl_hypernet as plh

SHOTS = 1000  # of each judgement
BATCH = 500
MEASURED = ("energy", "mean", "best", "vote", "Hamming", "shots", "seconds", "first")


class Energy(nk.operator.DiscreteJaxOperator):
    """A loss of bitstrings as an operator that is diagonal in the spins 1 - 2 b."""

    def __init__(self, hilbert, loss: Callable[[np.ndarray], np.ndarray]):
        super().__init__(hilbert)
        self.loss = loss

    @property
    def dtype(self):
        return jnp.float64

    @property
    def is_hermitian(self) -> bool:
        return True

    @property
    def max_conn_size(self) -> int:
        return 1

    def n_conn(self, x):
        return jnp.ones(x.shape[:-1], jnp.int32)

    def get_conn_padded(self, x):
        shape = jax.ShapeDtypeStruct(x.shape[:-1], jnp.float64)
        losses = jax.pure_callback(self._losses, shape, x)
        return x[..., None, :], losses[..., None]

    def _losses(self, spins) -> np.ndarray:
        bits = bits_of(spins)
        return self.loss(bits.reshape(-1, bits.shape[-1])).reshape(bits.shape[:-1])

    def tree_flatten(self):
        return (), (self.hilbert, self.loss)

    @classmethod
    def tree_unflatten(cls, about, _):
        return cls(*about)


jax.tree_util.register_pytree_node_class(Energy)


class Product(linen.Module):
    """log psi = sum of a number times each spin."""

    @linen.compact
    def __call__(self, x):
        return linen.Dense(1, use_bias=False, param_dtype=float)(x)[..., 0]


def bits_of(spins) -> np.ndarray:
    return (np.asarray(spins) < 0).astype(np.int8)


@dataclass(frozen=True)
class NetKet:
    """A way to train by NetKet.

    Attributes:
        model: makes the state, of the Hilbert space.
        exact: whether the model draws its own samples.
        natural: stochastic reconfiguration and gradient descent; else Adam.
        rate: at first, falling to 0 linearly.
        steps, shots: of the training.
    """

    model: Callable[[Any], Any]
    exact: bool
    natural: bool
    rate: float
    steps: int = 300
    shots: int = 1008  # 16 chains of 63

    def train(self, task: "Task", seed: int, steps: int, rate: float) -> tuple[dict, np.ndarray]:
        """What it took, and bits int8 (SHOTS, n_qubits)."""
        began = time.process_time()
        hilbert = nk.hilbert.Spin(0.5, task.network.n_qubits)
        sampler = nk.sampler.ARDirectSampler(hilbert)
        if not self.exact:
            sampler = nk.sampler.MetropolisLocal(hilbert, n_chains=16)
        state = nk.vqs.MCState(
            sampler, self.model(hilbert), n_samples=self.shots, seed=seed, sampler_seed=seed
        )
        energy = Energy(hilbert, task.loss)
        schedule = optax.linear_schedule(rate, 0, steps)
        optimizer = optax.sgd(schedule) if self.natural else optax.adam(schedule)
        reconfigured = nk.optimizer.SR(diag_shift=0.01)
        moved = optimizer.init(state.parameters)
        first = 0.0
        for step in range(steps):
            task.next_batch()
            _, gradient = state.expect_and_grad(energy)
            if self.natural:
                gradient = reconfigured(state, gradient)
            update, moved = optimizer.update(gradient, moved, state.parameters)
            state.parameters = optax.apply_updates(state.parameters, update)
            if step == 0:
                first = time.process_time() - began
        took = time.process_time() - began
        numbers = {"shots": steps * self.shots, "seconds": took, "first": first}
        return numbers, bits_of(self._draw(state))

    def _draw(self, state) -> np.ndarray:
        samples = np.asarray(state.sample(n_samples=-(-SHOTS // 16) * 16))
        return samples.reshape(-1, samples.shape[-1])[:SHOTS]


@dataclass(frozen=True)
class Ours:
    """A way to train by this package."""

    optimizer: str
    layers: int
    shots: int
    steps: int
    rate: float | None = None

    def train(self, task: "Task", seed: int, steps: int, rate: float | None):
        hypernet = plh.QuantumHypernetwork(
            task.network, layers=self.layers, shots=self.shots, seed=seed
        )
        options = {} if rate is None else {"stepsize": rate}
        began, ends = time.process_time(), []
        run = plh.train(
            hypernet,
            task.data,
            self.optimizer,
            steps=steps,
            batch_size=BATCH,
            progress=False,
            callbacks=[lambda record, theta: ends.append(time.process_time())],
            **options,
        )
        took, first = ends[-1] - began, ends[0] - began
        numbers = {"shots": run.summary["shots"], "seconds": took, "first": first}
        return numbers, run.bits[:SHOTS]


def dense(hilbert):
    return nk.models.ARNNDense(hilbert, layers=2, features=16, param_dtype=float)


def product_state(hilbert):
    return Product()


def boltzmann_machine(hilbert):
    return nk.models.RBM(alpha=1, param_dtype=float)


WAYS = {
    "NetKet, product, SR": NetKet(product_state, False, True, 1.0),
    "NetKet, product, Adam": NetKet(product_state, False, False, 0.1),
    "NetKet, RBM, SR": NetKet(boltzmann_machine, False, True, 1.0),
    "NetKet, RBM, Adam": NetKet(boltzmann_machine, False, False, 0.003),
    "NetKet, autoregressive, Adam": NetKet(dense, True, False, 0.003),
    "QN-SPSA, 2 layers": Ours("qnspsa", 2, 200, 1000),
    "score, 2 layers": Ours("score", 2, 1000, 300),
    "score, product": Ours("score", 0, 1000, 300),
    "pathwise, 2 layers": Ours("pathwise", 2, 10, 120, 0.2),
    "pathwise, product": Ours("pathwise", 0, 10, 120, 0.2),
}
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Task:
    """The networks, and mini-batches for who brings no loop of its own."""

    def __init__(self, seed: int):
        self.data = plh.datasets.mnist()
        self.network = plh.BinaryNetwork(64, activation=plh.Choice("sigmoid", "hard_sigmoid"))
        self.loss = plh.NetworkLoss(self.network, self.data.inputs, self.data.targets)
        self.rng = np.random.default_rng(seed)

    def next_batch(self) -> None:
        self.loss.select(self.rng.choice(len(self.data.inputs), BATCH, replace=False))

    def judge(self, bits: np.ndarray) -> dict:
        found = plh.evaluate(self.network, bits, self.data)
        return {
            "energy": float(found.energy),
            "mean": found.test.mean,
            "best": found.test.best,
            "vote": found.test.vote,
            "Hamming": float(np.mean(plh.mutual_hamming(bits))),
        }


def one_run(way: NetKet | Ours, seed: int, steps: int | None, rate: float | None) -> dict:
    task = Task(seed)
    numbers, bits = way.train(task, seed, steps or way.steps, way.rate if rate is None else rate)
    return numbers | task.judge(bits)


def main(
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 1,
    only: Annotated[str, typer.Option(help="Ways that begin so.")] = "",
    tune: Annotated[bool, typer.Option(help="NetKet's learning rates, on seeds 100, 101.")] = False,
    small: Annotated[bool, typer.Option(help="3 steps, to see that it runs.")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all runs here.")] = None,
) -> None:
    ways = {name: way for name, way in WAYS.items() if name.startswith(only)}
    steps = 3 if small else None
    kept: dict[str, list[dict]] = {}
    for name, way in ways.items():
        if not tune:
            run = partial(one_run, way, steps=steps, rate=None)
            kept[name] = [run(seed) for seed in range(seeds)]
        elif isinstance(way, NetKet):
            for rate in RATES:
                run = partial(one_run, way, steps=steps, rate=rate)
                kept[f"{name}, {rate}"] = [run(seed) for seed in (100, 101)]
        for label, runs in list(kept.items())[-len(RATES) if tune else -1 :]:
            Console(stderr=True, width=140).print(label, *map(_energy, runs))
        if as_json:
            as_json.write_text(json.dumps(kept) + "\n")
    table = Table(title="0 against 1 at 8x8, 66 bits", title_justify="left")
    for heading in ("way", *MEASURED):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, runs in kept.items():
        table.add_row(name, *(_cell(key, [run[key] for run in runs]) for key in MEASURED))
    Console(width=150).print(table)


def _energy(run: dict) -> str:
    return f"{run['energy']:.4f}"


def _cell(key: str, values: list[float]) -> str:
    if key == "shots":
        return f"{np.mean(values):,.0f}"
    return f"{np.mean(values):.1f}" if key in MEASURED[-4:] else mean_and_error(values)


if __name__ == "__main__":
    typer.run(main)
