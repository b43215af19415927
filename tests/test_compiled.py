"""What numba compiled is kept for later processes, outside the installation, and never wrongly."""

import os
import pwd
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import pl_hypernet
from pl_hypernet import compiled
from pl_hypernet.errors import CacheWarning
from pl_hypernet.mps.light_cone import sample_cones

PACKAGE = Path(pl_hypernet.__file__).parent
KERNELS = """
from pl_hypernet.compiled import compiled

STEP = 2

@compiled(nogil=True)
def called(x):
    return x + 1

@compiled(fastmath={"reassoc", "contract"})
def outer(x):
    total = x - x
    for i in range(4):
        total += STEP * called(x)
    return total
"""
APART = KERNELS.replace("nogil=True", "apart=True, nogil=True")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's cache folder of this test."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    compiled.cache_folder.cache_clear()
    yield tmp_path / "cache" / "pl_hypernet" / "kernels"
    compiled.cache_folder.cache_clear()


def module_of(source: str, monkeypatch) -> ModuleType:
    """As a process does that starts when this is the source: a module named ``planted``."""
    module = ModuleType("planted")
    monkeypatch.setitem(sys.modules, "planted", module)  # numba looks there when it loads
    exec(source, module.__dict__)
    return module


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def hits(function) -> int:
    return sum(function.stats.cache_hits.values())


def test_a_later_process_uses_what_was_compiled(folder, monkeypatch):
    first = module_of(KERNELS, monkeypatch)
    assert first.outer(3) == 32
    assert hits(first.outer) == 0
    later = module_of(KERNELS, monkeypatch)
    assert later.outer(3) == 32
    assert hits(later.outer) == 1
    assert later.outer(0.5) == 12  # floats are another variant, in another file
    assert hits(later.outer) == 1
    assert len(list(folder.glob("planted.outer-*.kernel"))) == 2


@pytest.mark.parametrize(
    ("was", "now", "result"),
    [
        ("range(4)", "range(5)", 40),
        ("return x + 1", "return x + 2", 40),  # in the function that is called
        ("STEP = 2", "STEP = 3", 48),
        ("nogil=True", 'nogil=True, error_model="numpy"', 32),
        ("def called(x)", "def called(x, one=1)", 32),
        ("nogil=True", "apart=True, nogil=True", 32),
    ],
)
def test_an_edit_makes_it_stale(was, now, result, folder, monkeypatch):
    module_of(KERNELS, monkeypatch).outer(3)
    assert KERNELS.count(was) == 1
    edited = module_of(KERNELS.replace(was, now), monkeypatch)
    assert edited.outer(3) == result
    assert hits(edited.outer) == 0
    again = module_of(KERNELS, monkeypatch)
    assert again.outer(3) == 32  # and the edit took nothing from others
    assert hits(again.outer) == 1


def test_a_comment_does_not(folder, monkeypatch):
    module_of(KERNELS, monkeypatch).outer(3)
    later = module_of("\n# moved down\n" + KERNELS, monkeypatch)
    later.outer(3)
    assert hits(later.outer) == 1


def test_what_is_apart_is_called_by_address(folder, monkeypatch):
    first = module_of(APART, monkeypatch)
    assert first.outer(3) == 32
    (code,) = first.outer.inspect_llvm().values()
    assert "@pl_hypernet." in code
    (path,) = folder.glob("planted.called-*.kernel")
    path.unlink()
    later = module_of(APART, monkeypatch)
    assert later.outer(3) == 32
    assert (hits(later.outer), hits(later.called)) == (1, 0)  # its caller was not compiled again
    assert path.exists()
    with pytest.raises(TypeError, match="called is for compiled functions alone"):
        later.called(3)
    edited = module_of(APART.replace("return x + 1", "return x + 2"), monkeypatch)
    assert edited.outer(3) == 40
    assert hits(edited.outer) == 0
    failing = module_of(APART.replace("return x + 1", "return x // (x - 3)"), monkeypatch)
    with pytest.raises(ZeroDivisionError):
        failing.outer(3)


@pytest.mark.parametrize("version_of", [(numba, "__version__"), (compiled, "__version__")])
def test_another_version_makes_it_stale(version_of, folder, monkeypatch):
    module_of(KERNELS, monkeypatch).outer(3)
    monkeypatch.setattr(*version_of, "99")
    later = module_of(KERNELS, monkeypatch)
    assert later.outer(3) == 32
    assert hits(later.outer) == 0


def test_each_kernel_of_the_package_can_be_described():
    holders = [path for path in PACKAGE.rglob("*.py") if "\n@compiled(" in path.read_text()]
    kernels = {
        kernel
        for path in holders
        for kernel in vars(import_module(name_of(path))).values()
        if isinstance(kernel, Dispatcher)
    }
    assert len({compiled.description(kernel) for kernel in kernels}) == len(kernels) > 30
    assert all(isinstance(kernel._cache, compiled.KernelCache) for kernel in kernels)


