"""Handwritten digits, scaled down."""

from pathlib import Path

import numpy as np

from pl_hypernet.datasets.data import Data
from pl_hypernet.errors import DataError, unknown_name

SHIPPED = Path(__file__).with_name("mnist_0_1_8x8.npz")
SHIPPED_DIGITS = (0, 1)
SHIPPED_SIZE = 8
DEFAULT_ROOT = Path.home() / ".cache" / "pl_hypernet"


RESIZES = ("average", "bilinear")


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
        resize: ``"average"``: each pixel is an average over the original ones that it covers
            (``torch.nn.functional.adaptive_avg_pool2d``); ``"bilinear"``: without antialiasing,
            which at size 4 takes the pixels 3, 10, 17, 24, as arXiv:2301.08292 does.
        root: folder that holds, or will hold, ``MNIST/raw``; None: what ships with the package, or
            ``~/.cache/pl_hypernet``.

    Returns:
        Data: inputs float32 in [0, 1], rounded to multiples of 1/255.

    Raises:
        DataError: impossible digits or size, or the files cannot be had.
    """
    if isinstance(digits, str) and digits == "all":
        digits = range(10)
    digits = tuple(digits) if isinstance(digits, (tuple, list, range)) else (digits,)
    different = len(set(digits)) == len(digits) >= 2
    if not different or not all(d in range(10) for d in digits):
        raise DataError(
            f"digits={digits}: expected two or more different digits from 0 to 9, or 'all'"
        )
    if not isinstance(size, int) or not 1 <= size <= 28:
        raise DataError(f"size={size}: expected 1 to 28 pixels along an edge")
    if resize not in RESIZES:
        raise unknown_name("resize", resize, RESIZES)
    averaged = resize == "average"
    if root is None and digits == SHIPPED_DIGITS and size == SHIPPED_SIZE and averaged:
        with np.load(SHIPPED) as arrays:
            splits = [(arrays[f"{s}_pixels"], arrays[f"{s}_digits"]) for s in ("train", "test")]
    else:
        splits = [
            read_resized(root or DEFAULT_ROOT, split, digits, size, resize)
            for split in (True, False)
        ]
    (train_pixels, train_digits), (test_pixels, test_digits) = splits
    source = {"name": "mnist", "digits": list(digits), "size": size}
    if not averaged:
        source["resize"] = resize
    if root is not None:
        source["root"] = str(root)
    codes = np.zeros(10, dtype=np.int64)
    codes[list(digits)] = np.arange(len(digits))
    return Data(
        _scaled(train_pixels),
        codes[train_digits],
        _scaled(test_pixels),
        codes[test_digits],
        digits,
        (size, size),
        source,
    )


def read_resized(
    root, train: bool, digits, size: int, resize: str
) -> tuple[np.ndarray, np.ndarray]:
    """Digits from the original files: pixels uint8 (n, size, size) and labels uint8 (n,)."""
    import torch
    import torchvision

    try:
        mnist = torchvision.datasets.MNIST(root, train=train, download=False)
    except RuntimeError:
        try:
            mnist = torchvision.datasets.MNIST(root, train=train, download=True)
        except Exception as error:
            raise DataError(
                f"MNIST is neither in {root}/MNIST/raw nor can it be downloaded: put the four "
                "idx-ubyte files there, or give root="
            ) from error
    chosen = torch.isin(mnist.targets, torch.tensor(digits))
    images = mnist.data[chosen].to(torch.float32)[:, None]
    if resize == "average":
        resized = torch.nn.functional.adaptive_avg_pool2d(images, size)[:, 0]
    else:
        resized = torch.nn.functional.interpolate(images, (size, size), mode="bilinear")[:, 0]
    return resized.round().to(torch.uint8).numpy(), mnist.targets[chosen].to(torch.uint8).numpy()


def _scaled(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1).astype(np.float32) / 255
