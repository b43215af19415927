"""What type checkers see of ``plh.*`` is what is there."""

import subprocess
import sys
from pathlib import Path

import pytest

import pl_hypernet as plh

STUB = Path(plh.__file__).with_suffix(".pyi")


def stub() -> str:
    """The contents of the stub, by the table of names."""
    lines = ['"""What ``pl_hypernet/__init__.py`` imports lazily; tests/test_front_page.py."""', ""]
    lines += [f"from pl_hypernet import {name} as {name}" for name in plh._MODULES]
    homes = plh._HOMES | {"__version__": "version"}
    found = sorted((home, name) for name, home in homes.items())
    lines += [f"from pl_hypernet.{home} import {name} as {name}" for home, name in found]
    listed = "".join(f'    "{name}",\n' for name in plh.__all__)
    return "\n".join(lines) + f"\n\n__all__ = [\n{listed}]\n"


def test_the_stub_names_what_is_there():
    assert STUB.read_text() == stub(), f"write it anew: python {__file__}"


def test_every_name_is_there():
    for name in plh.__all__:
        assert getattr(plh, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        plh.nothing  # noqa: B018


def test_the_front_page_imports_nothing():
    heavy = {"torch", "pennylane", "numpy", "pydantic"}
    code = f"import sys, pl_hypernet; print({heavy} & set(sys.modules) or 'none')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "none\n"


if __name__ == "__main__":
    STUB.write_text(stub())
