"""The callbacks of a training: those of a user and those that the settings name."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from pl_hypernet.callbacks import Callback, CSVLog, EarlyStopping, TensorBoardLog, Training
from pl_hypernet.errors import InputError
from pl_hypernet.settings import RunSettings
from pl_hypernet.user_code import UserCode, name_of

LOGS: dict[str, type[Callback]] = {"csv": CSVLog, "tensorboard": TensorBoardLog}
EXPECTED = "nothing, or why the training ends, as a text"


class Callbacks:
    """All callbacks of a training, called one after the other.

    Args:
        given: a user's own, functions or :class:`Callback`; those of the settings follow.
        settings: of the run.
        has_folder: whether the run has one.

    Raises:
        InputError: something else is given, or a log that has no place or is not installed.
    """

    def __init__(self, given: Sequence[Callable | Callback], settings: RunSettings, has_folder):
        if isinstance(given, Callback) or not isinstance(given, Sequence):
            raise InputError(f"callbacks {_described(given)}: expected a list of them")
        for one in given:
            if not (isinstance(one, Callback) or callable(one)) or isinstance(one, type):
                raise InputError(
                    f"callback {_described(one)}: expected a function (record, theta), or a "
                    "plh.Callback that is made already"
                )
        if settings.log and not has_folder:
            raise InputError(f"log={settings.log[0]!r} is a file of the run's folder: give out")
        self._all = [*given]
        if settings.stop_early:
            self._all.append(EarlyStopping(settings.stop_early))
        self._all += [LOGS[name]() for name in dict.fromkeys(settings.log or ())]
        functions = [one.on_step if isinstance(one, Callback) else one for one in self._all]
        self._steps = [
            (UserCode("callback", function, EXPECTED), _name(one))
            for one, function in zip(self._all, functions, strict=True)
        ]
        self._asked = False

    def ask_to_save(self) -> None:
        """There is to be a checkpoint, once all callbacks have seen the step."""
        self._asked = True

    def asked_to_save(self) -> bool:
        """Whether one was asked for since the last time."""
        asked, self._asked = self._asked, False
        return asked

    def start(self, training: Training) -> str:
        """Before the first step; returns why none is made, or an empty text."""
        each = [
            (UserCode("callback", one.on_start, EXPECTED), _name(one))
            for one in self._all
            if isinstance(one, Callback)
        ]
        return _first_answer(each, training=training)

    def step(self, record: dict, theta: np.ndarray) -> str:
        """After a step; returns why the training ends, or an empty text."""
        return _first_answer(self._steps, record=record, theta=theta)

    def end(self, stop_reason: str) -> None:
        """After all: what fails here costs nothing but a warning."""
        for one in self._all:
            if isinstance(one, Callback):
                try:
                    UserCode("callback", one.on_end, "nothing")(stop_reason=stop_reason)
                except InputError as error:
                    warnings.warn(str(error), stacklevel=2)

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` takes, for a checkpoint; one that fails is left out, and said."""
        found = {}
        for number, one in enumerate(self._all):
            if not isinstance(one, Callback):
                continue
            code = UserCode("callback", one.state, "arrays of numbers by name")
            try:
                state = code()
                try:
                    arrays = {name: np.asarray(array) for name, array in state.items()}
                except AttributeError as error:
                    raise code.refused(state) from error
                if any(array.dtype.kind not in "biuf" for array in arrays.values()):
                    raise code.refused(state)
            except InputError as error:
                warnings.warn(str(error), stacklevel=2)
                continue
            found |= {f"{_key(number, one)}{name}": array for name, array in arrays.items()}
        return found

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Gives each callback what :meth:`state` had of it: one of this class at this place."""
        for number, one in enumerate(self._all):
            if isinstance(one, Callback):
                key = _key(number, one)
                own = {n.removeprefix(key): a for n, a in arrays.items() if n.startswith(key)}
                if own:
                    UserCode("callback", one.restore, "nothing")(arrays=own)


def _first_answer(each: list[tuple[UserCode, str]], **got) -> str:
    """All are called; the first answer that is one."""
    return next(filter(None, [_answer(code, name, got) for code, name in each]), "")


def _answer(code: UserCode, name: str, got: dict) -> str:
    answer = code(**got)
    if answer is None:
        return ""
    try:
        if not answer:
            return ""
        return name if isinstance(answer, bool | np.bool) else str(answer)
    except (TypeError, ValueError, RuntimeError) as error:  # as the truth of an array
        raise code.refused(answer, **got) from error


def _name(one: Callable | Callback) -> str:
    return type(one).__name__ if isinstance(one, Callback) else name_of(one)


def _key(number: int, one: Callback) -> str:
    return f"callbacks.{number}.{type(one).__name__}."


def _described(given) -> str:
    return getattr(given, "__name__", type(given).__name__)
