"""Every line of README and docs that begins with pl-hypernet, run as it stands there.

Lines come from the blocks of README.md and docs/ in order, and run in one folder, so that runs/001
is what the first training left. Data that a line names and nobody has (mine.npz, ...) are made up
first. What a training says of itself if it learned nothing is shown, and ends the program with an
error, as does a command that fails.

With --small each training takes two steps and a few shots, and exit codes alone count; images that
do not ship are made up too. All run in this process, which loads packages once:

    python benchmarks/documented_commands.py --small

At full size images are MNIST and Fashion-MNIST of torchvision in --root, downloaded if they can be.
That takes about an hour; --only and --skip choose among the lines.
"""

import contextlib
import io
import json
import os
import re
import shlex
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import pl_hypernet as plh
from pl_hypernet.cli import main as command
from pl_hypernet.console import Console

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "docs/**/*.md"]
SMALL = ["--steps", "2", "--shots", "20", "--batch-size", "50", "--evaluation-shots", "20"]
COMPARED = ["--seeds", "1", "--evaluations", "40", "--seconds", "1"]
SCORES = [f"{s}_{m}" for s in ("test", "validation", "train") for m in ("accuracy", "r2")]
ACCOUNT = "device_arn="  # needs one at AWS


def documented_commands(root: Path = ROOT) -> list[tuple[str, str]]:
    """Pages and lines: a block is fenced, or indented by four; a backslash continues a line."""
    found = []
    for page in [path for pattern in PAGES for path in sorted(root.glob(pattern))]:
        text = page.read_text().replace("\\\n", " ")
        for line in re.findall(r"^(?: {4})?(pl-hypernet .*)$", text, re.MULTILINE):
            words = shlex.split(line, comments=True)
            found.append((str(page.relative_to(root)), shlex.join(words)))
    return found


def make_tables(folder: Path) -> None:
    """Data of one's own, whose columns all count: classes, and prices that are sums."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(400, 4))
    targets = (inputs @ [1, -1, 1, -1] + 0.5 * rng.normal(size=400) > 0).astype(int)
    for name in ("mine", "small"):
        np.savez(folder / f"{name}.npz", inputs=inputs, targets=targets)
    low = 100 + 20 * inputs @ [1, -1, 1, 0.5] + rng.normal(size=400)
    high = low + 10 * inputs @ [1, 1, 1, -1] + rng.normal(size=400)
    write_csv(folder / "mine.csv", "a,b,c,d,label", inputs, targets)
    write_csv(folder / "prices.csv", "a,b,c,d,low,high", inputs, low, high)


def write_csv(path: Path, header: str, *columns: np.ndarray) -> None:
    np.savetxt(path, np.column_stack(columns), "%g", ",", header=header, comments="")


def make_module(path: Path) -> None:
    """The file of a network, as it stands in the docs."""
    page = (ROOT / "docs" / "torch_networks.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    path.write_text(next(block for block in blocks if "def build" in block))


def make_study(path: Path, small: bool) -> None:
    """The study of 12 runs, as it stands in the docs."""
    page = (ROOT / "docs" / "sweeps.md").read_text()
    text = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    path.write_text(text.replace("steps = 60", "steps = 2") if small else text)


def make_new_samples(path: Path, folder: Path) -> None:
    """Samples that the run of a folder, which exists by now, can answer."""
    n_inputs = plh.load(folder).schema.n_inputs
    names = ",".join(f"x{k}" for k in range(n_inputs))
    write_csv(path, names, np.random.default_rng(0).uniform(size=(5, n_inputs)))


def make_images(folder: Path) -> Path:
    """MNIST and Fashion-MNIST of 200 random images, as torchvision reads them."""
    rng = np.random.default_rng(0)
    arrays = {
        "images-idx3-ubyte": rng.integers(0, 256, (200, 28, 28), dtype=np.uint8),
        "labels-idx1-ubyte": np.arange(200, dtype=np.uint8) % 10,
    }
    for name in ("MNIST", "FashionMNIST"):
        raw = folder / "images" / name / "raw"
        raw.mkdir(parents=True)
        for prefix in ("train", "t10k"):
            for kind, array in arrays.items():
                header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
                (raw / f"{prefix}-{kind}").write_bytes(header + array.tobytes())
    return folder / "images"


def run(line: str) -> tuple[int, str, float]:
    """Exit code, what was printed, and seconds."""
    shown, before = io.StringIO(), sys.argv
    sys.argv = shlex.split(line)
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            command.run()
        code = 0
    except SystemExit as exit_:
        code = exit_.code or 0
    except Exception:  # of a programming error: the other lines are tried as well
        code = 1
        shown.write(traceback.format_exc())
    finally:
        sys.argv = before
    return code, shown.getvalue(), time.perf_counter() - start


def main(
    small: Annotated[bool, typer.Option(help="Two steps each; exit codes alone.")] = False,
    only: Annotated[str, typer.Option(help="Lines that contain this.")] = "",
    skip: Annotated[list[str] | None, typer.Option(help="No lines that contain this.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of torchvision's images.")] = None,
) -> None:
    """Runs what is documented, and looks at it."""
    console = Console()
    bad = 0
    folder = Path(tempfile.mkdtemp())
    make_tables(folder)
    make_module(folder / "mine.py")
    make_study(folder / "study.toml", small)
    images = make_images(folder) if small else root and root.resolve()
    os.chdir(folder)
    for page, line in documented_commands():
        if only not in line or any(text in line for text in skip or []) or ACCOUNT in line:
            continue
        name = line.split()[1]
        words = shlex.split(line)
        if images and name in ("train", "compare") and ("digits=" in line or "fashion" in line):
            words += ["--data-option", f"root={images}"]
        if small and name in ("train", "compare"):
            words += [*SMALL, *(COMPARED if name == "compare" else [])]
        elif small and name == "resume":
            words += ["--steps", "3"]
        elif small and name == "sample":
            words += ["--shots", "20"]
        if "new.csv" in line:
            make_new_samples(folder / "new.csv", folder / "runs/001")
        code, shown, seconds = run(shlex.join(words))
        console.print(f"{line}\n  {page}: {seconds:.1f} s", soft_wrap=True, markup=False)
        if code:
            bad += 1
            console.print(shown, markup=False)
        written = re.search(r"^Written to (.*)$", shown, re.MULTILINE)
        if written and not small and (Path(written[1]) / "summary.json").exists():
            summary = json.loads((Path(written[1]) / "summary.json").read_text())
            best = next(filter(None, map(summary.get, SCORES)))
            console.print(
                f"  E {summary['energy']['mean']:.4f}, best {best['best']:.4f}, vote "
                f"{best['vote']:.4f}, {summary['steps']} steps",
            )
            for remark in summary["remarks"]:
                bad += 1
                console.print(f"  {remark}", soft_wrap=True, markup=False)
    if bad:
        sys.exit(f"{bad} of the documented commands did not do what they are there for")


if __name__ == "__main__":
    typer.run(main)
