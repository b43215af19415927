"""Sets of images that torchvision reads, in grey and scaled down."""

import gzip
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pl_hypernet.datasets.data import Data
from pl_hypernet.errors import DataError, unknown_name

SHIPPED = Path(__file__).with_name("mnist_0_1_8x8.npz")
SHIPPED_DIGITS = (0, 1)
SHIPPED_SIZE = 8
DEFAULT_ROOT = Path.home() / ".cache" / "pl_hypernet"
RESIZES = ("average", "bilinear")
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as Pillow's mode "L"


@dataclass(frozen=True)
class ImageSet:
    """What is known of a set of images before it is read.

    Attributes:
        name: of the function that makes it.
        reader: of the class in ``torchvision.datasets``.
        files: where below ``root`` that class looks, and for what.
        classes: what the labels 0, 1, ... stand for.
        edge: pixels along an edge of the original images.
        argument: what the function calls the chosen classes.
    """

    name: str
    reader: str
    files: tuple[str, str]
    classes: tuple
    edge: int = 28
    argument: str = "classes"


IDX = "the four idx-ubyte files"
MNIST = ImageSet("mnist", "MNIST", ("MNIST/raw", IDX), tuple(range(10)), argument="digits")
FASHION_MNIST = ImageSet(
    "fashion_mnist",
    "FashionMNIST",
    ("FashionMNIST/raw", IDX),
    (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
)
KMNIST = ImageSet(
    "kmnist",
    "KMNIST",
    ("KMNIST/raw", IDX),
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
)
CIFAR10 = ImageSet(
    "cifar10",
    "CIFAR10",
    ("cifar-10-batches-py", "the files of cifar-10-python.tar.gz"),
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    edge=32,
)


def mnist(
    digits: tuple[int, ...] | str = (0, 1), size: int = 8, root=None, resize: str = "average"
) -> Data:
    """MNIST digits of two or more classes at ``size`` x ``size`` pixels.

    0 against 1 at 8x8 ships with the package (all 12,665 training and 2,115 test images). Any
    other choice is read through ``torchvision.datasets.MNIST``, which downloads the files if they
    are not there.

    Args:
        digits: two or more different digits, class 0, class 1, ...; ``"all"``: all ten.
        size: pixels along an edge, 1 to 28.
        root: folder that holds, or will hold, ``MNIST/raw``; None: what ships with the package, or
            ``~/.cache/pl_hypernet``.
        resize: ``"average"``: each pixel is an average over the original ones that it covers
            (``torch.nn.functional.adaptive_avg_pool2d``); ``"bilinear"``: without antialiasing,
            which at size 4 takes the pixels 3, 10, 17, 24, as arXiv:2301.08292 does.

    Returns:
        Data: inputs float32 (n_samples, size * size) in [0, 1], rounded to multiples of 1/255;
        ``classes`` are the digits.

    Raises:
        DataError: impossible digits or size, or the files cannot be had.
        InputError: an unknown ``resize``.
    """
    return _images(MNIST, digits, size, root, resize)


def fashion_mnist(
    classes: tuple[int | str, ...] | str = (0, 1), size: int = 8, root=None, resize: str = "average"
) -> Data:
    """Fashion-MNIST (arXiv:1708.07747): pieces of clothing, through torchvision.

    Args:
        classes: two or more, by number or by name: T-shirt/top, Trouser, Pullover, Dress, Coat,
            Sandal, Shirt, Sneaker, Bag, Ankle boot; ``"all"``: all ten.
        size, root, resize: as of :func:`mnist`; ``root`` holds ``FashionMNIST/raw``.

    Returns:
        Data: as of :func:`mnist`; ``classes`` are names.

    Raises:
        DataError, InputError: as :func:`mnist`.
    """
    return _images(FASHION_MNIST, classes, size, root, resize)


def kmnist(
    classes: tuple[int | str, ...] | str = (0, 1), size: int = 8, root=None, resize: str = "average"
) -> Data:
    """Kuzushiji-MNIST (arXiv:1812.01718): cursive Japanese characters, through torchvision.

    Args:
        classes: two or more, by number or by name: o, ki, su, tsu, na, ha, ma, ya, re, wo;
            ``"all"``: all ten.
        size, root, resize: as of :func:`mnist`; ``root`` holds ``KMNIST/raw``.

    Returns:
        Data: as of :func:`mnist`; ``classes`` are names.

    Raises:
        DataError, InputError: as :func:`mnist`.
    """
    return _images(KMNIST, classes, size, root, resize)


def cifar10(
    classes: tuple[int | str, ...] | str = (0, 1), size: int = 8, root=None, resize: str = "average"
) -> Data:
    """CIFAR-10 as grey images (luma of ITU-R BT.601), through torchvision.

    Args:
        classes: two or more, by number or by name: airplane, automobile, bird, cat, deer, dog,
            frog, horse, ship, truck; ``"all"``: all ten.
        size: pixels along an edge, 1 to 32.
        root, resize: as of :func:`mnist`; ``root`` holds ``cifar-10-batches-py``.

    Returns:
        Data: as of :func:`mnist`; ``classes`` are names.

    Raises:
        DataError, InputError: as :func:`mnist`.
    """
    return _images(CIFAR10, classes, size, root, resize)


def _images(images: ImageSet, classes, size: int, root, resize: str) -> Data:
    labels = _labels(images, classes)
    if not isinstance(size, int) or not 1 <= size <= images.edge:
        raise DataError(f"size={size}: expected 1 to {images.edge} pixels along an edge")
    if resize not in RESIZES:
        raise unknown_name("resize", resize, RESIZES)
    shipped = (MNIST, SHIPPED_DIGITS, SHIPPED_SIZE, "average", None)
    if (images, labels, size, resize, root) == shipped:
        with np.load(SHIPPED) as arrays:
            splits = [(arrays[f"{s}_pixels"], arrays[f"{s}_digits"]) for s in ("train", "test")]
    else:
        splits = [
            read_resized(images, root or DEFAULT_ROOT, train, labels, size, resize)
            for train in (True, False)
        ]
    (pixels, targets), (test_pixels, test_targets) = splits
    chosen = tuple(images.classes[label] for label in labels)
    source = {"name": images.name, images.argument: list(chosen), "size": size}
    if resize != "average":
        source["resize"] = resize
    if root is not None:
        source["root"] = str(root)
    codes = np.zeros(len(images.classes), dtype=np.int64)
    codes[list(labels)] = np.arange(len(labels))
    return Data(
        _scaled(pixels),
        codes[targets],
        _scaled(test_pixels),
        codes[test_targets],
        chosen,
        (size, size),
        source,
    )


def _labels(images: ImageSet, classes) -> tuple[int, ...]:
    """The numbers of the chosen classes, which may be given as numbers or names."""
    known = images.classes
    numbers = {label: label for label in range(len(known))}
    numbers |= {name: label for label, name in enumerate(known)}
    given = known if isinstance(classes, str) and classes == "all" else classes
    given = tuple(given) if isinstance(given, (tuple, list, range)) else (given,)
    try:
        labels = tuple(numbers[choice] for choice in given)
    except (KeyError, TypeError):
        labels = ()
    if not len(set(labels)) == len(labels) >= 2:
        names = "" if known[0] == 0 else f" or of {', '.join(known)}"
        raise DataError(
            f"{images.argument}={classes}: expected two or more different {images.argument} from "
            f"0 to {len(known) - 1}{names}; or 'all'"
        )
    return labels


def read_resized(
    images: ImageSet, root, train: bool, labels, size: int, resize: str
) -> tuple[np.ndarray, np.ndarray]:
    """Images from the original files: pixels uint8 (n, size, size) and labels uint8 (n,)."""
    import torch

    original = _original(images, root, train)
    targets = np.asarray(original.targets)
    chosen = np.isin(targets, labels)
    pixels = np.asarray(original.data)[chosen]
    if pixels.ndim == 4:
        pixels = sum(np.float32(w) * pixels[..., c] for c, w in enumerate(LUMA))
    pixels = torch.as_tensor(pixels, dtype=torch.float32)[:, None]
    if resize == "average":
        resized = torch.nn.functional.adaptive_avg_pool2d(pixels, size)[:, 0]
    else:
        resized = torch.nn.functional.interpolate(pixels, (size, size), mode="bilinear")[:, 0]
    return resized.round().to(torch.uint8).numpy(), targets[chosen].astype(np.uint8)


def _original(images: ImageSet, root, train: bool):
    """The set as torchvision has it, downloaded if it is not there."""
    import torchvision

    reader = getattr(torchvision.datasets, images.reader)
    folder, files = images.files
    attempts = (
        partial(reader, root, train=train, download=False),
        partial(_unpacked, Path(root, folder), folder, partial(reader, train=train)),
        partial(reader, root, train=train, download=True),
    )
    for attempt in attempts:
        try:
            return attempt()
        except Exception as error:  # not there, or damaged
            failed = error
    raise DataError(
        f"{images.reader} is neither whole in {root}/{folder} nor can it be downloaded: "
        f"put {files} there (remove damaged ones), or give root="
    ) from failed


def _unpacked(packed: Path, folder: str, read):
    """The set from files as they are distributed, which torchvision takes unpacked alone."""
    with TemporaryDirectory() as root:
        place = Path(root, folder)
        place.mkdir(parents=True)
        for path in packed.glob("*-ubyte.gz"):
            with gzip.open(path) as source, open(place / path.stem, "wb") as target:
                shutil.copyfileobj(source, target)
        return read(root)


def _scaled(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1).astype(np.float32) / 255
