"""Loops compiled by numba, and where they are kept between runs: never in the installation.

numba's own choice is ``__pycache__`` beside the source. Files there that pip does not know of
outlive an uninstallation, and the folder that is left hides another installation of the package.
"""

import gc
import hashlib
import os
import pickle
import re
import stat
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from copy import copy
from functools import cache
from pathlib import Path
from types import CellType, CodeType, ModuleType

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature
from platformdirs import user_cache_path

from pl_hypernet.errors import CacheWarning
from pl_hypernet.version import __version__

KEPT_UNUSED = 90 * 24 * 3600  # seconds
# of numba's fastmath: sums in any order, so that loops are vectorised; NaN and infinity stay
FAST = {"contract", "reassoc", "nsz", "arcp"}


_apart: dict[str, tuple[Dispatcher, tuple]] = {}  # what stands behind a symbol: of what types


def compiled(apart: bool = False, **options):
    """As ``numba.njit``, with a cache of our own.

    What was compiled is used again by later processes while the package's version is the same, and
    the code of the function, of the compiled functions that it calls, and the global constants of
    all of them.

    Args:
        apart: whether only compiled functions call this one, and by its address. numba otherwise
            makes machine code of it once more with each of them, and with each that calls these,
            and of what a call from Python needs.
        **options: of ``numba.njit``, without ``cache``.
    """

    def decorate(function):
        njit = numba.njit(no_cfunc_wrapper=True, no_cpython_wrapper=apart, **options)
        dispatcher = njit(function)
        if isinstance(dispatcher, Dispatcher):  # with NUMBA_DISABLE_JIT it is the function itself
            dispatcher._cache = KernelCache(dispatcher)  # where cache=True puts numba's own kind
            dispatcher.apart = apart
            compile_alone = _called_by_address(dispatcher) if apart else dispatcher.compile

            def compile_faster(sig):
                with _no_collection():
                    return compile_alone(sig)

            dispatcher.compile = compile_faster
        return dispatcher

    return decorate


def _called_by_address(dispatcher: Dispatcher):
    """Its ``compile``, which gives callers a symbol in the place of the code, the same one in every
    process."""
    compile_alone, known = dispatcher.compile, set()

    def compile_apart(sig):
        with global_compiler_lock:  # no caller is compiled in another thread meanwhile
            entry_point = compile_alone(sig)
            if entry_point not in known:
                known.add(entry_point)
                types = tuple(normalize_signature(sig)[0])
                variant, context = dispatcher.overloads[types], dispatcher.targetctx
                symbol = f"pl_hypernet.{dispatcher._cache.digest(types, context)}"
                described = copy(variant.fndesc)
                address = variant.library.get_pointer_to_function(described.mangled_name)
                llvm.add_symbol(symbol, address)
                described.mangled_name = symbol
                context.remove_user_function(entry_point)
                context.insert_user_function(entry_point, described)
                _apart[symbol] = dispatcher, types
        return entry_point

    def refuse(*args, **kwargs):
        raise TypeError(f"{dispatcher.__name__} is for compiled functions alone: it is apart")

    dispatcher._compile_for_args = refuse  # numba asks here when Python calls what it does not know
    dispatcher._insert = lambda *args: None  # and so it never knows
    return compile_apart


@contextmanager
def _no_collection():
    """No search for garbage meanwhile: it took a tenth of the time of compiling."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def cache_folder() -> Path | None:
    """Where compiled functions are kept: in ``NUMBA_CACHE_DIR`` if set, else in the user's cache
    folder; if they cannot be, in a temporary one, which is said once. None: nowhere."""
    wanted = _wanted_folder()
    if wanted is not None and _is_usable(wanted):
        return wanted
    folder = _temporary_folder()
    reason = f"{wanted} cannot be written, or others can" if wanted else "there is no home folder"
    place = f"in {folder}" if folder else "for this process only"
    warnings.warn(
        f"{reason}: compiled loops are kept {place}; set NUMBA_CACHE_DIR to keep them elsewhere",
        CacheWarning,
        stacklevel=2,
    )
    return folder


def _wanted_folder() -> Path | None:
    if numba.config.CACHE_DIR:
        return Path(numba.config.CACHE_DIR, "pl_hypernet", "kernels").absolute()
    try:
        folder = user_cache_path("pl_hypernet", appauthor=False) / "kernels"
    except RuntimeError:  # no home; earlier versions of platformdirs return "~/.cache"
        return None
    return folder if folder.is_absolute() else None


def _temporary_folder() -> Path | None:
    user = os.getuid() if hasattr(os, "getuid") else "user"
    try:
        folder = Path(tempfile.gettempdir()) / f"pl_hypernet-kernels-{user}"
        return folder if _is_usable(folder) else Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
    except OSError:
        return None


def _is_usable(folder: Path) -> bool:
    """Whether we can write there, and nobody else: what is kept is executed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        found = folder.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return True
    others_can_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not others_can_write


