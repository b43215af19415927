"""The digits that ship, torchvision reading real files, and a user's own arrays."""

import struct

import numpy as np
import pytest
import torch

from pl_hypernet import datasets
from pl_hypernet.datasets.mnist import SHIPPED
from pl_hypernet.errors import DataError, InputError


def write_idx(path, array):
    """A file in the format of the original MNIST."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture
def mnist_root(tmp_path):
    """A small MNIST on disk: 60 random images of each split, every digit six times."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for prefix in ("train", "t10k"):
        write_idx(raw / f"{prefix}-images-idx3-ubyte", rng.integers(0, 256, (60, 28, 28)))
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", np.arange(60) % 10)
    return tmp_path


def test_the_digits_that_ship():
    data = datasets.mnist(digits=(0, 1), size=8)
    assert data.inputs.shape == (12665, 64)
    assert data.test_inputs.shape == (2115, 64)
    assert data.inputs.dtype == np.float32
    assert 0 == data.inputs.min() < data.inputs.max() <= 1
    assert np.bincount(data.targets).tolist() == [5923, 6742]
    assert np.bincount(data.test_targets).tolist() == [980, 1135]
    assert data.image_shape == (8, 8)
    assert SHIPPED.stat().st_size < 500_000
    middle = data.inputs.reshape(-1, 8, 8)[:, 3:5, 3:5].mean(axis=(1, 2))
    assert middle[data.targets == 0].mean() < 0.25 < 0.35 < middle[data.targets == 1].mean()


@pytest.mark.parametrize(("digits", "size"), [((3, 8), 8), ((8, 3), 7), ((0, 1), 28)])
def test_torchvision_reads_real_files(mnist_root, digits, size):
    data = datasets.mnist(digits, size, root=mnist_root)
    assert data.inputs.shape == (12, size * size)
    assert data.classes == digits
    expected = [int(label == digits[1]) for label in np.arange(60) % 10 if label in digits]
    assert data.targets.tolist() == expected
    if size == 7:  # 28 / 7: plain blocks of 4 x 4
        raw = (mnist_root / "MNIST/raw/train-images-idx3-ubyte").read_bytes()[16:]
        images = np.frombuffer(raw, np.uint8).reshape(60, 28, 28)
        first = images[np.isin(np.arange(60) % 10, digits)][0]
        blocks = first.reshape(7, 4, 7, 4).mean(axis=(1, 3))
        np.testing.assert_allclose(data.inputs[0].reshape(7, 7) * 255, blocks, atol=0.51)


def test_bilinear_at_four_takes_single_pixels(mnist_root):
    data = datasets.mnist(size=4, root=mnist_root, resize="bilinear")
    raw = (mnist_root / "MNIST/raw/train-images-idx3-ubyte").read_bytes()[16:]
    images = np.frombuffer(raw, np.uint8).reshape(60, 28, 28)[np.arange(60) % 10 < 2]
    np.testing.assert_allclose(data.inputs * 255, images[:, 3::7, 3::7].reshape(-1, 16), rtol=1e-6)
    assert data.source["resize"] == "bilinear"
    again = datasets.load(
        data.source["name"], **{k: v for k, v in data.source.items() if k != "name"}
    )
    np.testing.assert_array_equal(again.inputs, data.inputs)
    with pytest.raises(InputError, match="unknown resize 'cubic': choose one of average, bilinear"):
        datasets.mnist(resize="cubic")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"digits": (1, 1)}, "two or more different digits"),
        ({"digits": (0, 12)}, "two or more different digits"),
        ({"digits": 3}, "two or more different digits"),
        ({"size": 29}, "size=29: expected 1 to 28"),
    ],
)
def test_impossible_digits(options, message):
    with pytest.raises(DataError, match=message):
        datasets.mnist(**options)


def test_files_that_are_not_there(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("no network")

    monkeypatch.setattr("torchvision.datasets.mnist.MNIST.download", refuse)
    with pytest.raises(DataError, match="nor can it be downloaded: put the four"):
        datasets.mnist((3, 8), root=tmp_path)


def test_own_arrays():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(10, 3))
    data = datasets.as_data((inputs, ["cat", "dog"] * 5))
    assert data.targets.tolist() == [0, 1] * 5
    assert data.classes == ("cat", "dog")
    assert data.inputs.dtype == np.float32
    assert data.test_inputs is None
    both = datasets.as_data((inputs, [-1, 1] * 5, inputs[:4], [1, 1, -1, -1]))
    assert both.test_targets.tolist() == [1, 1, 0, 0]
    tensors = datasets.as_data((torch.as_tensor(inputs), torch.arange(10) % 2))
    assert tensors.inputs.shape == (10, 3)
    assert datasets.as_data(both) is both


