"""A finished run: its angles, history, evaluation and pictures."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pl_hypernet.analysis import Evaluation, Summary, evaluate
from pl_hypernet.analysis.pictures import Pictures
from pl_hypernet.analysis.summary import summarise
from pl_hypernet.datasets import Data, as_data
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.networks.activations import REGRESSION
from pl_hypernet.training.checkpoint import load_checkpoint
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.folder import CONFIG, TASKS, read_history, read_shots
from pl_hypernet.training.hypernetwork import CUSTOM, QuantumHypernetwork

STAND_IN = "hypernet.mps"  # needs no account and has no limit of wires


@dataclass(eq=False)
class Run:
    """What :func:`train` returns and :func:`load` reads.

    Attributes:
        hypernet: circuit, device and network.
        data: what it was trained on.
        config: all settings.
        theta: trained angles, pennylane.numpy, radians.
        history: a dict for each step: step, energy, stderr, circuits, overlaps (among the
            circuits), shots, seconds; objective and objective_stderr where something else than the
            energy was lowered; full_energy and full_stderr where it was evaluated on all samples;
            choices, the share of each option, where the network has any; messages where the
            optimizer had any.
        evaluation: shots of the trained state and their accuracies.
        summary: the contents of ``summary.json``; printing it gives a table.
        stop_reason: why the training ended: ``"steps"``, ``"interrupted"``, what a callback said;
            ``"failed"`` after an error, ``"unfinished"`` for one that was killed or still runs.
        folder: where it was written; None if nowhere.
    """

    hypernet: QuantumHypernetwork
    data: Data
    config: RunConfig
    theta: np.ndarray
    history: list[dict]
    evaluation: Evaluation
    summary: Summary
    stop_reason: str
    folder: Path | None = None

    def plot(self) -> Figure:
        """All pictures in one pyplot figure, for ``plt.show()`` or ``.savefig(path)``.

        As the last line of a notebook's cell it is shown, once.
        """
        from pl_hypernet.training.shown_once import new_figure  # pyplot looks for a display

        pictures = self._pictures()
        figure = new_figure(pictures.overview_size())
        pictures.draw_overview(figure)
        return figure

    def save_pictures(self, folder=None) -> list[Path]:
        """Writes the pictures as PNG to the run's folder, or to another."""
        return self._pictures().save(Path(folder or self.folder))

    def _pictures(self) -> Pictures:
        network = self.hypernet.network
        return Pictures(self.history, self.evaluation, network, self.data, self._entropies())

    def _entropies(self) -> dict[str, np.ndarray] | None:
        """Entanglement of the trained state and of the start, if the exact state is known."""
        if self.hypernet.custom_ansatz is not None or self.hypernet.n_qubits < 2:
            return None
        thetas = {"start angles": self.hypernet.start_angles(), "trained": self.theta}
        try:
            return {
                name: self.hypernet.entanglement_entropies(theta) for name, theta in thetas.items()
            }
        except DeviceError:  # too large to hold
            return None

    def __repr__(self) -> str:
        return (
            f"<Run: {self.summary['n_qubits']} qubits, {self.summary['steps']} steps, "
            f"E = {self.evaluation.energy}, stopped by {self.stop_reason!r}>"
        )


def assess(bits, hypernet, data, config, theta, history, stop_reason, loss, folder=None) -> Run:
    """Scores shots at theta on all samples, and sums the run up."""
    evaluation = evaluate(hypernet.network, bits, data, loss)
    last = history[-1] if history else {}
    about = {
        "n_qubits": hypernet.n_qubits,
        "n_angles": hypernet.n_angles,
        "device": config.device if config.device != CUSTOM else hypernet.device.name,
        "optimizer": config.optimizer,
        "steps": len(history),
        "seed": config.seed,
        "stop_reason": stop_reason,
    }
    spent = {
        **{name: last.get(name, 0) for name in ("circuits", "overlaps", "shots")},
        "seconds": round(sum(record["seconds"] for record in history), 3),
    }
    summary = summarise(evaluation, about, spent)
    return Run(hypernet, data, config, theta, history, evaluation, summary, stop_reason, folder)


def load(folder, hypernet: QuantumHypernetwork | None = None, data=None, loss=None) -> Run:
    """The run that a folder holds, evaluated with the same shots as when it ended.

    Args:
        folder: as given to ``train(..., out=folder)`` or printed by ``pl-hypernet train``.
        hypernet: needed for a run with an ansatz or device object of its own.
        data: needed for a run on arrays of its own.
        loss: needed for a run with a loss of its own.

    Raises:
        RunFolderError: not a run folder, or damaged.
        InputError: the run needs ``hypernet``, ``data`` or ``loss``.
    """
    folder = Path(folder)
    arrays, plain = load_checkpoint(folder)
    config = RunConfig.read(folder / CONFIG)
    if config.loss == CUSTOM and loss is None:
        raise InputError("this run has a loss of its own: hand it over as loss")
    if data is None:
        data = config.load_data()
    else:
        data = as_data(data, regression=config.activation == REGRESSION)
    bits = read_shots(folder)
    if hypernet is None:
        try:
            hypernet = config.build_hypernetwork(data.n_inputs)
        except DeviceError as error:
            if bits is None:
                raise
            # what was measured can be looked at without the device that measured it
            warnings.warn(f"hypernet.mps stands in for {config.device}: {error}", stacklevel=2)
            stand_in = config.model_copy(update={"device": STAND_IN, "device_options": {}})
            hypernet = stand_in.build_hypernetwork(data.n_inputs)
    if config.validation is not None:
        data = data.split(config.validation, hypernet.generator("validation"))
    theta = hypernet.check_theta(arrays["theta"])
    if bits is None:
        before = hypernet.device.random_state
        hypernet.device.random_state = plain["device"]
        with hypernet.device.tasks_logged(folder / TASKS):
            bits = hypernet.sample(theta, config.evaluation_shots)
        hypernet.device.random_state = before
    history = read_history(folder)[: plain["n_steps"]]
    reason = plain["stop_reason"]
    loss = loss or config.loss
    return assess(bits, hypernet, data, config, theta, history, reason, loss, folder)
