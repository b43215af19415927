"""The real command on pseudo-terminals of several kinds, as a person sees it."""

import io
import os
import re
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pl_hypernet.cli import main
from pl_hypernet.console import Console, take_all_characters
from pl_hypernet.training.progress import ProgressBar

pty = pytest.importorskip("pty")  # not on Windows
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")
pyte = pytest.importorskip("pyte")

COMMAND = str(Path(sys.executable).with_name("pl-hypernet"))
JOB = ["train", "--steps", "3", "--shots", "20", "--batch-size", "50", "--evaluation-shots", "50"]
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
CURSOR = re.compile(rb"\x1b\[\??[\d;]*[A-HJKSTfhlsu]")
COLOUR = re.compile(rb"\x1b\[[\d;]*(3[0-7]|9[0-7]|4[0-7]|38;|48;)[\d;]*m")
DEADLINE = 240  # seconds


@dataclass
class Seen:
    """What came out of a command: bytes and when, and the screen at the end."""

    columns: int
    code: int = -1
    parts: list[tuple[float, bytes]] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        return b"".join(part for _, part in self.parts)

    @property
    def lines(self) -> list[str]:
        screen = pyte.Screen(self.columns, 300)
        pyte.ByteStream(screen).feed(self.raw)
        return [line.rstrip() for line in screen.display if line.strip()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def on_terminal(arguments, columns: int, cwd, **environment) -> Seen:
    """Runs the command on a pseudo-terminal of so many columns."""
    main_end, its_end = pty.openpty()
    termios.tcsetwinsize(its_end, (50, columns))
    environ = {name: value for name, value in os.environ.items() if name not in UNSET}
    environ |= {"TERM": "xterm-256color", "PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"} | environment
    seen, start = Seen(columns), time.monotonic()
    process = subprocess.Popen(
        [COMMAND, *arguments], stdin=its_end, stdout=its_end, stderr=its_end, cwd=cwd, env=environ
    )
    os.close(its_end)
    while time.monotonic() - start < DEADLINE:
        if select.select([main_end], [], [], 1.0)[0]:
            try:
                part = os.read(main_end, 2**16)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not part:
                break
            seen.parts.append((time.monotonic() - start, part))
    else:
        process.kill()
    os.close(main_end)
    seen.code = process.wait()
    return seen


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict[str, Seen]:
    """One short training on each kind of terminal, at once, as each takes seconds to begin."""
    kinds = {
        "80": (80, {}),
        "120": (120, {"NO_COLOR": "1"}),
        "dumb": (80, {"TERM": "dumb", "PYTHONIOENCODING": "ascii"}),
    }
    found = {}

    def train(kind, columns, environment):
        found[kind] = on_terminal(JOB, columns, tmp_path_factory.mktemp(kind), **environment)

    threads = [
        threading.Thread(target=train, args=(kind, columns, environment))
        for kind, (columns, environment) in kinds.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seen in found.values():
        assert seen.code == 0, seen.text
    return found


def is_whole(seen: Seen) -> bool:
    """No word is broken by the edge of the screen."""
    words = set(seen.text.split())
    return {"overview,", "hamming,", "entanglement,"} <= words


@pytest.mark.parametrize("kind", ["80", "120"])
def test_one_bar_shows_all_stages_and_the_table_follows(trained, kind):
    seen = trained[kind]
    stages = ("loading", "training", "evaluation", "pictures", "done")
    shown = seen.raw.decode()
    assert [shown.index(stage) for stage in stages] == sorted(map(shown.index, stages))
    assert "left" in shown
    bars = [line for line in seen.lines if "━" in line and "E = " in line]
    assert len(bars) == 1  # the others were drawn over
    assert re.match(r"done ━+ E = \d\.\d{4} ± \d\.\d{4} \d:\d\d:\d\d$", bars[0])
    assert "66 qubits on hypernet.mps" in seen.lines
    assert re.search(r"3 steps of qnspsa, seed 0: \d+\.\d s, in all \d+\.\d s", seen.text)
    assert "Written to runs/001" in seen.lines
    assert is_whole(seen)


def test_nothing_is_silent_for_long(trained):
    """Something is said from the start and all through the run, whatever it takes in all."""
    times = [t for t, _ in trained["80"].parts]
    whole = times[-1]
    gaps = [b - a for a, b in zip([0.0, *times], times, strict=False)]
    assert max(gaps) < max(0.5 * whole, 2)


def test_no_color_has_none_and_colours_elsewhere(trained):
    assert not COLOUR.search(trained["120"].raw)
    assert COLOUR.search(trained["80"].raw)


def test_a_dumb_terminal_and_ascii(trained):
    seen = trained["dumb"]
    assert b"\x1b" not in seen.raw
    assert b"\r" not in seen.raw.replace(b"\r\n", b"")
    assert seen.raw.isascii()
    loading, *_, step = (line for line in seen.lines if re.match("loading|step", line))
    assert loading == "loading PennyLane and torch"
    assert re.match(r"step 3/3  E = \d\.\d{4} \+- \d\.\d{4}$", step)
    assert "evaluating 50 shots on 14,780 samples" in seen.lines
    table = [line for line in seen.lines if line.startswith(("|", "+-"))]
    # right edges are straight, of the scores and of the choices
    begin = next(k for k, line in enumerate(table) if "choices" in line) - 1
    for lines in (table[:begin], table[begin:]):
        assert len({len(line) for line in lines}) == 1, seen.text
    assert any("+-" in line and "energy: mean loss" in line for line in table)
    assert is_whole(seen)


def test_forced_colours_in_a_file_draw_no_bar(tmp_path):
    environ = {name: value for name, value in os.environ.items() if name not in UNSET}
    environ |= {"FORCE_COLOR": "1", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with open(tmp_path / "log", "wb") as log:
        subprocess.run(
            [COMMAND, *JOB], stdout=log, stderr=log, cwd=tmp_path, env=environ, check=True
        )
    raw = (tmp_path / "log").read_bytes()
    assert not CURSOR.search(raw)
    assert b"\r" not in raw
    assert b"\x1b[" in raw  # colours were asked for
    assert b"step 3/3  E = " in raw


@pytest.mark.parametrize("columns", [80, 120])
def test_help_cuts_nothing(columns, tmp_path):
    seen = on_terminal(["train", "--help"], columns, tmp_path, PYTHONIOENCODING="ascii")
    assert seen.code == 0
    assert "activation=sigmoid,hard_sigmoid." in seen.text
    assert "layers.0.bias=layers.1.bias." in seen.text
    assert max(map(len, seen.lines)) <= 80
    assert seen.raw.isascii()
    top = on_terminal([], columns, tmp_path)
    assert top.code == 0
    assert "..." not in top.text.partition("Commands:")[2]
    for name in ("train", "plan", "evaluate", "report", "sample", "export", "devices"):
        assert re.search(rf"^  {name} +\S.*\.$", top.text, re.MULTILINE), name


def test_what_is_refused_is_not_announced(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pl-hypernet", "train", "--optimizer", "adam"])
    with pytest.raises(SystemExit):
        main.run()
    assert capsys.readouterr().out == ""


def test_names_that_a_stream_does_not_take_are_escaped(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    take_all_characters()
    print("größe", flush=True)
    assert written.getvalue() == rb"gr\xf6\xdfe" + os.linesep.encode()


def test_what_is_plain(capsys):
    class Narrow:
        encoding = "ascii"

        def write(self, text):
            written.append(text.encode("ascii"))

        def flush(self):
            pass

    written: list[bytes] = []
    Console(file=Narrow()).print("0.1 ± 0.2, R², 3 µs")
    assert b"".join(written) == b"0.1 +- 0.2, R^2, 3 us\n"
    assert not Console(file=Narrow()).is_live
    assert Console(file=sys.__stdout__).plain("±") in ("±", "+-")


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "log"])
def test_a_long_first_step_says_what_it_solves(terminal):
    """Before the step is made: nothing else is seen until it ends."""
    out = io.StringIO()
    options = {"force_terminal": True, "width": 100} if terminal else {}
    with ProgressBar({"training": None}, console=Console(file=out, **options)) as bar:
        bar.first_step(1, "metric of 4,700 angles", is_long=True)
        assert "step 1: metric of 4,700 angles" in out.getvalue()
        bar.step({"step": 1, "energy": 0.5, "stderr": None}, 10)
        bar.first_step(2, "", is_long=False)
