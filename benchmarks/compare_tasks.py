"""Methods side by side on the tasks of docs/compare.md, by the command compare.

    python benchmarks/compare_tasks.py --out compared                # what needs no MNIST files
    python benchmarks/compare_tasks.py --out compared --root DATA --only pca,deep
    python benchmarks/compare_tasks.py --out compared --small        # to try it out

Each task is a folder in --out, which goes on where it was stopped. Prints the tables.
"""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

ACTIVATION = "--choice activation=sigmoid,hard_sigmoid"
PATHWISE = "--optimizer pathwise --shots 10 --evaluation-shots 100"
TEN = "--data-option digits=all --data-option size=28"


def only(*methods: str) -> str:
    return " ".join(f"--method {method}" for method in methods)


VALUES = (
    "--data-option digits=3,7 --data-option size=4 --data-option resize=bilinear --activation "
    "sigmoid --scale 1 --choice values=[-1,1],[0,1],[-2,1],[-3,1] --optimizer score "
    "--evaluation-shots 200 --seeds 5"
)
TRAINED = only("hypernetwork", "product-state", "straight-through", "gumbel-softmax", "binarised")
TASKS = {
    "bits66": "--evaluations 23687 --seconds 6 --seeds 5",
    "bits65": "--activation sigmoid --evaluations 23687 --seconds 4 --seeds 5 "
    f"{TRAINED} {only('annealing', 'one-flip', 'random')}",
    "proof": "--activation sigmoid --evaluations 300000 --seeds 1 --method branch-and-bound",
    "neurons": "--optimizer score --steps 300 --entropy 0.0005:0 --network 8-1 --choice neurons.0 "
    f"{ACTIVATION} --scale 2.83 --evaluation-shots 200 --evaluations 2369 --seconds 8 --seeds 5 "
    + only("hypernetwork", "two-loops", "two-loops-straight-through", "straight-through"),
}
OF_FILES = {  # that do not ship
    "encoding": f"{VALUES} --optimizer-option natural_gradient=true --steps 100 "
    + only("hypernetwork", "two-loops", "annealing", "random"),
    "encoding-slow": f"{VALUES} --entropy 0.01:0 --steps 300 {only('hypernetwork', 'two-loops')}",
    "pca": f"{TEN} --data-option features=pca:16 --network 10 --scale 0.5 {PATHWISE} --steps 300 "
    "--optimizer-option stepsize=0.1 --evaluations 2000 --seconds 6 --seeds 5 "
    f"{TRAINED} {only('annealing', 'one-flip', 'float')}",
    "pca-seconds": f"{TEN} --data-option features=pca:16 --network 10 --scale 0.5 {PATHWISE} "
    "--steps 300 --optimizer-option stepsize=0.1 --seconds 6 --seeds 5 "
    + only("annealing", "one-flip"),
    "big01": f"--data-option size=28 --activation sigmoid {PATHWISE} --steps 120 "
    "--optimizer-option stepsize=0.2 --evaluations 1000 --seconds 5 --seeds 5 "
    f"{TRAINED} {only('annealing', 'one-flip', 'float')}",
    "deep": f"{TEN} --network 64-10 --scale 0.3 --layers 0 --batch-size 250 {PATHWISE} "
    "--evaluation-shots 20 --steps 2400 --optimizer-option stepsize=0.1 "
    "--optimizer-option window=0.5 --seconds 40 --seeds 2 "
    + only("hypernetwork", "straight-through", "gumbel-softmax", "binarised", "annealing", "float"),
    "dropout": f"{TEN} --data-option features=pca:16 --network 64-10 --choice dropout.0=2 --choice "
    f"dropout.1=2 --scale 0.5 --layers 0 --batch-size 250 {PATHWISE} --evaluation-shots 50 "
    "--steps 1800 --optimizer-option stepsize=0.1 --optimizer-option window=0.5 --seconds 30 "
    f"--seeds 3 {only('hypernetwork', 'two-loops')} "
    + only("straight-through", "two-loops-straight-through"),
}
SMALL = "--steps 2 --shots 10 --evaluation-shots 10 --seeds 1 --evaluations 40 --seconds 1"


def main(
    out: Annotated[Path, typer.Option(help="A folder for those of the tasks.")] = Path("compared"),
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw: all tasks.")] = None,
    only: Annotated[str, typer.Option(help="Some of the tasks, with commas.")] = "",
    small: Annotated[bool, typer.Option("--small", help="Short runs.")] = False,
) -> None:
    tasks = dict(TASKS)
    if root is not None:
        of_files = f"--data-option root={root}"
        tasks |= {name: f"{words} {of_files}" for name, words in OF_FILES.items()}
    chosen = only.split(",") if only else list(tasks)
    if unknown := set(chosen) - set(tasks):
        raise typer.BadParameter(f"--only {min(unknown)}: choose of {', '.join(tasks)}")
    for name in chosen:
        words = [*tasks[name].split(), *(SMALL.split() if small else [])]
        command = Path(sys.executable).with_name("pl-hypernet")
        print(name, flush=True)
        subprocess.run([command, "compare", *words, "--out", out / name], check=True)


if __name__ == "__main__":
    typer.run(main)
