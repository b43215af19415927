"""The package is described in setup.cfg; here is what takes a line of code."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import setup

# An index shows the README without the files beside it: pictures go, links become their text.
readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
readme = re.sub(r"!\[[^]]*\]\((?!http)[^)]*\)\n\n", "", readme)
readme = re.sub(r"\[([^]]*)\]\((?!http)[^)]*\)", r"\1", readme)

# A build folder left in a clone would bring files back that are gone from the package since.
with TemporaryDirectory() as build:
    setup(
        long_description=readme,
        long_description_content_type="text/markdown",
        options={"build": {"build_base": build}},
    )
