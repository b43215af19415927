"""A user's own table, as text: commas between cells, or how else it was written."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper

import numpy as np

from pl_hypernet.datasets.arrays import from_arrays
from pl_hypernet.datasets.checked import LARGEST
from pl_hypernet.datasets.data import Data
from pl_hypernet.errors import DataError, InputError, unknown_name
from pl_hypernet.regular_file import open_regular

MISSING = {"", "?", "na", "n/a", "nan", "null", "none"}  # in small letters
MEND = "fill it in or remove the row"
OF_INPUTS = "as inputs must be: remove the column, or write numbers for its words"
OF_TARGETS = "as targets of a regression must be: remove the row, or write a number"
HINT = (
    "; or, if it is to be predicted, target={0!r} (--data-option target={0!r}): now that is the "
    "last column, {1!r}"
)
MEANS = "; or train with missing='mean', --data-option missing=mean: means take its place"


@dataclass(frozen=True)
class Form:
    """How a table is written.

    Attributes:
        delimiter: the character between cells; ``tab`` may be spelled out.
        encoding: of the text, as Python names it; None: UTF-8.
        decimal: ``"."`` or ``","``, within numbers; where it is the comma, a point is none.

    Raises:
        InputError: what cannot be, or decimals that are delimiters too.
    """

    delimiter: str = ","
    encoding: str | None = None
    decimal: str = "."

    def __post_init__(self):
        if self.delimiter == "tab":
            object.__setattr__(self, "delimiter", "\t")
        one = isinstance(self.delimiter, str) and len(self.delimiter) == 1
        if not one or self.delimiter in '\r\n" ' or self.delimiter.isalnum():
            raise InputError(
                f"delimiter={self.delimiter!r}: expected one character between cells, as ; or tab"
            )
        try:
            "".encode(self.encoding or "utf-8")
        except (LookupError, TypeError, ValueError) as error:
            raise InputError(
                f"encoding={self.encoding!r}: expected one that Python knows, as latin-1 or utf-16"
            ) from error
        if self.decimal not in (".", ","):
            raise InputError(f"decimal={self.decimal!r}: expected . or ,")
        if self.decimal == self.delimiter:
            raise InputError(
                f"decimal={self.decimal!r} is the delimiter as well: give another, as delimiter=';'"
            )

    def plain(self, cell: str) -> str:
        """A cell with a decimal point."""
        return cell if self.decimal == "." else cell.translate(SWAPPED)


SWAPPED = str.maketrans(",.", ".,")  # so that a point beside decimal commas makes no number


@dataclass(frozen=True)
class Table:
    """Cells of a file.

    Attributes:
        path: of the file.
        names: of the columns.
        rows: the cells of each row, as they stand there.
        numbers: float64 (n_rows, n_columns), NaN where a cell is no number.
        lines: where in the file each row ends, from 1.
        form: how it was written.
    """

    path: str
    names: list[str]
    rows: list[list[str]]
    numbers: np.ndarray
    lines: list[int]
    form: Form = field(default_factory=Form)

    def column(self, name: str) -> list[str]:
        """Its cells, without the space around them."""
        i = self.names.index(name)
        return [row[i].strip() for row in self.rows]

    def is_number(self, cell: str) -> bool:
        return _is_number(self.form.plain(cell))

    def error(self, row: int, name: str, what: str) -> DataError:
        return DataError(f"{self.path} line {self.lines[row]}, column {name!r}: {what}")


def read_csv(
    path: str,
    *,
    target: str | Sequence[str] | None = None,
    test: str | None = None,
    regression: bool = False,
    missing: str | None = None,
    delimiter: str = ",",
    encoding: str | None = None,
    decimal: str = ".",
) -> Data:
    """A table with names in its first line, one sample a line.

    Cells are missing where they are empty, ``?``, ``NA``, ``N/A``, ``NaN``, ``null`` or ``none``.

    Args:
        path: a ``.csv`` file.
        target: name of the target's column, of numbers or, if no regression, of any text, or of
            a regression names of several; None: the last column. All others are inputs, which must
            be numbers.
        test: path of a table for testing with the same columns, in any order.
        regression, missing: as of :func:`pl_hypernet.datasets.from_arrays`; a missing target is
            always refused.
        delimiter, encoding, decimal: see :class:`Form`; of ``test`` too.

    Raises:
        DataError: a file cannot be read or has no names; a cell is missing or no number (its line
            and column are named); or see ``from_arrays``.
        InputError: no column ``target``, no or several where one is expected, or an unknown
            ``missing``; see :class:`Form`.
    """
    form = Form(delimiter, encoding, decimal)
    table = _read(path, form)
    targets = _targets(table, target, regression)
    inputs = [name for name in table.names if name not in targets]
    if not inputs:
        raise InputError(f"target={target}: all columns of {path} are targets, none an input")
    tables = [table]
    if test is not None:
        tables.append(_read(str(test), form))
        if set(tables[1].names) != set(table.names):
            odd = min(set(tables[1].names) ^ set(table.names))
            raise DataError(
                f"only one of {path} and {test} has a column {odd!r}: expected the same"
            )
    numeric = regression or all(map(table.is_number, table.column(targets[0])))
    hint = HINT if target is None else ""
    arrays = []
    for each in tables:
        columns = [
            _numbers(each, name, missing is not None, hint.format(name, targets[0]))
            for name in inputs
        ]
        arrays.append(np.stack(columns, axis=1))
        if regression:
            labels = np.stack(
                [_numbers(each, name, False, of=OF_TARGETS) for name in targets], axis=1
            )
        elif numeric:
            labels = _whole(_numbers(each, targets[0], False))
        else:
            labels = _texts(each, targets[0])
        arrays.append(labels)
    return from_arrays(
        *arrays,
        regression=regression,
        missing=missing,
        feature_names=inputs,
        target_names=targets,
    )


def read_columns(
    path: str, names: Sequence[str] | None, gaps: bool, form: Form | None = None
) -> np.ndarray:
    """Columns of a table as float64 (n_samples, n_columns).

    Args:
        path: as of :func:`read_csv`.
        names: of the columns, in the order that they are wanted in; None: all, in their order.
        gaps: whether cells may be missing; they are NaN then.
        form: how it is written; None: as a table is by default.

    Raises:
        DataError: the file cannot be read, lacks a column, or a cell is missing or no number.
    """
    table = _read(path, form or Form(), least=1)
    for name in names or ():
        if name not in table.names:
            raise DataError(f"{path} has no column {name!r}, which the training had")
    columns = [_numbers(table, name, gaps) for name in names or table.names]
    return np.stack(columns, axis=1)


def _targets(table: Table, target, regression: bool) -> list[str]:
    """The names of the target columns."""
    if target is None:
        return table.names[-1:]
    targets = [target] if isinstance(target, str) else list(target)
    for name in targets:
        if name not in table.names:
            raise unknown_name("target column", name, table.names)
    if len(set(targets)) != len(targets) or not targets:
        raise InputError(f"target={target}: expected one or more different columns")
    if len(targets) > 1 and not regression:
        raise InputError(
            f"target={target}: several targets are for a regression (regression=True, "
            "--activation identity); classes are in one column"
        )
    return targets


def _read(path: str, form: Form, least: int = 2) -> Table:
    encoding = form.encoding or "utf-8-sig"
    try:
        with TextIOWrapper(open_regular(path), encoding=encoding, newline="") as file:
            reader = csv.reader(file, strict=True, skipinitialspace=True, delimiter=form.delimiter)
            read = [(reader.line_num, row) for row in reader if row]
    except UnicodeError as error:
        raise DataError(
            f"{path} cannot be read as csv: {error}; or name its encoding, "
            "--data-option encoding=latin-1"
        ) from error
    except (OSError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as csv: {error}") from error
    names = [cell.strip() for cell in read[0][1]] if read else []
    if len(names) < least:
        raise DataError(
            f"{path} has {len(names)} columns: expected at least one input and a target, with "
            f"{_NAMES.get(form.delimiter, repr(form.delimiter))} between them{_hint(names, form)}"
        )
    if any(_is_number(form.plain(name)) for name in names):
        raise DataError(
            f"{path} begins with numbers, {', '.join(names[:3])}, ...: put names of columns first, "
            "which may not be numbers"
        )
    odd = [name for name in names if not name or names.count(name) > 1]
    if odd:
        raise DataError(f"{path} has a column named {odd[0]!r}: give each a name of its own")
    if len(read) == 1:
        raise DataError(f"{path} has no rows after the names of its columns: add samples")
    for line, row in read[1:]:
        if len(row) != len(names):
            raise DataError(f"{path} line {line} has {len(row)} cells: expected {len(names)}")
    lines, rows = map(list, zip(*read[1:], strict=True))
    plain = rows if form.decimal == "." else [[*map(form.plain, row)] for row in rows]
    return Table(path, names, rows, np.array([*map(_row_of_numbers, plain)]), lines, form)


_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons"}


def _hint(names: list[str], form: Form) -> str:
    """What a line that holds one cell alone seems to be written with."""
    found = [c for c in ";\t|," if names and c in names[0] and c != form.delimiter]
    if not found:
        return ""
    typed = "tab" if found[0] == "\t" else f"'{found[0]}'"
    return f"; it seems to be delimiter={typed}, --data-option delimiter={typed}"


def _numbers(
    table: Table, name: str, may_miss: bool, hint: str = "", of: str = OF_INPUTS
) -> np.ndarray:
    """A column as float64, with NaN for missing cells where these are allowed."""
    column = table.names.index(name)
    numbers = table.numbers[:, column]
    for row in np.flatnonzero(~(np.abs(numbers) <= LARGEST)):
        cell = table.rows[row][column].strip()
        if cell.lower() in MISSING:
            if not may_miss:
                raise table.error(row, name, f"{cell!r} is missing: {MEND}{MEANS}")
        elif not table.is_number(cell):
            raise table.error(row, name, f"{cell!r} is no number, {of}{hint}")
        else:
            raise table.error(row, name, f"{cell!r} is beyond {LARGEST:.0e}: rescale the column")
    return numbers


def _texts(table: Table, name: str) -> np.ndarray:
    for row, cell in enumerate(table.column(name)):
        if cell.lower() in MISSING:
            raise table.error(row, name, f"{cell!r} is missing: {MEND}")
    return np.array(table.column(name))


def _whole(numbers: np.ndarray) -> np.ndarray:
    """Labels 0 and 1 rather than 0.0 and 1.0, where all are whole."""
    return numbers.astype(np.int64) if (numbers % 1 == 0).all() else numbers


def _row_of_numbers(row: list[str]) -> np.ndarray:
    try:
        if "_" not in "".join(row):  # 1_000 is a number in Python's eyes alone
            return np.array([*map(float, row)])
    except ValueError:
        pass
    return np.array([float(cell) if _is_number(cell) else np.nan for cell in row])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