class KernelCache(_Cache):
    """The compiled variants of one function in :func:`cache_folder`, in a file each.

    numba's own kind has an index beside the files, which processes that run at once, or before and
    after an edit, can leave pointing to each other's code. Here a file's name says all that its
    content depends on, so each process finds its own or none; a damaged file is as none.
    """

    def __init__(self, dispatcher: Dispatcher):
        self._dispatcher = dispatcher
        function = dispatcher.py_func
        self._name = re.sub("[<>]", "", f"{function.__module__}.{function.__qualname__}")
        self._enabled = True

    @property
    def cache_path(self) -> str:
        return str(cache_folder())

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        for path in self._files():
            path.unlink(missing_ok=True)

    def load_overload(self, sig, target_context) -> CompileResult | None:
        target_context.refresh()
        path = self._path(sig, target_context)
        if path is None:
            return None
        try:
            digest, content = path.read_bytes().split(b"\n", 1)
            if digest != _digest(content).encode():
                return None
            os.utime(path)
            calls, parts = pickle.loads(content)
            for module, name, types in calls:  # their symbols have to be known
                getattr(sys.modules[module], name).compile(types)
            return CompileResult._rebuild(target_context, *parts)
        except Exception:  # not there, or not what numba can read
            return None

    def save_overload(self, sig, data: CompileResult) -> None:
        path = self._path(sig, data.target_context)
        if path is None or data.library.has_dynamic_globals:  # these hold addresses
            return
        called = [_apart[f.name] for f in data.library._final_module.functions if f.name in _apart]
        calls = [(d.py_func.__module__, d.py_func.__name__, types) for d, types in called]
        content = dumps((calls, data._reduce()))
        try:
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=path.stem, suffix=".part", delete=False
            ) as file:
                file.write(_digest(content).encode() + b"\n" + content)
            os.replace(file.name, path)
            for old in self._files():
                if time.time() - old.stat().st_mtime > KEPT_UNUSED:
                    old.unlink()
        except OSError:  # a full disk: then the next process compiles again
            pass

    def digest(self, sig, target_context) -> str:
        """Of all that a variant depends on."""
        versions = (__version__, numba.__version__, sys.implementation.cache_tag)
        machine = target_context.codegen().magic_tuple()
        return _digest(f"{versions} {machine} {sig} {description(self._dispatcher)}".encode())[:32]

    def _files(self) -> list[Path]:
        folder = cache_folder()
        return list(folder.glob(f"{self._name}-*")) if folder else []

    def _path(self, sig, target_context) -> Path | None:
        folder = cache_folder()
        if folder is None or not self._enabled:
            return None
        return folder / f"{self._name}-{self.digest(sig, target_context)}.kernel"


def description(value) -> str:
    """All that numba compiles of a function, or of a value in it, as text.

    Taken from what is in memory, not from files: these can have been edited since the import.
    """
    match value:
        case Dispatcher():
            function, code = value.py_func, value.py_func.__code__
            known = function.__globals__
            names = {name: known[name] for name in _names(code) if name in known}
            cells = function.__closure__ or ()
            parts = (
                value.targetoptions,
                getattr(value, "apart", False),
                code,
                function.__defaults__,
                cells,
                names,
            )
            return f"{function.__module__}.{function.__qualname__}{description(parts)}"
        case CodeType():
            return description((value.co_code, value.co_names, value.co_varnames, value.co_consts))
        case CellType():
            return description(value.cell_contents)
        case ModuleType():
            return value.__name__
        case dict():
            return f"{{{', '.join(sorted(description(item) for item in value.items()))}}}"
        case set() | frozenset():
            return f"{{{', '.join(sorted(map(description, value)))}}}"
        case tuple():
            return f"({', '.join(map(description, value))})"
        case None | bool() | int() | float() | complex() | str() | bytes() | np.generic():
            return f"{type(value).__name__} {value!r}"
        case _ if callable(value):
            return f"{value.__module__}.{getattr(value, '__qualname__', value)}"
    raise TypeError(f"{value!r} in a compiled function: pass it as an argument")


def _names(code: CodeType) -> set[str]:
    """Names that a function and those defined in it look up, attributes included."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
