"""PennyLane's own test suite for devices, run over hypernet.mps."""

import re
import subprocess
import sys
from pathlib import Path

import pennylane.devices.tests
import pytest

SUITE = Path(pennylane.devices.tests.__file__).parent
DEVIATIONS: dict[str, str] = {}  # tests that hypernet.mps may fail, each with its reason: none


@pytest.mark.parametrize("shots", ["10000", "None"])
def test_hypernet_mps_passes_pennylanes_device_suite(shots, tmp_path):
    result = subprocess.run(
        [
            sys.executable, "-m", "pytest", SUITE, "--device", "hypernet.mps", "--shots", shots,
            "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-c", "/dev/null",
            "--rootdir", SUITE,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )  # fmt: skip
    failed = set(re.findall(r"^(?:FAILED|ERROR) \S+?::(\S+)", result.stdout, re.MULTILINE))
    assert failed <= set(DEVIATIONS), result.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) > 350
