"""All pictures of a run: in one figure, and as files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase
from matplotlib.image import imsave

from pl_hypernet.analysis.evaluation import Evaluation
from pl_hypernet.analysis.pictures.accuracy import draw_accuracy
from pl_hypernet.analysis.pictures.choices import draw_choices
from pl_hypernet.analysis.pictures.energy import draw_energy
from pl_hypernet.analysis.pictures.entanglement import draw_entanglement
from pl_hypernet.analysis.pictures.hamming import draw_hamming
from pl_hypernet.analysis.pictures.style import HEIGHT, WIDTH, margins
from pl_hypernet.analysis.pictures.weights import draw_weights
from pl_hypernet.datasets import Data
from pl_hypernet.networks import Network

DPI = 120
ACROSS = 2  # pictures beside each other in the overview


@dataclass(frozen=True, eq=False)
class Pictures:
    """What there is to draw of a run.

    Attributes:
        history: the steps, as of a :class:`Run`.
        evaluation: the shots of the trained state.
        network: what a shot means.
        data: what it was trained on.
        entropies: nats (n_qubits - 1,) by the name of a state; None where they are not known.
    """

    history: list[dict]
    evaluation: Evaluation
    network: Network
    data: Data
    entropies: dict[str, np.ndarray] | None = None

    def __repr__(self) -> str:
        return f"<Pictures: {', '.join(self.each())}>"

    def each(self) -> dict[str, Callable[[FigureBase], None]]:
        """The pictures that this run has, by name: functions that draw on a figure."""
        drawn = {"energy": on_axes(lambda ax: draw_energy(ax, self.history))}
        if self.history and self.history[-1].get("choices"):
            drawn["choices"] = lambda figure: draw_choices(
                figure, self.history, self.evaluation.choices
            )
        drawn["accuracy"] = lambda figure: draw_accuracy(figure, self.evaluation, self.network)
        drawn["hamming"] = on_axes(lambda ax: draw_hamming(ax, self.evaluation))
        if self.network.first_weights(self.evaluation.bits[:1]) is not None:
            drawn["weights"] = lambda figure: draw_weights(
                figure, self.evaluation, self.network, self.data
            )
        if self.entropies:
            drawn["entanglement"] = on_axes(lambda ax: draw_entanglement(ax, self.entropies))
        return drawn

    def overview_size(self) -> tuple[float, float]:
        """Inches of a figure that holds all pictures."""
        return ACROSS * WIDTH, -(-len(self.each()) // ACROSS) * HEIGHT

    def draw_overview(self, figure: Figure) -> None:
        """All pictures in one figure."""
        pictures = self.each()
        parts = figure.subfigures(-(-len(pictures) // ACROSS), ACROSS, squeeze=False)
        for part, draw in zip(parts.flat, pictures.values(), strict=False):
            draw(part)

    def save(self, folder: Path) -> list[Path]:
        """Writes each picture as PNG, and ``overview.png``, which is made of them.

        Returns:
            The paths.
        """
        images, paths = [], []
        for name, draw in self.each().items():
            figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
            canvas = FigureCanvasAgg(figure)
            draw(figure)
            canvas.draw()
            images.append(np.asarray(canvas.buffer_rgba())[..., :3])
            paths.append(Path(folder) / f"{name}.png")
            imsave(paths[-1], images[-1], dpi=DPI)
        if len(images) % ACROSS:
            images.append(np.full_like(images[0], 255))
        rows = [np.hstack(images[i : i + ACROSS]) for i in range(0, len(images), ACROSS)]
        paths.append(Path(folder) / "overview.png")
        imsave(paths[-1], np.vstack(rows), dpi=DPI)
        return paths


def on_axes(draw: Callable) -> Callable[[FigureBase], None]:
    """On a figure what is drawn on axes, with room for their labels."""

    def on_figure(figure: FigureBase) -> None:
        draw(figure.subplots())
        margins(figure)

    return on_figure
