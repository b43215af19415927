"""What ships: wheel, source distribution, and what they say of themselves."""

import configparser
import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

import pl_hypernet

ROOT = Path(__file__).parent.parent
FOLDERS = (".ci", "benchmarks", "demos", "docs", "pl_hypernet", "tests")


def files_of_the_project() -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    build = "from setuptools.build_meta import build_{0}; build_{0}({1!r})"
    for kind, place in (("sdist", ROOT), ("wheel", None)):
        if place is None:
            with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
                archive.extractall(folder, filter="data")
            place = next(path for path in folder.iterdir() if path.is_dir())
        command = [sys.executable, "-c", build.format(kind, str(folder))]
        result = subprocess.run(command, cwd=place, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def metadata(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("METADATA")]
        return email.message_from_bytes(wheel.read(name))


def test_the_source_distribution_holds_the_whole_project(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        held = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    assert files_of_the_project() < held
    assert {"tests/conftest.py", "tests/braket_service.py", "docs/optimizers.md"} < held
    assert {"CHANGELOG.md", "CITATION.cff", "LICENSE", "environment.yml", "ruff.toml"} < held
    assert not [name for name in held if name.endswith(".pyc")]


def test_the_wheel_holds_the_package_alone(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == {name for name in files_of_the_project() if name.startswith("pl_hypernet/")}
    assert {"pl_hypernet/devices/hypernet_mps.toml", "pl_hypernet/py.typed"} < held
    assert {"pl_hypernet/datasets/mnist_0_1_8x8.npz", "pl_hypernet/datasets/LICENSE-MNIST"} < held


def test_an_index_shows_no_broken_link_or_picture(metadata):
    shown = metadata.get_payload()
    assert metadata["Description-Content-Type"] == "text/markdown"
    links = re.findall(r"\]\(([^)]*)\)", shown)
    assert all(link.startswith("http") for link in links)
    assert "docs/optimizers.md says which to use" in shown  # the text of a link stays
    assert len(shown) > 0.9 * len((ROOT / "README.md").read_text())


def test_the_package_says_who_what_and_under_which_licence(metadata):
    assert metadata["Author"] == "The pl_hypernet developers"
    assert metadata["License-Expression"] == "Apache-2.0 AND CC-BY-SA-3.0"
    assert len(metadata["Keywords"].split(",")) > 3
    assert metadata.get_all("Project-URL")
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    assert {"export", "test"} <= set(metadata.get_all("Provides-Extra"))


def test_each_requirement_stands_once():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    groups = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    for group in groups:
        names = re.findall(r"^[\w.-]+", group, re.MULTILINE)
        assert len(set(names)) == len(names)
        assert all(re.search(r"[\]\d]$", line) for line in group.split())  # with a lowest version


def test_each_file_has_its_licence():
    tables = tomllib.loads((ROOT / "REUSE.toml").read_text())["annotations"]

    def licence(name: str) -> str:
        found = None
        for table in tables:
            patterns = table["path"] if isinstance(table["path"], list) else [table["path"]]
            assert all(pattern == "**" or (ROOT / pattern).exists() for pattern in patterns)
            if any(fnmatch(name, pattern) for pattern in patterns):
                found = table["SPDX-License-Identifier"]
        return found

    licences = {name: licence(name) for name in files_of_the_project()}
    others = {name for name, found in licences.items() if found != "Apache-2.0"}
    assert {licences[name] for name in others} == {"CC-BY-SA-3.0"}
    data = {name for name in licences if name.endswith(".npz")}
    assert others == data | {"pl_hypernet/datasets/LICENSE-MNIST"}


def test_how_to_cite():
    text = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {pl_hypernet.__version__}\n" in text
    for key in ("cff-version", "message", "title", "authors"):  # what the format demands
        assert re.search(rf"^{key}:", text, re.MULTILINE)
