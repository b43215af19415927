"""A pyplot figure that a notebook shows once."""

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.figure import Figure


class ShownOnce(Figure):
    """A figure for ``plt.show()`` that is closed when a notebook shows it as a cell's result.

    Notebooks show a cell's result, and at its end all of pyplot's figures: the same one twice.
    """

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        """Adds nothing to what IPython shows of a figure; it asks here first."""
        if matplotlib.get_backend().endswith("inline"):
            plt.close(self)
        return {}


def new_figure(size: tuple[float, float]) -> ShownOnce:
    """A new pyplot figure of so many inches."""
    return plt.figure(figsize=size, FigureClass=ShownOnce)
