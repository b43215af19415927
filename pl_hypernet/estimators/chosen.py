"""What an estimator takes where nothing was given, by its optimizer."""

from typing import Any

import numpy as np

from pl_hypernet.datasets import Data
from pl_hypernet.settings import AUTO
from pl_hypernet.spins import SPINS
from pl_hypernet.training import own_tables

AUTOMATIC = ("hidden_layer_sizes", "values")  # left to us by this word, others by None
PATHWISE = "pathwise"

# few qubits: the shots span enough directions, and less damping is caught in poor minima (iris,
# 2 folds, 10 seeds: 0.899, and 0.839 with the optimizer's own damping of 0.1 and kl_step of 0.01)
FOR_SCORE = {"natural_gradient": True, "damping": 1.0, "kl_step": 0.02}


def is_auto(value) -> bool:
    return isinstance(value, str) and value == AUTO


def chosen_settings(given: dict[str, Any], data: Data, seed: int) -> dict[str, Any]:
    """A setting for each that was left to us, and ``why``.

    Args:
        given: parameters of an estimator; None or ``"auto"`` is left to us.
        data: inputs as the networks see them.
        seed: of trainings that are compared.
    """
    if given["optimizer"] != PATHWISE:
        return {
            "hidden_layer_sizes": (),
            "hidden": "sign",
            "values": SPINS,
            "layers": 2,
            "shots": 200,
            "steps": 100,
            "batch_size": 500,
            "optimizer_options": FOR_SCORE if given["optimizer"] == "score" else {},
            "why": f"as optimizer={given['optimizer']!r} does best",
        }
    own_values, sizes = not is_auto(given["values"]), given["hidden_layer_sizes"]
    if own_values:
        choice = own_tables.TableChoice((), None, "values were given")
    elif is_auto(sizes) and not given["choices"]:
        choice = own_tables.choose_for_table(data, seed)
    elif is_auto(sizes) or np.size(sizes) == 0:
        choice = own_tables.TableChoice((), own_tables.table_scale(data), "none was asked for")
    else:
        choice = own_tables.TableChoice(own_tables.HIDDEN_LAYER, None, "hidden layers were given")
    return {
        "hidden_layer_sizes": choice.hidden_layer_sizes,
        "hidden": "sign" if own_values else own_tables.HIDDEN,
        "values": own_tables.VALUES,
        "scale": choice.scale,
        "layers": own_tables.LAYERS,
        "shots": own_tables.SHOTS,
        "steps": choice.steps,
        "batch_size": own_tables.BATCH_SIZE,
        "optimizer_options": own_tables.OPTIONS,
        "why": choice.why,
    }