def test_descriptions_are_the_same_in_each_process():
    code = (
        "from pl_hypernet import compiled; from pl_hypernet.mps.light_cone import sample_cones\n"
        "print(compiled._digest(compiled.description(sample_cones).encode()))\n"
        "assert not compiled.cache_folder.cache_info().currsize, 'an import wants no folder'"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1", "XDG_CACHE_HOME": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    here = compiled._digest(compiled.description(sample_cones).encode())
    assert elsewhere == f"{here}\n"  # whatever this process's seed of hashes is


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(TypeError, match="pass it as an argument"):
        compiled.description((1, np.zeros(3)))


@pytest.mark.parametrize("damage", [lambda old: b"", lambda old: old[:-9], lambda old: b"\0" + old])
def test_a_damaged_file_is_as_none(damage, folder, monkeypatch):
    module_of(KERNELS, monkeypatch).outer(3)
    (path,) = folder.glob("planted.outer-*.kernel")
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    later = module_of(KERNELS, monkeypatch)
    assert later.outer(3) == 32
    assert hits(later.outer) == 0
    after = module_of(KERNELS, monkeypatch)
    assert after.outer(3) == 32
    assert hits(after.outer) == 1  # mended


def test_files_of_no_use_any_more_go(folder, monkeypatch):
    module_of(KERNELS, monkeypatch).outer(3)
    (path,) = folder.glob("planted.outer-*.kernel")
    os.utime(path, (0, 0))
    edited = module_of(KERNELS.replace("STEP = 2", "STEP = 3"), monkeypatch)
    assert edited.outer(3) == 48
    (left,) = folder.glob("planted.outer-*.kernel")
    assert left != path


def test_processes_at_once(folder, tmp_path):
    (tmp_path / "planted.py").write_text(APART)
    code = (
        "import sys, numpy as np; from planted import outer\n"
        "kinds = (np.int8, np.int32, np.int64, np.float32, np.float64, np.complex128)\n"
        "assert all(outer(kind(3)) == 32 for kind in kinds[:: int(sys.argv[1])])\n"
        "print(sum(outer.stats.cache_hits.values()))"
    )
    search = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    def start(order: int) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(order)],
            env=os.environ | {"PYTHONPATH": search},
            stdout=subprocess.PIPE,
            text=True,
        )

    for process in [start(1), start(-1)]:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert start(1).communicate(timeout=60)[0] == "6\n"


def test_the_users_folder(folder, tmp_path, monkeypatch):
    assert compiled.cache_folder() == folder
    assert folder.stat().st_mode & 0o77 == 0
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "named"))
    compiled.cache_folder.cache_clear()
    assert compiled.cache_folder() == tmp_path / "named" / "pl_hypernet" / "kernels"


def no_folder(folder, monkeypatch):
    folder.parents[1].write_text("a file in its place")


def no_home(folder, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # the user is not in passwd either


def open_to_others(folder, monkeypatch):
    folder.mkdir(parents=True)
    folder.chmod(0o777)


def of_another_user(folder, monkeypatch):
    folder.mkdir(parents=True)
    other = folder.stat().st_uid + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    temporary = folder.parents[2] / f"pl_hypernet-kernels-{other}"
    temporary.mkdir()  # as somebody could who waits for us there


def a_link(folder, monkeypatch):
    folder.parent.mkdir(parents=True)
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes of POSIX")
@pytest.mark.parametrize("fault", [no_folder, no_home, open_to_others, of_another_user, a_link])
def test_a_temporary_folder_is_the_second_choice(fault, folder, tmp_path, monkeypatch, recwarn):
    monkeypatch.chdir(tmp_path)
    fault(folder, monkeypatch)
    before = list(folder.glob("*")) if folder.is_dir() else []
    for _ in range(2):
        assert module_of(KERNELS, monkeypatch).outer(3) == 32
    (said,) = [warning for warning in recwarn if warning.category is CacheWarning]
    found = compiled.cache_folder()
    assert f"kept in {found}; set NUMBA_CACHE_DIR" in str(said.message)
    assert str(said.message).startswith("there is no home" if fault is no_home else str(folder))
    assert found.parent == tmp_path
    assert found.name.startswith("pl_hypernet-kernels-")
    assert list(found.glob("*.kernel"))
    assert (found.name == f"pl_hypernet-kernels-{os.getuid()}") == (fault is not of_another_user)
    assert (list(folder.glob("*")) if folder.is_dir() else []) == before  # not touched
    assert not (tmp_path / "~").exists()


def test_no_folder_at_all(folder, monkeypatch):
    no_folder(folder, monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", os.devnull)
    with pytest.warns(CacheWarning, match="kept for this process only"):
        assert module_of(KERNELS, monkeypatch).outer(3) == 32


def test_a_full_disk(folder, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert module_of(KERNELS, monkeypatch).outer(3) == 32


def test_numba_is_as_the_user_set_it(folder, monkeypatch):
    module_of(KERNELS, monkeypatch).outer(3)
    own = numba.njit(cache=True)(name_of)
    assert "pl_hypernet" not in own._cache.cache_path
