"""Pictures of a run: a file for each subject, which draws on a figure or axes that it is given."""

from pl_hypernet.analysis.pictures.accuracy import draw_accuracy
from pl_hypernet.analysis.pictures.choices import draw_choices
from pl_hypernet.analysis.pictures.energy import draw_energy
from pl_hypernet.analysis.pictures.entanglement import draw_entanglement
from pl_hypernet.analysis.pictures.hamming import draw_hamming
from pl_hypernet.analysis.pictures.overview import Pictures
from pl_hypernet.analysis.pictures.style import COLORS
from pl_hypernet.analysis.pictures.weights import draw_weights

__all__ = [
    "COLORS",
    "Pictures",
    "draw_accuracy",
    "draw_choices",
    "draw_energy",
    "draw_entanglement",
    "draw_hamming",
    "draw_weights",
]
