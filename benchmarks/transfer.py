"""Transfer: a frozen backbone trained on the digits 0 to 4, and a head of bits for 5 to 9.

    OMP_NUM_THREADS=1 python benchmarks/transfer.py --root FOLDER_OF_MNIST --seeds 3
    python benchmarks/transfer.py --small  # on noise, to see that it runs

The backbone is a small convolutional network of real numbers at 28x28, trained on the 0 to 4 of
MNIST; then all of it is frozen. The bits are a head 32-5 (165 qubits), on hypernet.mps at P = 0 and
2; and, behind the first two principal components of the features, a head 2-5 without biases (10
qubits), also on the Braket SDK's emulator of a 20-qubit QPU (iqm-20), with noise. Beside them stand
the same heads trained by the straight-through estimator, for as many processor seconds as P = 0,
and real ones: logistic regression on the features. Settings were not searched for. Prints
accuracies on the test digits 5 to 9: of the vote of 50 shots and of the most likely network, mean
and standard error over the seeds, each of which trains its own backbone; and processor seconds of
the training.
"""

import time
from typing import Annotated

import numpy as np
import torch
import typer
from latent_module import LatentModule
from optimizers_at_scale import mean_and_error
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from torch import nn

import pl_hypernet as plh

FEATURES, COMPONENTS, CLASSES = 32, 2, 5
EMULATOR = {"device": "braket.aws.qubit", "emulator": "iqm-20"}


def make_backbone(data: plh.Data, steps: int, seed: int) -> nn.Module:
    """Trained on all of the data with a real head, which is left away."""
    torch.manual_seed(seed)
    backbone = nn.Sequential(
        nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 16, 5, 2), nn.ReLU(), nn.Flatten(),
        nn.Linear(256, FEATURES), nn.ReLU(),
    )  # fmt: skip
    whole = nn.Sequential(backbone, nn.Linear(FEATURES, CLASSES))
    optimizer = torch.optim.Adam(whole.parameters(), 2e-3)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = rng.integers(0, len(data.inputs), 100)
        x = torch.tensor(data.inputs[chosen], dtype=torch.float32).view(-1, 1, 28, 28)
        optimizer.zero_grad()
        nn.functional.cross_entropy(whole(x), torch.tensor(data.targets[chosen])).backward()
        optimizer.step()
    return backbone


@torch.no_grad()
def outputs(module: nn.Module, inputs) -> np.ndarray:
    x = torch.tensor(np.asarray(inputs), dtype=torch.float32).view(-1, 1, 28, 28)
    return torch.cat([module(part) for part in x.split(1000)]).numpy()


def standardised(features: np.ndarray) -> nn.Linear:
    """A layer that takes means away and divides by standard deviations."""
    layer = nn.Linear(FEATURES, FEATURES)
    deviation = features.std(axis=0) + 1e-3
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.diag(1 / deviation)))
        layer.bias.copy_(torch.tensor(-features.mean(axis=0) / deviation))
    return layer


def components(features: np.ndarray) -> nn.Linear:
    """A layer that gives the first principal components, each of variance 1."""
    mean = features.mean(axis=0)
    _, sizes, axes = np.linalg.svd(features - mean, full_matrices=False)
    axes = axes[:COMPONENTS] / (sizes[:COMPONENTS, None] / np.sqrt(len(features)))
    layer = nn.Linear(FEATURES, COMPONENTS)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(axes))
        layer.bias.copy_(torch.tensor(-axes @ mean))
    return layer


def hypernetwork(network, data, seed: int, layers: int, steps: int, device: dict | None) -> dict:
    hypernet = plh.QuantumHypernetwork(
        network, layers=layers, shots=10, seed=seed, **(device or {})
    )
    begun, ends = time.process_time(), []
    run = plh.train(
        hypernet,
        data,
        "pathwise",
        steps=steps,
        batch_size=200,
        stepsize=0.1,
        evaluation_shots=50,
        callbacks=[lambda record, theta: ends.append(time.process_time())],
        progress=False,
    )
    judged = run.evaluation.test
    return {"vote": judged.vote, "likely": judged.most_likely, "seconds": ends[-1] - begun}


