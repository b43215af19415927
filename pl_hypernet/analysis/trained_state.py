"""What there is to know of a trained state, beyond its accuracies."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import FigureBase
from rich.table import Table

from pl_hypernet.analysis.calibration import expected_calibration_error, negative_log_likelihood
from pl_hypernet.analysis.diversity import Diversity, diversity
from pl_hypernet.analysis.ensembles import Ensembles, ensembles
from pl_hypernet.analysis.evaluation import Evaluation
from pl_hypernet.analysis.neighbourhood import Neighbourhood, neighbourhood
from pl_hypernet.analysis.pictures.geometry import draw_clusters, draw_neighbourhood
from pl_hypernet.analysis.pictures.overview import on_axes
from pl_hypernet.analysis.pictures.votes import draw_ensembles, draw_reliability
from pl_hypernet.datasets import Data
from pl_hypernet.networks import Network
from pl_hypernet.words import counted


@dataclass(frozen=True, eq=False)
class TrainedState:
    """Votes, neighbours and diversity of the shots; on test or validation samples where there are
    any.

    Attributes:
        diversity: of the shots.
        ensembles, neighbours, probabilities, targets: None of a regression; else votes by size,
            what lies around the best shot and the most likely network, probabilities of the vote
            float64 (M, n_classes), and the classes int (M,).
        which: ``"test"``, ``"validation"`` or ``"training"``, the samples that judge.
    """

    evaluation: Evaluation
    diversity: Diversity
    which: str
    ensembles: Ensembles | None = None
    neighbours: dict[str, Neighbourhood] | None = None
    probabilities: np.ndarray | None = None
    targets: np.ndarray | None = None

    def __repr__(self) -> str:
        return (
            f"<TrainedState: {self.diversity.n_different:,} different of "
            f"{counted(len(self.evaluation.bits), 'shot')}, judged on {self.which} samples>"
        )

    def pictures(self) -> dict[str, Callable[[FigureBase], Any]]:
        """Functions that draw on a figure, by name."""
        drawn: dict[str, Callable[[FigureBase], Any]] = {}
        if self.ensembles is not None:
            drawn["votes"] = on_axes(partial(draw_ensembles, ensembles=self.ensembles))
            drawn["calibration"] = on_axes(
                partial(draw_reliability, probabilities=self.probabilities, targets=self.targets)
            )
            drawn["neighbours"] = on_axes(partial(draw_neighbourhood, found=self.neighbours))
        if len(self.evaluation.bits) > 1:
            losses = self.evaluation.energy.losses
            drawn["clusters"] = partial(draw_clusters, bits=self.evaluation.bits, losses=losses)
        return drawn

    def table(self) -> Table:
        """The numbers, for people."""
        title = f"The trained state ({self.which} samples)"
        table = Table(title=title, title_justify="left", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        found = self.diversity
        shots, n_qubits = self.evaluation.bits.shape
        table.add_row(f"different networks among {shots:,} shots", f"{found.n_different:,}")
        if found.entropy is not None:
            table.add_row("entropy, nats", f"{found.entropy:.2f} ± {found.entropy_stderr:.2f}")
            table.add_row("effective number of networks", f"{found.effective_number:.3g}")
        table.add_row("sum of the entropies of single bits, nats", f"{found.bit_entropy:.2f}")
        table.add_row(f"undecided bits of {n_qubits:,}", f"{found.undecided:,}")
        if found.largest_covariance is not None:
            table.add_row("largest covariance of two of them", f"{found.largest_covariance:.3f}")
        if self.ensembles is not None:
            table.add_section()
            error = expected_calibration_error(self.probabilities, self.targets)
            nll = negative_log_likelihood(self.probabilities, self.targets)
            weighted = f"{100 * self.ensembles.weighted:.2f} %"
            table.add_row("vote: expected calibration error", f"{error:.4f}")
            table.add_row("vote: negative log-likelihood, nats", f"{nll:.4f}")
            judged = self.ensembles.n_samples
            on_part = f", {judged:,} samples" if judged < len(self.targets) else ""
            table.add_row(f"vote weighted by training loss: accuracy{on_part}", weighted)
        return table

    def neighbour_table(self) -> Table | None:
        """What lies around the best shot and the most likely network; None of a regression."""
        if self.neighbours is None:
            return None
        table = Table(title="Networks with some bits flipped", title_justify="left")
        table.add_column("bits", justify="right")
        for name, near in self.neighbours.items():
            table.add_column(f"{name}:\naccuracy", justify="right")
            table.add_column(f"above {100 * near.threshold:.1f} %", justify="right")
        each = list(self.neighbours.values())
        table.add_row("0", *(text for near in each for text in (f"{100 * near.own:.2f} %", "")))
        for k, distance in enumerate(each[0].distances):
            cells = [
                text
                for near in each
                for text in (
                    f"{100 * near.accuracy[k]:.2f} ± {100 * near.stderr[k]:.2f} %",
                    f"{100 * near.good[k]:.0f} %",
                )
            ]
            table.add_row(str(distance), *cells)
        return table

    def tables(self) -> list[Table]:
        """All that there are."""
        near = self.neighbour_table()
        return [self.table()] if near is None else [self.table(), near]


def analyse(
    network: Network,
    evaluation: Evaluation,
    data: Data,
    most_likely: np.ndarray,
    log_p: np.ndarray | None = None,
) -> TrainedState:
    """Looks at shots that were judged.

    Args:
        network: what a bitstring means.
        evaluation: of the shots.
        data: what they were judged on.
        most_likely: int8 (n_qubits,), the network of the most likely bits.
        log_p: float64 (S,), of the shots; None: not known.
    """
    bits = evaluation.bits
    which = data.judging
    inputs, targets = data.test_inputs, data.test_targets
    if data.test_inputs is None:
        inputs, targets = data.inputs, data.targets
    found = diversity(bits, log_p)
    if network.is_regression:
        return TrainedState(evaluation, found, which)
    targets = np.asarray(targets)
    around = {"best shot": bits[evaluation.best], "most likely network": most_likely}
    return TrainedState(
        evaluation,
        found,
        which,
        ensembles(network, bits, evaluation.energy.losses, inputs, targets),
        {name: neighbourhood(network, row, inputs, targets) for name, row in around.items()},
        network.vote(bits, inputs).mean,
        targets,
    )
