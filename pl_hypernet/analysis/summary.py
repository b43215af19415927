"""The numbers of a run that people read and other programs rely on (``summary.json``)."""

import json
from typing import Any

from rich.table import Table

from pl_hypernet.analysis.evaluation import Accuracy, Evaluation
from pl_hypernet.analysis.tables import Figures


class Summary(Figures):
    """The contents of ``summary.json``; printing it gives a table."""

    def table(self) -> Table:
        """The table that the command shows."""
        metric = "r2" if "train_r2" in self else "accuracy"
        word = {"r2": "R²", "accuracy": "accuracy"}[metric]
        train, test = self[f"train_{metric}"], self[f"test_{metric}"] or {}
        table = Table(title=f"{self['n_qubits']} qubits on {self['device']}", title_justify="left")
        table.add_column("")
        table.add_column("training", justify="right")
        table.add_column("test", justify="right")
        energy = self["energy"]
        table.add_row("energy of the shots", f"{energy['mean']:.4f} ± {energy['stderr']:.4f}", "")
        table.add_row("lowest loss of a shot", f"{energy['best_shot']:.4f}", "", end_section=True)
        vote = "mean prediction of shots" if metric == "r2" else "vote by mean probability"
        for key, label in (
            ("mean", f"{word}, mean of shots"),
            ("best", f"{word}, best shot (by training loss)"),
            ("vote", f"{word}, {vote}"),
            ("majority", f"{word}, vote by majority"),
        ):
            if key in train:  # of a regression there is no majority, as in old files
                table.add_row(label, _percent(train[key]), _percent(test.get(key)))
        table.add_section()
        for name, of_target in train.get("targets", {}).items():
            of_test = test.get("targets", {}).get(name, {})
            for key, label in (("best", "best shot"), ("vote", "mean prediction")):
                shown = _percent(of_target[key]), _percent(of_test.get(key))
                table.add_row(f"{word} of {name}, {label}", *shown)
        table.add_section()
        which = ("", _percent(self["fraction_above_90"]))
        table.add_row(f"shots above 90 % {word}", *(which if test else which[::-1]))
        table.add_row("mutual Hamming distance of these", "", _plain(self["mutual_hamming"], ".1f"))
        for name, shares in self["choices"].items():
            for option, share in shares.items():
                table.add_row(f"{name} = {option}", "", _percent(share))
        overlaps = self.get("overlaps")  # absent from old files
        overlaps = f" ({overlaps:,} overlaps)" if overlaps else ""
        table.caption = (
            f"{self['steps']} steps of {self['optimizer']}, seed {self['seed']}: "
            f"{self['seconds']:.1f} s\n{self['circuits']:,} circuits{overlaps}, "
            f"{self['shots']:,} shots"
        )
        return table

    def save(self, path) -> None:
        path.write_text(json.dumps(self, indent=2) + "\n")


def summarise(evaluation: Evaluation, about: dict[str, Any], spent: dict[str, Any]) -> Summary:
    """The summary of an evaluated run.

    Args:
        evaluation: of the trained state.
        about: n_qubits, n_angles, device, optimizer, steps, seed, stop_reason.
        spent: circuits, overlaps (among the circuits), shots, seconds.
    """
    energy = evaluation.energy
    return Summary(
        **about,
        energy={
            "mean": float(energy),
            "stderr": energy.stderr,
            "best_shot": float(energy.losses[evaluation.best]),
        },
        **{
            f"train_{evaluation.metric}": _accuracy(evaluation.train, evaluation.targets),
            f"test_{evaluation.metric}": _accuracy(evaluation.test, evaluation.targets),
        },
        fraction_above_90=float(evaluation.good.mean()),
        mutual_hamming=evaluation.mutual_hamming,
        choices=evaluation.choices,
        **spent,
    )


def _accuracy(accuracy: Accuracy | None, targets: tuple[str, ...]) -> dict[str, Any] | None:
    if accuracy is None:
        return None
    found: dict[str, Any] = {
        "mean": accuracy.mean, "best": accuracy.best, "vote": accuracy.vote,
    }  # fmt: skip
    if accuracy.majority is not None:
        found["majority"] = accuracy.majority
    if targets:
        found["targets"] = {
            name: {"best": float(best), "vote": float(vote)}
            for name, best, vote in zip(targets, accuracy.best_of, accuracy.vote_of, strict=True)
        }
    return found


def _percent(value) -> str:
    return "" if value is None else f"{100 * value:.2f} %"


def _plain(value, form: str) -> str:
    return "none" if value is None else format(value, form)