def straight(network, data, seed: int, seconds: float) -> dict:
    model = LatentModule(network, seed)
    took = model.train(data, seconds, stepsize=0.01, batch_size=200, window=1.0, lr=0.01)
    mean = model.network.vote(model.bits[None], data.test_inputs).mean
    accuracy = float(np.mean(mean.argmax(axis=1) == data.test_targets))
    return {"vote": np.nan, "likely": accuracy, "seconds": took}


def real(module: nn.Module, data) -> dict:
    begun = time.process_time()
    model = LogisticRegression(max_iter=300).fit(outputs(module, data.inputs), data.targets)
    took = time.process_time() - begun
    accuracy = model.score(outputs(module, data.test_inputs), data.test_targets)
    return {"vote": np.nan, "likely": accuracy, "seconds": took}


def load(root: str, small: bool) -> tuple[plh.Data, plh.Data]:
    """The digits 0 to 4, and 5 to 9."""
    if small:
        rng = np.random.default_rng(0)
        noise, kinds = rng.random((300, 784)), np.arange(300) % CLASSES
        data = plh.datasets.as_data((noise, kinds, noise, kinds))
        return data, data
    parts = range(5), range(5, 10)
    return tuple(plh.datasets.mnist(digits=tuple(p), size=28, root=root) for p in parts)


def main(
    root: Annotated[str, typer.Option(help="Folder of MNIST's files.")] = "data",
    seeds: Annotated[int, typer.Option(help="Seeds 0 ... seeds - 1.")] = 3,
    steps: Annotated[int, typer.Option(help="Of the hypernetworks.")] = 500,
    emulated: Annotated[int, typer.Option(help="Steps on the emulated QPU.")] = 20,
    small: Annotated[bool, typer.Option(help="On noise, to see that it runs.")] = False,
) -> None:
    torch.set_num_threads(1)
    if small:
        seeds, steps, emulated = 1, 2, 1
    before, data = load(root, small)
    rows: dict[tuple[str, str], list[dict]] = {}

    def note(head: str, rule: str, found: dict) -> None:
        rows.setdefault((head, rule), []).append(found)
        Console(stderr=True).print(head, rule, found)

    for seed in range(seeds):
        backbone = make_backbone(before, 2 if small else 1000, seed)
        features = outputs(backbone, data.inputs)
        heads = {
            f"{FEATURES}-{CLASSES}": (standardised(features), True),
            f"{COMPONENTS}-{CLASSES}": (components(features), False),
        }
        for head, (between, bias) in heads.items():
            frozen = nn.Sequential(backbone, between).eval()
            last = nn.Linear(between.out_features, CLASSES, bias=bias)
            module = nn.Sequential(frozen, last)
            network = plh.TorchNetwork(
                module, (1, 28, 28), bits="1.*", mean_square=data.mean_square
            )
            label = f"{head}, {network.n_qubits} qubits"
            found = {p: hypernetwork(network, data, seed, p, steps, None) for p in (0, 2)}
            for p, numbers in found.items():
                note(label, f"pathwise, P = {p}", numbers)
            if network.n_qubits <= 20:
                numbers = hypernetwork(network, data, seed, 2, emulated, EMULATOR)
                note(label, "pathwise, P = 2, emulated QPU", numbers)
            note(label, "straight-through", straight(network, data, seed, found[0]["seconds"]))
            note(label, "real numbers", real(frozen, data))
    table = Table(title="Digits 5 to 9 behind a backbone of 0 to 4", title_justify="left")
    for heading in ("head", "rule", "vote", "most likely", "seconds"):
        table.add_column(heading, justify="left" if heading in ("head", "rule") else "right")
    for (head, rule), found in rows.items():
        votes = [one["vote"] for one in found]
        vote = "" if np.isnan(votes).any() else mean_and_error(votes)
        likely = mean_and_error([one["likely"] for one in found])
        seconds = f"{np.mean([one['seconds'] for one in found]):.1f}"
        table.add_row(head, rule, vote, likely, seconds)
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
