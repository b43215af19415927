"""Demos are in the format of PennyLane's demos, and become notebooks without traces of it."""

import calendar
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parent.parent / "demos"
DEMOS = sorted(path.parent for path in ROOT.glob("*/demo.py"))

# What metadata_schemas of PennyLaneAI/demos (0.1.10) demand, and allow where it is a choice.
REQUIRED = {
    "title", "authors", "dateOfPublication", "dateOfLastModification", "categories", "tags",
    "previewImages", "seoDescription", "doi", "references", "basedOnPapers", "referencedByPapers",
    "relatedContent",
}  # fmt: skip
OPTIONAL = {"slug", "executable_stable", "executable_latest", "hardware", "discussionForumUrl"}
CATEGORIES = {
    "Algorithms", "Getting Started", "Optimization", "Quantum Machine Learning",
    "Quantum Chemistry", "Devices and Performance", "Quantum Computing", "Quantum Hardware",
    "How-to", "Compilation", "Resource Estimation", "FTQC",
}  # fmt: skip
REFERENCE_TYPES = {"article", "book", "phdthesis", "preprint", "webpage"}
MONTHS = "|".join(calendar.month_name[1:])
REFERENCE_PATTERNS = {"year": r"19\d\d|20[0-2]\d", "pages": r"[0-9]+.*", "month": MONTHS}
IMAGES = {"thumbnail": 1, "large_thumbnail": 16 / 9, "hero_image": None}  # and width over height
RELATED_TYPES = {"demonstration", "glossary_entry"}
DATE = r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\+00:00"


@pytest.fixture(params=DEMOS, ids=lambda path: path.name)
def folder(request) -> Path:
    return request.param


@pytest.fixture
def metadata(folder) -> dict:
    return json.loads((folder / "metadata.json").read_text())


def wrong_fields(metadata: dict) -> set[str]:
    """Names of the fields that PennyLane's schema does not allow as they are."""

    def text(value, pattern=".{2,}") -> bool:
        return isinstance(value, str) and re.fullmatch(pattern, value) is not None

    def all_of(values, check, least=0) -> bool:
        return isinstance(values, list) and len(values) >= least and all(map(check, values))

    def reference(found: dict) -> bool:
        return (
            all(text(found.get(key), ".+") for key in ("id", "title", "authors", "year"))
            and found.get("type") in REFERENCE_TYPES
            and all(isinstance(value, str) for value in found.values())
            and all(text(found.get(k, ""), f"|{p}") for k, p in REFERENCE_PATTERNS.items())
        )

    def related(found: dict) -> bool:
        known = found.get("type") in RELATED_TYPES and text(found.get("id"))
        return known and -1 <= found.get("weight", 2) <= 1

    checks = {
        "title": text,
        "authors": lambda v: all_of(v, lambda a: text(a.get("name", a.get("username"))), 1),
        "dateOfPublication": lambda v: text(v, DATE),
        "dateOfLastModification": lambda v: text(v, DATE),
        "categories": lambda v: all_of(v, CATEGORIES.__contains__, 1),
        "tags": lambda v: all_of(v, lambda tag: isinstance(tag, str)),
        "previewImages": lambda v: all_of(v, lambda i: i["type"] in IMAGES and text(i["uri"]), 1),
        "seoDescription": lambda v: text(v, r".{2,148}\."),
        "doi": lambda v: text(v, r"|10\..*"),
        "references": lambda v: all_of(v, reference),
        "basedOnPapers": lambda v: all_of(v, text),
        "referencedByPapers": lambda v: all_of(v, text),
        "relatedContent": lambda v: all_of(v, related),
    }
    assert checks.keys() == REQUIRED
    wrong = {key for key, check in checks.items() if key in metadata and not check(metadata[key])}
    return wrong | (REQUIRED - metadata.keys()) | (metadata.keys() - REQUIRED - OPTIONAL)


def test_metadata_fits_pennylanes_schema(metadata):
    assert wrong_fields(metadata) == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (
            "references",
            [{"id": "A", "type": "speech", "title": "T", "authors": "A", "year": "2023"}],
        ),
        ("references", [{"id": "A", "type": "article", "title": "T", "year": "2023"}]),
        ("categories", ["Machine learning"]),
        ("dateOfPublication", "2026-11-22"),
        ("previewImages", []),
        ("seoDescription", "No full stop"),
        ("colour", "red"),
    ],
)
def test_what_the_schema_refuses_is_found(field, value, metadata):
    assert wrong_fields(metadata | {field: value}) == {field}


def test_files_of_a_demo(folder):
    names = {path.name for path in folder.iterdir() if path.is_file()}
    assert names == {"demo.py", "metadata.json", "requirements.in"}
    assert folder.name.startswith("tutorial_")  # these are run


def test_preview_images_are_there(metadata):
    for image in metadata["previewImages"]:
        path = ROOT / image["uri"].lstrip("/")
        height, width = plt.imread(path).shape[:2]
        assert width / height == pytest.approx(IMAGES[image["type"]], rel=0.01)
        assert width >= 600
        assert path.stat().st_size < 300_000
    assert {"thumbnail", "large_thumbnail"} <= {
        image["type"] for image in metadata["previewImages"]
    }


def text_of(source: str) -> str:
    """The parts of a demo that become text of a notebook."""
    head, *blocks = re.split(r"^#{79}\n", source, flags=re.MULTILINE)
    comments = [re.match(r"(?:#.*\n)*", block)[0] for block in blocks]
    return head + "".join(comments).replace("\n# ", "\n")


def test_a_notebook_shows_no_directives(folder):
    """Converters, sphinx-gallery's and pandoc, know these; what they do not they leave as it is."""
    source = (folder / "demo.py").read_text()
    assert source.startswith('r"""\n')
    text = text_of(source)
    assert len(text) > 5000
    assert set(re.findall(r"^#? *\.\. (\S+)", text, re.MULTILINE)) <= {"math::"}
    assert set(re.findall(r":([\w:]+):`", text)) <= {"math"}
    assert not re.findall(r"\[#\w*\]_|\|\w+\|_", text)  # footnotes, substitutions
    links = re.findall(r"`([^`<]+)<([^>]+)>`(_+)", text)
    assert links
    assert {ending for *_, ending in links} == {"_"}  # a second underscore would stay
    for section in ("References", "About the author"):
        assert f"\n{section}\n---" in text
