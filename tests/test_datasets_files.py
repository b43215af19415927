"""Tables of a user's own, missing values in them, and torch datasets."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import IterableDataset, Subset, TensorDataset
from torchvision.datasets import FakeData

from pl_hypernet import datasets
from pl_hypernet.datasets import as_data, csv_file, from_arrays
from pl_hypernet.errors import DataError, InputError


def again(data):
    """The same data, made from their source alone."""
    options = dict(data.source)
    return datasets.load(options.pop("name"), **options)


@pytest.fixture
def table(tmp_path):
    """Writes a table and returns its path."""

    def write(text, name="own.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return str(tmp_path / name)

    return write


def test_a_table(table):
    path = table("height, age ,label\n1.5,-3,cat\n2e3,4,dog\n\n0,0.25,cat\n")
    data = datasets.load(path)
    assert data.inputs.tolist() == [[1.5, -3], [2000, 4], [0, 0.25]]
    assert data.classes == ("cat", "dog")
    assert data.targets.tolist() == [0, 1, 0]
    assert data.source == {"name": path}
    assert data.feature_names == ("height", "age")
    assert data.target_names == ("label",)
    assert datasets.load(table("y,x\n1.0,5\n0,6\n"), target="y").classes == (0, 1)
    excel = table("x,y\n5,ä\n6,b\n", encoding="utf-8-sig")
    assert datasets.load(excel).classes == ("b", "ä")


def test_a_table_of_another_form(table):
    """As spreadsheets write them where the comma is the decimal sign."""
    text = "größe;alter;art\n1,5;-3;Kätzchen\n2e3;4;Hund\n0;0,25;Hund\n"
    path = table(text, encoding="latin-1")
    options = {"delimiter": ";", "encoding": "latin-1", "decimal": ","}
    data = datasets.load(path, **options)
    assert data.inputs.tolist() == [[1.5, -3], [2000, 4], [0, 0.25]]
    assert data.classes == ("Hund", "Kätzchen")
    assert data.feature_names == ("größe", "alter")
    assert data.source == {"name": path} | options
    np.testing.assert_array_equal(again(data).inputs, data.inputs)
    form = csv_file.Form(**options)
    np.testing.assert_array_equal(
        csv_file.read_columns(path, ["alter"], False, form)[:, 0], [-3, 4, 0.25]
    )
    tabs = table("x\ty\n1,000\t0\n2,5\t1\n")
    assert datasets.load(tabs, delimiter="tab", decimal=",").inputs.tolist() == [[1], [2.5]]
    with pytest.raises(DataError, match=r"'1\.000,5' is no number"):
        datasets.load(table("x;y\n1.000,5;0\n2;1\n"), delimiter=";", decimal=",")
    with pytest.raises(DataError, match=r"name its encoding, --data-option encoding=latin-1"):
        datasets.load(table(text, encoding="latin-1"), delimiter=";")
    with pytest.raises(DataError, match=r"commas between them; it seems to be delimiter=';'"):
        datasets.load(table("x;y\n1;0\n2;1\n"))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"delimiter": ";;"}, "delimiter=';;': expected one character"),
        ({"delimiter": "\n"}, "delimiter="),
        ({"delimiter": 3}, "delimiter=3: "),
        ({"encoding": "morse"}, "encoding='morse': "),
        ({"encoding": 8}, "encoding=8: "),
        ({"decimal": "'"}, "decimal="),
        ({"decimal": ","}, "decimal=',' is the delimiter as well"),
    ],
)
def test_forms_that_cannot_be(table, option, message):
    with pytest.raises(InputError, match=message):
        datasets.load(table("x,y\n1,0\n2,1\n"), **option)


def test_numbers_are_read_a_row_at_once(table, monkeypatch):
    """Cells one by one only in the names, the target, and rows with a cell that is no number."""
    looked_at, is_number = [], csv_file._is_number
    monkeypatch.setattr(csv_file, "_is_number", lambda c: looked_at.append(c) or is_number(c))
    inputs = np.arange(200.0 * 20).reshape(200, 20)
    rows = [[*map(str, row), str(i % 3)] for i, row in enumerate(inputs)]
    rows[7][1] = " ? "
    rows.insert(0, [*(f"x{i}" for i in range(20)), "y"])
    found = datasets.load(table("\n".join(map(",".join, rows))), missing="mean").inputs
    assert len(looked_at) <= 21 + 200 + 2 * 21
    inputs[7, 1] = np.delete(inputs[:, 1], 7).mean()
    np.testing.assert_allclose(found, inputs)


def test_a_table_to_test_on(table):
    path = table("a,b,y\n1,2,0\n3,4,1\n")
    test = table("y,b,a\n1,20,10\n", "other.csv")
    data = datasets.load(path, test=test, target="y", features="standardise")
    assert data.raw.test_inputs.tolist() == [[10, 20]]
    assert data.test_targets.tolist() == [1]
    np.testing.assert_array_equal(again(data).test_inputs, data.test_inputs)
    with pytest.raises(DataError, match=r"only one of .* has a column 'b': expected the same"):
        datasets.load(path, test=table("y,a\n1,20\n", "other.csv"))
    with pytest.raises(DataError, match="test targets hold 2, which no training target is"):
        datasets.load(path, test=table("a,b,y\n1,1,2\n", "other.csv"))


@given(
    st.lists(
        st.tuples(st.floats(-1e14, 1e14, width=64), st.integers(-9, 9)), min_size=2, max_size=20
    ).filter(lambda rows: len({y for _, y in rows}) > 1)
)
@settings(deadline=None, max_examples=30)
def test_numbers_are_read_as_they_were_written(tmp_path_factory, rows):
    rows = [(0.0, 0), (1.0, 1), *rows]  # which float32 can tell apart
    path = tmp_path_factory.mktemp("tables") / "own.csv"
    path.write_text("x,y\n" + "".join(f"{x!r},{y}\n" for x, y in rows))
    data = datasets.load(path)
    assert data.inputs[:, 0].tolist() == [float(np.float32(x)) for x, _ in rows]
    assert [data.classes[target] for target in data.targets] == [y for _, y in rows]
    real = datasets.load(path, regression=True)
    given = real.target_mean + real.target_scale * real.targets
    np.testing.assert_allclose(given, [y for _, y in rows], atol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,y\n1,2,0\n1,x,1\n", "line 3, column 'b': 'x' is no number"),
        ("a,b,y\n1,2,0\n1,1_000,1\n", "line 3, column 'b': '1_000' is no number"),
        ("a,b,y\n1,2,0\n1,,1\n", "line 3, column 'b': '' is missing: .* missing='mean'"),
        ("a,b,y\n1,2,0\nNA,1,1\n", "line 3, column 'a': 'NA' is missing"),
        ("a,b,y\n1,2,0\n1,1,\n", "line 3, column 'y': '' is missing"),
        ("a,b,y\n1,2,cat\n1,1,?\n", "line 3, column 'y': '\\?' is missing"),
        ("a,b,y\n1,2,0\n1,1e16,1\n", "line 3, column 'b': '1e16' is beyond 1e\\+15: rescale"),
        ("a,b,y\n1,2,0\n1,-inf,1\n", "line 3, column 'b': '-inf' is beyond"),
        ("a,b,y\n1,2,0\n1,1\n", "line 3 has 2 cells: expected 3"),
        ('a,b,y\n1,2,"0\n', "cannot be read as csv"),
        ("1,2,0\n1,3,1\n", "begins with numbers, 1, 2, 0, ...: put names of columns first"),
        ("5.1,3,cat\n1,3,dog\n", "begins with numbers"),
        ("a,a,y\n1,2,0\n1,3,1\n", "has a column named 'a'"),
        ("a,,y\n1,2,0\n1,3,1\n", "has a column named ''"),
        ("a;b;y\n1;2;0\n", "has 1 columns: .* commas between them"),
        ("", "has 0 columns"),
        ("a,b,y\n", "has no rows after the names"),
        ("a,y\n1,0\n2,0\n", r"targets hold 1 classes \(0\): expected at least 2"),
    ],
)
def test_tables_that_are_refused(table, text, message):
    with pytest.raises(DataError, match=message) as caught:
        datasets.load(table(text))
    assert "\n" not in str(caught.value)


def test_files_and_options_that_do_not_fit(table, tmp_path):
    with pytest.raises(DataError, match="cannot be read as csv"):
        datasets.load(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_bytes(b"a,y\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="cannot be read as csv"):
        datasets.load(tmp_path / "bad.csv")
    path = table("x,y\n1,0\n2,1\n")
    with pytest.raises(InputError, match="unknown target column 'z': choose one of x, y"):
        datasets.load(path, target="z")
    with pytest.raises(InputError, match="no option 'colour': choose from"):
        datasets.load(path, colour="red")
    with pytest.raises(InputError, match="unknown missing 'zero': choose one of mean"):
        datasets.load(path, missing="zero")
    with pytest.raises(DataError, match="'cat' is no number"):
        datasets.load(table("x,y\n1,cat\n2,dog\n"), regression=True)


def test_a_table_says_which_column_it_took_for_the_target(table):
    path = table("animal,legs,weight\ndog,4,30\nbird,2,0.1\n")
    with pytest.raises(DataError, match="line 2, column 'animal': 'dog' is no number") as caught:
        datasets.load(path)
    mend = "(--data-option target='animal'): now that is the last column, 'weight'"
    assert str(caught.value).endswith(mend)
    assert datasets.load(path, target="animal").classes == ("bird", "dog")
    with pytest.raises(DataError, match=r"'dog' is no number, as inputs must be: remove .* words$"):
        datasets.load(path, target="legs")


def test_a_table_of_several_targets(table):
    path = table("a,x,b\n1,5,3\n2,6,-3\n4,7,0\n")
    data = datasets.load(path, target=["b", "a"], regression=True)
    assert data.source == {"name": path, "target": ["b", "a"], "regression": True}
    assert data.target_names == ("b", "a")
    assert data.feature_names == ("x",)
    given = data.target_mean + data.target_scale * data.targets
    np.testing.assert_allclose(given, [[3, 1], [-3, 2], [0, 4]], atol=1e-6)
    np.testing.assert_array_equal(again(data).targets, data.targets)
    for target, message in (
        (["a", "b"], "several targets are for a regression"),
        (["a", "c"], "unknown target column 'c'"),
        (["a", "a"], "expected one or more different columns"),
        ([], "expected one or more different columns"),
    ):
        with pytest.raises(InputError, match=message):
            datasets.load(path, target=target)
    with pytest.raises(InputError, match=r"all columns of .* are targets, none an input"):
        datasets.load(path, target=["a", "b", "x"], regression=True)


def test_missing_values_are_filled_with_training_means(table):
    path = table("a,b,y\n1,,0\n3,5,1\n,7,1\n")
    test = table("a,b,y\n,100,0\n50,NaN,1\n", "other.csv")
    data = datasets.load(Path(path), test=Path(test), missing="mean")
    assert data.inputs.tolist() == [[1, 6], [3, 5], [2, 7]]
    assert data.test_inputs.tolist() == [[2, 100], [50, 6]]
    assert data.source == {"name": path, "test": test, "missing": "mean"}
    with pytest.raises(DataError, match="column 'y': '' is missing"):
        datasets.load(table("a,b,y\n1,2,0\n3,5,1\n1,7,\n"), missing="mean")
    with pytest.raises(DataError, match="column 1 of the training inputs has no value at all"):
        datasets.load(table("a,b,y\n1,,0\n3,?,1\n"), missing="mean")
    filled = from_arrays([[1.0], [np.nan], [3.0]], [0, 1, 0], missing="mean")
    assert filled.inputs.tolist() == [[1], [2], [3]]


def test_means_of_what_is_kept_fill_missing_values():
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[::4, 1] = np.nan
    data = from_arrays(x, np.arange(40) % 2, missing="mean")
    for split in (data.split(0.25, 0), datasets.with_features(data, "identity").split(0.25, 0)):
        kept = np.isin(data.inputs[:, 0], split.inputs[:, 0])
        assert kept.sum() == 30
        mean = np.nanmean(x[kept, 1])
        assert not np.isclose(mean, np.nanmean(x[:, 1]))
        for inputs, chosen in ((split.inputs, kept), (split.test_inputs, ~kept)):
            by_first = inputs[np.argsort(inputs[:, 0]), 1]
            expected = np.where(np.isnan(x[chosen, 1]), mean, x[chosen, 1])
            np.testing.assert_allclose(by_first, expected[np.argsort(x[chosen, 0])], rtol=1e-5)
            assert np.isnan(x[chosen, 1]).any()
    again = data.split(0.25, 0).split(0.5, 1)
    assert again.was_missing.shape == again.inputs.shape
    np.testing.assert_array_equal(np.isnan(x).sum(axis=0), data.was_missing.sum(axis=0))


def test_shapes_of_images():
    images = np.arange(4 * 6).reshape(4, 2, 3)
    for inputs in (images, images[:, None]):
        data = as_data((inputs, [0, 1, 0, 1]))
        assert data.image_shape == (2, 3)
        np.testing.assert_array_equal(data.inputs, images.reshape(4, 6))
    assert as_data((np.ones((4, 3, 2, 2)), [0, 1, 0, 1])).image_shape is None
    with pytest.raises(
        DataError, match=r"inputs have shape \(4,\): expected \(n_samples, n_inputs"
    ):
        as_data(([1, 2, 3, 4], [0, 1, 0, 1]))
    with pytest.raises(DataError, match=r"test inputs have shape \(4, 3, 2\), training inputs"):
        as_data((images, [0, 1, 0, 1], images.reshape(4, 3, 2), [0, 1, 0, 1]))


def test_torch_datasets():
    images = torch.rand(6, 1, 4, 3)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    train, test = TensorDataset(images, labels), Subset(TensorDataset(images, labels), [5, 0])
    data = as_data(train)
    np.testing.assert_array_equal(data.inputs, images.reshape(6, 12))
    assert data.targets.tolist() == labels.tolist()
    assert data.image_shape == (4, 3)
    both = as_data((train, test))
    np.testing.assert_array_equal(both.test_inputs, images[[5, 0]].reshape(2, 12))
    assert both.test_targets.tolist() == [2, 0]
    real = as_data(TensorDataset(images, torch.rand(6, 1, requires_grad=True)), regression=True)
    assert real.is_regression
    assert real.n_targets == 1
    two = as_data(TensorDataset(images, torch.rand(6, 2)), regression=True)
    assert two.targets.shape == (6, 2)
    assert as_data(Items((5, 0), (6, 1))).inputs.tolist() == [[5], [6]]
    pillow = as_data(FakeData(8, (3, 5, 4), 2, random_offset=1))
    assert pillow.inputs.shape == (8, 60)


class Items(torch.utils.data.Dataset):
    """A list as a torch dataset."""

    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class Stream(IterableDataset):
    def __iter__(self):
        yield torch.ones(2), 0


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (Items(torch.ones(2), torch.ones(2)), "item 0 of Items is no pair"),
        (Items(([1, 2], 0), ([1, 2, 3], 1)), r"item 1 of Items has inputs of shape \(3,\), item 0"),
        (Items(([1, 2], [[0, 1]])), r"item 0 of Items has a target of shape \(1, 2\)"),
        (Items(([1], [0, 1]), ([1], 2)), r"item 1 of Items has a target of shape \(\)"),
        (Items(([1, 2], [0, 1])), r"targets have shape \(1, 2\): expected \(n_samples,\)"),
        (Items(), r"inputs have shape \(0,\)"),
        (Stream(), "Stream has no length: expected a map-style torch Dataset"),
        ((Items(([1], 0)), [1]), "not an array of numbers|expected"),
    ],
)
def test_torch_datasets_that_do_not_fit(dataset, message):
    with pytest.raises(DataError, match=message):
        as_data(dataset)


def test_arrays_of_tensors_that_need_gradients():
    with pytest.raises(DataError, match="not an array of numbers: Can't call numpy"):
        as_data((torch.ones(4, 2, requires_grad=True), [0, 1, 0, 1]))


def test_all_names_are_public():
    assert set(datasets.DATASETS) < set(datasets.__all__)
    for name in datasets.__all__:
        assert hasattr(datasets, name)
    for name, make in datasets.DATASETS.items():
        assert make is getattr(datasets, name)
    with pytest.raises(InputError, match=r"diabetes, FILE.npz, FILE.csv"):
        datasets.load("own.txt")
