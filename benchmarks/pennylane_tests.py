"""PennyLane's own tests, of circuits, templates, transforms and optimizers, on hypernet.mps.

Each part of its test suite runs twice: with ``qml.device("default.qubit", ...)`` made
``hypernet.mps``, and as it is. What fails the first time and passes the second is listed, and ends
with an error unless ``pennylane_tests.toml`` names it with a reason. Times are those of the
processor, whatever else runs on the machine. To be run again at each release of PennyLane:

    git clone --depth 1 --branch v0.45.1 https://github.com/PennyLaneAI/pennylane pennylane-tests
    pip install "pl_hypernet[test]"
    python benchmarks/pennylane_tests.py pennylane-tests
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import pennylane as qml
import pytest
import typer

PARTS = (
    "measurements",
    "qnn",
    "templates",
    "workflow",
    "circuit_graph",
    "transforms",
    "ops/op_math",
    "optimize",
)
LEFT_OUT = "not external and not gpu and not jax and not tf and not all_interfaces"
OTHERS = "not reference"  # tests of reference.qubit, which take longest, are the same for both
HERE = Path(__file__)
DEVICE = "PL_HYPERNET_TESTS_ON"  # in the environment of pytest: what stands for default.qubit,
LIMIT = "PL_HYPERNET_TEST_SECONDS"  # the longest time of a test, of a processor,
REPORT = "PL_HYPERNET_TEST_REPORT"  # and where it says how each test ended


# what follows is a plugin of pytest, which loads this file

CLOCK = {"last": time.process_time()}


def pytest_configure(config):
    name = os.environ.get(DEVICE, "default.qubit")
    if name != "default.qubit":
        original = qml.device

        def device(asked, *args, **options):
            """Of a test; PennyLane's own calls keep theirs."""
            caller = sys._getframe(1).f_globals.get("__name__", "")
            is_test = not caller.startswith("pennylane.")
            return original(
                name if is_test and asked == "default.qubit" else asked, *args, **options
            )

        qml.device = device


@pytest.fixture
def seed(request):
    """As of the plugin pytest-rng, which need not be there."""
    return sum(request.node.name.encode())


def pytest_runtest_logreport(report):
    """One line for each part of a test, written by the process that hears of all."""
    if REPORT in os.environ and "PYTEST_XDIST_WORKER" not in os.environ:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = " ".join(crash.message.split())[:300] if crash else ""
        line = json.dumps([report.nodeid, report.outcome, report.duration, message])
        with open(os.environ[REPORT], "a") as file:
            file.write(line + "\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A test that takes too long fails, and the others run."""
    seconds = int(os.environ.get(LIMIT, "0"))

    def stop(*_):
        raise TimeoutError(f"the test took over {seconds} s")

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With the time of the processor since the report before."""
    report = yield
    before, CLOCK["last"] = CLOCK["last"], time.process_time()
    report.duration = CLOCK["last"] - before
    return report


# and this the program


@dataclass
class Outcome:
    """Of one test: passed, failed or skipped, its time in seconds, and why it failed."""

    state: str = "passed"
    seconds: float = 0.0
    message: str = ""


def outcomes(
    checkout: Path, tests: list[str], device: str, workers: int, seconds: int
) -> dict[str, Outcome]:
    """Of each test by its name, with a device for default.qubit."""
    with tempfile.TemporaryDirectory() as folder:
        report, names = Path(folder) / "report", Path(folder) / "names"
        names.write_text("\n".join(tests))
        environment = os.environ | {
            DEVICE: device,
            LIMIT: str(seconds),
            REPORT: str(report),
            "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
        }
        command = [
            sys.executable, "-m", "pytest", f"@{names}", "-q", "-p", "pennylane_tests",
            "-p", "no:cacheprovider", "-p", "no:randomly", "-c", "tests/pytest.ini",
            "--rootdir", ".", "-m", LEFT_OUT, "-k", OTHERS,
        ]  # fmt: skip
        command += ["-n", str(workers)] if workers > 1 else []
        run = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
        if not report.exists():
            sys.exit(f"pytest ran no test of {tests[0]}: {run.stdout[-2000:]}{run.stderr[-2000:]}")
        found: dict[str, Outcome] = {}
        for line in report.read_text().splitlines():
            name, state, taken, message = json.loads(line)
            outcome = found.setdefault(name, Outcome())
            outcome.seconds += taken
            if state != "passed":
                outcome.state, outcome.message = state, message
        return found


def reason(name: str, message: str, allowed: list[dict]) -> str | None:
    """Why a test may fail; None: it may not."""
    for entry in allowed:
        by_name = any(fnmatchcase(name, pattern) for pattern in entry.get("tests", ()))
        if by_name or any(fnmatchcase(message, text) for text in entry.get("messages", ())):
            return entry["reason"]
    return None


def main(
    checkout: Annotated[Path, typer.Argument(help="of PennyLane, at the version installed.")],
    parts: Annotated[str, typer.Option(help="Folders of its tests, with commas.")] = ",".join(
        PARTS
    ),
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
    seconds: Annotated[int, typer.Option(help="Longest time of a test.")] = 60,
    quick: Annotated[
        bool, typer.Option(help="On default.qubit only what fails; no times.")
    ] = False,
):
    if not (checkout / "tests" / "pytest.ini").exists():
        raise typer.BadParameter(
            f"{checkout}/tests has no pytest.ini: expected a PennyLane checkout"
        )
    allowed = tomllib.loads(HERE.with_suffix(".toml").read_text())["may_fail"]
    bad = 0
    for part in parts.split(","):
        ours = outcomes(checkout, [f"tests/{part}"], "hypernet.mps", workers, seconds)
        failed = [name for name, outcome in ours.items() if outcome.state == "failed"]
        again = failed if quick else [f"tests/{part}"]
        theirs = outcomes(checkout, again, "default.qubit", workers, seconds) if again else {}
        failed = [name for name in failed if theirs.get(name, Outcome()).state == "passed"]
        excused = [name for name in failed if reason(name, ours[name].message, allowed)]
        passed = sum(outcome.state == "passed" for outcome in ours.values())
        print(
            f"{part}: {passed} pass, {len(failed) - len(excused)} fail that should not, "
            f"{len(excused)} may fail; {_time(ours)}"
            + f", on default.qubit {_time(theirs)}"
            * (not quick),
            flush=True,
        )
        for name in failed:
            if name not in excused:
                print(f"  {name}\n    {ours[name].message}", flush=True)
        for name in sorted(ours, key=lambda name: -ours[name].seconds)[:5]:
            print(f"  longest: {name} {_time({name: ours[name]})}")
        bad += len(failed) - len(excused)
    sys.exit(bool(bad))


def _time(run: dict[str, Outcome]) -> str:
    return f"{sum(outcome.seconds for outcome in run.values()):.1f} s"


if __name__ == "__main__":
    typer.run(main)
