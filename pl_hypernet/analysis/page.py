"""A run as one HTML file that needs nothing else: tables, pictures, settings."""

import io
from base64 import b64encode
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase
from rich.console import RenderableType

from pl_hypernet.analysis.pictures.style import HEIGHT, WIDTH
from pl_hypernet.analysis.tables import as_text

DPI = 110


def page(
    title: str,
    about: str,
    tables: list[RenderableType],
    pictures: Mapping[str, Callable[[FigureBase], Any]],
    command: str,
    configuration: str,
) -> str:
    """The text of the file.

    Args:
        title, about: what is seen first.
        tables: shown beside each other where there is room.
        pictures: functions that draw on a figure, by name.
        command: that makes the run again.
        configuration: TOML.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(
        files(__package__).joinpath("page.html.j2").read_text("utf-8")
    )
    return template.render(
        title=title,
        about=about,
        tables=[as_text(table) for table in tables],
        pictures={name: _png(draw) for name, draw in pictures.items()},
        command=command,
        configuration=configuration,
    )


def _png(draw: Callable[[FigureBase], Any]) -> str:
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
    FigureCanvasAgg(figure)
    draw(figure)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return b64encode(image.getvalue()).decode()
