"""What a callback is, and what it sees of a training."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pl_hypernet.errors import InputError


@dataclass(frozen=True)
class Training:
    """A training in progress, as a callback sees it.

    Attributes:
        hypernet: circuit, device and network.
        settings: of the run, as :class:`RunConfig` has them.
        history: a dict for each step made so far, see :class:`Run`; it grows with the steps. Not
            empty where a run goes on.
        folder: of the run; None: nothing is written.
        save: asks for a checkpoint, which is written once all callbacks have seen the step.
    """

    hypernet: Any
    settings: Any
    history: list[dict] = field(repr=False)
    folder: Path | None
    save: Callable[[], None] = field(repr=False)

    def path(self, given, name: str) -> Path:
        """A path as given, or of this name in the run's folder.

        Raises:
            InputError: nothing is given, and there is no folder.
        """
        if given is not None:
            return Path(given).expanduser()
        if self.folder is None:
            raise InputError(f"{name} has no place: the run has no folder, give out, or a path")
        return self.folder / name


class Callback:
    """Looks on while a run is trained; all methods may be left as they are.

    Where only :meth:`on_step` is wanted, a plain function does.

    >>> class Enough(plh.Callback):
    ...     def on_step(self, record, theta):
    ...         return record["energy"] < 0.1
    """

    def on_start(self, training: Training) -> str | bool | None:
        """Before the first step, or the next one of a run that goes on, whose history is there.

        Returns:
            As :meth:`on_step`; no step is made then.
        """

    def on_step(self, record: dict, theta: np.ndarray) -> str | bool | None:
        """After each step.

        Args:
            record: the step's line of the history, see :class:`Run`.
            theta: the angles after it.

        Returns:
            None, or why the training ends: ``run.stop_reason``. True stands for the name of the
            class or the function.
        """

    def on_end(self, stop_reason: str) -> None:
        """After the last step, and after evaluation and pictures; also when an error ends the run.

        Args:
            stop_reason: of the run, see :class:`Run`.
        """

    def state(self) -> dict[str, np.ndarray]:
        """What a run that goes on needs and its history does not tell; kept in the checkpoint.

        A number comes back as an array (1,).
        """
        return {}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes over what :meth:`state` gave, before :meth:`on_start`, where it gave anything.

        A run that goes on hands it to the callback of the same class at the same place in its list.
        """
