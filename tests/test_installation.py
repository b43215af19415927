"""What installers do with the package, in an environment that has all that it depends on."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BESIDE = ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
USE_A_KERNEL = """
import numpy as np
import pl_hypernet
from pl_hypernet.mps.kernels import transfer
one = np.ones((1, 2, 1, 1), complex)
result = transfer(np.ones((1, 1), complex), one, one, np.ones((1, 2)))
print(pl_hypernet.__file__, result[0, 0].real)
"""


class Environment:
    """A virtual environment that sees the packages of the one of the tests, but not this one's
    editable installation: ``.pth`` files of a folder that a ``.pth`` file names are not read."""

    def __init__(self, folder: Path):
        venv.create(folder / "environment", symlinks=True)
        self.python = folder / "environment" / "bin" / "python"
        shown = self.run("import sysconfig; print(sysconfig.get_path('purelib'))")
        self.packages = Path(shown.strip())
        (self.packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
        self.folder = folder

    def run(self, code: str) -> str:
        return self._output(self.python, "-c", code)

    def pip(self, *arguments) -> None:
        pip = (sys.executable, "-m", "pip", "--quiet", "--python", self.python)
        self._output(*pip, *arguments)

    def install(self, *arguments) -> None:
        self.pip("install", "--no-deps", "--no-build-isolation", "--no-index", *arguments)

    def _output(self, *command) -> str:
        result = subprocess.run(command, cwd="/", capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout


def files_of(package: Path) -> set[Path]:
    """Relative to the package; without the bytecode that pip writes and removes."""
    return {
        path.relative_to(package)
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.fixture
def environment(tmp_path, monkeypatch):
    pytest.importorskip("pip", reason="pip installs")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return Environment(tmp_path)


def test_install_upgrade_uninstall_and_edit(environment, tmp_path):
    clone = tmp_path / "clone"
    made = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "pl_hypernet", clone / "pl_hypernet", ignore=made)
    for name in BESIDE:
        shutil.copy(ROOT / name, clone)
    installed, kernels = environment.packages / "pl_hypernet", clone / "pl_hypernet/mps/kernels.py"

    environment.install(clone)
    assert environment.run(USE_A_KERNEL).split() == [str(installed / "__init__.py"), "2.0"]
    assert list((tmp_path / "cache").rglob("*transfer*.kernel"))
    sources = files_of(clone / "pl_hypernet")
    assert files_of(installed) == sources  # data files as well, and nothing that was made

    source = kernels.read_text()
    assert source.count("total += env") == 1
    kernels.write_text(source.replace("total += env", "total += 3 * env"))
    (clone / "pl_hypernet" / "testing.py").unlink()
    environment.install(clone)
    assert environment.run(USE_A_KERNEL).split() == [str(installed / "__init__.py"), "6.0"]
    assert files_of(installed) == sources - {Path("testing.py")}

    environment.pip("uninstall", "--yes", "pl_hypernet")
    assert not [path for path in environment.packages.iterdir() if "hypernet" in path.name.lower()]
    assert not (environment.python.parent / "pl-hypernet").exists()

    environment.install("--editable", clone)
    kernels.write_text(source)
    assert environment.run(USE_A_KERNEL).split() == [str(clone / "pl_hypernet/__init__.py"), "2.0"]
