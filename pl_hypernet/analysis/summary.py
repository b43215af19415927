"""The numbers of a run that people read and other programs rely on (``summary.json``)."""

import json
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from pl_hypernet.analysis.evaluation import Accuracy, Evaluation
from pl_hypernet.analysis.tables import Figures, in_words
from pl_hypernet.words import counted

LABEL = 42  # letters, so that tables one below the other are as wide


class Summary(Figures):
    """The contents of ``summary.json``; printing it gives a table."""

    def table(self) -> Group:
        """What the command shows: how good the shots are, and what they chose."""
        size = in_words(self["n_qubits"], self.get("n_real", 0))  # absent from old files
        tables = [self._scores()]
        if self["choices"]:
            tables.append(self._choices())
        tables[0].title, tables[0].title_justify = f"{size} on {self['device']}", "left"
        return Group(*tables, "\n".join(self._lines()))

    def _scores(self) -> Table:
        metric = "r2" if "train_r2" in self else "accuracy"
        word, shown = {"r2": ("R²", _plain), "accuracy": ("accuracy", _percent)}[metric]
        judging = "validation" if f"validation_{metric}" in self else "test"
        train, test = self[f"train_{metric}"], self[f"{judging}_{metric}"] or {}
        table = Table()
        table.add_column("", min_width=LABEL)
        table.add_column("training", justify="right")
        if test:
            table.add_column(judging, justify="right")
        energy = self["energy"]
        table.add_row(
            "energy: mean loss of the shots", f"{energy['mean']:.4f} ± {energy['stderr']:.4f}"
        )
        table.add_row("loss of the best shot", _plain(energy["best_shot"]), end_section=True)

        def add(label: str, of_train, of_test) -> None:
            table.add_row(label, shown(of_train), *([shown(of_test)] if test else []))

        vote = "mean prediction of the shots" if metric == "r2" else "vote by mean probability"
        for key, label in (
            ("mean", f"{word}, mean of the shots"),
            ("best", f"{word}, best shot (lowest training loss)"),
            ("most_likely", f"{word}, most likely network"),
            ("vote", f"{word}, {vote}"),
            ("majority", f"{word}, vote by majority"),
        ):
            if key in train:  # of a regression there is no majority; old files have less
                add(label, train[key], test.get(key))
        table.add_section()
        for name, of_target in train.get("targets", {}).items():
            of_test = test.get("targets", {}).get(name, {})
            for key, label in (("best", "best shot"), ("vote", "mean prediction")):
                add(f"{word} of {name}, {label}", of_target[key], of_test.get(key))
        table.add_section()
        if metric == "accuracy":
            beside = [""] if test else []  # those samples by which shots are found good
            table.add_row("shots above 90 % accuracy", *beside, _percent(self["fraction_above_90"]))
            if self["mutual_hamming"] is not None:  # of two at least
                distance = f"{self['mutual_hamming']:.1f}"
                table.add_row("mean Hamming distance between these", *beside, distance)
        return table

    def _choices(self) -> Table:
        """Of shots, or of the neurons of all shots: whatever the samples."""
        table = Table()
        table.add_column("choices", min_width=LABEL)
        table.add_column("share", justify="right")
        decisions = self.get("decisions", {})  # absent from old files
        for name, shares in self["choices"].items():
            n = decisions.get(name)
            for option, share in shares.items():
                chose = f"{name} = {option}"
                if n is not None:
                    chose = f"shots with {chose}" if n == 1 else f"{chose}, of {n:,} in each shot"
                table.add_row(chose, _percent(share))
        return table

    def _lines(self) -> list[str]:
        """What was spent, and remarks."""
        overlaps = self.get("overlaps")  # absent from old files
        overlaps = f" ({counted(overlaps, 'overlap')})" if overlaps else ""
        in_all = self.get("run_seconds")  # absent from old files, and from runs that did not end
        in_all = "" if in_all is None else f", in all {in_all:.1f} s"
        steps, circuits, shots = (
            counted(self[f"{each}s"], each) for each in ("step", "circuit", "shot")
        )
        return [
            f"[dim italic]{steps} of {self['optimizer']}, seed {self['seed']}: "
            f"{self['seconds']:.1f} s{in_all}",
            f"{circuits}{overlaps}, {shots}[/]",
            *(f"[bold]{escape(remark)}[/]" for remark in self.get("remarks", [])),
        ]

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
    samples = "validation" if evaluation.judging == "validation" else "test"
    return Summary(
        **about,
        energy={
            "mean": float(energy),
            "stderr": energy.stderr,
            "best_shot": float(energy.losses[evaluation.best]),
        },
        **{
            f"train_{evaluation.metric}": _accuracy(evaluation.train, evaluation.targets),
            f"{samples}_{evaluation.metric}": _accuracy(evaluation.test, evaluation.targets),
        },
        fraction_above_90=float(evaluation.good.mean()),
        mutual_hamming=evaluation.mutual_hamming,
        choices=evaluation.choices,
        decisions=evaluation.decisions,
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
