"""A matrix product state: its tensors, and what can be asked of it."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from pennylane.wires import Wires

from pl_hypernet.devices.mps import kernels
from pl_hypernet.devices.mps.matrix_sampling import sample_by_matrices
from pl_hypernet.errors import InputError

MAX_EXACT_WIRES = 20
MATRIX_BOND_DIM = 32  # from here matrix products are faster than the compiled loops
MAX_MARGINAL_WIRES = 12
DTYPES = {"single": np.float32, "double": np.float64}


@dataclass(frozen=True, eq=False)
class MatrixProductState:
    """A pure state of qubits on a line.

    Attributes:
        tensors: complex128 (n_sites, 2, chi, chi), zero-padded; the amplitude of the bits x is the
            (0, 0) element of ``tensors[0, x_0] @ tensors[1, x_1] @ ...``.
        wires: label of each site, in the order of the line.
        bond_dims: int64 (n_sites + 1,), from the left end (1) to the right end (1).
        truncation_error: discarded weight, the sum of the squared Schmidt coefficients dropped.
    """

    tensors: np.ndarray
    wires: Wires
    bond_dims: np.ndarray
    truncation_error: float = 0.0

    @classmethod
    def from_sites(cls, sites: list[np.ndarray], wires, truncation_error=0.0):
        """From one array (chi_left, 2, chi_right) for each site."""
        dims = np.array([1, *(site.shape[2] for site in sites)])
        chi = int(dims.max())
        tensors = np.zeros((len(sites), 2, chi, chi), dtype=np.complex128)
        for i, site in enumerate(sites):
            tensors[i, :, : site.shape[0], : site.shape[2]] = site.transpose(1, 0, 2)
        return cls(tensors, Wires(wires), dims, truncation_error)

    def to_sites(self) -> list[np.ndarray]:
        """One array (chi_left, 2, chi_right) for each site, without the padding."""
        return [
            self.tensors[i, :, : self.bond_dims[i], : self.bond_dims[i + 1]].transpose(1, 0, 2)
            for i in range(len(self.tensors))
        ]

    @property
    def bond_dim(self) -> int:
        """The largest bond dimension."""
        return int(self.bond_dims.max())

    @cached_property
    def canonical(self) -> np.ndarray:
        """The same normalised state with right-canonical tensors: complex128, as ``tensors``."""
        tensors = self.tensors.copy()
        kernels.right_canonical(tensors, self.bond_dims)
        return tensors

    def sample(
        self, shots: int, rng: np.random.Generator, precision: str = "single"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Independent shots of the exact distribution |<x|psi>|^2, site by site (perfect sampling).

        Args:
            shots: number of shots.
            rng: source of the random numbers, one for each shot and site.
            precision: ``"single"`` or ``"double"``; single carries probabilities to about 1e-6.

        Returns:
            bits int8 (shots, n_sites) and the log of their probabilities float64 (shots,).
        """
        uniforms = rng.random((len(self.wires), shots), dtype=DTYPES[precision])
        return self.draw(uniforms)

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`sample`, from given numbers in [0, 1]: float32 or float64 (n_sites, shots)."""
        dtype = uniforms.dtype
        bits = np.empty(uniforms.shape, dtype=np.int8)
        log_probabilities = np.empty(uniforms.shape[1])
        if self.bond_dim >= MATRIX_BOND_DIM:
            sample_by_matrices(self.canonical, self.bond_dims, uniforms, bits, log_probabilities)
            return np.ascontiguousarray(bits.T), log_probabilities
        kernels.sample(
            np.ascontiguousarray(self.canonical.real, dtype=dtype),
            np.ascontiguousarray(self.canonical.imag, dtype=dtype),
            self.bond_dims,
            uniforms,
            bits,
            log_probabilities,
        )
        return np.ascontiguousarray(bits.T), log_probabilities

    def overlap(self, other: "MatrixProductState") -> float:
        """Fidelity |<other|self>|^2, exact for the tensors at hand; in [0, 1]."""
        if self.wires != other.wires:
            raise InputError(
                f"overlap of states on {self.wires} and {other.wires}: expected the same wires in "
                "the same order"
            )
        ones = np.ones((len(self.tensors), 2))
        return abs(kernels.sandwich(other.tensors, self.tensors, ones)) ** 2

    def diagonal_expectation(self, weights: dict) -> float:
        """Expectation value of a product of diagonal one-qubit operators, at any number of sites.

        Args:
            weights: for some wires, the two diagonal elements: (1, -1) is Z, (1, 0) is |0><0|.
        """
        diagonals = np.ones((len(self.tensors), 2))
        for wire, diagonal in weights.items():
            diagonals[self.wires.index(wire)] = diagonal
        return kernels.sandwich(self.canonical, self.canonical, diagonals).real

    def probabilities(self, wires) -> np.ndarray:
        """Marginal distribution of some wires: float64 (2**len(wires),), the first wire the most
        significant bit.

        Raises:
            InputError: more than 12 wires of a state of more than 20.
        """
        wires = Wires(wires)
        if len(self.wires) <= MAX_EXACT_WIRES:
            axes = tuple(i for i, wire in enumerate(self.wires) if wire not in wires)
            cube = np.abs(self.state_vector().reshape([2] * len(self.wires))) ** 2
            left = Wires([wire for wire in self.wires if wire in wires])
            return cube.sum(axis=axes).transpose(left.indices(wires)).ravel()
        if len(wires) > MAX_MARGINAL_WIRES:
            raise InputError(
                f"probabilities of {len(wires)} of {len(self.wires)} wires without shots stop at "
                f"{MAX_MARGINAL_WIRES} wires: set shots on the QNode"
            )
        one_hot = np.eye(2)
        return np.array(
            [
                self.diagonal_expectation(dict(zip(wires, one_hot[list(bits)], strict=True)))
                for bits in product((0, 1), repeat=len(wires))
            ]
        )

    def state_vector(self, wire_order=None) -> np.ndarray:
        """All amplitudes, complex128 (2**n_sites,), the first wire the most significant bit.

        Args:
            wire_order: all wires in some order; None: that of the sites.

        Raises:
            InputError: more than 20 sites.
        """
        if len(self.tensors) > MAX_EXACT_WIRES:
            raise InputError(
                f"{len(self.tensors)} wires: an exact value sums 2^n amplitudes and stops at "
                f"{MAX_EXACT_WIRES} wires; set shots on the QNode"
            )
        amplitudes = np.ones((1, 1))
        for site in self.to_sites():
            amplitudes = np.tensordot(amplitudes, site, axes=(1, 0)).reshape(-1, site.shape[2])
        if wire_order is None or Wires(wire_order) == self.wires:
            return amplitudes[:, 0]
        axes = self.wires.indices(Wires(wire_order))
        return amplitudes.reshape([2] * len(axes)).transpose(axes).ravel()
