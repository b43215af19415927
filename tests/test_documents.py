"""What the README and the demos show runs as it stands there, if with fewer steps."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pl_hypernet.cli.main import app

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("demos/*.md")]


def python_block(heading: str, number: int = 0) -> str:
    """A block of code under a heading of the README."""
    _, section = (ROOT / "README.md").read_text().split(f"# {heading}\n")
    section = section.split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)[number]


def test_the_start_of_the_readme(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = python_block("pl_hypernet: quantum hypernetworks in PennyLane")
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    shorter = code.replace('optimizer="qnspsa")', 'optimizer="qnspsa", steps=3, progress=False)')
    assert shorter != code
    exec(shorter, {})
    shown = capsys.readouterr().out
    assert "66 qubits on hypernet.mps" in shown
    assert "torch.Size([3, 2115, 1])" in shown
    assert (tmp_path / "main_job.png").stat().st_size > 50_000


def test_pennylane_in_the_readme(capsys):
    code = python_block("As PennyLane")
    exec(code, {})
    stated = float(re.search(r"print\(cost\)  # (\S+) ±", code)[1])
    shown = float(capsys.readouterr().out.split()[0])
    assert shown < 2 * stated < 0.1  # other versions of the simulator draw other shots


def test_networks_in_the_readme(capsys):
    code = python_block("Networks and choices")
    exec(code, {})
    assert capsys.readouterr().out.strip() == re.search(r"print.*# (.*)", code)[1]


def test_a_run_that_is_used_in_the_readme(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = python_block("Your data")
    assert "progress" not in code
    printed = []  # and not what else comes to standard output
    scope = {"print": printed.append}
    exec(code.replace('out="runs/wine"', 'out="runs/wine", progress=False'), scope)
    assert scope["run"].how_far == "100 steps"  # a signal to the process would end it before
    stated = re.findall(r"print.*# (.*)", code)
    accuracy, probabilities = printed
    assert accuracy == pytest.approx(float(stated[0]), abs=0.03)
    for numbers in ([float(n) for n in re.findall(r"[\d.]+", stated[1])], probabilities[0]):
        assert sum(numbers) == pytest.approx(1, abs=0.02)
        assert numbers[0] > 0.8
    assert (tmp_path / "runs/wine/best.npz").exists()


def test_scikit_learn_in_the_readme(capsys):
    code = python_block("Your data", 1)
    one_fold = code.replace("cv=3", "cv=ShuffleSplit(1, test_size=1 / 3, random_state=0)")
    exec(one_fold.replace("cross_val_score\n", "ShuffleSplit, cross_val_score\n", 1), {})
    stated = float(re.search(r"print.*# (\S+)", code)[1])
    assert float(capsys.readouterr().out) == pytest.approx(stated, abs=0.03)


def test_a_rehearsal_in_the_readme(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(python_block("On a Braket QPU"), {})
    line = eval(capsys.readouterr().out)
    assert len(set(line)) == 6
    assert min(line) >= 1  # IQM's labels


@pytest.mark.parametrize("page", ["own_loss", "own_ansatz", "gradients", "torch_networks"])
def test_pages_of_code(page, capsys):
    """The blocks of a page in order, each printing what a comment behind ``print`` states."""
    code = "".join(
        re.findall(r"```python\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL)
    )
    stated = [float(number) for number in re.findall(r"print.*# (\S+)$", code, re.MULTILINE)]
    exec(code, {})
    shown = [float(number) for number in capsys.readouterr().out.split()]
    assert shown == pytest.approx(stated, abs=0.03)
    assert len(stated) == code.count("print(") > 0


def test_the_paid_job_of_the_readme_is_the_one_that_is_planned(tmp_path, monkeypatch, capsys):
    """The same options, within its budget, by the optimizer recommended for hardware."""
    lines = (ROOT / "README.md").read_text().replace("\\\n", " ").splitlines()
    jobs = [
        line.split()[1:] for line in lines if line.startswith("pl-hypernet") and "/iqm/" in line
    ]
    (planned,), (trained,) = ([j for j in jobs if j[0] == kind] for kind in ("plan", "train"))
    at = trained.index("--budget")
    assert sorted(planned[1:]) == sorted(trained[1:at] + trained[at + 2 :])
    monkeypatch.chdir(tmp_path)
    exec(python_block("On a Braket QPU"), {})
    capsys.readouterr()
    result = CliRunner().invoke(app, [*planned, "--json"], catch_exceptions=False)
    cost = json.loads(result.stdout)["total"]["usd"]
    assert cost == pytest.approx(52.34)
    assert cost < float(trained[at + 1])
    optimizer = trained[trained.index("--optimizer") + 1]
    assert (
        f'| hardware, noise, or a state too large for log p | `"{optimizer}"`'
        in (ROOT / "docs" / "optimizers.md").read_text()
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pictures_and_links_lead_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (page.parent / target).exists(), target
    assert not re.findall(r"^[A-Z]+_[A-Z]+$", text, re.MULTILINE)  # places to be filled in


def test_readme_names_only_commands_and_options_that_exist():
    lines = re.findall(r"pl-hypernet ([^#`\n]+)", (ROOT / "README.md").read_text())
    commands = typer.main.get_command(app).commands
    checked = 0
    for name, *arguments in (line.split() for line in lines):
        known = {option for parameter in commands[name].params for option in parameter.opts}
        for argument in arguments:
            if argument.startswith("--") and argument != "--help":
                assert argument in known, (name, argument)
                checked += 1
    assert checked > 8
