"""Paths as they are typed."""

from pathlib import Path


def typed_path(text: str) -> Path:
    """``~`` is the user's home, also where the shell left it, as in ``--out=~/here``."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # a user who has no home
        return Path(text)
