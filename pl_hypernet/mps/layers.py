"""Rotations of every qubit with entanglers between neighbours between them: all but the angles."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from pl_hypernet.circuits.ansatz import HardwareEfficientAnsatz, rotation_layers
from pl_hypernet.circuits.entanglers import entangled_pairs

ROTATION_CODES = {"RX": 0, "RY": 1, "RZ": 2}


@dataclass(frozen=True)
class Layers:
    """What circuits of P entangling layers share that differ only in their angles.

    Attributes:
        n_sites: qubits on the line.
        rotations: names of the rotations of each of the P + 1 rotation layers; each acts on every
            qubit and has a row of angles.
        joined: the sites i that each entangling layer joins with i + 1, ascending.
        entangler: ``"CZ"`` or ``"CNOT"``, from i to i + 1.
        ring: whether each layer also joins the last site with the first.
    """

    n_sites: int
    rotations: tuple[tuple[str, ...], ...]
    joined: tuple[tuple[int, ...], ...]
    entangler: str = "CZ"
    ring: bool = False

    @property
    def n_layers(self) -> int:
        """Number P of entangling layers."""
        return len(self.joined)

    @cached_property
    def is_product(self) -> bool:
        """Whether nothing is joined."""
        return not (self.ring or any(self.joined))

    @cached_property
    def is_cz_chain(self) -> bool:
        """Whether every layer joins each two neighbours by a CZ, and there are some."""
        chain = tuple(range(self.n_sites - 1))
        full = not self.ring and all(sites == chain for sites in self.joined)
        return full and self.entangler == "CZ" and (self.n_sites > 1 or not self.joined)

    @cached_property
    def bond_bits(self) -> tuple[np.ndarray, np.ndarray, int]:
        """Where each gate's bit stands on the bonds.

        Returns:
            left, right: int64 (P, n_sites), the position of the bit that a site receives from the
                left (sends to the right) in each layer, -1 where no gate joins the two.
            n_bits: bits on a bond of the open chain.
        """
        left = np.full((self.n_layers, self.n_sites), -1)
        right = np.full((self.n_layers, self.n_sites), -1)
        used = np.zeros(self.n_sites, dtype=int)  # bits so far on the bond right of each site
        for layer, sites in enumerate(self.joined):
            sites = np.array(sites, dtype=int)
            right[layer, sites] = left[layer, sites + 1] = used[sites]
            used[sites] += 1
        return left, right, int(used.max(initial=0))

    @cached_property
    def bond_dim(self) -> int:
        """Of the exact state: chain 2^P, brick 2^ceil(P/2), ring 4^P, none 1."""
        return 2 ** (self.bond_bits[2] + (self.n_layers if self.ring else 0))

    @cached_property
    def rotation_codes(self) -> tuple[np.ndarray, np.ndarray]:
        """The rotation of each row of angles as a number, and the row at which each layer ends."""
        codes = np.array([ROTATION_CODES[name] for names in self.rotations for name in names])
        return codes, np.cumsum([len(names) for names in self.rotations])


def layers_of(ansatz: HardwareEfficientAnsatz) -> Layers:
    """Of the ansatz; the same object for equal ones."""
    return _layers_of(len(ansatz.wires), ansatz.n_layers, **ansatz.hyperparameters)


@lru_cache(maxsize=64)
def _layers_of(n_sites, n_layers, rotations, entangler, pattern) -> Layers:
    pairs = [entangled_pairs(pattern, layer, n_sites) for layer in range(n_layers)]
    neighbours = tuple(tuple(i for i, j in layer if j == i + 1) for layer in pairs)
    ring = pattern == "ring" and n_sites > 2 and n_layers > 0
    return Layers(n_sites, rotation_layers(n_layers, rotations), neighbours, entangler, ring)
