"""Loops compiled by numba, and where they are kept between runs: never in the installation.

numba's own choice is ``__pycache__`` beside the source. Files there that pip does not know of
outlive an uninstallation, and the folder that is left hides another installation of the package.
"""

import hashlib
import os
import re
import stat
import tempfile
import warnings
from functools import cache
from pathlib import Path

from numba import config, njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from platformdirs import user_cache_path

from pl_hypernet.errors import CacheWarning
from pl_hypernet.version import __version__

PACKAGE = Path(__file__).parent
KERNEL = re.compile(r"^@compiled\(", re.MULTILINE)


def compiled(**options):
    """As ``numba.njit``, with a cache of our own.

    What was compiled is used again by later processes until the package's version changes or any
    file that holds compiled functions, so that a change in one that others call is noticed.

    Args:
        **options: of ``numba.njit``, without ``cache``.
    """

    def decorate(function):
        dispatcher = njit(**options)(function)
        dispatcher._cache = KernelCache(function)  # what cache=True sets, to numba's own kind
        return dispatcher

    return decorate


@cache
def cache_folder() -> Path:
    """Where compiled functions are kept: ``NUMBA_CACHE_DIR`` if set, else the user's cache folder;
    if that cannot be written, a temporary one, which is said once."""
    wanted = Path(config.CACHE_DIR or user_cache_path("pl_hypernet")) / "kernels"
    if _is_writable(wanted):
        return wanted
    # cached code is executed: a folder that others could have made, or can write, is not trusted
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"pl_hypernet-kernels-{user}"
    if not (_is_writable(folder) and _is_private(folder)):
        folder = Path(tempfile.mkdtemp(prefix="pl_hypernet-kernels-"))
    warnings.warn(
        f"{wanted} cannot be written: compiled loops are kept in {folder}; set NUMBA_CACHE_DIR to "
        "keep them elsewhere",
        CacheWarning,
        stacklevel=2,
    )
    return folder


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _is_private(folder: Path) -> bool:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    return not hasattr(os, "getuid") or (
        found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


@cache
def source_stamp() -> str:
    """A digest of the version and of all files that hold compiled functions."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if KERNEL.search(source):
            digest.update(source.encode())
    return digest.hexdigest()


class _Locator:
    """Tells numba where to keep one function, and when what is kept is stale."""

    def __init__(self, function, path: str):
        self._py_file = path
        self._function = function
        # installations of the package do not take each other's files
        installation = hashlib.sha256(str(PACKAGE).encode()).hexdigest()[:16]
        self._folder = cache_folder() / installation

    @classmethod
    def from_function(cls, function, path: str):
        return cls(function, path)

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return source_stamp()

    def get_disambiguator(self) -> str:
        return self._function.__module__


class _Files(CompileResultCacheImpl):
    _locator_classes = (_Locator,)


class KernelCache(FunctionCache):
    """numba's cache of one function in :func:`cache_folder`; a damaged or full one is as none."""

    _impl_class = _Files

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            self.disable()  # what cannot be read is not written over in this process
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except Exception:
            self.disable()
