"""The digits that ship, and torchvision reading real files."""

import gzip
import pickle
import struct

import numpy as np
import pytest

from pl_hypernet import datasets
from pl_hypernet.datasets.images import SHIPPED
from pl_hypernet.errors import DataError, InputError


def again(data):
    """The same data, made from their source alone."""
    options = dict(data.source)
    return datasets.load(options.pop("name"), **options)


def write_idx(path, array):
    """A file in the format of the original MNIST."""
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def write_images(raw):
    """A small set on disk: 60 random images of each split, every class six times."""
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for prefix in ("train", "t10k"):
        write_idx(raw / f"{prefix}-images-idx3-ubyte", rng.integers(0, 256, (60, 28, 28)))
        write_idx(raw / f"{prefix}-labels-idx1-ubyte", np.arange(60) % 10)


@pytest.fixture
def mnist_root(tmp_path):
    write_images(tmp_path / "MNIST" / "raw")
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
        ({"digits": ([1], [2])}, "two or more different digits"),
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


@pytest.mark.parametrize(
    ("make", "folder", "chosen", "names"),
    [
        (datasets.fashion_mnist, "FashionMNIST", ("Bag", 0), ("Bag", "T-shirt/top")),
        (datasets.kmnist, "KMNIST", ("wo", "o"), ("wo", "o")),
        (datasets.kmnist, "KMNIST", (9, 0), ("wo", "o")),
    ],
)
def test_classes_by_number_and_name(tmp_path, make, folder, chosen, names):
    write_images(tmp_path / folder / "raw")
    data = make(chosen, 5, root=tmp_path)
    assert data.classes == names
    assert data.inputs.shape == data.test_inputs.shape == (12, 25)
    labels = [label for label in np.arange(60) % 10 if label in (0, 8 if "Bag" in names else 9)]
    assert data.targets.tolist() == [int(label == 0) for label in labels]
    np.testing.assert_array_equal(again(data).inputs, data.inputs)
    assert len(make("all", root=tmp_path).classes) == 10


def test_cifar_as_grey_images(tmp_path, monkeypatch):
    """Real files in CIFAR-10's format; only their md5 cannot be that of the real ones."""
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rng = np.random.default_rng(0)
    names = ["airplane", "automobile", "bird", "cat", "deer"]
    names += ["dog", "frog", "horse", "ship", "truck"]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))
    pixels = rng.integers(0, 256, (10, 3 * 32 * 32), dtype=np.uint8)
    batch = {"data": pixels, "labels": list(range(10))}
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        (folder / name).write_bytes(pickle.dumps(batch))
    data = datasets.cifar10(("ship", "cat"), 32, root=tmp_path)
    assert data.inputs.shape == (10, 1024)
    assert data.targets[:2].tolist() == [1, 0]
    red, green, blue = pixels[3].reshape(3, 1024) / 255.0
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    np.testing.assert_allclose(data.inputs[0], luma, atol=0.51 / 255)
    np.testing.assert_array_equal(again(data).inputs, data.inputs)


def test_impossible_classes():
    with pytest.raises(DataError, match=r"classes=.*from 0 to 9 or of T-shirt/top, Trouser"):
        datasets.fashion_mnist(("Bag", "Hat"))
    with pytest.raises(DataError, match="different classes"):
        datasets.cifar10((3, "cat"))
    with pytest.raises(DataError, match="size=33: expected 1 to 32"):
        datasets.cifar10(size=33)


def test_files_as_they_are_distributed(mnist_root):
    plain = datasets.mnist(digits=(2, 7), size=7, root=mnist_root)
    for path in (mnist_root / "MNIST/raw").iterdir():
        with gzip.open(f"{path}.gz", "wb") as packed:
            packed.write(path.read_bytes())
        path.unlink()
    found = datasets.mnist(digits=(2, 7), size=7, root=mnist_root)
    np.testing.assert_array_equal(found.inputs, plain.inputs)
    np.testing.assert_array_equal(found.test_targets, plain.test_targets)


def test_damaged_files(mnist_root):
    path = mnist_root / "MNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"neither whole in .*/MNIST/raw"):
        datasets.mnist(size=4, root=mnist_root)
