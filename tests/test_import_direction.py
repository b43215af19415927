"""An import may only point up the one-way flow; see CONTRIBUTING.md."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pl_hypernet"
FLOW = [
    {
        "version",
        "errors",
        "user_code",
        "spins",
        "random_state",
        "torch_device",
        "torch_threads",
        "compiled",
        "numpy_files",
        "regular_file",
        "console",
        "memory",
        "workers",
        "words",
    },
    {"settings"},
    {"datasets"},
    {"circuits"},
    {"mps"},
    {"measurements"},
    {"devices"},
    {"networks"},
    {"objectives"},
    {"optimizers"},
    {"analysis"},
    {"exports"},
    {"callbacks"},
    {"training"},
    {"estimators"},
    {"baselines"},
    {"studies"},
    {"testing"},
    {"jobs"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(FLOW) for name in names}
ALONE = {"settings", "datasets", "networks"}  # need nothing beyond the first levels


def imported_parts(source: str) -> set[str]:
    """First-level parts of pl_hypernet that a module imports, anywhere in it."""
    parts = set()
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            head, *rest = name.split(".")
            if head == "pl_hypernet" and rest:
                parts.add(rest[0])
    return parts


def violations(part: str, source: str) -> set[str]:
    allowed_below = LEVEL[part]
    found = imported_parts(source)
    wrong = {other for other in found if other not in LEVEL or LEVEL[other] > allowed_below}
    if part in ALONE:
        wrong |= {
            other for other in found if LEVEL.get(other, 0) > LEVEL["settings"] and other != part
        }
    return wrong


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_up(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part == "__init__":
        return  # the front page names everything, lazily
    assert not violations(part, path.read_text())


def test_no_relative_imports():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def test_a_wrong_import_is_found():
    assert violations("circuits", "from pl_hypernet.devices import device") == {"devices"}
    assert violations("networks", "import pl_hypernet.circuits") == {"circuits"}
    assert violations("devices", "def f():\n    from pl_hypernet.training import x")
    assert not violations("devices", "from pl_hypernet.circuits import x")


def module(name: str) -> Path | None:
    """The file of a module or package of ours."""
    place = PACKAGE.parent.joinpath(*name.split("."))
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.exists()), None)


def imported_modules(path: Path) -> set[Path]:
    """Modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {module(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = str(node.module)
            found |= {module(f"{home}.{alias.name}") or module(home) for alias in node.names}
    return found - {None, path}


def test_no_circles():
    TopologicalSorter({path: imported_modules(path) for path in PACKAGE.rglob("*.py")}).prepare()
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


def test_device_names_stand_in_one_place():
    """Only devices/ and cli/ know devices by name; elsewhere only as a default."""
    names = ("lightning.qubit", "default.qubit", "braket.", "default.tensor", "qiskit.")
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0]
        if part in ("devices", "cli"):
            continue
        strings = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        code = [text for text in strings if "\n" not in text and " " not in text]
        assert not [text for text in code if text.startswith(names)], path
