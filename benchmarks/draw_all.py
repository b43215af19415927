"""All pictures of README and docs, drawn again: each by the script that it comes from.

    python benchmarks/draw_all.py --root DATA                  # hours, into the repository
    python benchmarks/draw_all.py --only sweep,choices
    python benchmarks/draw_all.py --small --out FOLDER         # short runs, to see that all works

DATA holds the MNIST files in MNIST/raw. Those of demos: demos/draw_thumbnails.py.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

HERE = Path(__file__).parent
TOP = HERE.parent


def run(script: str, *arguments) -> None:
    """A script of the repository, in a process of its own."""
    subprocess.run([sys.executable, str(TOP / script), *map(str, arguments)], check=True)


def block_of(page: str, language: str) -> str:
    """The first block of code in a page."""
    text = (TOP / page).read_text("utf-8")
    return re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]


def main_job(docs: Path, root: Path | None, small: bool) -> None:
    """README's first example."""
    code = block_of("README.md", "python")
    if small:
        code = code.replace('optimizer="qnspsa"', 'optimizer="qnspsa", steps=2')
    subprocess.run([sys.executable, "-c", code], check=True, cwd=docs)


def sweep(docs: Path, root: Path | None, small: bool) -> None:
    """The study of docs/sweeps.md."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder, "study.toml")
        text = block_of("docs/sweeps.md", "toml")
        study.write_text(text.replace("steps = 60", "steps = 2") if small else text)
        command = Path(sys.executable).with_name("pl-hypernet")
        subprocess.run([command, "sweep", study, "--out", Path(folder, "study")], check=True)
        shutil.copy(Path(folder, "study/results.png"), docs / "sweep.png")


def optimizers(docs: Path, root: Path | None, small: bool) -> None:
    size = ["--steps", 25] if small else ["--sizes", "8,16,28", "--seeds", 10, "--root", root]
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder, "runs.json")
        run("benchmarks/optimizers_at_scale.py", *size, "--out", docs, "--json", runs)


def sampling(docs: Path, root: Path | None, small: bool) -> None:
    size = ["--sizes", "33", "--layers", "1", "--shots", "10", "--repeats", "1"] if small else []
    run("benchmarks/sampling_scaling.py", *size, "--plot", docs / "sampling_scaling.png")


def choices(docs: Path, root: Path | None, small: bool) -> None:
    steps = ["--steps", 2] if small else []
    run("benchmarks/draw_choices.py", "--out", docs / "choices", *steps)


def bits(docs: Path, root: Path | None, small: bool) -> None:
    size = ["--seeds", 1, "--steps", 2] if small else ["--seeds", 3, "--root", root]
    run("benchmarks/few_bits.py", *size, "--picture", docs / "choices/bits.png")


def reproductions(docs: Path, root: Path | None, small: bool) -> None:
    """Those that docs/reproductions.md shows: beside the scripts, small ones elsewhere."""
    size = ["--small", "--out", docs / "reproductions"] if small else ["--root", root]
    run("benchmarks/reproductions/all.py", *size)


def compare(docs: Path, root: Path | None, small: bool) -> None:
    """The first task of docs/compare.md."""
    with tempfile.TemporaryDirectory() as folder:
        size = ["--small"] if small else []
        run("benchmarks/compare_tasks.py", "--only", "bits66", "--out", folder, *size)
        shutil.copy(Path(folder, "bits66/results.png"), docs / "compare.png")


PICTURES: dict[str, Callable[[Path, Path | None, bool], None]] = {
    "main_job": main_job,
    "sweep": sweep,
    "compare": compare,
    "optimizers": optimizers,
    "sampling": sampling,
    "choices": choices,
    "bits": bits,
    "reproductions": reproductions,
}


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw.")] = None,
    out: Annotated[Path, typer.Option(help="In the place of docs/.")] = TOP / "docs",
    only: Annotated[str, typer.Option(help="Some, with commas.")] = ",".join(PICTURES),
    small: Annotated[bool, typer.Option("--small", help="Short runs, into another --out.")] = False,
) -> None:
    unknown = set(only.split(",")) - set(PICTURES)
    if unknown:
        raise typer.BadParameter(f"--only {min(unknown)}: choose of {', '.join(PICTURES)}")
    if small and out.resolve() == TOP / "docs":
        raise typer.BadParameter("--small draws nothing worth keeping: give another --out")
    digits = {"optimizers", "bits", "reproductions"} & set(only.split(","))
    if not small and root is None and digits:
        raise typer.BadParameter("--root is missing: a folder that holds MNIST/raw")
    (out / "choices").mkdir(parents=True, exist_ok=True)
    for name in only.split(","):
        PICTURES[name](out, root, small)
    for path in sorted(out.rglob("*.png")):
        Console().print(str(path), soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
