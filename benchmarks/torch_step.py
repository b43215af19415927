"""One step of gradients through a torch module, against a hand-written straight-through loop of it.

    OMP_NUM_THREADS=1 python benchmarks/torch_step.py

Both see as many samples: S shots of M samples each, against one network of real latent weights,
rounded to their signs, on S M samples. The step is that of `plh.train(..., "pathwise")` at P = 0:
drawing the bits, forward, backward, and the angles' step; the loop's is forward, backward and Adam.
Prints milliseconds of processor time, the least of some repeats, turn by turn.
"""

import time
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.func import functional_call

import pl_hypernet as plh
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.trainer import Trainer


def convolutions(norms: bool) -> nn.Module:
    def norm(layer):
        return [layer] if norms else []

    return nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, 2), *norm(nn.BatchNorm2d(16)), plh.Sign(),
        nn.Conv2d(16, 32, 5, 2, 2), *norm(nn.BatchNorm2d(32)), plh.Sign(),
        nn.Flatten(), nn.Linear(1568, 10), *norm(nn.BatchNorm1d(10)),
    )  # fmt: skip


def dense(*hidden: int) -> nn.Module:
    layers, fan_in = [nn.Flatten()], 784
    for size in hidden:
        layers += [nn.Linear(fan_in, size), nn.BatchNorm1d(size), plh.Sign()]
        fan_in = size
    return nn.Sequential(*layers, nn.Linear(fan_in, 10), nn.BatchNorm1d(10))


MODULES = {
    "convolutions": lambda: convolutions(False),
    "convolutions, batch norms": lambda: convolutions(True),
    "784-64-64-64-10, batch norms": lambda: dense(64, 64, 64),
}


def straight_through(module: nn.Module, inputs, targets):
    """A step of the loop."""
    bits = {
        f"{name}.{kind}"
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
        for kind in ("weight", "bias")
    }
    optimizer = torch.optim.Adam(module.parameters(), 0.01)

    def step():
        numbers = {
            name: p + (p.sign() - p).detach() if name in bits else p
            for name, p in module.named_parameters()
        }
        logits = functional_call(module, numbers, (inputs,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits, targets).backward()
        optimizer.step()

    return step


def main(
    shots: Annotated[str, typer.Option(help="Shots of a step.")] = "2,10",
    samples: Annotated[int, typer.Option(help="Samples that each shot sees.")] = 100,
    repeats: Annotated[int, typer.Option(help="Turns.")] = 5,
) -> None:
    rng = np.random.default_rng(0)
    table = Table(title="Milliseconds of a step", title_justify="left")
    for heading in ("module", "shots", "hypernetwork", "straight-through", "ratio"):
        table.add_column(heading, justify="left" if heading == "module" else "right")
    for name, make in MODULES.items():
        for n_shots in map(int, shots.split(",")):
            inputs = rng.random((samples, 784), dtype=np.float32)
            targets = np.arange(samples) % 10
            data = plh.datasets.as_data((inputs, targets))
            network = plh.TorchNetwork(make(), (1, 28, 28))
            hypernet = plh.QuantumHypernetwork(network, layers=0, shots=n_shots, seed=0)
            settings = {"batch_size": samples, "steps": 1000}
            config = RunConfig.of(hypernet, data, "pathwise", settings, {})
            ours = Trainer(hypernet, data, config.build_optimizer(0), config).step
            x = torch.as_tensor(rng.random((n_shots * samples, 1, 28, 28), dtype=np.float32))
            theirs = straight_through(make(), x, torch.arange(len(x)) % 10)
            least = [np.inf, np.inf]
            for turn in range(repeats + 1):
                for i, step in enumerate((ours, theirs)):
                    begun = time.process_time()
                    step()
                    if turn:  # the first finds things out once
                        least[i] = min(least[i], 1e3 * (time.process_time() - begun))
            ratio = f"{least[0] / least[1]:.2f}"
            table.add_row(name, f"{n_shots}", *(f"{ms:.1f}" for ms in least), ratio)
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
