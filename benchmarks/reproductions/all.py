"""All reproductions, one after the other; docs/reproductions.md has what they find.

    python benchmarks/reproductions/all.py --root DATA
    python benchmarks/reproductions/all.py --small        # seconds, into a temporary folder
    python benchmarks/reproductions/all.py --redraw       # the pictures alone, of the JSON files

DATA holds MNIST/raw. Each writes a JSON file and a PNG beside the scripts, or into --out.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import binary_perceptron
import circuit_depth
import depolarising
import elbo_mmd
import larger_perceptrons
import talk
import typer
from shared import HERE, save_picture

DIGITS = (circuit_depth, depolarising)  # need the MNIST files; the second what the first trains
OTHERS = (binary_perceptron, elbo_mmd, talk, larger_perceptrons)


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of MNIST/raw.")] = None,
    small: Annotated[bool, typer.Option(help="Each in seconds, for a test.")] = False,
    redraw: Annotated[bool, typer.Option("--redraw", help="Pictures of files there.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where files go.")] = None,
) -> None:
    if redraw:
        folder = HERE if out is None else out
        for script in (*DIGITS, *OTHERS):
            results = json.loads((folder / f"{script.__name__}.json").read_text())
            save_picture(script.__name__, script.draw(results), folder)
        return
    if root is None and not small:
        raise typer.BadParameter("--root DATA: the folder of the MNIST files, or --small")
    if small and out is None:
        out = Path(tempfile.mkdtemp())
    for script in (*DIGITS, *OTHERS):
        began = time.process_time()
        options = {"root": root} if script in DIGITS else {}
        script.main(small=small, out=out, **options)
        print(f"{script.__name__}: {time.process_time() - began:.0f} s of a processor", flush=True)


if __name__ == "__main__":
    typer.run(main)
