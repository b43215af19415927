"""Memory that a training step takes for each bit of its shots, at its peak.

    python benchmarks/step_memory.py score --qubits 66 --shots 200000 --layers 2

What an optimizer's ``bit_bytes`` and ``angle_bytes`` are taken from. Linux only: the peak is the
kernel's, set back after a first, small training.
"""

import argparse
import gc
import warnings
from pathlib import Path

import numpy as np

import pl_hypernet as plh

SELF = Path("/proc/self")


def resident(name: str) -> int:
    """Bytes: VmRSS now, VmHWM at the peak."""
    for line in (SELF / "status").read_text().splitlines():
        if line.startswith(name):
            return 1024 * int(line.split()[1])
    raise ValueError(name)


def train(arguments: argparse.Namespace, shots: int, steps: int) -> None:
    inputs = np.random.default_rng(0).normal(size=(20, arguments.qubits - 1))
    data = inputs, (inputs[:, 0] > 0).astype(int)
    network = plh.BinaryNetwork(arguments.qubits - 1)
    hypernet = plh.QuantumHypernetwork(
        network, arguments.device, layers=arguments.layers, shots=shots, seed=0
    )
    options = {"natural_gradient": True} if arguments.natural_gradient else {}
    quiet = {"evaluation_shots": 10, "progress": False}
    plh.train(hypernet, data, arguments.optimizer, steps, **quiet, **options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("optimizer")
    parser.add_argument("--qubits", type=int, default=66)
    parser.add_argument("--shots", type=int, default=200_000)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--device", default="hypernet.mps")
    parser.add_argument("--natural-gradient", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    train(arguments, 50, 1)
    gc.collect()
    (SELF / "clear_refs").write_text("5")
    before = resident("VmRSS")
    train(arguments, arguments.shots, 2)
    grown = resident("VmHWM") - before
    each = grown / (arguments.shots * arguments.qubits)
    print(f"{grown / 1e6:.0f} MB, {each:.1f} bytes a bit")


if __name__ == "__main__":
    main()
