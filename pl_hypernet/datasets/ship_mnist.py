"""Makes the file of digits that ships with the package from the original MNIST.

Usage: python -m pl_hypernet.datasets.ship_mnist ROOT, where ROOT holds MNIST/raw.
"""

import sys

import numpy as np

from pl_hypernet.datasets.images import (
    MNIST,
    SHIPPED,
    SHIPPED_DIGITS,
    SHIPPED_SIZE,
    read_resized,
)


def ship(root) -> None:
    """Writes the pooled digits of both splits, uint8, to the package's npz."""
    arrays = {}
    for split, train in (("train", True), ("test", False)):
        pixels, labels = read_resized(MNIST, root, train, SHIPPED_DIGITS, SHIPPED_SIZE, "average")
        arrays[f"{split}_pixels"], arrays[f"{split}_digits"] = pixels, labels
    np.savez_compressed(SHIPPED, **arrays)
    print(f"{SHIPPED}: {SHIPPED.stat().st_size} bytes")


if __name__ == "__main__":
    ship(sys.argv[1])