def test_split_holds_out_each_sample_once():
    inputs = np.arange(20.0)[:, None]
    data = datasets.as_data((inputs, np.arange(20) % 2)).split(0.25, seed=1)
    assert len(data.test_inputs) == 5
    together = np.concatenate([data.inputs, data.test_inputs]).ravel()
    np.testing.assert_array_equal(np.sort(together), inputs.ravel())
    np.testing.assert_array_equal(data.targets, data.inputs.ravel() % 2)
    for fraction in (0, 1, 0.01):
        with pytest.raises(DataError, match="validation="):
            datasets.as_data((inputs, np.arange(20) % 2)).split(fraction, seed=1)


GOOD = np.ones((4, 2))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((np.full((4, 2), np.nan), [0, 1, 0, 1]), "8 values that are NaN or infinite"),
        ((np.ones((4, 2, 2)), [0, 1, 0, 1]), r"inputs have shape \(4, 2, 2\)"),
        ((np.ones((0, 2)), []), "0 classes"),
        ((GOOD, [0, 1, 0]), r"targets have shape \(3,\) for 4 samples"),
        ((GOOD, [[0], [1], [0], [1]]), r"targets have shape \(4, 1\)"),
        ((np.arange(1001)[:, None], np.arange(1001)), "1001 different values"),
        ((GOOD, [1, 1, 1, 1]), "1 classes"),
        ((GOOD, [0, 1, np.nan, 1]), "targets hold NaN"),
        (([["a", "b"]] * 4, [0, 1, 0, 1]), "not an array of numbers"),
        ((GOOD, [0, 1, 0, 1], np.ones((2, 3)), [0, 1]), "3 features"),
        ((GOOD, [0, 1, 0, 1], GOOD, [0, 1, 0, 5]), "no training target is"),
        ((GOOD,), "expected a Data"),
        (np.ones((4, 2)), "expected a Data"),
    ],
)
def test_arrays_that_do_not_fit(arrays, message):
    with pytest.raises(DataError, match=message):
        datasets.as_data(arrays)


def test_files_of_ones_own(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, inputs=GOOD, targets=[0, 1, 0, 1])
    data = datasets.load(str(path))
    assert data.source == {"name": str(path)}
    np.savez(path, X=GOOD, y=[0, 1, 0, 1])
    with pytest.raises(DataError, match="expected inputs and targets"):
        datasets.load(str(path))
    with pytest.raises(InputError, match="data option 'size'"):
        datasets.load(str(path), size=3)
    whole = path.read_bytes()
    for damaged in (b"not a zip", b"", whole[:100]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="cannot be read as npz"):
            datasets.load(str(path))
    with open(path, "wb") as file:
        np.save(file, GOOD)
    with pytest.raises(DataError, match="cannot be read as npz"):
        datasets.load(str(path))


def test_unknown_names():
    with pytest.raises(InputError, match="unknown dataset 'cifar'"):
        datasets.load("cifar")
    with pytest.raises(InputError, match="does not take"):
        datasets.load("mnist", colour="red")


def test_the_gaussian_mixture():
    data = datasets.gaussian_mixture(20_000, seed=3)
    assert data.inputs.shape == data.test_inputs.shape == (20_000, 2)
    assert data.targets.mean() == 0.5
    assert not np.array_equal(data.inputs, data.test_inputs)
    zeros, ones = (data.inputs[data.targets == label] for label in (0, 1))
    error = 5 * np.sqrt(0.1 / len(zeros))
    np.testing.assert_allclose(zeros.mean(axis=0), (-1, -2), atol=error)
    np.testing.assert_allclose(np.cov(zeros.T), 0.1 * np.eye(2), atol=5 * 0.1 * np.sqrt(2 / 1e4))
    centres = np.array([(-2, 1), (1, 1), (2, -2)])
    nearest = np.linalg.norm(ones[:, None] - centres, axis=2).argmin(axis=1)
    shares = np.bincount(nearest) / len(ones)
    np.testing.assert_allclose(shares, 1 / 3, atol=5 * np.sqrt(2 / 9 / 1e4))
    for i, centre in enumerate(centres):
        np.testing.assert_allclose(ones[nearest == i].mean(axis=0), centre, atol=2 * error)
    again = datasets.load("gaussian_mixture", n_samples=20_000, seed=3)
    np.testing.assert_array_equal(again.inputs, data.inputs)
    with pytest.raises(DataError, match="n_samples=1: expected a whole number of at least 2"):
        datasets.gaussian_mixture(1)
