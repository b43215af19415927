"""Runs a demo where there is no display, and writes its figures as PNG files.

    python demos/save_figures.py demos/tutorial_quantum_hypernetwork figures

The figures are numbered as they come: figures/figure_01.png, figure_02.png, ....
"""

import runpy
import sys
from itertools import count
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt


def main(demo: str, folder: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    numbers = count(1)

    def save(*args, **kwargs) -> None:
        """In the place of plt.show."""
        for figure in map(plt.figure, plt.get_fignums()):
            path = out / f"figure_{next(numbers):02d}.png"
            figure.savefig(path, dpi=120)
            print(f"[{path}]")
        plt.close("all")

    plt.show = save
    runpy.run_path(str(Path(demo) / "demo.py"), run_name="__main__")
    if not list(out.iterdir()):
        sys.exit(f"{demo} shows no figure")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python demos/save_figures.py DEMO FOLDER")
    main(*sys.argv[1:])
