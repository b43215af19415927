"""What looks on while a run is trained: early stopping, the best angles so far, logs."""

from pl_hypernet.callbacks.best_angles import BestAngles
from pl_hypernet.callbacks.callback import Callback, Training
from pl_hypernet.callbacks.early_stopping import EarlyStopping
from pl_hypernet.callbacks.files import CSVLog, JSONLinesLog
from pl_hypernet.callbacks.save_every import SaveEvery
from pl_hypernet.callbacks.tensorboard import TensorBoardLog

__all__ = [
    "BestAngles",
    "CSVLog",
    "Callback",
    "EarlyStopping",
    "JSONLinesLog",
    "SaveEvery",
    "TensorBoardLog",
    "Training",
]
