"""Other methods on the network and data of a run, at the same expense."""

import json
import math
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from pl_hypernet.baselines import Allowance, DoesNotApply, Found, Task
from pl_hypernet.baselines.hypernetworks import evaluations_of_step
from pl_hypernet.baselines.methods import find_methods
from pl_hypernet.baselines.task import Method
from pl_hypernet.datasets import as_data
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.settings import TrainingSettings, takes_settings
from pl_hypernet.settings.file import written
from pl_hypernet.studies.comparison import Comparison
from pl_hypernet.studies.folder import own_folder
from pl_hypernet.studies.judge import judged
from pl_hypernet.studies.progress import SweepBar
from pl_hypernet.training.check_task import check_task
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.digests import digest_of_data
from pl_hypernet.training.folder import folder_path
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.whole_files import write_whole, written_to

FILE, INNER = "compare.toml", "results"
SEEDS = 5


@takes_settings(TrainingSettings)
def compare(
    hypernet: QuantumHypernetwork,
    data,
    optimizer: str = "qnspsa",
    *,
    settings: dict[str, Any],
    methods: str | Callable | Sequence[str | Callable] | None = None,
    seeds: int = SEEDS,
    evaluations: float | None = None,
    seconds: float | None = None,
    out=None,
    progress: bool = True,
    **optimizer_options,
) -> Comparison:
    """Looks for networks with a hypernetwork and with other methods, each at the same expense.

    An evaluation is one network scored on all training samples; of a mini-batch it is its share,
    and a pass forward and backward counts as three. What is the best of an ensemble is decided by
    training samples alone; test samples are reported.

    Args:
        hypernet: circuit, device and network.
        data: as of :func:`train`.
        optimizer: by name.
        {settings}
        methods: names, of :data:`pl_hypernet.baselines.METHODS`, or functions ``method(task,
            seed)`` that return bits int8 (S, n_qubits) or a :class:`pl_hypernet.baselines.Found`;
            ``task.loss(bits)`` counts what it scores, until ``task.allowance.is_spent``. None: all
            that are known. One that does not apply to the network is left out, and why is said.
        seeds: how many, from that of the hypernetwork on.
        evaluations: that each may spend; None: what the run would, or any number with ``seconds``.
        seconds: of the processor that each may take, without what judges its networks; None: any
            number.
        out: folder, in which each seed of each method is written as it ends; one that is there goes
            on. None: nothing is written.
        progress: show a bar.
        **optimizer_options: as of :func:`train`.

    Returns:
        Comparison: rows, table, picture.

    Raises:
        InputError, DataError, DeviceError, RunFolderError: as of :func:`train`.
    """
    found_methods = find_methods(methods)
    if isinstance(seeds, bool) or not isinstance(seeds, Integral) or seeds < 1:
        raise InputError(f"seeds={seeds!r}: expected a number of at least 1")
    for name, limit in (("evaluations", evaluations), ("seconds", seconds)):
        if limit is not None and not (isinstance(limit, Real) and 0 < limit < math.inf):
            raise InputError(f"{name}={limit!r}: expected a positive number")
    network = hypernet.network
    config = RunConfig.of(hypernet, data, optimizer, settings, optimizer_options)
    if hypernet.device.spending is not None:
        raise InputError(
            f"device {hypernet.device_name!r}: compare makes many trainings, each of which would "
            "cost something; take a simulator"
        )
    if seconds is not None and {"workers", "scheduler"} & config.device_options.keys():
        raise InputError(f"seconds={seconds!r}: those of the device's workers are not known here")
    data = as_data(data, regression=network.is_regression)
    check_task(network, data)
    if config.validation is not None:
        data = data.split(config.validation, hypernet.generator("validation"))
    if evaluations is None and seconds is None:
        try:
            evaluations = config.steps * evaluations_of_step(hypernet, data, config)
        except DoesNotApply as error:
            raise InputError("an optimizer of its own: give evaluations or seconds") from error
    loss = settings.get("loss")
    asked = _Asked(config, data, network, evaluations, seconds, loss if callable(loss) else None)
    folder = None if out is None else folder_path(out)
    numbers = range(config.seed, config.seed + seeds)
    about = f"{network.n_qubits:,} qubits, {len(data.inputs):,} training samples"
    comparison = Comparison(about, asked.limits, folder, network.is_regression, tuple(numbers))
    kept = nullcontext()
    if folder is not None:
        kept = own_folder(folder, FILE, asked.text, INNER, ("seed",), "comparison")
    with kept, SweepBar(seeds * len(found_methods), progress) as bar:
        try:
            for seed in numbers:
                for name, method in found_methods.items():
                    _one(asked, comparison, name, method, seed)
                    bar.made(f"{name}, seed {seed}")
        finally:
            comparison.sort(list(found_methods))
            if folder is not None and comparison.rows:
                with written_to(folder):
                    comparison.save()
    return comparison


@dataclass(frozen=True)
class _Asked:
    """What is compared on."""

    config: RunConfig
    data: Any
    network: Any
    evaluations: float | None
    seconds: float | None
    own_loss: Callable | None

    @property
    def limits(self) -> dict[str, float]:
        both = {"evaluations": self.evaluations, "seconds": self.seconds}
        return {name: limit for name, limit in both.items() if limit is not None}

    @property
    def text(self) -> str:
        """The file of settings."""
        settings = self.config.plain | {
            "compare": self.limits | {"data": digest_of_data(self.data)}
        }
        return written(settings, FILE)

    def task(self) -> Task:
        """With a fresh allowance."""
        allowance = Allowance(self.evaluations or math.inf, self.seconds or math.inf)
        return Task(self.network, self.data, self.config, allowance, self.own_loss)


def _one(asked: _Asked, comparison: Comparison, name: str, method: Method, seed: int) -> None:
    """One seed of one method, made or found made."""
    if name in comparison.left_out:
        return
    path = None
    if comparison.folder is not None:
        word = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)
        path = comparison.folder / INNER / f"{word},seed={seed}.json"
    row = _read(path, {"method": name, "seed": seed})
    if row is None:
        task = asked.task()
        try:
            found = method(task, seed)
        except DoesNotApply as error:
            comparison.left_out[name] = str(error)
            return
        spent = {"evaluations": task.allowance.used, "seconds": task.allowance.seconds}
        row = {"method": name, "seed": seed} | judged(task, name, found) | spent
        if isinstance(found, Found) and found.note:
            row["note"] = found.note
        if path is not None:
            with written_to(path.parent):
                write_whole(path, json.dumps(row, indent=1).encode())
    comparison.rows.append(row)


def _read(path: Path | None, which: dict[str, Any]) -> dict[str, Any] | None:
    """What was written earlier of this method and seed.

    Raises:
        RunFolderError: it is no such row.
    """
    if path is None or not path.exists():
        return None
    try:
        row = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read: delete it, to make it anew") from error
    figures = isinstance(row, dict) and {"loss.best", "evaluations", "seconds"} <= row.keys()
    if not figures or not which.items() <= row.items():
        raise RunFolderError(f"{path} holds no figures of {which}: delete it, to make it anew")
    return row
