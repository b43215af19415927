"""The numbers of a run that people read and other programs rely on (``summary.json``)."""

import json
from typing import Any

from rich.markup import escape
from rich.table import Table

from pl_hypernet.analysis.evaluation import Accuracy, Evaluation
from pl_hypernet.analysis.tables import Figures, in_words


class Summary(Figures):
    """The contents of ``summary.json``; printing it gives a table."""

    def table(self) -> Table:
        """The table that the command shows."""
        metric = "r2" if "train_r2" in self else "accuracy"
        word, shown = {"r2": ("R²", _plain), "accuracy": ("accuracy", _percent)}[metric]
        train, test = self[f"train_{metric}"], self[f"test_{metric}"] or {}
        size = in_words(self["n_qubits"], self.get("n_real", 0))  # absent from old files
        title = f"{size} on {self['device']}"
        table = Table(title=title, title_justify="left")
        table.add_column("")
        table.add_column("training", justify="right")
        table.add_column("test", justify="right")
        energy = self["energy"]
        mean = f"{energy['mean']:.4f} ± {energy['stderr']:.4f}"
        table.add_row("energy: mean loss of the shots", mean, "")
        table.add_row("loss of the best shot", _plain(energy["best_shot"]), "", end_section=True)
        vote = "mean prediction of the shots" if metric == "r2" else "vote by mean probability"
        for key, label in (
            ("mean", f"{word}, mean of the shots"),
            ("best", f"{word}, best shot (lowest training loss)"),
            ("most_likely", f"{word}, most likely network"),
            ("vote", f"{word}, {vote}"),
            ("majority", f"{word}, vote by majority"),
        ):
            if key in train:  # of a regression there is no majority; old files have less
                table.add_row(label, shown(train[key]), shown(test.get(key)))
        table.add_section()
        for name, of_target in train.get("targets", {}).items():
            of_test = test.get("targets", {}).get(name, {})
            for key, label in (("best", "best shot"), ("vote", "mean prediction")):
                numbers = shown(of_target[key]), shown(of_test.get(key))
                table.add_row(f"{word} of {name}, {label}", *numbers)
        table.add_section()
        if metric == "accuracy":
            above = ("", _percent(self["fraction_above_90"]))
            table.add_row("shots above 90 % accuracy", *(above if test else above[::-1]))
            if self["mutual_hamming"] is not None:  # of two at least
                distance = f"{self['mutual_hamming']:.1f}"
                table.add_row("mean Hamming distance between these", "", distance)
        for name, shares in self["choices"].items():
            for option, share in shares.items():
                table.add_row(f"shots with {name} = {option}", "", _percent(share))
        overlaps = self.get("overlaps")  # absent from old files
        overlaps = f" ({overlaps:,} overlaps)" if overlaps else ""
        in_all = self.get("run_seconds")  # absent from old files, and from runs that did not end
        in_all = "" if in_all is None else f", in all {in_all:.1f} s"
        lines = [
            f"{self['steps']} steps of {self['optimizer']}, seed {self['seed']}: "
            f"{self['seconds']:.1f} s{in_all}",
            f"{self['circuits']:,} circuits{overlaps}, {self['shots']:,} shots",
            *(f"[not dim bold]{escape(remark)}[/]" for remark in self.get("remarks", [])),
        ]
        table.caption, table.caption_justify = "\n".join(lines), "left"
        return table

    def save(self, path) -> None:
        path.write_text(json.dumps(self, indent=2) + "\n")


def summarise(evaluation: Evaluation, about: dict[str, Any], spent: dict[str, Any]) -> Summary:
    """The summary of an evaluated run.

    Args:
        evaluation: of the trained state.
        about: n_qubits, n_real, n_angles, device, optimizer, steps, seed, stop_reason.
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
    if accuracy.most_likely is not None:
        found["most_likely"] = accuracy.most_likely
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


def _plain(value) -> str:
    return "" if value is None else f"{value:.4f}"
