"""A finished run: its angles, history, evaluation and pictures, and predictions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pl_hypernet.analysis import Evaluation, Summary, evaluate
from pl_hypernet.analysis.page import page
from pl_hypernet.analysis.pictures import Pictures
from pl_hypernet.analysis.summary import summarise
from pl_hypernet.analysis.tables import in_words
from pl_hypernet.analysis.trained_state import TrainedState, analyse
from pl_hypernet.datasets import Data
from pl_hypernet.datasets.schema import Schema
from pl_hypernet.errors import DeviceError, InputError, unknown_name
from pl_hypernet.exports import export
from pl_hypernet.mps.closed_form import closed_form_alone
from pl_hypernet.networks.votes import Votes
from pl_hypernet.settings import CUSTOM
from pl_hypernet.spins import to_spins
from pl_hypernet.training.choose_optimizer import MAX_BOND_DIM
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.digests import check_same_data
from pl_hypernet.training.history import frame_of, last_step
from pl_hypernet.training.hypernetwork import QuantumHypernetwork
from pl_hypernet.training.remarks import remarks
from pl_hypernet.version import __version__
from pl_hypernet.words import counted

WHICH = ("vote", "majority", "best", "most_likely")  # networks that predict
ONE_NETWORK = ("best", "most_likely")
ROUNDING = 1e-9  # nats
REPORT = "report.html"


@dataclass(eq=False)
class Run:
    """What :func:`train` returns and :func:`load` reads.

    Predictions, exports and fresh shots need no data; what judges the shots does: ``evaluation``
    and the pictures. It is loaded, and the shots are judged, when they are asked for.

    Attributes:
        hypernet: circuit, device and network.
        config: all settings.
        schema: what inputs and outputs mean: the columns that :meth:`predict` takes.
        theta: trained angles, pennylane.numpy, radians.
        history: a dict for each step: step, energy, stderr, circuits, overlaps (among the
            circuits), shots, seconds; objective and objective_stderr where something else than the
            energy was lowered; full_energy and full_stderr where it was evaluated on all samples;
            choices, the share of each option, where the network has any; messages where the
            optimizer had any.
        bits: int8 (evaluation_shots, n_qubits), shots of the trained state, which vote.
        stop_reason: why the training ended: ``"steps"``, ``"interrupted"``, what a callback said;
            ``"failed"`` after an error, ``"unfinished"`` for one that was killed or still runs.
        folder: where it was written; None if nowhere.
        given_data, given_loss: what only a program can hand over; None: as the configuration says.
        losses, written: of the shots, float64 (shots,), and the summary, as they stand in the
            folder; None: not there.
        data_digest: of what it was trained on, see :func:`digest_of_data`; None: any data will do.

    >>> run.predict(X)  # (M,), in the labels or units of the targets
    """

    hypernet: QuantumHypernetwork
    config: RunConfig
    schema: Schema
    theta: np.ndarray
    history: list[dict]
    bits: np.ndarray
    stop_reason: str
    folder: Path | None = None
    given_data: Data | None = None
    given_loss: str | Callable | None = None
    losses: np.ndarray | None = None
    written: Summary | None = None
    data_digest: str | None = None

    @cached_property
    def data(self) -> Data:
        """What it was trained on.

        Raises:
            InputError: a user's own arrays, which were not handed over.
            DataError: see :func:`pl_hypernet.datasets.load`; or they are others by now.
        """
        data = self.given_data
        if data is None:
            data = self.config.load_data()
            if self.config.validation is not None:
                data = data.split(self.config.validation, self.hypernet.generator("validation"))
        check_same_data(data, self.data_digest)
        return data

    @cached_property
    def evaluation(self) -> Evaluation:
        """The shots, judged on all samples.

        Raises:
            InputError: data or loss are a user's own, and were not handed over.
        """
        return self.judged()

    def judged(self, progress: Callable[[float], None] | None = None) -> Evaluation:
        """What :attr:`evaluation` is, computed now; progress as of :func:`evaluate`."""
        loss = self.given_loss or self.config.loss
        if loss == CUSTOM:
            raise InputError("this run has a loss of its own: hand it over as loss")
        network = self.hypernet.network
        return evaluate(network, self.bits, self.data, loss, progress, self.most_likely)

    @cached_property
    def summary(self) -> Summary:
        """The contents of ``summary.json``; printing it gives a table."""
        return self._summarised() if self.written is None else self.written

    def _summarised(self) -> Summary:
        last = self.history[-1] if self.history else {}
        named = self.config.device != CUSTOM
        about = {
            "n_qubits": self.hypernet.n_qubits,
            "n_real": self.hypernet.network.n_real,
            "n_angles": self.hypernet.n_angles,
            "device": self.config.device if named else self.hypernet.device.name,
            "optimizer": self.config.optimizer,
            "steps": last_step(self.history),
            "seed": self.config.seed,
            "stop_reason": self.stop_reason,
        }
        spent = {
            **{name: last.get(name, 0) for name in ("circuits", "overlaps", "shots")},
            "seconds": round(sum(record["seconds"] for record in self.history), 3),
        }
        summary = summarise(self.evaluation, about, spent)
        summary["remarks"] = remarks(
            self.history, self.evaluation, self.data, self.config, self.hypernet
        )
        return summary

    def history_frame(self):
        """The history as a pandas DataFrame, a row for each step: its number is the index.

        There is a column for each number, as ``choices.activation.sigmoid``.

        Raises:
            InputError: pandas is not installed.
        """
        return frame_of(self.history)

    @cached_property
    def best(self) -> np.ndarray:
        """The shot with the lowest training loss, int8 (n_qubits,)."""
        losses = self.evaluation.energy.losses if self.losses is None else self.losses
        return self.bits[losses.argmin()]

    @cached_property
    def most_likely(self) -> np.ndarray:
        """Each bit as it comes more often, int8 (n_qubits,): the network at the signs of <Z>.

        Of a product state it is the most likely network. <Z> is that of the circuit's state where
        this has a closed form of little entanglement and shots follow it; elsewhere, as on
        hardware, that of the shots. A bit that comes as often as not is 0.
        """
        hypernet, z = self.hypernet, None
        form = closed_form_alone(hypernet.operations(np.asarray(self.theta)))
        exact = hypernet.device.noise is None and form is not None
        if exact and form.bond_dim <= MAX_BOND_DIM:
            z = form.z_expectations()
        z = to_spins(self.bits.mean(axis=0)) if z is None else z.numpy()
        return (z < 0).astype(np.int8)

    def predict(self, X, which: str = "vote") -> np.ndarray:
        """Answers for a user's own samples, in the labels or units of the targets.

        Args:
            X: (M, n_columns) or of more dimensions, the inputs as they were before any feature map;
                of a data frame the columns are found by name. See :meth:`Schema.inputs_of`.
            which: ``"vote"``: the class of the largest mean probability of the shots, or their mean
                output; ``"majority"``: the class that most shots choose; ``"best"``: the shot of
                the lowest training loss; ``"most_likely"``: the network of the most likely bits.
                Ties go to the first class.

        Returns:
            Labels (M,); of a regression float64 (M,), of several targets (M, n_targets).

        Raises:
            DataError: other columns than in training, or what is no number.
            InputError: an unknown ``which``.
        """
        votes = self._votes(X, which)
        if not self.hypernet.network.is_regression:
            return self.schema.labels(votes.classes if which == "vote" else votes.majority)
        answers = self.schema.in_units(votes.mean)
        return answers[:, 0] if answers.shape[1] == 1 else answers

    def predict_proba(self, X, which: str = "vote") -> np.ndarray:
        """Probabilities of the classes, float64 (M, n_classes), in the order of ``schema.classes``.

        Args:
            X, which: as of :meth:`predict`; of a majority the shares of the shots.

        Raises:
            DataError, InputError: as :meth:`predict`; or the run is a regression.
        """
        if self.hypernet.network.is_regression:
            raise InputError("a regression has no probabilities: use predict")
        votes = self._votes(X, which)
        return votes.shares if which == "majority" else votes.mean

    def _votes(self, X, which: str) -> Votes:
        if which not in WHICH:
            raise unknown_name("which", which, WHICH)
        if which == "majority" and self.hypernet.network.is_regression:
            raise InputError("a regression has no majority: use which='vote', the mean prediction")
        bits = self._one(which)[None] if which in ONE_NETWORK else self.bits
        return self.hypernet.network.vote(bits, self.schema.inputs_of(X))

    def export(self, path, which: str = "best", format: str | None = None) -> Path:
        """Writes the best network, or the vote, for use without pl_hypernet.

        The file takes what a network sees, ``run.schema.inputs_of(X)``: features where there are
        any, else X in float32. It keeps the names of inputs, classes and targets.

        Args:
            path, format: as of :func:`pl_hypernet.exports.export`.
            which: ``"best"``, ``"most_likely"`` or ``"vote"``.

        Raises:
            InputError: an unknown ``which``, or see :func:`pl_hypernet.exports.export`.
        """
        if which not in (*ONE_NETWORK, "vote"):
            raise unknown_name("which", which, (*ONE_NETWORK, "vote"))
        bits = self.bits if which == "vote" else self._one(which)
        return export(self.hypernet.network, bits, path, format, self.schema)

    def _one(self, which: str) -> np.ndarray:
        return self.best if which == "best" else self.most_likely

    def plot(self) -> Figure:
        """All pictures in one pyplot figure, for ``plt.show()`` or ``.savefig(path)``.

        As the last line of a notebook's cell it is shown, once.
        """
        from pl_hypernet.training.shown_once import new_figure  # pyplot looks for a display

        pictures = self.pictures
        figure = new_figure(pictures.overview_size())
        pictures.draw_overview(figure)
        return figure

    def save_pictures(self, folder=None) -> list[Path]:
        """Writes the pictures as PNG to the run's folder, or to another."""
        return self.pictures.save(Path(folder or self.folder))

    @cached_property
    def trained_state(self) -> TrainedState:
        """Votes by size, calibration, neighbours and diversity of the shots.

        Raises:
            InputError: as :attr:`evaluation`.
        """
        network = self.hypernet.network
        return analyse(network, self.evaluation, self.data, self.most_likely, self._log_p())

    def _log_p(self) -> np.ndarray | None:
        """Of the shots, where these follow a state whose probabilities are within reach."""
        device = self.hypernet.device
        if device.noise is not None or getattr(device, "max_bond_dim", None) is not None:
            return None
        try:
            return self.hypernet.log_probability(np.asarray(self.theta), self.bits).numpy()
        except (DeviceError, InputError):  # measured in its middle, or out of reach
            return None

    def save_report(self, path=None) -> Path:
        """Writes one HTML file with tables, pictures, settings and the command that makes the run
        again. It needs no other file and asks nobody for one.

        Args:
            path: of the file; None: ``report.html`` in the run's folder.

        Raises:
            InputError: as :attr:`evaluation`; or neither a path nor a folder.
        """
        if path is None and self.folder is None:
            raise InputError("the run was written nowhere: give the path of the report")
        path = Path(path or self.folder / REPORT)
        size = in_words(self.hypernet.n_qubits, self.hypernet.network.n_real)
        text = page(
            title=f"{size}, {self.config.optimizer} on {self.summary['device']}",
            about=f"{counted(len(self.data.inputs), 'training sample')} of "
            f"{counted(self.data.n_inputs, 'input')}; "
            f"{self.how_far}; pl_hypernet {__version__}",
            tables=[self.summary.table(), *self.trained_state.tables()],
            pictures=self.pictures.each() | self.trained_state.pictures(),
            command=self.config.command,
            configuration=self.config.to_toml(),
        )
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def pictures(self) -> Pictures:
        """Of the history, the shots and the state."""
        network = self.hypernet.network
        return Pictures(self.history, self.evaluation, network, self.data, self._entropies())

    def _entropies(self) -> dict[str, np.ndarray] | None:
        """Entanglement of the trained state and of the start, if the exact state is known and not a
        product."""
        if self.hypernet.custom_ansatz is not None or self.hypernet.n_qubits < 2:
            return None
        thetas = {"start angles": self.hypernet.start_angles(), "trained": self.theta}
        try:
            found = {
                name: self.hypernet.entanglement_entropies(theta) for name, theta in thetas.items()
            }
        except DeviceError:  # too large to hold
            return None
        return found if max(nats.max() for nats in found.values()) > ROUNDING else None

    def __repr__(self) -> str:
        energy = self.summary["energy"]["mean"]
        size = in_words(self.hypernet.n_qubits, self.hypernet.network.n_real)
        return f"<Run: {size}, E = {energy:.4f}, {self.how_far}>"

    @property
    def is_unfinished(self) -> bool:
        """Whether it was killed, or failed, or still runs."""
        return self.stop_reason in ("unfinished", "failed")

    @property
    def how_far(self) -> str:
        """As ``killed after step 300 of 1000``."""
        made, planned = last_step(self.history), self.config.steps
        if self.stop_reason == "unfinished":
            return f"killed, or still running, after step {made} of {planned}"
        if self.stop_reason == "failed":
            return f"failed after step {made} of {planned}"
        if made < planned:
            return f"stopped by {self.stop_reason!r} after step {made} of {planned}"
        return counted(made, "step")
